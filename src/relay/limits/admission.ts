import type { Limits } from '../settings/settings.js';

export const NO_LIMITS: Limits = { calls: null, callsPerSecond: null };

/** Calls of all shards; the second that new ones are counted in, and how many there were; then a word a shard: the calls that are its own. */
const TOTAL = 0;
const SECOND = 1;
const NEW_IN_SECOND = 2;
const OF_SHARDS = 3;

/** Memory that the `Admission`s of all shards share, bytes. */
export const admissionBytes = (shards: number): number => (OF_SHARDS + shards) * 4;

/** Why a new call is one too many. */
export type TooMany = 'calls' | 'rate';

/**
 * Counts calls, of whichever protocol, for the limits that hold for the relay as a whole. A call is a Call-ID with at least one session: all its
 * sessions are with one shard, so that each shard can count its own, and only the sum stands in memory that all share. The limit of calls is
 * never exceeded, however many shards take a call at the same time; new calls are counted by seconds of the clock.
 */
export class Admission {
  readonly #words: Int32Array;
  readonly #own: number;

  /** What a shard counted before that has died does not count any more. */
  constructor(memory: ArrayBufferLike, shard: number) {
    this.#words = new Int32Array(memory);
    this.#own = OF_SHARDS + shard;
    this.settle(0);
  }

  /** Calls of all shards together. */
  get calls(): number {
    return Atomics.load(this.#words, TOTAL);
  }

  /** Why a call that is new may not begin, or null: then a place is taken for it, until `settle`. `nowMs`: since the Unix epoch. */
  ask({ calls, callsPerSecond }: Limits, nowMs: number): TooMany | null {
    if (!this.#takePlace(calls)) return 'calls';
    if (callsPerSecond === null || this.#countNew(nowMs) <= callsPerSecond) return null;
    this.#add(-1);
    return 'rate';
  }

  /** The shard has so many calls now: places that were taken for calls that did not begin are free again. */
  settle(calls: number): void {
    const difference = calls - this.#words[this.#own]!;
    if (difference !== 0) this.#add(difference);
  }

  #takePlace(limit: number | null): boolean {
    for (;;) {
      const total = Atomics.load(this.#words, TOTAL);
      if (limit !== null && total >= limit) return false;
      if (Atomics.compareExchange(this.#words, TOTAL, total, total + 1) !== total) continue;
      this.#words[this.#own]! += 1;
      return true;
    }
  }

  #add(calls: number): void {
    Atomics.add(this.#words, TOTAL, calls);
    this.#words[this.#own]! += calls;
  }

  #countNew(nowMs: number): number {
    const second = Math.floor(nowMs / 1000) | 0;
    const counted = Atomics.load(this.#words, SECOND);
    if (counted !== second && Atomics.compareExchange(this.#words, SECOND, counted, second) === counted)
      Atomics.store(this.#words, NEW_IN_SECOND, 0);
    return Atomics.add(this.#words, NEW_IN_SECOND, 1) + 1;
  }
}
