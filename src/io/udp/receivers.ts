/** The number of the first socket of a descriptor: those below are free for other requests of the same ring. */
export const FIRST_GENERATION = 16;
const LAST_GENERATION = 0xffffffff;
const NOBODY = -1;
const INITIAL_DESCRIPTORS = 1024;

/**
 * Which row gets what is received from a descriptor: what the kernel reports names the descriptor, so that a socket can be given to another
 * row without a system call. The system uses descriptors again, and what it still has to say of one that was closed must not be taken for
 * news of the next socket: each has a generation, which changes with every socket.
 */
export class Receivers {
  /** Descriptor → row. The system gives out the lowest number that is free, so that both arrays stay short. */
  #rows = new Int32Array(INITIAL_DESCRIPTORS).fill(NOBODY);
  #generations = new Uint32Array(INITIAL_DESCRIPTORS).fill(FIRST_GENERATION);

  give(fd: number, row: number): void {
    if (fd >= this.#rows.length) this.#grow(fd + 1);
    this.#rows[fd] = row;
  }

  /** The socket is about to be closed. Answers the generation it had. */
  forget(fd: number): number {
    const generation = this.#generations[fd]!;
    this.#rows[fd] = NOBODY;
    this.#generations[fd] = generation === LAST_GENERATION ? FIRST_GENERATION : generation + 1;
    return generation;
  }

  generationOf(fd: number): number {
    return this.#generations[fd]!;
  }

  /** The row that has the socket of this generation; -1: it was closed. */
  rowOf(fd: number, generation: number): number {
    return this.#generations[fd] === generation ? this.#rows[fd]! : NOBODY;
  }

  /** The row that has the descriptor now, or -1. */
  holderOf(fd: number): number {
    return this.#rows[fd] ?? NOBODY;
  }

  #grow(needed: number): void {
    const length = Math.max(needed, this.#rows.length * 2);
    const rows = new Int32Array(length).fill(NOBODY);
    rows.set(this.#rows);
    const generations = new Uint32Array(length).fill(FIRST_GENERATION);
    generations.set(this.#generations);
    this.#rows = rows;
    this.#generations = generations;
  }
}
