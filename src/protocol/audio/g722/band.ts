import { ILB } from './tables.js';

/** How the scale factor of one band of G.722 behaves (ITU-T G.722 §3.5). */
export type BandScale = {
  /** DETL or DETH before the first sample. */
  readonly first: number;
  /** The largest logarithm of the scale factor. */
  readonly ceiling: number;
  /** How many bits the power of two is shifted down for a logarithm of 0. */
  readonly shift: number;
};

export const LOWER_SCALE: BandScale = { first: 32, ceiling: 18432, shift: 8 };
export const UPPER_SCALE: BandScale = { first: 8, ceiling: 22528, shift: 10 };

const TAPS = 6;

/** To the nearest that 16 bits can hold. */
export function saturate(value: number): number {
  return Math.min(Math.max(value, -32768), 32767);
}

/**
 * What encoder and decoder know alike about one band of G.722 (ITU-T G.722 §3.4 to 3.6, in the integers of §6): the scale factor
 * of the quantizer, and a predictor with two poles and six zeros. Both follow from the words sent alone.
 */
export class Band {
  /** Scale factor of the quantizer. */
  det: number;
  /** The predicted sample. */
  predicted = 0;
  readonly #scale: BandScale;
  #logarithm = 0;
  #fromZeros = 0;
  #pole1 = 0;
  #pole2 = 0;
  /** The last reconstructed sample, doubled, and the last two sums of difference and what the zeros foretold. */
  #doubledLast = 0;
  #partial1 = 0;
  #partial2 = 0;
  readonly #zeros = new Int32Array(TAPS);
  /** The last six differences, doubled as the filter wants them: that changes no sign. */
  readonly #doubled = new Int32Array(TAPS);

  constructor(scale: BandScale) {
    this.#scale = scale;
    this.det = scale.first;
  }

  /** A word of the quantizer was sent: `step` is what it does to the logarithm of the scale factor (LOGSCL, SCALEL). */
  rescale(step: number): void {
    const { ceiling, shift } = this.#scale;
    const moved = ((this.#logarithm * 127) >> 7) + step;
    const logarithm = Math.min(Math.max(moved, 0), ceiling);
    this.#logarithm = logarithm;
    const down = shift - (logarithm >> 11);
    const power = ILB[(logarithm >> 6) & 31]!;
    this.det = (down < 0 ? power << -down : power >> down) << 2;
  }

  /** `difference`: the quantized difference between the sample and its prediction. Leaves the prediction of the next sample (block 4). */
  adapt(difference: number): void {
    const partial = saturate(this.#fromZeros + difference);
    const reconstructed = saturate(this.predicted + difference);
    this.#movePoles(partial);
    const doubled = saturate(reconstructed * 2);
    const fromPoles = saturate(((this.#pole1 * doubled) >> 15) + ((this.#pole2 * this.#doubledLast) >> 15));
    this.#doubledLast = doubled;
    this.#fromZeros = this.#moveZeros(difference);
    this.predicted = saturate(fromPoles + this.#fromZeros);
  }

  /** UPPOL2 and UPPOL1, of which both ask whether signs are the same as before. */
  #movePoles(partial: number): void {
    const sign1 = signOf(partial ^ this.#partial1);
    const sign2 = signOf(partial ^ this.#partial2);
    this.#partial2 = this.#partial1;
    this.#partial1 = partial;
    const steep = saturate(this.#pole1 * 4);
    const towards = Math.min(withSign(-steep, sign1), 32767) >> 7;
    const second = towards + withSign(128, sign2) + ((this.#pole2 * 32512) >> 15);
    const pole2 = Math.min(Math.max(second, -12288), 12288);
    const limit = 15360 - pole2;
    const first = ((this.#pole1 * 32640) >> 15) + withSign(192, sign1);
    this.#pole2 = pole2;
    this.#pole1 = Math.min(Math.max(first, -limit), limit);
  }

  /**
   * UPZERO, DELAYA and FILTEZ in one pass; returns what the zeros predict.
   * No zero leaves 16 bits, as the leak of 1/256 is as large as the step when it gets there.
   */
  #moveZeros(difference: number): number {
    const zeros = this.#zeros;
    const line = this.#doubled;
    const step = difference === 0 ? 0 : 128;
    let arriving = saturate(difference * 2);
    let sum = 0;
    for (let i = 0; i < TAPS; i++) {
      const leaving = line[i]!;
      const zero = (Math.imul(zeros[i]!, 32640) >> 15) + withSign(step, signOf(leaving ^ difference));
      zeros[i] = zero;
      line[i] = arriving;
      sum += Math.imul(zero, arriving) >> 15;
      arriving = leaving;
    }
    return saturate(sum);
  }
}

/** -1 for a negative number, else 0. Signs come as if by chance, and a processor that has to guess them loses more time than these sums take. */
function signOf(value: number): number {
  return value >> 31;
}

/** `value` for the sign 0, `-value` for the sign -1. */
function withSign(value: number, sign: number): number {
  return (value ^ sign) - sign;
}
