import type { Prompt } from '../../media/player/prompt.js';
import { printableText } from '../../relay/events/timeline.js';
import { MAX_PROMPT_BYTES } from '../../relay/tools/encodePrompt.js';
import type { Jobs } from '../jobs/jobs.js';
import { PromptCache } from './promptCache.js';
import { type FileState, readRegularFile, stateOf } from './regularFile.js';

const DEFAULT_CACHE_BYTES = 256 << 20;
/** Files that are read at the same time. */
const MAX_READING = 4;
/** Payload types are 7 bits (RFC 3550 §5.1): nobody can ask for more of them. */
const MAX_PAYLOAD_TYPES = 128;
/** What makeann does for every payload type beforehand, a sound file is good for by itself. */
const SOUND_SUFFIXES = ['', '.wav', '.au'];
/** Complaints that are remembered so as not to be told again. */
const MAX_TOLD = 256;

export type PromptStoreOptions = {
  readonly jobs: Jobs;
  /** Told in one line what is wrong with a prompt, once for each thing. */
  readonly warn: (text: string) => void;
  /** Of the prompts that are kept in memory after they were played; those that are being played stay anyway. */
  readonly maxBytes?: number;
};

/** Finds prompts by name. A name comes from the wire, one character a byte, and is a path relative to the working directory of the process. */
export type PromptStore = {
  /**
   * The prompt for the first of these payload types that has a file `<prompt>.<payload type>`; where there is none and `<prompt>`,
   * `<prompt>.wav` or `<prompt>.au` is a sound file, that one encoded for the first payload type that can be. Null: there is none of these.
   * Never rejects.
   */
  readonly find: (prompt: string, payloadTypes: readonly number[]) => Promise<Prompt | null>;
  /** The same for one payload type: a prompt that was playing before. */
  readonly load: (prompt: string, payloadType: number) => Promise<Prompt | null>;
};

export function openPromptStore(options: PromptStoreOptions): PromptStore {
  const store = new Store(options);
  return {
    find: (prompt, payloadTypes) => store.find(prompt, payloadTypes),
    load: (prompt, payloadType) => store.find(prompt, [payloadType]),
  };
}

/** A file was read or encoded: what came of it, and under which state of the file that may be remembered, if at all. */
type Made = { readonly prompt: Prompt | null; readonly settled: FileState | null };

class Store {
  readonly #jobs: Jobs;
  readonly #warn: (text: string) => void;
  readonly #cache: PromptCache;
  /** What is being read or encoded, by what it will be remembered by. */
  readonly #making = new Map<string, Promise<Prompt | null>>();
  /** Nothing on this machine encodes these payload types. */
  readonly #withoutCodec = new Set<number>();
  readonly #told = new Set<string>();
  #reading = 0;
  readonly #queue: (() => void)[] = [];

  constructor({ jobs, warn, maxBytes = DEFAULT_CACHE_BYTES }: PromptStoreOptions) {
    this.#jobs = jobs;
    this.#warn = warn;
    this.#cache = new PromptCache(maxBytes);
  }

  async find(prompt: string, payloadTypes: readonly number[]): Promise<Prompt | null> {
    const name = bytesOf(prompt);
    if (name === null) return null;
    const wanted = [...new Set(payloadTypes)].slice(0, MAX_PAYLOAD_TYPES);
    for (const payloadType of wanted) {
      const path = Buffer.concat([name, Buffer.from(`.${payloadType}`)]);
      const found = await this.#look(path, `read ${payloadType}`, () => this.#read(path, payloadType));
      if (found !== null) return found;
    }
    for (const suffix of SOUND_SUFFIXES) {
      const found = await this.#findSound(Buffer.concat([name, Buffer.from(suffix)]), wanted);
      if (found !== null) return found;
    }
    return null;
  }

  async #findSound(path: Buffer, payloadTypes: readonly number[]): Promise<Prompt | null> {
    // Mostly there is none.
    if (!(await stateOf(path)).ok) return null;
    for (const payloadType of payloadTypes) {
      if (this.#withoutCodec.has(payloadType)) continue;
      const found = await this.#look(path, `encode ${payloadType}`, () => this.#encode(path, payloadType));
      if (found !== null) return found;
    }
    return null;
  }

  /** What is known of a file in the state it is in; what is not is made, once for all who ask meanwhile. */
  async #look(path: Buffer, how: string, make: () => Promise<Made>): Promise<Prompt | null> {
    const state = await stateOf(path);
    if (!state.ok) {
      if (state.error !== null) this.#complain(path, state.error);
      return null;
    }
    const key = `${how} ${state.value.identity}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const inHand = this.#making.get(key);
    if (inHand !== undefined) return inHand;
    const making = this.#remember(how, make);
    this.#making.set(key, making);
    try {
      return await making;
    } finally {
      this.#making.delete(key);
    }
  }

  async #remember(how: string, make: () => Promise<Made>): Promise<Prompt | null> {
    const { prompt, settled } = await this.#inTurn(make);
    if (settled !== null) this.#cache.put(`${how} ${settled.identity}`, prompt);
    return prompt;
  }

  async #read(path: Buffer, payloadType: number): Promise<Made> {
    const read = await readRegularFile(path, MAX_PROMPT_BYTES);
    if (!read.ok) {
      if (read.error !== null) this.#complain(path, read.error);
      return { prompt: null, settled: null };
    }
    const { bytes, state, isSettled } = read.value;
    return { prompt: { payloadType, frames: bytes }, settled: isSettled ? state : null };
  }

  async #encode(path: Buffer, payloadType: number): Promise<Made> {
    const done = await this.#jobs.run('encodePrompt', { path: Uint8Array.from(path), payloadType });
    if (!done.ok) {
      this.#complain(path, done.error);
      return { prompt: null, settled: null };
    }
    const made = done.value;
    if (made.kind === 'noCodec') {
      this.#withoutCodec.add(payloadType);
      return { prompt: null, settled: null };
    }
    if (made.kind === 'badSound') this.#complain(path, made.reason);
    const prompt = made.kind === 'frames' ? { payloadType, frames: made.frames } : null;
    return { prompt, settled: made.isSettled ? made.state : null };
  }

  /** A few at a time: whoever asks for many large files at once does not fill the memory with them. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#reading < MAX_READING) this.#reading++;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#reading--;
      else next();
    }
  }

  #complain(path: Buffer, reason: string): void {
    const text = `prompt ${printableText(path.toString('latin1'))}: ${printableText(reason)}`;
    if (this.#told.has(text)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(text);
    this.#warn(text);
  }
}

/** Null: no file can be called that. */
function bytesOf(prompt: string): Buffer | null {
  for (const character of prompt) if (character === '\0' || character > '\xff') return null;
  return prompt === '' ? null : Buffer.from(prompt, 'latin1');
}
