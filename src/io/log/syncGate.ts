import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that was not written to for between one and two of these is not kept open, milliseconds. */
const IDLE_MS = 30_000;

/** What is needed of a `FileHandle` of Node. */
export type SyncHandle = {
  readonly datasync: () => Promise<void>;
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type SyncGateOptions = {
  /** How long answers are gathered before the disk is waited for. */
  readonly intervalMs: number;
  /** A file, or its folder, could not be brought to the disk. What waits for it is released all the same. */
  readonly onError: (path: string, reason: string) => void;
  /** Opens a file or a folder to synchronize it; Node's, if not given. */
  readonly open?: (path: string) => Promise<SyncHandle>;
};

type Hold = { readonly paths: readonly string[]; readonly release: () => void };
type OpenFile = { readonly handle: SyncHandle; isUsed: boolean };

/**
 * Holds answers back until what they rest on is on disk. Those that come within the interval, and while the disk is busy, share one
 * `fdatasync` a file ("group commit").
 */
export class SyncGate {
  readonly #options: SyncGateOptions;
  readonly #files = new Map<string, OpenFile>();
  /** For the next round. */
  #gathered: Hold[] = [];
  /** Of the round that runs. */
  #current: Hold[] | null = null;
  #round: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  /** The interval is over, and only the disk is waited for. */
  #isDue = false;
  #isClosed = false;

  constructor(options: SyncGateOptions) {
    this.#options = options;
  }

  /**
   * Calls `release`, which must not throw, when each of the files has been synchronized by a call that began after this one, or cannot be;
   * never before what was held earlier. At once where there is nothing to wait for.
   */
  hold(paths: readonly string[], release: () => void): void {
    if (paths.length === 0 && this.#gathered.length === 0) {
      if (this.#current === null) release();
      else this.#current.push({ paths, release }); // Nothing but its turn is waited for.
      return;
    }
    if (this.#isClosed) {
      release();
      return;
    }
    this.#gathered.push({ paths, release });
    if (this.#timer !== null || this.#isDue) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#isDue = true;
      this.#begin();
    }, this.#options.intervalMs);
  }

  /** What is still held is synchronized at once and released; then the files are closed. What is held afterwards is released at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isDue = true;
    this.#begin();
    while (this.#current !== null) await this.#round;
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    await Promise.all([...this.#files.keys()].map((path) => this.#forget(path)));
  }

  #begin(): void {
    if (!this.#isDue || this.#current !== null) return;
    this.#isDue = false;
    const holds = this.#gathered;
    if (holds.length === 0) return;
    this.#gathered = [];
    this.#current = holds;
    this.#round = this.#sync(new Set(holds.flatMap(({ paths }) => paths))).then(() => {
      for (const { release } of holds) release();
      this.#current = null;
      this.#begin();
    });
  }

  async #sync(paths: ReadonlySet<string>): Promise<void> {
    // A file is not there after a crash if its folder does not say so.
    const folders = new Set([...paths].filter((path) => !this.#files.has(path)).map(dirname));
    await Promise.all([...[...paths].map((path) => this.#syncFile(path)), ...[...folders].map((path) => this.#syncFolder(path))]);
  }

  async #syncFile(path: string): Promise<void> {
    try {
      const file = this.#files.get(path) ?? (await this.#open(path));
      file.isUsed = true;
      await file.handle.datasync();
    } catch (error) {
      this.#options.onError(path, (error as Error).message);
      await this.#forget(path);
    }
  }

  async #syncFolder(path: string): Promise<void> {
    try {
      const handle = await this.#openHandle(path);
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      this.#options.onError(path, (error as Error).message);
    }
  }

  async #open(path: string): Promise<OpenFile> {
    const file = { handle: await this.#openHandle(path), isUsed: true };
    this.#files.set(path, file);
    this.#sweeper ??= setInterval(() => this.#sweep(), IDLE_MS).unref();
    return file;
  }

  #openHandle(path: string): Promise<SyncHandle> {
    const { open: openWith = (path: string) => open(path, 'r') } = this.#options;
    return openWith(path);
  }

  /** Segments that are done with would take descriptors, and once they are deleted the disk that was to be won. */
  #sweep(): void {
    for (const [path, file] of this.#files) {
      if (file.isUsed) file.isUsed = false;
      else void this.#forget(path);
    }
  }

  async #forget(path: string): Promise<void> {
    const file = this.#files.get(path);
    this.#files.delete(path);
    try {
      await file?.handle.close(); // Not before what runs on it has ended.
    } catch (error) {
      this.#options.onError(path, (error as Error).message);
    }
  }
}
