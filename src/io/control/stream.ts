import { chmodSync, existsSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { MAX_COMMAND_BYTES } from '../../protocol/rtpproxy/tokens.js';
import type { CommandHandler, Listener } from './listener.js';

/** As rtpproxy: the next one is accepted and closed at once. */
const MAX_CONNECTIONS = 100;
const BACKLOG = 32;

/**
 * Control over stream sockets. `lines`: a connection stays and each line is a command, answered in order (cunix, tcp); otherwise what the
 * first read brings is the one command of the connection, and it is closed after the answer (unix).
 */
function serve(lines: boolean, handle: CommandHandler): { readonly server: Server; readonly connections: Set<Socket> } {
  const connections = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setEncoding('latin1');
    if (lines) serveLines(socket, handle);
    else serveOne(socket, handle);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return { server, connections };
}

function serveOne(socket: Socket, handle: CommandHandler): void {
  let isServed = false;
  socket.on('data', (chunk) => {
    if (isServed) return;
    isServed = true;
    handle(String(chunk), (reply) => socket.end(`${reply}\n`, 'latin1'));
  });
  socket.on('end', () => {
    if (!isServed) socket.end();
  });
}

function serveLines(socket: Socket, handle: CommandHandler): void {
  let rest = '';
  let isBusy = false;
  let isEnded = false;
  const next = (): void => {
    const end = rest.indexOf('\n');
    if (isBusy) return;
    if (end < 0) {
      if (rest.length > MAX_COMMAND_BYTES) socket.destroy();
      else if (isEnded) socket.end();
      return;
    }
    const line = rest.slice(0, end);
    rest = rest.slice(end + 1);
    isBusy = true;
    handle(line, (reply) => {
      isBusy = false;
      if (socket.writable) socket.write(`${reply}\n`, 'latin1');
      if (rest.length <= MAX_COMMAND_BYTES) socket.resume();
      // Answers that come at once would nest one call deeper a line.
      setImmediate(next);
    });
  };
  socket.on('data', (chunk) => {
    rest += String(chunk);
    // A client that sends more than it reads waits; it cannot fill our memory.
    if (rest.length > MAX_COMMAND_BYTES * 4) socket.pause();
    next();
  });
  socket.on('end', () => {
    isEnded = true;
    next();
  });
}

function open(where: ListenOptions, lines: boolean, handle: CommandHandler): Promise<Listener> {
  const { server, connections } = serve(lines, handle);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.removeListener('error', reject);
      server.on('error', () => {}); // A connection that could not be accepted; the next may.
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done());
          for (const socket of connections) socket.destroy();
        });
      resolve({ close });
    });
  });
}

/** Rejects if the address cannot be bound. */
export function listenTcp(host: string, port: number, ipv6: boolean, handle: CommandHandler): Promise<Listener> {
  return open({ host, port, ipv6Only: ipv6 && host !== '::' }, true, handle);
}

/**
 * Takes over a socket file that nobody listens on any more; rejects with EADDRINUSE where somebody does, with EEXIST where the file is
 * something else, and with ENOENT without its folder.
 */
export async function listenUnix(path: string, lines: boolean, handle: CommandHandler): Promise<Listener> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) throw failure('EEXIST', path);
  if (found !== undefined) {
    if (await isAnswered(path)) throw failure('EADDRINUSE', path);
    rmSync(path);
  }
  // Node would say EACCES (libuv, as it is on Windows).
  if (!existsSync(dirname(path))) throw failure('ENOENT', path);
  const listener = await open({ path }, lines, handle);
  chmodSync(path, 0o660); // Whoever can write here can end every call.
  return listener;
}

const failure = (code: string, path: string): Error => Object.assign(new Error(`${code} ${path}`), { code });

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
