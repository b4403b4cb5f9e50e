import { Buffer } from 'node:buffer';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** As rtpproxy makes them: who may read them is the word of the umask. */
const MODE = 0o666;
/** A file that is moved to another file system is copied in pieces of so many bytes. */
const COPY_BYTES = 1 << 20;
/** So much of its name stays while it is copied. */
const COPIED_NAME_BYTES = 230;

/** Both are file names, never longer paths; one character a byte. */
export type FilePlace = { readonly folder: string; readonly name: string };

/** What the system calls it: the folder as it was given, the name byte by byte. */
export const systemPath = ({ folder, name }: FilePlace): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);

/** As people are told. */
export const shownPath = ({ folder, name }: FilePlace): string => `${folder}/${name}`;

/** What the system said, `ENOENT` for instance. */
export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;

/** A new file, or the error of the system; `EEXIST` where anything has that name, a link too. */
export function openNew(place: FilePlace): Result<number, string> {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return tried(() => openSync(systemPath(place), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, MODE));
}

/** A file that is there already; a link, a device or a pipe is refused. */
export function openAgain(place: FilePlace): Result<number, string> {
  const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
  const opened = tried(() => openSync(systemPath(place), O_RDWR | O_NOFOLLOW | O_NONBLOCK));
  if (!opened.ok || fstatSync(opened.value).isFile()) return opened;
  closeSync(opened.value);
  return refuse('not a regular file');
}

/** Whether anything has that name; or the error of the system, where it does not even let us look. */
export function isTaken(place: FilePlace): Result<boolean, string> {
  return tried(() => lstatSync(systemPath(place), { throwIfNoEntry: false }) !== undefined);
}

/** Takes away what was just made in vain. */
export function removeFile(place: FilePlace): void {
  tried(() => unlinkSync(systemPath(place)));
}

/** How a file has moved. `exists`: somebody else has that name. */
export type Moved = 'moved' | 'exists' | { readonly reason: string };

/**
 * Moves a file, never over another one. To another file system it is copied, a piece a step, so that somebody who cannot wait may do other
 * things in between; nobody sees it under its name before it is complete.
 */
export function* moveFile(from: FilePlace, to: FilePlace): Generator<void, Moved> {
  const moved = rename(from, to);
  if (moved === 'moved' || moved === 'exists' || moved.reason !== 'EXDEV') return moved;
  const copy = { folder: to.folder, name: `${to.name.slice(0, COPIED_NAME_BYTES)}.${process.pid}.part` };
  const reason = yield* copyFile(from, copy);
  const renamed = reason === null ? rename(copy, to) : { reason };
  removeFile(renamed === 'moved' ? from : copy);
  return renamed;
}

/** Within a file system: by a link, because that fails where the name is taken; where there are no links, after a look. */
function rename(from: FilePlace, to: FilePlace): Moved {
  const linked = tried(() => linkSync(systemPath(from), systemPath(to)));
  if (linked.ok) {
    removeFile(from);
    return 'moved';
  }
  if (linked.error === 'EEXIST') return 'exists';
  if (linked.error === 'EXDEV' || linked.error === 'ENOENT') return { reason: linked.error };
  const taken = isTaken(to);
  if (!taken.ok) return { reason: taken.error };
  if (taken.value) return 'exists';
  const renamed = tried(() => renameSync(systemPath(from), systemPath(to)));
  return renamed.ok ? 'moved' : { reason: renamed.error };
}

/** Null, or why it cannot be copied. What is all zeros stays a hole. */
function* copyFile(from: FilePlace, to: FilePlace): Generator<void, string | null> {
  const source = openAgain(from);
  if (!source.ok) return source.error;
  const target = openNew(to);
  try {
    if (!target.ok) return target.error;
    const piece = Buffer.alloc(COPY_BYTES);
    const zeros = Buffer.alloc(COPY_BYTES);
    for (let at = 0; ; yield) {
      const bytes = readSync(source.value, piece, 0, COPY_BYTES, at);
      if (bytes === 0) {
        ftruncateSync(target.value, at);
        return null;
      }
      if (piece.compare(zeros, 0, bytes, 0, bytes) !== 0) writeAll(target.value, piece, 0, bytes, at);
      at += bytes;
    }
  } catch (error) {
    return errorCode(error);
  } finally {
    closeSync(source.value);
    if (target.ok) tried(() => closeSync(target.value));
  }
}

/** Writes all of it, or throws what the system says. */
export function writeAll(fd: number, bytes: Uint8Array, from: number, length: number, position: number): void {
  for (let done = 0; done < length; ) done += writeSync(fd, bytes, from + done, length - done, position + done);
}

/** What a system call gives, or its error code. */
export function tried<T>(call: () => T): Result<T, string> {
  try {
    return ok(call());
  } catch (error) {
    return refuse(errorCode(error));
  }
}
