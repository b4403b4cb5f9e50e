import type { ListenOptions, Server, Socket } from 'node:net';
import type { Origin } from '../../relay/control/origin.js';
import type { ReplyCache } from '../../relay/control/replyCache.js';

/** Carries out one command, without cookie or line end, one character a byte; answers once, without line feed. */
export type CommandHandler = (command: string, origin: Origin, answer: (reply: string) => void) => void;

/** An open control socket. */
export type Listener = { readonly close: () => Promise<void> };

/** An address to bind, or the descriptor of a socket that is bound. */
export type ListenPlace = ListenOptions & { readonly fd?: number };

/** `backlog`: connections that may wait to be accepted. Rejects if the address cannot be bound. */
export function beginToListen(server: Server, where: ListenPlace, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, backlog }, () => {
      server.removeListener('error', reject);
      server.on('error', () => {}); // A connection that could not be accepted; the next may.
      resolve();
    });
  });
}

/** Accepts nothing any more, and cuts the connections off that are open. */
export function stopListening(server: Server, ...connections: readonly Iterable<Socket>[]): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    for (const sockets of connections) for (const socket of sockets) socket.destroy();
  });
}

/** What a unix socket's file is given when it is made. */
export type UnixFileOptions = {
  /** Permission bits; null: for user and group alone. */
  readonly mode: number | null;
  /** Numeric owner; null: whoever we are. */
  readonly uid: number | null;
  readonly gid: number | null;
};

/** What control sockets need of the relay. */
export type ControlOptions = {
  readonly handle: CommandHandler;
  /** A datagram was recognised as a repetition: its command is not carried out again. */
  readonly onDuplicate: () => void;
  /** Standard input has ended, everything that came by it is answered, and that is to end the relay, once its calls are over. */
  readonly onEnd: () => void;
  readonly unixFiles: UnixFileOptions;
  /** The answers that were given over datagram sockets; where it is left out, each socket remembers its own. */
  readonly replies?: ReplyCache;
  /** Something went wrong inside and was mended. */
  readonly onWarning?: (text: string) => void;
};

/** A failure to open that carries its errno, as those of Node do. */
export const failure = (code: string, what: string): Error => Object.assign(new Error(`${code} ${what}`), { code });
