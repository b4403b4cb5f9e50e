import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { nearestShort, type Samples } from './samples.js';

/** Samples a second that sounds may have, whole numbers. */
export const RATE_RANGE = { lowest: 1000, highest: 384_000 } as const;

/**
 * The low-pass: a sinc under a Kaiser window (J. O. Smith, "Digital Audio Resampling"), in units of the lower of both rates. Half of the way
 * between the last frequency that passes (0.45 of the rate: 3600 of 8000 Hz) and the first that does not (0.5) is at 0.475.
 */
const CUT_OFF = 0.475;
/** Stop band at -90 dB: β and length by Kaiser's formulas, from the attenuation and the width of the transition. */
const STOP_DB = 90;
const TRANSITION = 0.05;
const BETA = 0.1102 * (STOP_DB - 8.7);
const HALF_WIDTH = (STOP_DB - 7.95) / (14.36 * TRANSITION) / 2;
/** Where a ratio has more phases than these between two samples of the lower rate, taps are interpolated, with an error far below the stop band. */
const MOST_PHASES = 2048;
/** Nine hours at 16 kHz: more is a mistake, or somebody who wants our memory. */
const MOST_SAMPLES = 2 ** 29;

/** Rows of taps: row `r` is for an output sample that lies `r / phases` after an input sample. There is one row more than phases. */
type Filter = { readonly taps: Float64Array; readonly width: number; readonly phases: number; readonly isExact: boolean };

/**
 * The same sound at another rate, band-limited: what lies below 0.45 of the lower rate keeps its level within 0.01 dB, what lies above 0.5
 * of it is gone (-90 dB). `round(length * to / from)` samples of the same kind; no delay: sample `i` is what the input was at `i * from / to`,
 * with silence around it. At the same rate the samples themselves. The error names a rate that is none, or a sound that gets too long.
 */
export function resample(samples: Int16Array, from: number, to: number): Result<Int16Array, string>;
export function resample(samples: Samples, from: number, to: number): Result<Samples, string>;
export function resample(samples: Samples, from: number, to: number): Result<Samples, string> {
  for (const rate of [from, to]) if (!isRate(rate)) return refuse(badRate(rate));
  if (from === to) return ok(samples);
  const length = Math.round((samples.length * to) / from);
  if (length > MOST_SAMPLES) return refuse(`sound of ${length} samples at ${to} Hz: at most ${MOST_SAMPLES} expected`);
  const divisor = greatestCommonDivisor(from, to);
  const filter = makeFilter(from, to, to / divisor);
  if (samples instanceof Float32Array) {
    const output = new Float32Array(length);
    convolve(samples, filter, from / divisor, to / divisor, length, (i, value) => {
      output[i] = value;
    });
    return ok(output);
  }
  const output = new Int16Array(length);
  convolve(samples, filter, from / divisor, to / divisor, length, (i, value) => {
    output[i] = nearestShort(value);
  });
  return ok(output);
}

/** An input step is `to` parts long, an output step `from` of the same parts. */
function convolve(
  samples: Samples,
  { taps, width, phases, isExact }: Filter,
  from: number,
  to: number,
  length: number,
  put: (i: number, value: number) => void,
): void {
  const wholeStep = Math.floor(from / to);
  const partStep = from % to;
  let before = 0; // The last input sample at or before the output sample,
  let part = 0; // and how many parts after it that lies.
  for (let i = 0; i < length; i++) {
    const first = before - width / 2 + 1;
    const place = isExact ? part : (part / to) * phases;
    const row = Math.floor(place);
    let value = dot(samples, first, taps, row * width, width);
    if (place > row) value += (place - row) * (dot(samples, first, taps, (row + 1) * width, width) - value);
    put(i, value);
    before += wholeStep;
    part += partStep;
    if (part >= to) {
      part -= to;
      before++;
    }
  }
}

/** The samples from `first` on, weighed by a row of taps; outside of the sound is silence. */
function dot(samples: Samples, first: number, taps: Float64Array, row: number, width: number): number {
  const end = Math.min(width, samples.length - first);
  let sum = 0;
  for (let k = Math.max(0, -first); k < end; k++) sum += samples[first + k]! * taps[row + k]!;
  return sum;
}

function makeFilter(from: number, to: number, steps: number): Filter {
  // In units of the input: going down, everything gets as much wider as the rate gets lower.
  const scale = Math.min(1, to / from);
  const enough = Math.ceil(MOST_PHASES * scale);
  const isExact = steps <= enough;
  const phases = isExact ? steps : enough;
  const half = Math.ceil(HALF_WIDTH / scale);
  const width = half * 2;
  const taps = new Float64Array((phases + 1) * width);
  for (let row = 0; row <= phases; row++) {
    const ofRow = taps.subarray(row * width, (row + 1) * width);
    for (let k = 0; k < width; k++) ofRow[k] = lowPass((k - half + 1 - row / phases) * scale);
    levelOut(ofRow);
  }
  return { taps, width, phases, isExact };
}

/** The impulse response at `x` samples of the lower rate from its middle. */
function lowPass(x: number): number {
  return sinc(2 * CUT_OFF * x) * kaiser(x / HALF_WIDTH, BETA);
}

