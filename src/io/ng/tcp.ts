import { createServer, type Socket } from 'node:net';
import { plainHost } from '../../relay/ng/allowList.js';
import { NgStreamReader } from '../../relay/ng/ngMessage.js';
import { beginToListen, type Listener, type ListenPlace } from '../control/listener.js';
import { type Carrier, NgConnection } from './connection.js';
import type { NgConnections } from './connections.js';
import type { NgExchange } from './exchange.js';
import { BACKLOG, restOf } from './place.js';

/** When a client that says nothing is asked whether it is still there: its host may be gone without a word. */
const KEEP_ALIVE_MS = 60_000;
/** So long it may take until a client that is done has read our last word; what it still sends is read meanwhile, or it would lose that. */
const LINGER_MS = 1_000;

/** What all listeners that accept connections have in common. */
export type NgWorld = {
  readonly exchange: NgExchange;
  readonly connections: NgConnections;
  /** `PATIENCE_MS`, but in tests. */
  readonly patienceMs: number;
};

/** A listener whose connections outlast it. */
export type RestingListener = Listener & {
  /** Takes no more connections; those that are open stay. Fulfilled when the last has closed. */
  readonly rest: () => Promise<void>;
};

/** Serves requests over TCP, cookie and payload one behind the other. `name`: of the socket, one word. Rejects if it cannot be bound. */
export async function listenNgTcp(where: ListenPlace, name: string, world: NgWorld): Promise<RestingListener> {
  const own = new Set<Socket>();
  const options = { noDelay: true, allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const server = createServer(options, (socket) => {
    socket.on('error', () => socket.destroy());
    if (world.connections.isFull) {
      socket.destroy();
      return;
    }
    own.add(socket);
    socket.on('close', () => own.delete(socket));
    serveStream(socket, name, world);
  });
  await beginToListen(server, where, BACKLOG);
  const rest = restOf(server);
  const close = (): Promise<void> => {
    for (const socket of own) socket.destroy();
    return rest();
  };
  return { rest, close };
}

function serveStream(socket: Socket, name: string, { exchange, connections, patienceMs }: NgWorld): void {
  const reader = new NgStreamReader();
  const host = plainHost(socket.remoteAddress ?? '');
  const word = connections.nextName('tcp');
  const connection = new NgConnection(exchange, new TcpCarrier(socket, reader, patienceMs), {
    peer: { transport: 'tcp', socket: name, key: word, client: host, asked: socket.localAddress, connection: word },
    client: { host, isSecure: false, token: null, certificate: null },
    takesToken: true,
    patienceMs,
  });
  connections.add(connection);
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    reader.push(String(chunk));
    connection.received();
  });
  socket.on('drain', () => connection.drained());
  socket.on('end', () => connection.ended());
  socket.on('close', () => connections.remove(connection));
}

class TcpCarrier implements Carrier {
  readonly #socket: Socket;
  readonly #reader: NgStreamReader;
  readonly #patienceMs: number;
  /** Runs while a message has begun and is waited for: the count of those before it. */
  #waitingFor = -1;
  #deadline: NodeJS.Timeout | undefined;

  constructor(socket: Socket, reader: NgStreamReader, patienceMs: number) {
    this.#socket = socket;
    this.#reader = reader;
    this.#patienceMs = patienceMs;
    socket.on('close', () => clearTimeout(this.#deadline));
  }

  readonly next = () => this.#reader.next();

  send(message: string): void {
    // What goes out in one turn goes in one piece.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(message, 'latin1');
  }

  buffered(): number {
    return this.#socket.writableLength;
  }

  setReading(isReading: boolean): void {
    if (isReading) this.#socket.resume();
    else this.#socket.pause();
    const wanted = isReading && this.#reader.isMidway ? this.#reader.count : -1;
    if (wanted === this.#waitingFor) return;
    this.#waitingFor = wanted;
    clearTimeout(this.#deadline);
    if (wanted >= 0) this.#destroyIn(this.#patienceMs);
  }

  end(): void {
    this.#socket.removeAllListeners('data');
    this.#socket.end(() => this.#destroyIn(Math.min(LINGER_MS, this.#patienceMs)));
    this.#socket.resume();
    this.#destroyIn(this.#patienceMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #destroyIn(ms: number): void {
    clearTimeout(this.#deadline);
    if (!this.#socket.destroyed) this.#deadline = setTimeout(() => this.destroy(), ms).unref();
  }
}
