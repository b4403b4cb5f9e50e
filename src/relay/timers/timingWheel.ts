/** How often the timers of a media thread are looked at, milliseconds. */
export const TICK_MS = 100;

const SLOTS = 512;

/**
 * Timers of one thread (a hashed timing wheel, Varghese and Lauck 1987): arming and cancelling cost the same however many there are.
 * Keys are small integers, one timer a key. A timer rings in the first `advance` at or after its time, never early, late by less than a
 * tick.
 */
export class TimingWheel {
  readonly #tickMs: number;
  readonly #slots: Set<number>[] = Array.from({ length: SLOTS }, () => new Set());
  readonly #deadlines = new Map<number, number>();
  #tick: number;
  /** Where the next search for a deadline may start: no armed slot lies between the current tick and this one. */
  #nextTick: number;

  constructor(nowMs: number, tickMs: number) {
    this.#tickMs = tickMs;
    this.#tick = Math.floor(nowMs / tickMs);
    this.#nextTick = this.#tick;
  }

  get size(): number {
    return this.#deadlines.size;
  }

  /** Sets, or moves, the timer of `key`. A time that has passed rings at the next tick. */
  arm(key: number, atMs: number): void {
    this.cancel(key);
    const tick = Math.max(Math.ceil(atMs / this.#tickMs), this.#tick + 1);
    this.#deadlines.set(key, tick);
    this.#slots[tick % SLOTS]!.add(key);
    if (tick < this.#nextTick || this.#deadlines.size === 1) this.#nextTick = tick;
  }

  cancel(key: number): void {
    const tick = this.#deadlines.get(key);
    if (tick === undefined) return;
    this.#deadlines.delete(key);
    this.#slots[tick % SLOTS]!.delete(key);
  }

  /** Rings every timer whose time has come. `ring` may arm and cancel. */
  advance(nowMs: number, ring: (key: number) => void): void {
    const target = Math.floor(nowMs / this.#tickMs);
    if (target <= this.#tick) return;
    // After a long sleep one round over all slots is enough: each slot is looked at once.
    const from = Math.max(this.#tick + 1, target - SLOTS + 1);
    this.#tick = target;
    if (this.#deadlines.size === 0 || this.#nextTick > target) return;
    const due: number[] = [];
    for (let tick = from; tick <= target; tick++) {
      for (const key of this.#slots[tick % SLOTS]!) if (this.#deadlines.get(key)! <= target) due.push(key);
    }
    this.#nextTick = this.#tick;
    for (const key of due) {
      const tick = this.#deadlines.get(key);
      if (tick === undefined || tick > target) continue; // Cancelled or moved by one that rang before it.
      this.cancel(key);
      ring(key);
    }
  }

  /** When `advance` has something to do next, milliseconds; Infinity if nothing is armed. At most one round of the wheel ahead. */
  nextDeadlineMs(): number {
    if (this.#deadlines.size === 0) return Number.POSITIVE_INFINITY;
    const end = this.#tick + SLOTS;
    let tick = Math.max(this.#nextTick, this.#tick + 1);
    while (tick < end && this.#slots[tick % SLOTS]!.size === 0) tick++;
    this.#nextTick = tick;
    return tick * this.#tickMs;
  }
}
