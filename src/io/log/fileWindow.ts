import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** So much of a file is read at a time, bytes. */
const CHUNK_BYTES = 256 << 10;

/** Nothing to compare with. */
const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** A pipe is not waited for. Throws where there is something else than a file. */
function openFile(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error('it is no file');
}

/** A file of which a part is in memory: who goes through it forwards reads every byte once, however large it is. */
export class FileWindow {
  readonly path: string;
  /** What stands at `base` of the file and behind it, up to `end`. Other bytes, at other places, after every `load`. */
  bytes: Buffer;
  base = 0;
  end = 0;
  /** Of the file, as last seen. */
  size: number;
  readonly #fd: number;
  readonly #onRead: (bytes: number) => void;

  /** Throws if the file cannot be opened, or is none. `onRead` is told how much was read. */
  constructor(path: string, onRead: (bytes: number) => void = () => {}) {
    this.path = path;
    this.#onRead = onRead;
    this.#fd = openFile(path);
    this.size = this.#sizeNow();
    this.bytes = Buffer.allocUnsafe(Math.max(64, Math.min(CHUNK_BYTES, this.size)));
  }

  /** Looks whether the file has grown, or was cut. */
  refresh(): void {
    this.size = this.#sizeNow();
  }

  /** Brings `length` bytes from `at` into memory, if the file has as many: answers whether. Throws if it cannot be read. */
  load(at: number, length: number): boolean {
    if (at >= this.base && at + length <= this.end) return true;
    if (at + length > this.size) return false;
    this.#moveTo(at, length);
    while (this.end < this.size && this.end - this.base < this.bytes.length) {
      const read = readSync(this.#fd, this.bytes, this.end - this.base, this.bytes.length - (this.end - this.base), this.end);
      if (read === 0) this.size = this.end; // It was cut meanwhile.
      this.end += read;
      this.#onRead(read);
    }
    return at + length <= this.end;
  }

  /** Makes room for so many bytes from `at`, and keeps what is known of them. */
  #moveTo(at: number, length: number): void {
    const kept =
      at >= this.base && at < this.end ? this.bytes.subarray(at - this.base, this.end - this.base) : this.bytes.subarray(0, 0);
    if (length > this.bytes.length || this.bytes.length < Math.min(CHUNK_BYTES, this.size - at)) {
      const larger = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length * 2));
      larger.set(kept);
      this.bytes = larger;
    } else this.bytes.set(kept);
    this.base = at;
    this.end = at + kept.length;
  }

  /** Index in `bytes` of the first byte from `at` on that is not zero, as an offset of the file; its size if there is none. */
  skipZeros(at: number): number {
    for (let from = at; from < this.size; from = this.end) {
      if (!this.load(from, 1)) break;
      const length = this.end - from;
      if (length <= ZEROS.length && this.bytes.compare(ZEROS, 0, length, from - this.base, this.end - this.base) === 0) continue;
      for (let i = from - this.base; i < this.end - this.base; i++) if (this.bytes[i] !== 0) return this.base + i;
    }
    return this.size;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #sizeNow(): number {
    return fstatSync(this.#fd).size;
  }
}
