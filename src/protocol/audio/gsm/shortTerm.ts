import { multiply, saturate } from './arithmetic.js';
import { RATIOS } from './frame.js';
import { decodeRatios, PART_BORDERS, PARTS, reflectionsOfPart } from './logAreaRatios.js';

/** What changes from part to part of a frame: the lattice coefficients, from the ratios of this frame and of the last. */
class Lattice {
  readonly reflections = new Int32Array(RATIOS);
  #last = new Int32Array(RATIOS);
  #now = new Int32Array(RATIOS);

  /** A frame begins, with the codes of its ratios at the front of `parameters`. */
  begin(parameters: Int32Array): void {
    [this.#last, this.#now] = [this.#now, this.#last];
    decodeRatios(parameters, this.#now);
  }

  enter(part: number): void {
    reflectionsOfPart(part, this.#last, this.#now, this.reflections);
  }
}

/** Takes from the sound what its last eight samples foretell (ETSI EN 300 961 §5.2.10). */
export class ShortTermAnalysis {
  readonly #lattice = new Lattice();
  readonly #delayed = new Int32Array(RATIOS);

  /** Turns 160 samples into their residual, in place. */
  filter(parameters: Int32Array, samples: Int32Array): void {
    this.#lattice.begin(parameters);
    for (let part = 0; part < PARTS; part++) {
      this.#lattice.enter(part);
      this.#filterPart(samples, PART_BORDERS[part]!, PART_BORDERS[part + 1]!);
    }
  }

  #filterPart(samples: Int32Array, from: number, to: number): void {
    const { reflections } = this.#lattice;
    const delayed = this.#delayed;
    for (let k = from; k < to; k++) {
      let forward = samples[k]!;
      let backward = forward;
      for (let i = 0; i < RATIOS; i++) {
        const reflection = reflections[i]!;
        const before = delayed[i]!;
        delayed[i] = backward;
        backward = saturate(before + multiply(reflection, forward));
        forward = saturate(forward + multiply(reflection, before));
      }
      samples[k] = forward;
    }
  }
}

/** Makes sound of a residual again: the same lattice backwards (§5.3.4). */
export class ShortTermSynthesis {
  readonly #lattice = new Lattice();
  readonly #delayed = new Int32Array(RATIOS + 1);

  /** Turns a residual of 160 samples into sound, in place. */
  filter(parameters: Int32Array, samples: Int32Array): void {
    this.#lattice.begin(parameters);
    for (let part = 0; part < PARTS; part++) {
      this.#lattice.enter(part);
      this.#filterPart(samples, PART_BORDERS[part]!, PART_BORDERS[part + 1]!);
    }
  }

  #filterPart(samples: Int32Array, from: number, to: number): void {
    const { reflections } = this.#lattice;
    const delayed = this.#delayed;
    for (let k = from; k < to; k++) {
      let sample = samples[k]!;
      for (let i = RATIOS - 1; i >= 0; i--) {
        const reflection = reflections[i]!;
        const before = delayed[i]!;
        sample = saturate(sample - multiply(reflection, before));
        delayed[i + 1] = saturate(before + multiply(reflection, sample));
      }
      delayed[0] = sample;
      samples[k] = sample;
    }
  }
}
