import type { Writable } from 'node:stream';

/** Lines are handed on in pieces of about so many characters, */
const FULL = 64 << 10;

export type OutputWorld = {
  readonly beforeWrite: () => void;
  /** Nobody takes what is written any more. */
  readonly onGone: () => void;
};

/** Lines on their way out: gathered, so that many are quick, and handed on before the process waits for anything, so that few are soon seen. */
export class Output {
  readonly #stream: Writable;
  readonly #world: OutputWorld;
  #lines: string[] = [];
  #length = 0;
  #soon: NodeJS.Immediate | null = null;
  #isGone = false;
  #failure: string | null = null;

  constructor(stream: Writable, world: OutputWorld) {
    this.#stream = stream;
    this.#world = world;
    stream.on('error', (error) => this.#fail(error));
  }

  /** Whether `flush` should be awaited before more is written. */
  get isFull(): boolean {
    return this.#length >= FULL;
  }

  /** The reader has gone away, as `head` does, or nothing can be written. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Why nothing can be written, if it is not that the reader has gone. */
  get failure(): string | null {
    return this.#failure;
  }

  tell(line: string): void {
    if (this.#isGone) return;
    this.#lines.push(line, '\n');
    this.#length += line.length + 1;
    this.#soon ??= setImmediate(() => void this.flush());
  }

  /** Resolves when everything has been taken, or nobody takes it any more. */
  async flush(): Promise<void> {
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#soon = null;
    if (this.#lines.length === 0 || this.#isGone) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#length = 0;
    this.#world.beforeWrite();
    await new Promise<void>((resolve) => {
      this.#stream.write(text, (error) => {
        if (error) this.#fail(error);
        resolve();
      });
    });
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (error.code !== 'EPIPE') this.#failure = `the output cannot be written (${error.code ?? error.message})`;
    this.#world.onGone();
  }
}
