/** What its owner was told last of whether a side is heard. `at`: when its last packet came, milliseconds; 0: never. */
export type Hearing = { readonly state: 'never' | 'heard' | 'silent'; readonly at: number };

export const UNHEARD: Hearing = { state: 'never', at: 0 };

export type HearingNews = 'media-start' | 'silence';

/**
 * What there is to tell of a side: once when it begins, once for each silence, and again when it goes on. At most one thing at a time, so that
 * nothing is told in the wrong order; the next look tells the next.
 *
 * `heardAtMs`: when its last packet came, 0: never. `silenceMs`: how long it may be silent; null: for ever.
 */
export function hear(
  before: Hearing,
  heardAtMs: number,
  nowMs: number,
  silenceMs: number | null,
): { readonly hearing: Hearing; readonly news: HearingNews | null } {
  if (heardAtMs === 0) return { hearing: before, news: null };
  switch (before.state) {
    case 'never':
      return { hearing: { state: 'heard', at: heardAtMs }, news: 'media-start' };
    case 'heard':
      return silenceMs !== null && nowMs - heardAtMs >= silenceMs
        ? { hearing: { state: 'silent', at: heardAtMs }, news: 'silence' }
        : { hearing: before, news: null };
    case 'silent':
      return heardAtMs > before.at
        ? { hearing: { state: 'heard', at: heardAtMs }, news: 'media-start' }
        : { hearing: before, news: null };
  }
}

/** Digits of a side that are told at once, and how many more a second: nobody dials faster (RFC 4733 §2.5.1.1: 12 a second). */
export const DIGITS_AT_ONCE = 20;

/** Keeps a stream of made-up digits from filling the queues of everybody. */
export class DigitGate {
  #left = DIGITS_AT_ONCE;
  #at = 0;
  #held = 0;

  /** Whether a digit may be told now: how many were not since the last one that was, or null if this one may not either. */
  pass(nowMs: number): number | null {
    this.#left = Math.min(DIGITS_AT_ONCE, this.#left + (Math.max(0, nowMs - this.#at) / 1000) * DIGITS_AT_ONCE);
    this.#at = nowMs;
    if (this.#left < 1) {
      this.#held++;
      return null;
    }
    this.#left--;
    const held = this.#held;
    this.#held = 0;
    return held;
  }
}
