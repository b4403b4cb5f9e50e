import { headroom, magnitude, multiply } from './arithmetic.js';
import { GAIN, LAG, SUBFRAME_SAMPLES } from './frame.js';

/** The shortest and the longest distance at which a residual may resemble its own past, in samples. */
export const SHORTEST_LAG = 40;
export const LONGEST_LAG = 120;

/** The gains (ETSI EN 300 961 §5.4), as fractions of 2^15, and the limits between them. */
const GAINS = Int16Array.of(3277, 11469, 21299, 32767);
const GAIN_LIMITS = Int16Array.of(6554, 16384, 26214);

/** How many lags are tried at a time: 81 lags are 27 times three. */
const LAGS_AT_ONCE = 3;

const { fround } = Math;

/**
 * Finds where in its past a residual resembles itself, and how much (§5.2.11).
 * The sums of the search are kept in 32-bit floating point, not in integers as the standard has them. Products are exact there, but
 * sums over 2^24 are rounded, so that of two lags that do almost equally well in a loud sound the other one may win. libgsm as
 * Debian builds it does so; any decoder is content with either.
 */
export class LagSearch {
  readonly #scaled = new Float32Array(SUBFRAME_SAMPLES);
  readonly #past = new Float32Array(LONGEST_LAG);
  #best = 0;

  /** Forty samples from `at` on, and 120 before them, as lag and gain of the quarter that begins at `quarter`. */
  search(residual: Int32Array, past: Int32Array, at: number, parameters: Int32Array, quarter: number): void {
    const down = this.#scale(residual);
    for (let i = 0; i < LONGEST_LAG; i++) this.#past[i] = past[at - LONGEST_LAG + i]!;
    const lag = this.#bestLag();
    parameters[quarter + LAG] = lag;
    parameters[quarter + GAIN] = gainCode((this.#best * 2) >> (6 - down), energy(past, at - lag));
  }

  /** Shifts the residual down to nine bits and a sign, as far as it is longer; returns by how much. */
  #scale(residual: Int32Array): number {
    let largest = 0;
    for (let k = 0; k < SUBFRAME_SAMPLES; k++) largest = Math.max(largest, magnitude(residual[k]!));
    const down = largest === 0 ? 0 : Math.max(0, 6 - headroom(largest << 16));
    for (let k = 0; k < SUBFRAME_SAMPLES; k++) this.#scaled[k] = residual[k]! >> down;
    return down;
  }

  /** The lag of the largest correlation, which is left in `#best`; the shortest, and 0, if none is positive. */
  #bestLag(): number {
    const scaled = this.#scaled;
    const past = this.#past;
    let best = 0;
    let lag = SHORTEST_LAG;
    for (let tried = SHORTEST_LAG; tried <= LONGEST_LAG; tried += LAGS_AT_ONCE) {
      let first = 0;
      let second = 0;
      let third = 0;
      for (let k = 0, at = LONGEST_LAG - tried; k < SUBFRAME_SAMPLES; k++, at++) {
        const sample = scaled[k]!;
        first = fround(first + sample * past[at]!);
        second = fround(second + sample * past[at - 1]!);
        third = fround(third + sample * past[at - 2]!);
      }
      if (first > best) [best, lag] = [first, tried];
      if (second > best) [best, lag] = [second, tried + 1];
      if (third > best) [best, lag] = [third, tried + 2];
    }
    this.#best = best;
    return lag;
  }
}

/** What the past foretells of forty samples, at the lag and gain of the quarter that begins at `quarter` (§5.2.12). */
export function foretell(past: Int32Array, at: number, lag: number, gain: number, foretold: Int32Array): void {
  const factor = GAINS[gain]!;
  for (let k = 0; k < SUBFRAME_SAMPLES; k++) foretold[k] = multiply(factor, past[at + k - lag]!);
}

function energy(past: Int32Array, at: number): number {
  let sum = 0;
  for (let k = 0; k < SUBFRAME_SAMPLES; k++) {
    const eighth = past[at + k]! >> 3;
    sum += eighth * eighth;
  }
  return sum * 2;
}

/** The smallest gain whose limit the ratio of correlation to energy does not pass. */
function gainCode(correlation: number, power: number): number {
  if (correlation <= 0) return 0;
  if (correlation >= power) return GAINS.length - 1;
  const up = headroom(power);
  const ratioTop = (correlation << up) >> 16;
  const ratioBottom = (power << up) >> 16;
  let code = 0;
  while (code < GAIN_LIMITS.length && ratioTop > (ratioBottom * GAIN_LIMITS[code]!) >> 15) code++;
  return code;
}
