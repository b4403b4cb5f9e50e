import type { Snapshot } from '../session/apply.js';
import { type Checked, ShardCheck } from './check.js';
import type { LogEntry } from './logEntry.js';
import type { LogRecord } from './record.js';

/** A record and where it is from. */
export type RecordEntry = Extract<LogEntry, { readonly kind: 'record' }>;

export type Totals = {
  readonly events: number;
  /** A session that went on after a restart is one. */
  readonly sessions: number;
  /** Rules that were found broken. */
  readonly broken: number;
};

export type ReplayOptions = {
  /** Names of the logs in their order; empty where there is only one, which needs no name. */
  readonly nodes?: readonly string[];
  /** Every record of the log comes, not only those of one call or of one kind: none may be missing. */
  readonly isWhole?: boolean;
};

/** Where a record is from. */
export type Place = Pick<RecordEntry, 'log' | 'run' | 'path'>;

const ANYWHERE: Place = { log: 0, run: 0, path: '' };

type Run = { readonly log: number; readonly run: number; readonly shard: number; readonly check: ShardCheck };

/**
 * Folds logs, each shard and run by itself, because sessions are numbered anew in each and what was open when a run ended is open no more.
 * It is the same `apply` as in the live relay, with the effects dropped: what it holds at the end is what the relay held.
 */
export class Replay {
  readonly #options: ReplayOptions;
  /** Of each shard of each log the latest run last. */
  readonly #runs = new Map<string, Run[]>();
  /** The first run of each log: sessions in its snapshots began before the log does, those in later ones have been met. */
  readonly #firstRuns = new Map<number, number>();
  #latest: Run | null = null;
  #broken = 0;

  constructor(options: ReplayOptions = {}) {
    this.#options = options;
  }

  /** Takes the next record. Never throws. */
  take(record: LogRecord, { log, run, path }: Place = ANYWHERE): Checked {
    const latest = this.#latest;
    const isSame = latest !== null && latest.log === log && latest.run === run && latest.shard === record.shard;
    const found = isSame ? latest : this.#runOf(log, run, record.shard);
    this.#latest = found;
    const checked = found.check.take(record, path);
    this.#broken += checked.broken.length;
    return checked;
  }

  #runOf(log: number, run: number, shard: number): Run {
    const key = `${log}/${shard}`;
    const runs = this.#runs.get(key) ?? [];
    this.#runs.set(key, runs);
    const known = runs.find((each) => each.run === run);
    if (known !== undefined) return known;
    const first = this.#firstRuns.get(log) ?? run;
    this.#firstRuns.set(log, Math.min(first, run));
    const begun = { log, run, shard, check: new ShardCheck(this.nameOf(log, shard), this.#options.isWhole === true) };
    runs.push(begun);
    return begun;
  }

  /** A shard as it is shown: `0`, or `node:0` where there are several logs. */
  nameOf(log: number, shard: number): string {
    const node = this.#options.nodes?.[log];
    return node === undefined ? String(shard) : `${node}:${shard}`;
  }

  /** The sessions that have not ended, of the last run of each shard. */
  get live(): readonly Snapshot[] {
    const last = [...this.#runs.values()].flatMap((runs) => runs.at(-1) ?? []);
    return last.flatMap(({ check }) => [...check.fold.sessions.values()].map(({ snapshot }) => snapshot));
  }

  get totals(): Totals {
    const all = [...this.#runs.values()].flat();
    const sessionsOf = ({ log, run, check }: Run): number => check.opened + (this.#firstRuns.get(log) === run ? check.met : 0);
    return {
      events: all.reduce((sum, { check }) => sum + check.events, 0),
      sessions: all.reduce((sum, each) => sum + sessionsOf(each), 0),
      broken: this.#broken,
    };
  }
}
