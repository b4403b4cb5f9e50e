/** Of how much sound there is room, milliseconds: what has been heard lately and may still get company. */
const SHEET_MS = 2000;
const FRAME_BYTES = 4;

/**
 * The last two seconds of a stereo recording: both sides put their samples where they belong, in any order; what is old enough goes to the
 * file, in pieces, and nothing is written where nobody was heard.
 */
export class WavSheet {
  readonly rate: number;
  readonly #write: (offset: number, bytes: Uint8Array) => void;
  readonly #capacity: number;
  readonly #samples: Int16Array;
  readonly #bytes: Uint8Array;
  /** The first frame that is not in the file yet. */
  #base: number;
  /** Behind the last frame in which there may be sound. */
  #end: number;

  /**
   * `rate`: frames a second. `base`: how many frames are in the file. `write` puts bytes (a view, 16-bit little-endian, left and right) so
   * many bytes behind the beginning of the samples; what it skips is silence.
   */
  constructor(rate: number, base: number, write: (offset: number, bytes: Uint8Array) => void) {
    this.rate = rate;
    this.#write = write;
    this.#capacity = (rate * SHEET_MS) / 1000;
    this.#samples = new Int16Array(this.#capacity * 2);
    this.#bytes = new Uint8Array(this.#samples.buffer);
    this.#base = base;
    this.#end = base;
  }

  /** How many frames are in the file, counting silence at its end. */
  get frames(): number {
    return this.#base;
  }

  /** Puts samples (those from `from` on) at a frame: left (0) or right (1). What is in the file already stays as it is. */
  put(channel: 0 | 1, position: number, samples: Int16Array, from: number): void {
    const end = position + samples.length - from;
    if (end > this.#base + this.#capacity) this.flushTo(end - this.#capacity / 2);
    let at = Math.max(position, this.#base);
    let slot = at % this.#capacity;
    for (; at < end; at++) {
      this.#samples[slot * 2 + channel] = samples[from + at - position]!;
      if (++slot === this.#capacity) slot = 0;
    }
    if (end > this.#end) this.#end = end;
  }

  /** Everything before that frame goes to the file. */
  flushTo(position: number): void {
    if (position <= this.#base) return;
    const end = Math.min(position, this.#end);
    for (let at = this.#base; at < end; ) {
      const slot = at % this.#capacity;
      const frames = Math.min(end - at, this.#capacity - slot);
      this.#write(at * FRAME_BYTES, this.#bytes.subarray(slot * FRAME_BYTES, (slot + frames) * FRAME_BYTES));
      this.#samples.fill(0, slot * 2, (slot + frames) * 2);
      at += frames;
    }
    this.#base = position;
    if (this.#end < position) this.#end = position;
  }

  /** Everything goes to the file, which then is as long as up to that frame, or longer. */
  finish(position: number): void {
    this.flushTo(Math.max(position, this.#end));
  }
}
