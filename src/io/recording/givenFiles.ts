import { linkSync, type Stats, statSync, unlinkSync } from 'node:fs';

/** Whether two paths are names of one file. */
export function isSameFile(a: string, b: string): boolean {
  const [one, other] = [statusOf(a), statusOf(b)];
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

/** Bytes; 0 where nobody knows. */
export const sizeOf = (path: string): number => statusOf(path)?.size ?? 0;

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
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
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
