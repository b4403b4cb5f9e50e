/** A new load counts for 63 % after so long, milliseconds: a burst of calls is no overload, ten seconds of it are. */
const SMOOTHING_MS = 3_000;

/** Above `high` a thread is overloaded, and remains so until its load is below `low`; parts of one, `low` not above `high`. */
export type LoadLimits = { readonly high: number; readonly low: number };

/** How busy one thread is, from samples of its busy time taken now and then. */
export class LoadMeter {
  readonly #limits: LoadLimits | null;
  #load = 0;
  #isOverloaded = false;
  #busyMs = 0;
  /** When the last sample was taken; null before the first, which only says where counting begins. */
  #sampledAtMs: number | null = null;

  /** Without limits a thread is never overloaded. */
  constructor(limits: LoadLimits | null) {
    this.#limits = limits;
  }

  /** Part of the time in which the thread was busy, 0 to 1, smoothed over a few seconds. */
  get load(): number {
    return this.#load;
  }

  get overloaded(): boolean {
    return this.#isOverloaded;
  }

  /** `busyMs`: how long the thread has worked since it began; `nowMs`: when that was read, on any clock that does not step back. */
  sample(busyMs: number, nowMs: number): void {
    const elapsedMs = nowMs - (this.#sampledAtMs ?? nowMs);
    const workedMs = busyMs - this.#busyMs;
    if (this.#sampledAtMs !== null && elapsedMs <= 0) return;
    this.#busyMs = busyMs;
    this.#sampledAtMs = nowMs;
    // Less than before: the thread was replaced, and how long it has worked since then is not known.
    if (elapsedMs <= 0 || workedMs < 0) return;
    const current = Math.min(1, workedMs / elapsedMs);
    this.#load += (current - this.#load) * (1 - Math.exp(-elapsedMs / SMOOTHING_MS));
    this.#judge();
  }

  #judge(): void {
    if (this.#limits === null) return;
    if (this.#load > this.#limits.high) this.#isOverloaded = true;
    else if (this.#load < this.#limits.low) this.#isOverloaded = false;
  }
}