/** Divides taps by their sum, so that a constant stays exactly what it is. */
function levelOut(taps: Float64Array): void {
  const sum = taps.reduce((total, tap) => total + tap, 0);
  for (let k = 0; k < taps.length; k++) taps[k] = taps[k]! / sum;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Kaiser's window: 1 in the middle (0), nothing beyond ±1. */
function kaiser(x: number, beta: number): number {
  return Math.abs(x) > 1 ? 0 : besselI0(beta * Math.sqrt(1 - x * x)) / besselI0(beta);
}

/** The modified Bessel function of order 0, by its power series. */
function besselI0(x: number): number {
  let [sum, term] = [1, 1];
  for (let n = 1; term > sum * Number.EPSILON; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function isRate(rate: number): boolean {
  return Number.isInteger(rate) && rate >= RATE_RANGE.lowest && rate <= RATE_RANGE.highest;
}

function badRate(rate: number): string {
  return `sample rate ${rate} Hz: a whole number, ${RATE_RANGE.lowest} to ${RATE_RANGE.highest} expected`;
}

/**
 * A half-band low-pass at the rate of 16 kHz: symmetric, every second tap 0, the middle one half of the sum. What is left are `SIDE_TAPS` for
 * the odd distances 1, 3, … 47 on either side, which together make the other half; here they are doubled, so that both sides add up to 1.
 * It passes up to 3600 Hz (0.01 dB) and stops from 4400 Hz (-70 dB), mirrored around 4000 Hz.
 */
const SIDE_TAPS = 24;
const HALF_BAND_BETA = 0.1102 * (75 - 8.7);
const HALF_BAND = halfBand();
/** The middle of the filter, and one sample more, so that the delay is a whole number at both rates: 3 ms. */
const DELAY_AT_16K = 48;

/** What `Resampler` converts between. */
export type SpeechRate = 8000 | 16000;

/**
 * Changes the rate of a sound that comes in pieces, for live use: what goes in comes out 3 ms later (`delayMs`), whatever the pieces are. Going
 * up two samples come out for each one in; going down one for each pair, and half a pair waits for its other half. At the same rate the samples
 * are handed through, without delay. About 24 multiplications a sample.
 */
export class Resampler {
  /** How much later the sound comes out; silence comes before. */
  readonly delayMs: number;
  readonly #from: SpeechRate;
  readonly #to: SpeechRate;
  /** The last samples that were taken: as many as the filter looks back, and what waits. */
  #past: Int16Array;
  readonly #reach: number;

  constructor(from: SpeechRate, to: SpeechRate) {
    this.#from = from;
    this.#to = to;
    this.delayMs = from === to ? 0 : DELAY_AT_16K / 16;
    this.#reach = from > to ? DELAY_AT_16K * 2 : DELAY_AT_16K;
    this.#past = new Int16Array(this.#reach);
  }

  /** What came out by these samples, in a new array. */
  take(samples: Int16Array): Int16Array {
    if (this.#from === this.#to) return samples.slice();
    const line = new Int16Array(this.#past.length + samples.length);
    line.set(this.#past);
    line.set(samples, this.#past.length);
    const fresh = line.length - this.#reach;
    const isDown = this.#from > this.#to;
    const output = isDown ? downByTwo(line, this.#reach, fresh >> 1) : upByTwo(line, this.#reach, fresh);
    this.#past = line.slice(isDown ? fresh - (fresh & 1) : fresh);
    return output;
  }
}

/** `pairs` samples of 8 kHz; the first has its middle `DELAY_AT_16K` before `at`. */
function downByTwo(line: Int16Array, at: number, pairs: number): Int16Array {
  const output = new Int16Array(pairs);
  for (let m = 0; m < pairs; m++) {
    const middle = at + 2 * m - DELAY_AT_16K;
    let sides = 0;
    for (let k = 0; k < SIDE_TAPS; k++) sides += HALF_BAND[k]! * (line[middle - 2 * k - 1]! + line[middle + 2 * k + 1]!);
    output[m] = nearestShort((line[middle]! + sides) / 2);
  }
  return output;
}

/** Two samples of 16 kHz for each of `count`: one that was there, and one that lies between it and the next. */
function upByTwo(line: Int16Array, at: number, count: number): Int16Array {
  const output = new Int16Array(count * 2);
  for (let m = 0; m < count; m++) {
    const middle = at + m - DELAY_AT_16K / 2;
    let between = 0;
    for (let k = 0; k < SIDE_TAPS; k++) between += HALF_BAND[k]! * (line[middle - k]! + line[middle + 1 + k]!);
    output[2 * m] = line[middle]!;
    output[2 * m + 1] = nearestShort(between);
  }
  return output;
}

function halfBand(): Float64Array {
  const taps = Float64Array.from({ length: SIDE_TAPS }, (_, k) => {
    const distance = 2 * k + 1;
    return sinc(distance / 2) * kaiser(distance / (2 * SIDE_TAPS), HALF_BAND_BETA);
  });
  const sum = taps.reduce((total, tap) => total + tap, 0) * 2;
  return taps.map((tap) => tap / sum);
}
