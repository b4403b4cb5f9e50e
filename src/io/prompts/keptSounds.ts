import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MAX_PROMPT_BYTES } from '../../relay/tools/encodePrompt.js';

const DEFAULT_MAX_BYTES = 256 << 20;
const DEFAULT_MAX_SOUNDS = 1000;
/** Requests whose sound waits to be written. */
const MAX_WAITING = 64;
/** The SHA-256 of what is in it. Other files of the folder are not ours. */
const NAME = /^[0-9a-f]{64}$/;
const UNFINISHED = /^[0-9a-f]{64}\.new$/;

export type KeptSoundsOptions = {
  /** Is made where it is missing. */
  readonly folder: string;
  /** Told in one line why a sound cannot be kept. */
  readonly warn: (text: string) => void;
  /** Of all sounds together; those that were asked for longest ago go first. */
  readonly maxBytes?: number;
  readonly maxSounds?: number;
};

/**
 * Sounds that came with requests (`blob` of `play media`), as files where prompts are found. A sound that comes again is the same file, so that
 * it is written and encoded once; and a prompt that a crash has interrupted is found again.
 */
export class KeptSounds {
  readonly #options: Required<KeptSoundsOptions>;
  /** Name → bytes; the one that was asked for last stands last. Null: nobody has looked yet. */
  #known: Map<string, number> | null = null;
  /** One thing at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: KeptSoundsOptions) {
    this.#options = { maxBytes: DEFAULT_MAX_BYTES, maxSounds: DEFAULT_MAX_SOUNDS, ...options, folder: resolve(options.folder) };
  }

  /**
   * Keeps a sound, one character a byte. `kept` gets the name under which it is found as a prompt, one character a byte; null: it cannot be kept,
   * which is told. Called once.
   */
  readonly keep = (sound: string, kept: (name: string | null) => void): void => {
    const { maxBytes, warn } = this.#options;
    const most = Math.min(MAX_PROMPT_BYTES, maxBytes);
    if (sound.length === 0 || sound.length > most || this.#waiting >= MAX_WAITING) {
      const reason = this.#waiting >= MAX_WAITING ? `${MAX_WAITING} others are waiting` : `1 to ${most} expected`;
      warn(`a sound of ${sound.length} bytes cannot be kept: ${reason}`);
      kept(null);
      return;
    }
    this.#waiting++;
    this.#turn = this.#turn
      .then(() => this.#keep(Buffer.from(sound, 'latin1')))
      .then(kept, (error: Error) => {
        warn(`a sound of ${sound.length} bytes cannot be kept: ${error.message}`);
        kept(null);
      })
      .finally(() => this.#waiting--);
  };

  /** Everything that was begun is done. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async #keep(bytes: Buffer): Promise<string> {
    const { folder } = this.#options;
    const known = await this.#look();
    const name = createHash('sha256').update(bytes).digest('hex');
    const path = join(folder, name);
    if (known.get(name) !== bytes.length || !(await isThere(path, bytes.length))) {
      // A file that is there under its name is whole: it may be read at this moment.
      await writeFile(`${path}.new`, bytes, { mode: 0o600 });
      await rename(`${path}.new`, path);
    }
    known.delete(name);
    known.set(name, bytes.length);
    await this.#makeRoom(known);
    return Buffer.from(path).toString('latin1');
  }

  /** What earlier runs have kept. */
  async #look(): Promise<Map<string, number>> {
    if (this.#known !== null) return this.#known;
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = await readdir(folder);
    for (const name of names.filter((each) => UNFINISHED.test(each))) await rm(join(folder, name), { force: true });
    const found: { readonly name: string; readonly size: number; readonly mtimeMs: number }[] = [];
    for (const name of names.filter((each) => NAME.test(each))) {
      const { size, mtimeMs } = await stat(join(folder, name));
      found.push({ name, size, mtimeMs });
    }
    found.sort((a, b) => a.mtimeMs - b.mtimeMs);
    this.#known = new Map(found.map(({ name, size }) => [name, size]));
    return this.#known;
  }

  async #makeRoom(known: Map<string, number>): Promise<void> {
    const { folder, maxBytes, maxSounds } = this.#options;
    let bytes = [...known.values()].reduce((sum, size) => sum + size, 0);
    for (const [name, size] of [...known]) {
      // The last one is the one that is wanted now.
      if ((bytes <= maxBytes && known.size <= maxSounds) || known.size === 1) return;
      await rm(join(folder, name), { force: true });
      known.delete(name);
      bytes -= size;
    }
  }
}

async function isThere(path: string, size: number): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size === size;
  } catch {
    return false;
  }
}
