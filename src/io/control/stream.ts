import { lookup } from 'node:dns/promises';
import { createServer, type Socket } from 'node:net';
import { MAX_COMMAND_BYTES } from '../../protocol/rtpproxy/tokens.js';
import type { Origin } from '../../relay/control/origin.js';
import { clientOrigin } from './clientOrigin.js';
import { serveLines } from './lines.js';
import { beginToListen, type CommandHandler, type Listener, type ListenPlace, stopListening } from './listener.js';

/** As rtpproxy: the next one is accepted and closed at once. */
const MAX_CONNECTIONS = 100;
/** Connections that may wait to be accepted. */
export const BACKLOG = 32;
/** When a client that says nothing is asked whether it is still there: its host may be gone without a word, and its place with it. */
const KEEP_ALIVE_MS = 60_000;

/** The connections of all accepting control sockets together. */
export class Connections {
  readonly #open = new Set<Socket>();

  /** Whether there is a place for one more; it is given back when the connection closes. */
  admit(socket: Socket): boolean {
    if (this.#open.size >= MAX_CONNECTIONS) return false;
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    return true;
  }
}

/** What accepting sockets share, and how they serve: `lines`: a connection stays and each line is a command, answered in order. */
export type StreamOptions = {
  readonly lines: boolean;
  readonly handle: CommandHandler;
  readonly connections: Connections;
};

/** Serves commands over the stream sockets that are accepted at `where`. Rejects if it cannot be bound. */
export async function listenStream(where: ListenPlace, { lines, handle, connections }: StreamOptions): Promise<Listener> {
  const own = new Set<Socket>();
  const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const server = createServer({ noDelay: true, allowHalfOpen: true, ...keepAlive }, (socket) => {
    socket.on('error', () => socket.destroy());
    if (!connections.admit(socket)) {
      socket.destroy();
      return;
    }
    own.add(socket);
    socket.on('close', () => own.delete(socket));
    const origin = clientOrigin(socket.remoteAddress, socket.localAddress);
    if (lines) serveLines({ input: socket, output: socket, origin, onOver: () => socket.destroySoon() }, handle);
    else serveOne(socket, origin, handle);
  });
  await beginToListen(server, where, BACKLOG);
  return { close: () => stopListening(server, own) };
}

/** What the first read brings is the one command of the connection, with or without a line end; it is answered and closed. */
function serveOne(socket: Socket, origin: Origin, handle: CommandHandler): void {
  let isServed = false;
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    if (isServed) return;
    isServed = true;
    handle(String(chunk).slice(0, MAX_COMMAND_BYTES), origin, (reply) => {
      socket.write(`${reply}\n`, 'latin1');
      socket.destroySoon(); // Also where the client keeps its side open: its place is for others.
    });
  });
  socket.on('end', () => {
    if (!isServed) socket.end();
  });
}

/** Rejects if the address cannot be bound. A name is looked up in the family that was asked for. */
export async function listenTcp(name: string, port: number, ipv6: boolean, options: StreamOptions): Promise<Listener> {
  const { address } = await lookup(name, { family: ipv6 ? 6 : 4 });
  return listenStream({ host: address, port }, options);
}
