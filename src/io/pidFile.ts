import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { ok, type Result, refuse } from '../../model/kernel/index.js';

/** Writes the process id; nothing where `path` is a device (`/dev/null`) or the like. The error is one line. */
export function writePidFile(path: string): Result<void, string> {
  try {
    if (isOrdinary(path) || statSync(path).isDirectory()) writeFileSync(path, `${process.pid}\n`);
    return ok(undefined);
  } catch (error) {
    return refuse(`the pid file ${path} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Removes the file if it is still ours: another instance may have written its own meanwhile. */
export function removePidFile(path: string): void {
  try {
    if (isOrdinary(path) && readFileSync(path, 'utf8').trim() === String(process.pid)) rmSync(path);
  } catch {
    // Gone already, not ours to remove, or in a folder in which we may not any more since we became another user.
  }
}

const isOrdinary = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
