/** What the threads ring with when the reader of all tapes may have to be woken: two 32-bit words in shared memory, rings and "it sleeps". */
export class TapeBell {
  readonly #words: Int32Array;

  /** `memory`: `TapeBell.BYTES`, zeros at first. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static readonly BYTES = 8;

  /** Ends the sleep of the reader, or the next one if that began to look for work before. A system call only if it sleeps. */
  ring(): void {
    Atomics.add(this.#words, 0, 1);
    if (Atomics.load(this.#words, 1) === 1) Atomics.notify(this.#words, 0);
  }

  /** How often it was rung: to be asked before the reader looks for work, and given to `sleep`. */
  heard(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Sleeps for so many milliseconds at most; not at all if the bell was rung since `heard`. Blocks the thread. */
  sleep(heard: number, ms: number): void {
    Atomics.store(this.#words, 1, 1);
    Atomics.wait(this.#words, 0, heard, ms);
    Atomics.store(this.#words, 1, 0);
  }
}
