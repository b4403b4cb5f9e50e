import { magnitude, multiply, saturate } from './arithmetic.js';
import { BLOCK_MAXIMUM, GRID, PULSE_COUNT, PULSES, SUBFRAME_SAMPLES } from './frame.js';

/** By mantissa: what a pulse is divided by (as its inverse) before it is quantized, and multiplied with again (§5.4). */
const NORMALIZING = Int16Array.of(29128, 26215, 23832, 21846, 20165, 18725, 17476, 16384);
const RESTORING = Int16Array.of(18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767);

/** A block maximum is sent as a floating-point number of 6 bits: these are its exponent, -4…6, and its mantissa, 0…7 (§5.2.15). */
const EXPONENTS = Int8Array.from({ length: 64 }, (_, code) => floatOf(code).exponent);
const MANTISSAS = Int8Array.from({ length: 64 }, (_, code) => floatOf(code).mantissa);

const GRIDS = 4;
/** From one pulse of a grid to the next. */
const SPACING = 3;
/** How many samples the weighting filter looks to each side. */
const REACH = 5;

/** Chooses the pulses that stand for what no filter foretold (ETSI EN 300 961 §5.2.13 to 5.2.15). */
export class PulseEncoder {
  readonly #padded = new Int32Array(SUBFRAME_SAMPLES + 2 * REACH);
  readonly #weighted = new Int32Array(SUBFRAME_SAMPLES);

  /** Forty samples of what is left, as grid, block maximum and pulses of the quarter that begins at `quarter`. */
  encode(left: Int32Array, parameters: Int32Array, quarter: number): void {
    this.#weigh(left);
    const weighted = this.#weighted;
    const grid = loudestGrid(weighted);
    const code = blockMaximumCode(weighted, grid);
    parameters[quarter + GRID] = grid;
    parameters[quarter + BLOCK_MAXIMUM] = code;
    const up = 6 - EXPONENTS[code]!;
    const normalizing = NORMALIZING[MANTISSAS[code]!]!;
    for (let i = 0; i < PULSE_COUNT; i++) {
      const scaled = Math.imul(weighted[grid + SPACING * i]! << up, normalizing) >> 15;
      parameters[quarter + PULSES + i] = (scaled >> 12) + 4;
    }
  }

  /** A low-pass filter, symmetric, without delay (§5.2.13). */
  #weigh(left: Int32Array): void {
    const padded = this.#padded;
    padded.set(left, REACH);
    for (let k = 0; k < SUBFRAME_SAMPLES; k++) {
      const sum =
        8192 * padded[k + 5]! +
        5741 * (padded[k + 4]! + padded[k + 6]!) +
        2054 * (padded[k + 3]! + padded[k + 7]!) -
        374 * (padded[k + 1]! + padded[k + 9]!) -
        134 * (padded[k]! + padded[k + 10]!);
      this.#weighted[k] = saturate((sum + 4096) >> 13);
    }
  }
}

/** Puts the pulses of the quarter that begins at `quarter` where they belong among forty samples (§5.2.16 and 5.2.17). */
export function decodePulses(parameters: Int32Array, quarter: number, excitation: Int32Array): void {
  const code = parameters[quarter + BLOCK_MAXIMUM]!;
  const restoring = RESTORING[MANTISSAS[code]!]!;
  const down = 6 - EXPONENTS[code]!;
  const half = (1 << down) >> 1;
  excitation.fill(0);
  for (let i = 0, at = parameters[quarter + GRID]!; i < PULSE_COUNT; i++, at += SPACING) {
    const pulse = (2 * parameters[quarter + PULSES + i]! - 7) << 12;
    excitation[at] = saturate(multiply(restoring, pulse) + half) >> down;
  }
}

/** Of the four ways to take every third sample, the first of those that keep the most energy (§5.2.14). */
function loudestGrid(weighted: Int32Array): number {
  let loudest = 0;
  let most = -1;
  for (let grid = 0; grid < GRIDS; grid++) {
    let energy = 0;
    for (let i = 0, at = grid; i < PULSE_COUNT; i++, at += SPACING) {
      const quarter = weighted[at]! >> 2;
      energy += quarter * quarter;
    }
    if (energy > most) {
      most = energy;
      loudest = grid;
    }
  }
  return loudest;
}

/** The largest magnitude of a grid as a floating-point number of 3 bits each (§5.2.15). */
function blockMaximumCode(weighted: Int32Array, grid: number): number {
  let largest = 0;
  for (let i = 0, at = grid; i < PULSE_COUNT; i++, at += SPACING) largest = Math.max(largest, magnitude(weighted[at]!));
  const exponent = 32 - Math.clz32(largest >> 9);
  return (largest >> (exponent + 5)) + (exponent << 3);
}

function floatOf(code: number): { exponent: number; mantissa: number } {
  if (code === 0) return { exponent: -4, mantissa: 7 };
  let exponent = code > 15 ? (code >> 3) - 1 : 0;
  let mantissa = code - (exponent << 3);
  for (; mantissa < 8; exponent--) mantissa = (mantissa << 1) | 1;
  return { exponent, mantissa: mantissa - 8 };
}
