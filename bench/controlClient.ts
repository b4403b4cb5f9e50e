import { udpPort } from '../model/kernel/index.js';
import { type Arena, mapMemory } from '../src/io/sys/memory.js';
import { MSG_DONTWAIT, openUdpSocket, recvfrom, sendto } from '../src/io/sys/socket.js';
import { encodeSockaddr, SOCKADDR_BYTES } from '../src/protocol/bytes/sockaddr.js';
import type { Transport } from './messages.js';
import { SOCKADDR_IN_BYTES } from './packets.js';
import { openTcpConnection } from './tcpSocket.js';

// Clients of the control protocol, cheap enough that the relay is what is measured: system calls, no sockets of Node's.

const ROOM_BYTES = 2048;
const ADDRESS_BYTES = 2 * ROOM_BYTES;
const QUEUE_BYTES = 1 << 20;
export const LOOPBACK = '127.0.0.1';

/** Has one command under way at most. */
export interface ControlClient {
  /** To be watched for input. */
  readonly fd: number;
  send(command: string): void;
  /** Reads once what has come. The answer to the last command, without cookie and line end; null if that is not it, or not all. */
  receive(): string | null;
}

/** Memory of all clients of a run: one sends or receives at a time. */
export class ControlMemory {
  readonly #arena: Arena = mapMemory(ADDRESS_BYTES + SOCKADDR_BYTES);
  readonly #bytes = Buffer.from(this.#arena.buffer);
  readonly #addressLength: number;

  /** `port`: of a relay on 127.0.0.1. `isConnected`: its sockets know where they send to. */
  constructor(port: number, isConnected: boolean) {
    encodeSockaddr({ host: LOOPBACK, port: udpPort(port) }, new Uint32Array(this.#arena.buffer), ADDRESS_BYTES / 4);
    this.#addressLength = isConnected ? 0 : SOCKADDR_IN_BYTES;
  }

  send(fd: number, text: string): void {
    const length = this.#bytes.write(text, 0, ROOM_BYTES, 'latin1');
    const address = this.#addressLength === 0 ? 0 : this.#arena.address + ADDRESS_BYTES;
    sendto(fd, this.#arena.address, length, 0, address, this.#addressLength);
  }

  /** Null if nothing has come; empty when the other side has closed the connection. */
  receive(fd: number): string | null {
    const length = recvfrom(fd, this.#arena.address + ROOM_BYTES, ROOM_BYTES, MSG_DONTWAIT, 0, 0);
    return length < 0 ? null : this.#bytes.toString('latin1', ROOM_BYTES, ROOM_BYTES + length);
  }

  unmap(): void {
    this.#arena.unmap();
  }
}

/** Opens a client; throws if that fails. */
export function openControlClient(transport: Transport, port: number, memory: ControlMemory): ControlClient {
  const opened =
    transport === 'udp'
      ? openUdpSocket({ host: LOOPBACK, port: udpPort(0) }, { receiveBufferBytes: QUEUE_BYTES, tos: 0 })
      : openTcpConnection({ host: LOOPBACK, port: udpPort(port) });
  if (!opened.ok) throw new Error(`a control client cannot open its ${transport} socket: ${opened.error}`);
  return transport === 'udp' ? new UdpClient(opened.value, memory) : new TcpClient(opened.value, memory);
}

let nextCookie = 0;

/** A datagram each; a late answer to an earlier command shows by its cookie. */
class UdpClient implements ControlClient {
  readonly #memory: ControlMemory;
  #cookie = '';

  constructor(
    readonly fd: number,
    memory: ControlMemory,
  ) {
    this.#memory = memory;
  }

  send(command: string): void {
    this.#cookie = `${process.pid}_${nextCookie++}`;
    this.#memory.send(this.fd, `${this.#cookie} ${command}\n`);
  }

  receive(): string | null {
    const text = this.#memory.receive(this.fd)?.trim() ?? '';
    const end = text.indexOf(' ');
    return text.slice(0, end) === this.#cookie ? text.slice(end + 1) : null;
  }
}

/** A line each, over one connection. */
class TcpClient implements ControlClient {
  readonly #memory: ControlMemory;
  #rest = '';

  constructor(
    readonly fd: number,
    memory: ControlMemory,
  ) {
    this.#memory = memory;
  }

  send(command: string): void {
    this.#memory.send(this.fd, `${command}\n`);
  }

  receive(): string | null {
    const text = this.#memory.receive(this.fd);
    if (text === '') throw new Error('the relay has closed a control connection');
    this.#rest += text ?? '';
    if (!this.#rest.endsWith('\n')) return null;
    const line = this.#rest.trim();
    this.#rest = '';
    return line;
  }
}
