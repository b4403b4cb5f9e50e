import { linkSync, mkdtempSync, realpathSync, renameSync, rmSync, type Stats, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** What a signal that ends the program leaves as its exit code. */
const ENDED_BY = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Ending = keyof typeof ENDED_BY;

/** Whether two paths are names of one file. */
export function isSameFile(a: string, b: string): boolean {
  const [one, other] = [statusOf(a), statusOf(b)];
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Bytes; 0 where nobody knows. */
export const sizeOf = (path: string): number => statusOf(path)?.size ?? 0;

/**
 * Has `write` make a file, and gives it its name when it is complete: what was there before stays whole until then, and a file that could not be
 * completed never has the name. It grows in a folder of its own beside it, where nobody can put anything in its way. What is no file, such
 * as `/dev/null`, is written directly. Refuses with what `write` said, or the path and the errno.
 */
export async function writeWhole(
  path: string,
  write: (path: string) => Promise<Result<void, string>>,
): Promise<Result<void, string>> {
  const before = statusOf(path);
  if (before?.isDirectory() === true) return refuse(unwritable(path, 'EISDIR'));
  if (before !== null && !before.isFile()) return write(path);
  let folder: string | null = null;
  const stopListening = onEnding(() => folder !== null && rmSync(folder, { recursive: true, force: true }));
  try {
    // The file itself and not a symbolic link to it is replaced.
    const final = before === null ? path : realpathSync(path);
    folder = mkdtempSync(join(dirname(final), '.extractaudio-'));
    const growing = join(folder, basename(final));
    const written = await write(growing);
    if (!written.ok) return refuse(written.error.replaceAll(growing, path));
    renameSync(growing, final);
    return ok(undefined);
  } catch (error) {
    return refuse(unwritable(path, errnoOf(error)));
  } finally {
    stopListening();
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives a file another name, on the same file system. Answers why not. */
export function linkTo(path: string, other: string): string | null {
  return attempt(() => linkSync(path, other));
}

export function deleteFile(path: string): string | null {
  return attempt(() => unlinkSync(path));
}

function attempt(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return errnoOf(error);
  }
}

/** Null: nothing is there, or where nobody may look. */
function statusOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** Cleans up before a signal ends the program. Answers how to listen no longer. */
function onEnding(cleanUp: () => void): () => void {
  const end = (signal: Ending): void => {
    cleanUp();
    process.exit(ENDED_BY[signal]);
  };
  const signals = Object.keys(ENDED_BY) as Ending[];
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}

const unwritable = (path: string, why: string): string => `${path} cannot be written (${why})`;

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;
