/** What of a file is written at a time. */
const BUFFER_BYTES = 16 << 10;

/** Buffers for files that are written to, never more of them than fit in a limit. */
export class BufferPool {
  readonly #free: Uint8Array[] = [];
  #left: number;

  /** `limitBytes`: of all buffers together. */
  constructor(limitBytes: number) {
    this.#left = Math.floor(limitBytes / BUFFER_BYTES);
  }

  /** Null: there is none left, so what is to be written has to be written at once. */
  take(): Uint8Array | null {
    const used = this.#free.pop();
    if (used !== undefined) return used;
    if (this.#left === 0) return null;
    this.#left--;
    return new Uint8Array(BUFFER_BYTES);
  }

  give(buffer: Uint8Array): void {
    this.#free.push(buffer);
  }
}
