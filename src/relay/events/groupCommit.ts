import type { EventLog } from '../ports.js';

/** What has been decided is handed to the operating system within this time. */
const FLUSH_MS = 5;

/**
 * Says when the log is flushed where nobody waits for it, as after what packets and timers do: not with every record, but soon after the
 * first. Whoever answers a command flushes before.
 */
export class GroupCommit {
  readonly #log: EventLog;
  #flushAtMs = Number.POSITIVE_INFINITY;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Whether records wait for which no time is set yet: `turn` has to be called. */
  get isDue(): boolean {
    return this.#log.waiting && this.#flushAtMs === Number.POSITIVE_INFINITY;
  }

  /** Flushes if it is time. Answers when to be called again, milliseconds of the same clock; Infinity: not before `isDue`. */
  turn(nowMs: number): number {
    if (this.isDue) this.#flushAtMs = nowMs + FLUSH_MS;
    if (this.#log.waiting && nowMs < this.#flushAtMs) return this.#flushAtMs;
    this.#log.flush();
    this.#flushAtMs = Number.POSITIVE_INFINITY;
    return this.#flushAtMs;
  }
}
