import { brokenInvariant, PortsHeld } from '../../../model/invariants.js';
import type { StepRecord } from '../ports.js';
import { apply, NEW_SESSION, type Snapshot } from '../session/apply.js';
import { describeRecord } from './timeline.js';

export type Replayed = {
  /** The record as it is shown to people. */
  readonly lines: readonly string[];
  /** Rules of the model that do not hold after it: the log, or the relay that wrote it, is wrong. */
  readonly broken: readonly string[];
};

/**
 * Folds the records of a log: the same `apply` as in the live relay, with the effects dropped. What it holds at the end is what the relay held.
 */
export class Replay {
  readonly #sessions = new Map<string, Snapshot>();
  readonly #ports = new Map<number, PortsHeld>();
  readonly #runs = new Map<number, number>();
  readonly #formatTime: (at: number) => string;

  constructor(formatTime: (at: number) => string) {
    this.#formatTime = formatTime;
  }

  /** A shard numbers its sessions anew in each run (`run`: when it began), and what was open when the last one ended is open no more. */
  beginSegment(shard: number, run: number): void {
    if (this.#runs.get(shard) === run) return;
    this.#runs.set(shard, run);
    this.#ports.set(shard, new PortsHeld());
    for (const key of this.#sessions.keys()) if (key.startsWith(`${shard}/`)) this.#sessions.delete(key);
  }

  /** Never throws: a record that cannot have been written by this program, or by a sound one, is reported as broken. */
  take(record: StepRecord): Replayed {
    const broken: string[] = [];
    let lines: readonly string[] = [];
    const key = `${record.shard}/${record.session}`;
    const before = this.#sessions.get(key) ?? NEW_SESSION;
    try {
      const { snapshot } = apply(before, record.events);
      if (record.events.length > 0) this.#sessions.set(key, snapshot);
      const rule = record.events.length > 0 ? brokenInvariant(snapshot.context, String(snapshot.value)) : null;
      if (rule !== null) broken.push(`${record.call}: ${rule}`);
      if (snapshot.context.closed !== null) this.#sessions.delete(key);
      lines = describeRecord(record, this.#formatTime);
      for (const event of record.events) {
        const twice = this.#ports.get(record.shard)?.follow(key, event);
        if (twice) broken.push(twice);
      }
    } catch (error) {
      broken.push(`${record.call}: ${(error as Error).message}`);
    }
    return { lines, broken };
  }

  /** Sessions that have not ended, by Call-ID. */
  get live(): readonly Snapshot[] {
    return [...this.#sessions.values()];
  }
}
