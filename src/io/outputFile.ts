import { randomBytes } from 'node:crypto';
import { constants, unlinkSync } from 'node:fs';
import { access, type FileHandle, lstat, open, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ok, type Result, refuse } from '../../model/kernel/index.js';

type Place = {
  readonly path: string;
  readonly mode: number | null;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
};

/**
 * A file that appears under its name when it is complete, and until then leaves the one that was there alone. Pipes and devices are written to
 * directly, as is a file in a folder where nothing new may be made.
 */
export class OutputFile {
  readonly path: string;
  readonly #file: FileHandle;
  /** Null: written to directly. */
  readonly #temporary: { readonly path: string; readonly target: string } | null;
  bytes = 0;

  private constructor(path: string, file: FileHandle, temporary: { readonly path: string; readonly target: string } | null) {
    this.path = path;
    this.#file = file;
    this.#temporary = temporary;
  }

  /** The error is one sentence that begins with the path. */
  static async open(path: string): Promise<Result<OutputFile, string>> {
    try {
      const place = await placeOf(path);
      return ok(
        (place === null ? null : await OutputFile.#aside(path, place)) ?? new OutputFile(path, await open(path, 'w'), null),
      );
    } catch (error) {
      return refuse(unwritable(path, error));
    }
  }

  /** Null: no file can be made there. */
  static async #aside(path: string, { path: target, mode, owner }: Place): Promise<OutputFile | null> {
    // The name is short, so that it fits wherever that of the file does.
    const temporary = join(dirname(target), `.part-${randomBytes(6).toString('hex')}`);
    let file: FileHandle;
    try {
      file = await open(temporary, 'wx');
    } catch {
      return null;
    }
    // Whose file it was and who may read it does not change if we can help it.
    if (owner !== null) await file.chown(owner.uid, owner.gid).catch(() => {});
    if (mode !== null) await file.chmod(mode).catch(() => {});
    return new OutputFile(path, file, { path: temporary, target });
  }

  /** Where it is while it is not complete, for whoever writes by a name. */
  get growsAt(): string {
    return this.#temporary?.path ?? this.path;
  }

  async write(bytes: Uint8Array): Promise<Result<void, string>> {
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
      this.bytes += bytes.length;
      return ok(undefined);
    } catch (error) {
      return refuse(unwritable(this.path, error));
    }
  }

  /** The last word: the file is complete, and stands where it belongs. */
  async commit(): Promise<Result<void, string>> {
    try {
      await this.#file.close();
      if (this.#temporary !== null) await rename(this.#temporary.path, this.#temporary.target);
      return ok(undefined);
    } catch (error) {
      return refuse(unwritable(this.path, error));
    }
  }

  /** Or it is given up: nothing of it stays. At once, because it may be the last thing that happens. */
  discard(): void {
    this.#file.close().catch(() => {});
    try {
      if (this.#temporary !== null) unlinkSync(this.#temporary.path);
    } catch {
      // It is in place already, or somebody else was quicker.
    }
  }
}

/**
 * What is not complete is taken away before a signal ends this process; whoever looks at how we ended is to see which signal it was. Answers
 * how to listen no longer.
 */
export function discardOnSignals(discard: () => void): () => void {
  const end = (signal: NodeJS.Signals): void => {
    stop();
    discard();
    process.kill(process.pid, signal);
  };
  const stop = (): void => {
    for (const signal of ENDING) process.off(signal, end);
  };
  for (const signal of ENDING) process.on(signal, end);
  return stop;
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Where a file that replaces this one belongs; null: it cannot be replaced, only written to. Rejects if it may not be written. */
async function placeOf(path: string): Promise<Place | null> {
  const found = await stat(path).catch(nullIfAbsent);
  if (found === null) {
    const link = await lstat(path).catch(nullIfAbsent);
    return link === null ? { path, mode: null, owner: null } : null;
  }
  if (!found.isFile()) return null;
  await access(path, constants.W_OK);
  return { path: await realpath(path), mode: found.mode & 0o7777, owner: { uid: found.uid, gid: found.gid } };
}

function nullIfAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

function unwritable(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${path} cannot be written (${code ?? message})`;
}
