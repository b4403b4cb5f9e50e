import { createServer, type Socket } from 'node:net';
import { beginToListen, type Listener, type ListenPlace, stopListening, type UnixFileOptions } from '../control/listener.js';
import { REASONS } from '../control/openControl.js';
import { giveUnixFile, makeUnixSocket } from '../control/unix.js';
import { AdminConnection } from './connection.js';
import type { AdminWorld } from './world.js';

/** Those that are served; as many more are told that there is no room for them, and the rest are closed without a word. */
const MAX_CONNECTIONS = 32;
const BACKLOG = 32;
/** Whoever can open the socket hears of every call: nobody but the user that the relay runs as. */
const DEFAULT_MODE = 0o600;
const OURS: UnixFileOptions = { mode: DEFAULT_MODE, uid: null, gid: null };

/**
 * Serves the admin protocol (see `relay/admin/protocol.ts`) on a unix socket. Its file is taken over, given away and removed as that of a
 * control socket; with `fd`, a bound socket that somebody handed over, the file is left alone. Rejects with one line that names the socket.
 */
export async function openAdmin(
  path: string,
  world: AdminWorld,
  owner: UnixFileOptions = OURS,
  fd: number | null = null,
): Promise<Listener> {
  try {
    if (fd !== null) return await listenAdmin({ fd }, world);
    const { place, remove } = await makeUnixSocket(path);
    const listener = await listenAdmin(place, world);
    const close = (): Promise<void> => {
      remove(); // While the socket is open no other file can have its number.
      return listener.close();
    };
    try {
      giveUnixFile(path, { ...owner, mode: owner.mode ?? DEFAULT_MODE });
    } catch (error) {
      await close();
      throw error;
    }
    return { close };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`admin socket ${path}: ${REASONS[code ?? ''] ?? message}${code === undefined ? '' : ` (${code})`}`);
  }
}

async function listenAdmin(where: ListenPlace, world: AdminWorld): Promise<Listener> {
  const served = new Set<Socket>();
  const refused = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    const isFull = served.size >= MAX_CONNECTIONS;
    const place = isFull ? refused : served;
    if (place.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    place.add(socket);
    socket.on('close', () => place.delete(socket));
    const connection = new AdminConnection(socket, world);
    if (isFull) connection.dismiss(`${MAX_CONNECTIONS} connections are open already`);
  });
  await beginToListen(server, where, BACKLOG);
  return { close: () => stopListening(server, served, refused) };
}
