import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** What a file is at a moment. Two states are the same text if and only if the file was not written, replaced or renamed in between. */
export type FileState = { readonly identity: string; readonly size: number; readonly changedAtMs: number };

/** Why there is no file to read; null: nothing stands there. */
export type FileTrouble = string | null;

/** Contents of a file in shared memory. `isSettled`: a file with this state has these contents, now and whenever it is seen again. */
export type FileContents = { readonly bytes: Uint8Array; readonly state: FileState; readonly isSettled: boolean };

/** What is written twice within a tick of the kernel's clock (10 ms at most) has the same times. */
const TICK_MS = 50;
/** Nothing stands there: the last two are names that no file can have. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

/** Looks at a file by its bytes, following symbolic links. Pipes, sockets and devices are refused: to open them may block, or do something. */
export async function stateOf(path: Buffer): Promise<Result<FileState, FileTrouble>> {
  try {
    const found = await stat(path, { bigint: true });
    return found.isFile() ? ok(describe(found)) : refuse('no regular file');
  } catch (error) {
    return refuse(troubleOf(error));
  }
}

/**
 * Reads a regular file of at most `maxBytes`, or how it begins (`upTo` bytes). Something else that takes its place in this moment does not
 * block either.
 */
export async function readRegularFile(
  path: Buffer,
  maxBytes: number,
  upTo = Number.POSITIVE_INFINITY,
): Promise<Result<FileContents, FileTrouble>> {
  let file: FileHandle | null = null;
  try {
    const before = await stateOf(path);
    if (!before.ok) return before;
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    return await readOpened(file, before.value, maxBytes, upTo);
  } catch (error) {
    return refuse(troubleOf(error));
  } finally {
    await file?.close().catch(() => {});
  }
}

async function readOpened(
  file: FileHandle,
  seen: FileState,
  maxBytes: number,
  upTo: number,
): Promise<Result<FileContents, FileTrouble>> {
  const found = await file.stat({ bigint: true });
  if (!found.isFile()) return refuse('no regular file');
  const state = describe(found);
  if (state.size > maxBytes) return refuse(`${state.size} bytes: at most ${maxBytes} expected`);
  const room = new Uint8Array(new SharedArrayBuffer(Math.min(state.size, upTo)));
  let length = 0;
  while (length < room.length) {
    const { bytesRead } = await file.read(room, length, room.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const after = describe(await file.stat({ bigint: true }));
  const age = Date.now() - after.changedAtMs;
  const isTooFresh = age >= 0 && age < TICK_MS;
  const isSettled =
    !isTooFresh && length === room.length && seen.identity === state.identity && state.identity === after.identity;
  return ok({ bytes: room.subarray(0, length), state, isSettled });
}

type BigStat = {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
};

const describe = ({ dev, ino, size, mtimeNs, ctimeNs }: BigStat): FileState => ({
  identity: [dev, ino, size, mtimeNs, ctimeNs].join(':'),
  size: Number(size),
  changedAtMs: Number(ctimeNs / 1_000_000n),
});

function troubleOf(error: unknown): FileTrouble {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && ABSENT.has(code)) return null;
  return `cannot be read (${code ?? message})`;
}
