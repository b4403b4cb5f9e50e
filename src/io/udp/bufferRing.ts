import type { Arena } from '../sys/memory.js';
import { mapMemory } from '../sys/memory.js';

/** An entry: address of the buffer, two words; its length; its number, half a word (`struct io_uring_buf`). */
const ENTRY_WORDS = 4;
const ENTRY_HALVES = 8;
/** The tail of the ring stands where the first entry has its reserved field. */
const TAIL_HALF = 7;

/** The buffers that the kernel may receive into (io_uring's provided buffer ring), by their numbers in a pool. */
export class BufferRing {
  readonly arena: Arena;
  readonly #pool: Arena;
  readonly #bufferBytes: number;
  readonly #mask: number;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  #tail = 0;

  /** `count`: a power of two. */
  constructor(pool: Arena, count: number, bufferBytes: number) {
    this.arena = mapMemory(count * ENTRY_WORDS * 4);
    this.#pool = pool;
    this.#bufferBytes = bufferBytes;
    this.#mask = count - 1;
    this.#words = new Uint32Array(this.arena.buffer);
    this.#halves = new Uint16Array(this.arena.buffer);
  }

  /** A buffer may be used again, as soon as that is published. */
  giveBack(buffer: number): void {
    const slot = this.#tail & this.#mask;
    this.#words[slot * ENTRY_WORDS] = this.#pool.low + buffer * this.#bufferBytes;
    this.#words[slot * ENTRY_WORDS + 1] = this.#pool.high;
    this.#words[slot * ENTRY_WORDS + 2] = this.#bufferBytes;
    this.#halves[slot * ENTRY_HALVES + 6] = buffer;
    this.#tail = (this.#tail + 1) & 0xffff;
  }

  publish(): void {
    this.#halves[TAIL_HALF] = this.#tail;
  }
}
