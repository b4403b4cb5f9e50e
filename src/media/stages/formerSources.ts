import { EMPTY, FLOATS, MAX_SOURCES, type SourcePlace, SSRC, STATE, WORDS } from './sourceWords.js';

const PLACES = MAX_SOURCES - 1;

/** The SSRCs that a row had before the present one. Allocated once, so that SSRCs that take turns cost no garbage. */
export class FormerSources {
  /** How many gave way to others. */
  forgotten: number;
  readonly #words = new Int32Array(PLACES * WORDS);
  readonly #floats = new Float64Array(PLACES * FLOATS);
  /** When each was left, counted in changes from 1; 0: the place is free. */
  readonly #leftAt = new Float64Array(PLACES);
  #changes = 0;

  constructor(forgotten: number) {
    this.forgotten = forgotten;
  }

  get count(): number {
    let count = 0;
    for (let i = 0; i < PLACES; i++) if (this.#leftAt[i] !== 0) count++;
    return count;
  }

  /** One of the `count`, the one that was left last first. Not for every packet: it allocates. */
  place(index: number): SourcePlace {
    const places = [...this.#leftAt.keys()].filter((i) => this.#leftAt[i] !== 0);
    const i = places.sort((a, b) => this.#leftAt[b]! - this.#leftAt[a]!)[index]!;
    return { words: this.#words, at: i * WORDS, floats: this.#floats, base: i * FLOATS };
  }

  /** Puts the present SSRC away and takes `to` out, empty if it is not here; the one that was left longest ago makes room. */
  exchange(to: number, words: Int32Array, at: number, floats: Float64Array, base: number): void {
    const place = this.#placeOf(to);
    const ownAt = place * WORDS;
    for (let i = 0; i < WORDS; i++) {
      const kept = this.#words[ownAt + i]!;
      this.#words[ownAt + i] = words[at + i]!;
      words[at + i] = kept;
    }
    const ownBase = place * FLOATS;
    for (let i = 0; i < FLOATS; i++) {
      const kept = this.#floats[ownBase + i]!;
      this.#floats[ownBase + i] = floats[base + i]!;
      floats[base + i] = kept;
    }
    this.#leftAt[place] = ++this.#changes;
  }

  /** Where this SSRC is kept, or, emptied, the place of the one that was left first. */
  #placeOf(ssrc: number): number {
    let oldest = 0;
    for (let place = 0; place < PLACES; place++) {
      const isKept = this.#leftAt[place] !== 0 && this.#words[place * WORDS + STATE] !== EMPTY;
      if (isKept && this.#words[place * WORDS + SSRC] === ssrc) return place;
      if (this.#leftAt[place]! < this.#leftAt[oldest]!) oldest = place;
    }
    if (this.#leftAt[oldest] !== 0) this.forgotten++;
    this.#words.fill(0, oldest * WORDS, (oldest + 1) * WORDS);
    this.#floats.fill(0, oldest * FLOATS, (oldest + 1) * FLOATS);
    return oldest;
  }
}
