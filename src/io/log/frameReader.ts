import { crc32 } from '../../protocol/bytes/crc32.js';
import { FRAME_HEADER_BYTES, MAX_BODY_BYTES } from '../../protocol/events/frame.js';
import { FileWindow } from './fileWindow.js';

/** Behind damage the next frame begins within so many bytes, for none is longer; or nothing can be said of the rest of the file. */
const SEARCH_BYTES = MAX_BODY_BYTES + FRAME_HEADER_BYTES;
/** So many bytes may be summed up in vain while searching: at once, and for each byte of the file. What a hostile file may cost. */
const VAIN_BYTES = 16 << 20;
const VAIN_PER_BYTE = 4;

/**
 * What `FrameReader.next` came upon. `later`: nothing, or a part of a frame, stands at the end of a file that may still grow.
 * `torn` and `damaged` are problems: `problem` says which.
 */
export type Came = 'body' | 'torn' | 'damaged' | 'later' | 'end';

/** Goes through the frames of a file, and around what is damaged. */
export class FrameReader {
  readonly window: FileWindow;
  /** Where the frame or the problem stands that `next` came upon. */
  offset = 0;
  /** Where its body is in `window.bytes`. */
  start = 0;
  end = 0;
  /** What is wrong, for people; what it begins with is the name of the file. */
  problem = '';
  #at: number;
  #vain = 0;
  /** The size of the file when a search found nothing: until it has grown there is no other answer. */
  #searched = -1;

  /** Throws if the file cannot be opened. `at`: where the first frame begins. */
  constructor(path: string, at: number, onRead?: (bytes: number) => void) {
    this.window = new FileWindow(path, onRead);
    this.#at = at;
  }

  /** `isFinal`: the file is not going to grow. Throws if it cannot be read. */
  next(isFinal: boolean): Came {
    const { window } = this;
    if (!isFinal) window.refresh();
    this.offset = this.#at;
    if (this.#at >= window.size) return isFinal ? 'end' : 'later';
    const length = this.#lengthAt(this.#at);
    const end = this.#at + FRAME_HEADER_BYTES + length;
    if (length > 0 && this.#isGood(this.#at, length)) {
      this.#at = end;
      this.start = this.offset + FRAME_HEADER_BYTES - window.base;
      this.end = this.start + length;
      return 'body';
    }
    if (!isFinal && length >= 0 && end > window.size) return 'later';
    if (!isFinal && this.#searched === window.size) return 'later';
    return length > 0 && end <= window.size ? this.#passDamage(end, isFinal) : this.#search(isFinal);
  }

  /** Reads one frame again. Answers whether it is there; then its body is where `start` and `end` say. */
  reread(offset: number): boolean {
    const length = this.#lengthAt(offset);
    if (length <= 0 || !this.#isGood(offset, length)) return false;
    this.start = offset + FRAME_HEADER_BYTES - this.window.base;
    this.end = this.start + length;
    return true;
  }

  /** The length that stands in a frame's header; -1 if there is no header or the length cannot be. 0 is not one either. */
  #lengthAt(at: number): number {
    if (!this.window.load(at, FRAME_HEADER_BYTES)) return 0;
    const length = this.window.bytes.readUInt32LE(at - this.window.base);
    return length > MAX_BODY_BYTES || length === 0 ? -1 : length;
  }

  #isGood(at: number, length: number): boolean {
    const { window } = this;
    if (!window.load(at, FRAME_HEADER_BYTES + length)) return false;
    const index = at - window.base;
    return crc32(window.bytes, index + FRAME_HEADER_BYTES, length) === window.bytes.readUInt32LE(index + 4);
  }

  /** A frame with a wrong checksum: if another begins where it ends, or the file ends there, its length at least is right. */
  #passDamage(end: number, isFinal: boolean): Came {
    if (end !== this.window.size) {
      const length = this.#lengthAt(end);
      if (length <= 0 || !this.#isGood(end, length)) {
        this.#vain += end - this.offset + Math.max(0, length);
        return this.#search(isFinal);
      }
    }
    this.#at = end;
    this.problem = `the record at byte ${this.offset} is damaged (checksum), skipped`;
    return 'damaged';
  }

  /** Looks for the next frame behind what is no frame. */
  #search(isFinal: boolean): Came {
    const { window, offset } = this;
    const behindZeros = window.skipZeros(offset);
    if (behindZeros === window.size && window.size - offset >= FRAME_HEADER_BYTES) {
      if (!isFinal) return 'later';
      this.#at = window.size;
      this.problem = `holds nothing but zeros from byte ${offset} on: the machine crashed, or a write is still under way`;
      return 'torn';
    }
    // The length of a frame may begin with a zero, or three.
    const from = Math.max(offset + 1, behindZeros - 3);
    const found = this.#findFrame(from, Math.min(from + SEARCH_BYTES, window.size - FRAME_HEADER_BYTES));
    if (found === null && !isFinal) {
      this.#searched = window.size;
      return 'later';
    }
    this.#at = found ?? window.size;
    if (found !== null) this.problem = `bytes ${offset} to ${found - 1} are damaged, skipped`;
    else if (window.size - offset > SEARCH_BYTES || this.#isSpent())
      this.problem = `cannot be read from byte ${offset} on: what follows is no record`;
    else this.problem = `ends within the record at byte ${offset}: a crash, or a write still under way`;
    return found === null ? 'torn' : 'damaged';
  }

  #findFrame(from: number, to: number): number | null {
    for (let at = from; at < to && !this.#isSpent(); at++) {
      const length = this.#lengthAt(at);
      if (length <= 0 || !this.#looksLikeRecord(at + FRAME_HEADER_BYTES)) continue;
      if (at + FRAME_HEADER_BYTES + length > this.window.size) continue;
      if (this.#isGood(at, length)) return at;
      this.#vain += length;
    }
    return null;
  }

  /** A map in MessagePack whose first key is a short string: what all records and headers are. */
  #looksLikeRecord(at: number): boolean {
    if (!this.window.load(at, 4)) return false;
    const index = at - this.window.base;
    const map = this.window.bytes[index]!;
    const isLong = map === 0xde && this.window.bytes[index + 1] === 0;
    const key = this.window.bytes[isLong ? index + 3 : index + 1]!;
    return (isLong || (map > 0x80 && map < 0x90)) && key > 0xa0 && key < 0xc0;
  }

  #isSpent(): boolean {
    return this.#vain > VAIN_BYTES + VAIN_PER_BYTE * this.offset;
  }
}
