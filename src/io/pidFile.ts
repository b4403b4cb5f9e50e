import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** Writes the process id; nothing where `path` is not an ordinary file to be (`/dev/null`). Throws if it cannot be written. */
export function writePidFile(path: string): void {
  if (isOrdinary(path)) writeFileSync(path, `${process.pid}\n`);
}

/** Removes the file if it is still ours: another instance may have written its own meanwhile. */
export function removePidFile(path: string): void {
  try {
    if (isOrdinary(path) && readFileSync(path, 'utf8').trim() === String(process.pid)) rmSync(path);
  } catch {
    // Gone already, or not ours to remove.
  }
}

const isOrdinary = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
