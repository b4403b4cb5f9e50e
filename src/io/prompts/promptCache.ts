import type { Prompt } from '../../media/player/prompt.js';

/** What an entry takes besides its frames, about: names and objects. */
const ENTRY_BYTES = 1024;

/** The prompts that were asked for last, up to so many bytes. Null: it is known that nothing can be made of a file. */
export class PromptCache {
  readonly #maxBytes: number;
  /** The one that was asked for last stands last. */
  readonly #entries = new Map<string, Prompt | null>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Undefined: nothing is known. */
  get(key: string): Prompt | null | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  /** Something larger than the whole cache is not kept. */
  put(key: string, prompt: Prompt | null): void {
    this.#drop(key);
    const bytes = bytesOf(prompt);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, prompt);
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const found = this.#entries.get(key);
    if (found === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= bytesOf(found);
  }
}

const bytesOf = (prompt: Prompt | null): number => ENTRY_BYTES + (prompt?.frames.length ?? 0);
