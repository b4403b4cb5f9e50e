/** Samples are kept in blocks: a long recording is never copied because it grows. */
const BLOCK = 1 << 14;

/**
 * What one sender was heard to say: pieces of sound, and silence between them that takes no memory. Positions are samples since any origin, which
 * is the same for all tracks that are put together.
 */
export class Track {
  /** Null: forgotten. */
  readonly #blocks: (Int16Array | null)[] = [];
  #forgotten = 0;
  #samples = 0;
  /** Of every piece: where it is heard, and where its samples begin among those stored. */
  readonly #positions: number[] = [];
  readonly #places: number[] = [];

  /** How many samples of sound there are. */
  get samples(): number {
    return this.#samples;
  }

  get pieces(): number {
    return this.#positions.length;
  }

  /** The first sample that is heard; of an empty track 0. */
  get start(): number {
    return this.#positions[0] ?? 0;
  }

  /** Behind the last sample that is heard; of an empty track 0. */
  get end(): number {
    return this.pieces === 0 ? 0 : this.endOf(this.pieces - 1);
  }

  positionOf(piece: number): number {
    return this.#positions[piece]!;
  }

  endOf(piece: number): number {
    return this.#positions[piece]! + this.#lengthOf(piece);
  }

  /** What follows is heard from `position` on, which must not be before the end of what there is. */
  beginPiece(position: number): void {
    this.#positions.push(position);
    this.#places.push(this.#samples);
  }

  append(samples: Int16Array): void {
    for (let at = 0; at < samples.length; ) {
      const room = this.#samples % BLOCK;
      if (room === 0) this.#blocks.push(new Int16Array(BLOCK));
      const part = samples.subarray(at, at + BLOCK - room);
      this.#blocks[this.#blocks.length - 1]!.set(part, room);
      this.#samples += part.length;
      at += part.length;
    }
  }

  /** Hears every piece elsewhere; their order stays. */
  move(newPosition: (piece: number) => number): void {
    for (let piece = 0; piece < this.pieces; piece++) this.#positions[piece] = newPosition(piece);
  }

  /** Gives back the memory of what is heard before `position`. */
  forget(position: number): void {
    const piece = this.#firstEndingAfter(position);
    const place = (this.#places[piece] ?? this.#samples) + Math.max(0, position - (this.#positions[piece] ?? position));
    const end = Math.floor(place / BLOCK);
    for (; this.#forgotten < end; this.#forgotten++) this.#blocks[this.#forgotten] = null;
  }

  /** Tells the samples that are heard from `from` up to `to`, in their order, each with its position. */
  hear(from: number, to: number, tell: (position: number, sample: number) => void): void {
    for (let piece = this.#firstEndingAfter(from); piece < this.pieces && this.positionOf(piece) < to; piece++) {
      const position = this.positionOf(piece);
      const first = Math.max(from, position);
      const end = Math.min(to, this.endOf(piece));
      let place = this.#places[piece]! + first - position;
      for (let at = first; at < end; at++, place++) tell(at, this.#blocks[Math.floor(place / BLOCK)]![place % BLOCK]!);
    }
  }

  #lengthOf(piece: number): number {
    return (this.#places[piece + 1] ?? this.#samples) - this.#places[piece]!;
  }

  #firstEndingAfter(position: number): number {
    let [low, high] = [0, this.pieces];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.endOf(middle) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
