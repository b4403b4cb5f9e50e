import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLockFile, unlockFile } from '../sys/fileLock.js';

/** How long somebody else's lock is respected. Whoever holds it longer is stuck, and a line is appended whole even without a lock. */
const LOCK_WAIT_MS = 2_000;
const LOCK_RETRY_MS = 20;
/** Rows that wait for a disk that is slow, full or gone. Beyond it the newest are lost. */
const MAX_WAITING_ROWS = 10_000;

/**
 * A CSV file that others rotate and may write to: rows are appended in order, whole, under an advisory lock; an empty file gets the
 * header first; a file that was renamed or removed is made anew under its name. Everything happens in the background. A row that cannot
 * be written waits and goes with the next.
 */
export class CsvFile {
  readonly #path: string;
  readonly #header: string;
  readonly #onError: (reason: string) => void;
  #waiting: string[] = [];
  #file: FileHandle | null = null;
  #work: Promise<void> | null = null;
  #isWriting = false;
  #isFailing = false;

  /**
   * Begins with the file at once, so that a reader finds it. `header` without its line end, Latin-1. `onError` is told the first
   * failure, and again the first after something was written.
   */
  constructor(path: string, header: string, onError: (reason: string) => void) {
    this.#path = path;
    this.#header = header;
    this.#onError = onError;
    this.#start();
  }

  /** `row`: without its line end, Latin-1. */
  append(row: string): void {
    if (this.#waiting.length >= MAX_WAITING_ROWS) {
      this.#fail(`more than ${MAX_WAITING_ROWS} rows wait to be written; newer ones are lost`);
      return;
    }
    this.#waiting.push(row);
    this.#start();
  }

  /** Writes what waits and closes the file; never rejects. Nothing may be appended afterwards. */
  async close(): Promise<void> {
    await this.#work;
    if (this.#waiting.length > 0) await this.#write();
    if (this.#waiting.length > 0) this.#onError(`${this.#path}: ${this.#waiting.length} rows are lost`);
    await this.#abandon();
  }

  #start(): void {
    if (!this.#isWriting) this.#work = this.#write();
  }

  /** Until nothing waits, or until it fails. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      do {
        await this.#writeBatch();
        this.#isFailing = false;
      } while (this.#waiting.length > 0);
    } catch (error) {
      this.#fail((error as Error).message);
      await this.#abandon();
    } finally {
      this.#isWriting = false;
    }
  }

  async #writeBatch(): Promise<void> {
    const file = await this.#current();
    const isLocked = await lock(file);
    try {
      const { size } = await file.stat();
      const rows = this.#waiting.slice();
      const lines = size === 0 ? [this.#header, ...rows] : rows;
      if (lines.length > 0) await appendWhole(file, `${lines.join('\n')}\n`, isLocked ? size : null);
      this.#waiting = this.#waiting.slice(rows.length);
    } finally {
      if (isLocked) unlockFile(file.fd);
    }
  }

  /** The file that bears the name now: the one that is open, or a new one. */
  async #current(): Promise<FileHandle> {
    if (this.#file !== null) {
      const [here, named] = await Promise.all([this.#file.stat(), stat(this.#path).catch(() => null)]);
      if (named !== null && named.ino === here.ino && named.dev === here.dev) return this.#file;
      await this.#abandon();
    }
    // Who may read it is the word of the umask, as with rtpproxy: billing often runs as another user.
    this.#file = await open(this.#path, 'a', 0o666);
    return this.#file;
  }

  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close().catch((error: Error) => this.#fail(error.message));
  }

  #fail(reason: string): void {
    if (!this.#isFailing) this.#onError(`${this.#path}: ${reason}`);
    this.#isFailing = true;
  }
}

/** False if the lock could not be had in time, or at all. */
async function lock({ fd }: FileHandle): Promise<boolean> {
  for (let waited = 0; waited < LOCK_WAIT_MS; waited += LOCK_RETRY_MS) {
    const attempt = tryLockFile(fd);
    if (attempt !== 'busy') return attempt === 'locked';
    await delay(LOCK_RETRY_MS);
  }
  return false;
}

/**
 * All or nothing: half a line, as a full disk leaves it, would spoil the next. `size`: of the file before; null if others may have
 * written since.
 */
async function appendWhole(file: FileHandle, text: string, size: number | null): Promise<void> {
  const bytes = Buffer.from(text, 'latin1');
  try {
    for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
  } catch (error) {
    if (size !== null) await file.truncate(size).catch(() => {}); // What went wrong first is what counts.
    throw error;
  }
}
