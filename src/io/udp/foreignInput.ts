type Watched = { readonly fd: number; readonly onReadable: () => void };

/**
 * The descriptors that an engine watches besides its sockets. Each time one is watched it has a number of its own, by which what the kernel
 * still says of it later is not taken for another's.
 */
export class ForeignInput {
  readonly #watched = new Map<number, Watched>();
  readonly #most: number;
  #last = 0;

  /** Numbers lie between 0 and `most`. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The number of what is watched from now on. */
  add(fd: number, onReadable: () => void): number {
    do this.#last = this.#last === this.#most ? 0 : this.#last + 1;
    while (this.#watched.has(this.#last));
    this.#watched.set(this.#last, { fd, onReadable });
    return this.#last;
  }

  /** The number that a descriptor had; null if it was not watched. */
  remove(fd: number): number | null {
    for (const [number, watched] of this.#watched) {
      if (watched.fd !== fd) continue;
      this.#watched.delete(number);
      return number;
    }
    return null;
  }

  /** The descriptor of a number; null if nobody wants to be called for it any more. */
  descriptor(number: number): number | null {
    return this.#watched.get(number)?.fd ?? null;
  }

  /** There is something to be read. */
  call(number: number): void {
    this.#watched.get(number)?.onReadable();
  }
}
