import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type Address, familyOf, ok, type Result, refuse, udpPort } from '../../../model/kernel/index.js';
import {
  type EngineHost,
  type Errno,
  LONGEST_DATAGRAM,
  newEngineCounters,
  type Packet,
  type PacketEngine,
} from '../../media/engine.js';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import { type EngineOptions, wholeMs } from './options.js';

/** What this engine needs of the options: it makes no system calls of its own. */
export type DgramOptions = Pick<EngineOptions, 'clock' | 'receiveBufferBytes'>;

/**
 * The packet engine of last resort, on node:dgram: for systems without our system calls. Same behaviour, several times the cost, and
 * each datagram makes garbage. It does not block its thread: the event loop of the worker delivers.
 */
export class DgramEngine implements PacketEngine {
  readonly name = 'dgram';
  readonly counters = newEngineCounters();
  readonly remotes: Uint32Array;
  readonly #options: DgramOptions;
  readonly #sockets = new Map<number, Socket>();
  /** Of each socket, the row it delivers to. */
  readonly #rows = new WeakMap<Socket, number>();
  readonly #source = new Uint32Array(SOCKADDR_WORDS);
  #host: EngineHost | null = null;
  #timer: NodeJS.Timeout | null = null;
  #finish: (() => void) | null = null;

  constructor(rows: number, options: DgramOptions) {
    this.#options = options;
    this.remotes = new Uint32Array(rows * SOCKADDR_WORDS);
  }

  open(row: number, local: Address): Result<void, Errno> {
    const family = familyOf(local.host);
    const socket = createSocket({
      type: family === 'IPv4' ? 'udp4' : 'udp6',
      ipv6Only: family === 'IPv6',
      recvBufferSize: this.#options.receiveBufferBytes,
      // The address is numeric: answering at once makes `bind` synchronous.
      lookup: (hostname, _options, callback) => callback(null, hostname, family === 'IPv4' ? 4 : 6),
    });
    let errno: Errno | null = null;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      errno = error.code ?? 'EIO';
    });
    try {
      socket.bind({ address: local.host, port: local.port, exclusive: true });
    } catch (error) {
      errno = (error as NodeJS.ErrnoException).code ?? 'EINVAL';
    }
    if (errno !== null) {
      socket.close();
      return refuse(errno);
    }
    socket.removeAllListeners('error');
    socket.on('error', () => this.counters.receiveErrors++);
    socket.on('message', (bytes, from) => this.#deliver(this.#rows.get(socket)!, bytes, from));
    this.#rows.set(socket, row);
    this.#sockets.set(row, socket);
    return ok(undefined);
  }

  /** Node has no way to see the error queue of a socket. */
  watchUnreachable(): void {}

  isOpen(row: number): boolean {
    return this.#sockets.has(row);
  }

  close(row: number): void {
    this.#sockets.get(row)?.close();
    this.#sockets.delete(row);
  }

  move(from: number, to: number): void {
    const socket = this.#sockets.get(from);
    if (socket === undefined) return;
    this.close(to);
    this.#sockets.delete(from);
    this.#sockets.set(to, socket);
    this.#rows.set(socket, to);
  }

  /** What has arrived and was not delivered yet waits in libuv, where it cannot be seen. */
  isQuiet(): boolean {
    return true;
  }

  /** Node has no way to set it. */
  setTos(): void {}

  draft(): Packet {
    const bytes = new Uint8Array(LONGEST_DATAGRAM);
    return { row: 0, bytes, start: 0, length: 0, words: this.#source, source: 0, nowMs: this.#options.clock() };
  }

  send(row: number, packet: Packet): void {
    const to = decodeSockaddr(this.remotes, row * SOCKADDR_WORDS);
    if (to === null) return;
    if (to.port === 0) {
      this.counters.sendErrors++; // As the kernel would say (EINVAL); node:dgram throws.
      return;
    }
    this.#sockets.get(row)?.send(packet.bytes, packet.start, packet.length, to.port, to.host, (error) => {
      if (error) this.counters.sendErrors++;
    });
  }

  run(host: EngineHost): Promise<void> {
    this.#host = host;
    this.#turn();
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    for (const row of [...this.#sockets.keys()]) this.close(row);
    this.#host = null;
    this.#finish?.();
  }

  poke(): void {
    this.#turn();
  }

  #turn(): void {
    const host = this.#host;
    if (host === null) return;
    const nowMs = this.#options.clock();
    const deadline = host.onTurn(nowMs);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), wholeMs(deadline - nowMs));
  }

  #deliver(row: number, bytes: Buffer, from: RemoteInfo): void {
    const host = this.#host;
    if (host === null) return;
    if (bytes.length > LONGEST_DATAGRAM) {
      this.counters.truncated++;
      return;
    }
    const [address] = from.address.split('%'); // A scope is not part of the address text we know.
    encodeSockaddr({ host: address ?? '', port: udpPort(from.port) }, this.#source, 0);
    host.onDatagram({ row, bytes, start: 0, length: bytes.length, words: this.#source, source: 0, nowMs: this.#options.clock() });
    if (host.isTurnDue()) this.#turn();
  }
}
