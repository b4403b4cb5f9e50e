import { chmodSync, chownSync, existsSync, lstatSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, resolve as resolvePath } from 'node:path';
import { failure, type Listener, type ListenPlace, type UnixFileOptions } from './listener.js';
import { listenStream, type StreamOptions } from './stream.js';

/** Whoever can write to the socket can end every call. */
const DEFAULT_MODE = 0o660;

/** A unix socket that has its file, does not listen yet, and lets nobody connect but us. */
export type UnixPlace = {
  readonly place: ListenPlace;
  /** Removes the file, unless somebody has put another in its place. To be called while the socket is open. */
  readonly remove: () => void;
};

/**
 * Takes over a socket file that nobody listens on any more; rejects with EADDRINUSE where somebody does, with EEXIST where the file is
 * something else, and with ENOENT without its folder. The file goes with the listener.
 */
export async function listenUnix(path: string, file: UnixFileOptions, options: StreamOptions): Promise<Listener> {
  const { place, remove } = await makeUnixSocket(path);
  const listener = await listenStream(place, options);
  const close = (): Promise<void> => {
    remove(); // While the socket is open no other file can have its number.
    return listener.close();
  };
  try {
    giveUnixFile(path, file);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

/** What `listenUnix` does before it listens; rejects as that does. */
export async function makeUnixSocket(path: string): Promise<UnixPlace> {
  const found = statSync(path, { throwIfNoEntry: false });
  const isOther = found === undefined ? lstatSync(path, { throwIfNoEntry: false }) !== undefined : !found.isSocket();
  if (isOther) throw failure('EEXIST', path); // A link that leads nowhere, too.
  if (found !== undefined) {
    if (await isAnswered(path)) throw failure('EADDRINUSE', path);
    rmSync(path);
  }
  // Node would say EACCES (libuv, as it is on Windows).
  if (!existsSync(dirname(path))) throw failure('ENOENT', path);
  const place = await bindTo(path);
  return { place, remove: place.fd === undefined ? () => {} : fileRemover(path) };
}

/** Lets those connect who may. Throws what the system says. */
export function giveUnixFile(path: string, { mode, uid, gid }: UnixFileOptions): void {
  if (uid !== null || gid !== null) chownSync(path, uid ?? -1, gid ?? -1);
  chmodSync(path, mode ?? DEFAULT_MODE);
}

/** A socket bound by ourselves; without system calls, one of Node, which removes whatever has its name when it closes. */
async function bindTo(path: string): Promise<ListenPlace> {
  const sys = await import('../sys/unixSocket.js').catch(() => null);
  if (process.platform !== 'linux' || sys === null) return { path };
  const bound = sys.bindUnixSocket(path);
  if (!bound.ok) throw failure(bound.error, path);
  return { fd: bound.value };
}

/** Removes the file that has the name now, if it still has it then. Not by a relative name: the process may move to another folder. */
function fileRemover(name: string): () => void {
  const path = resolvePath(name);
  const ours = statSync(path);
  return () => {
    try {
      const found = statSync(path);
      if (found.dev === ours.dev && found.ino === ours.ino) rmSync(path);
    } catch {
      // Gone already, or not ours to remove.
    }
  };
}

/** Only a refusal says that nobody listens: a process that is stopped or overrun does not take the connection either (EAGAIN). */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
