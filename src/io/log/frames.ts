import { writeSync } from 'node:fs';
import { RESET_BUFFER_MODE } from 'msgpackr';
import { FRAME_HEADER_BYTES, MAX_BODY_BYTES, writeFrame } from '../../protocol/events/frame.js';
import type { SegmentHeader } from '../../relay/events/logEntry.js';
import type { LogRecord } from '../../relay/events/record.js';
import { packr } from './segment.js';

const INITIAL_BYTES = 128 << 10;

/** What became of a write: how many bytes stand in the file, and how many frames do not, or not wholly. `reason` null: all do. */
export type Written = { readonly bytes: number; readonly lost: number; readonly reason: string | null };

/** Frames on their way to a segment, one behind the other in one buffer, which grows to what is put into it. */
export class Frames {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #fill = 0;
  #count = 0;

  /** Of all that wait, bytes. */
  get length(): number {
    return this.#fill;
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that are no frame: the magic of a segment. */
  addPlain(text: string): void {
    this.#makeRoom(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#fill++] = text.charCodeAt(i);
  }

  /** Adds a frame. Answers why it cannot, or null. */
  add(value: LogRecord | SegmentHeader): string | null {
    try {
      // The packer writes over its own buffer with the next value: ours is copied by then, and nothing is left to collect.
      const body = packr.pack(value, RESET_BUFFER_MODE);
      if (body.length > MAX_BODY_BYTES) return `a record of ${body.length} bytes is longer than the ${MAX_BODY_BYTES} that fit`;
      this.#makeRoom(FRAME_HEADER_BYTES + body.length);
      this.#fill = writeFrame(this.#bytes, this.#fill, body);
      this.#count++;
      return null;
    } catch (error) {
      return `a record cannot be packed: ${(error as Error).message}`;
    }
  }

  /** Writes all that waits, in one call where the system takes it so. Nothing waits afterwards, however it went. */
  write(fd: number): Written {
    let at = 0;
    let reason: string | null = null;
    try {
      while (at < this.#fill) at += writeSync(fd, this.#bytes, at, this.#fill - at);
    } catch (error) {
      reason = (error as Error).message;
    }
    const lost = reason === null ? 0 : this.#count - this.#framesWithin(at);
    this.clear();
    return { bytes: at, lost, reason };
  }

  clear(): void {
    this.#fill = 0;
    this.#count = 0;
  }

  /** How many frames end within the first `length` bytes, where nothing but frames waits. */
  #framesWithin(length: number): number {
    const view = new DataView(this.#bytes.buffer);
    let frames = 0;
    for (let at = 0; at + FRAME_HEADER_BYTES <= length; frames++) {
      at += FRAME_HEADER_BYTES + view.getUint32(at, true);
      if (at > length) break;
    }
    return frames;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#fill + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#fill));
    this.#bytes = grown;
  }
}
