import { writeSync } from 'node:fs';
import { closeFrame, FRAME_HEADER_BYTES, MAX_BODY_BYTES } from '../../protocol/events/frame.js';
import { Packer } from '../../protocol/events/packer.js';
import type { SegmentHeader } from '../../relay/events/logEntry.js';
import type { LogRecord } from '../../relay/events/record.js';

/** What became of a write: how many bytes stand in the file, and how many frames do not, or not wholly. `reason` null: all do. */
export type Written = { readonly bytes: number; readonly lost: number; readonly reason: string | null };

/** Frames on their way to a segment, one behind the other in one buffer, which grows to what is put into it. */
export class Frames {
  readonly #packer = new Packer();
  #count = 0;

  /** Of all that wait, bytes. */
  get length(): number {
    return this.#packer.fill;
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that are no frame: the magic of a segment. */
  addPlain(text: string): void {
    const packer = this.#packer;
    packer.makeRoom(text.length);
    for (let i = 0; i < text.length; i++) packer.bytes[packer.fill++] = text.charCodeAt(i);
  }

  /** Adds a frame. Answers why it cannot, or null. */
  add(value: LogRecord | SegmentHeader): string | null {
    const packer = this.#packer;
    const begin = packer.fill;
    try {
      packer.makeRoom(FRAME_HEADER_BYTES);
      packer.fill += FRAME_HEADER_BYTES;
      packer.pack(value);
      const length = packer.fill - begin - FRAME_HEADER_BYTES;
      if (length > MAX_BODY_BYTES) {
        packer.fill = begin;
        return `a record of ${length} bytes is longer than the ${MAX_BODY_BYTES} that fit`;
      }
      closeFrame(packer.bytes, begin, packer.fill);
      this.#count++;
      return null;
    } catch (error) {
      packer.fill = begin;
      return `a record cannot be packed: ${(error as Error).message}`;
    }
  }

  /** Writes all that waits, in one call where the system takes it so. Nothing waits afterwards, however it went. */
  write(fd: number): Written {
    let at = 0;
    let reason: string | null = null;
    try {
      const { bytes, fill } = this.#packer;
      while (at < fill) at += writeSync(fd, bytes, at, fill - at);
    } catch (error) {
      reason = (error as Error).message;
    }
    const lost = reason === null ? 0 : this.#count - this.#framesWithin(at);
    this.clear();
    return { bytes: at, lost, reason };
  }

  clear(): void {
    this.#packer.fill = 0;
    this.#count = 0;
  }

  /** How many frames end within the first `length` bytes, where nothing but frames waits. */
  #framesWithin(length: number): number {
    const view = new DataView(this.#packer.bytes.buffer);
    let frames = 0;
    for (let at = 0; at + FRAME_HEADER_BYTES <= length; frames++) {
      at += FRAME_HEADER_BYTES + view.getUint32(at, true);
      if (at > length) break;
    }
    return frames;
  }
}
