import { divide, headroom, magnitude, multiply, saturate } from './arithmetic.js';
import { FRAME_SAMPLES, RATIOS } from './frame.js';

const LAGS = RATIOS + 1;

/** Linear prediction: how each sample of a frame follows from the eight before it (ETSI EN 300 961 §5.2.4 and 5.2.5). */
export class LinearPrediction {
  /** The reflection coefficients found, as fractions of 2^15. */
  readonly reflections = new Int32Array(RATIOS);
  readonly #correlations = new Float64Array(LAGS);
  readonly #upper = new Int32Array(LAGS);
  readonly #lower = new Int32Array(LAGS);

  /** Of 160 samples; loud ones lose their lowest bits, as the standard has it. */
  analyse(samples: Int32Array): void {
    const down = this.#scaleDown(samples);
    this.#correlate(samples);
    for (let k = 0; k < FRAME_SAMPLES; k++) samples[k] = samples[k]! << down;
    this.#reflect();
  }

  /** To eleven bits and a sign, so that no sum of products leaves 32 bits; returns by how many. */
  #scaleDown(samples: Int32Array): number {
    let largest = 0;
    for (let k = 0; k < FRAME_SAMPLES; k++) largest = Math.max(largest, magnitude(samples[k]!));
    const down = largest === 0 ? 0 : Math.max(0, 4 - headroom(largest << 16));
    if (down > 0) for (let k = 0; k < FRAME_SAMPLES; k++) samples[k] = multiply(samples[k]!, 16384 >> (down - 1));
    return down;
  }

  #correlate(samples: Int32Array): void {
    for (let lag = 0; lag < LAGS; lag++) {
      let sum = 0;
      for (let k = lag; k < FRAME_SAMPLES; k++) sum = (sum + Math.imul(samples[k]!, samples[k - lag]!)) | 0;
      this.#correlations[lag] = sum * 2;
    }
  }

  /** The recursion of Schur. */
  #reflect(): void {
    const { reflections } = this;
    const upper = this.#upper;
    const lower = this.#lower;
    reflections.fill(0);
    if (this.#correlations[0] === 0) return;
    const up = headroom(this.#correlations[0]!);
    for (let i = 0; i < LAGS; i++) upper[i] = lower[i] = (this.#correlations[i]! << up) >> 16;
    for (let n = 0; n < RATIOS; n++) {
      const size = magnitude(upper[1]!);
      if (upper[0]! < size) return;
      const quotient = divide(size, upper[0]!);
      const reflection = upper[1]! > 0 ? -quotient : quotient;
      reflections[n] = reflection;
      upper[0] = saturate(upper[0]! + multiply(upper[1]!, reflection));
      for (let m = 1; m < RATIOS - n; m++) {
        const above = upper[m + 1]!;
        upper[m] = saturate(above + multiply(lower[m]!, reflection));
        lower[m] = saturate(lower[m]! + multiply(above, reflection));
      }
    }
  }
}
