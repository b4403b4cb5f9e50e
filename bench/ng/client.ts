import { udpPort } from '../../model/kernel/index.js';
import { type Arena, mapMemory } from '../../src/io/sys/memory.js';
import { MSG_DONTWAIT, openUdpSocket, recvfrom, sendto } from '../../src/io/sys/socket.js';
import { encodeSockaddr, SOCKADDR_BYTES } from '../../src/protocol/bytes/sockaddr.js';
import { LOOPBACK } from '../controlClient.js';
import { SOCKADDR_IN_BYTES } from '../packets.js';

/** As much as a datagram holds. */
const ROOM_BYTES = 65_536;
const QUEUE_BYTES = 1 << 20;

/** Memory of all clients of a run: one sends or receives at a time. */
export class NgMemory {
  readonly #arena: Arena = mapMemory(2 * ROOM_BYTES + SOCKADDR_BYTES);
  readonly #bytes = Buffer.from(this.#arena.buffer);

  /** `port`: of a relay on 127.0.0.1. */
  constructor(port: number) {
    encodeSockaddr({ host: LOOPBACK, port: udpPort(port) }, new Uint32Array(this.#arena.buffer), (2 * ROOM_BYTES) / 4);
  }

  send(fd: number, text: string): void {
    const { address } = this.#arena;
    sendto(fd, address, this.#bytes.write(text, 0, ROOM_BYTES, 'latin1'), 0, address + 2 * ROOM_BYTES, SOCKADDR_IN_BYTES);
  }

  /** Null: nothing has come. */
  receive(fd: number): string | null {
    const length = recvfrom(fd, this.#arena.address + ROOM_BYTES, ROOM_BYTES, MSG_DONTWAIT, 0, 0);
    return length < 0 ? null : this.#bytes.toString('latin1', ROOM_BYTES, ROOM_BYTES + length);
  }

  unmap(): void {
    this.#arena.unmap();
  }
}

let nextCookie = 0;

/** A worker process of a proxy: one socket, one request under way at most. */
export class NgClient {
  readonly fd: number;
  readonly #memory: NgMemory;
  #cookie = '';

  /** Throws if no socket can be had. */
  constructor(memory: NgMemory) {
    const opened = openUdpSocket({ host: LOOPBACK, port: udpPort(0) }, { receiveBufferBytes: QUEUE_BYTES, tos: 0 });
    if (!opened.ok) throw new Error(`an NG client cannot open its socket: ${opened.error}`);
    this.fd = opened.value;
    this.#memory = memory;
  }

  send(payload: string): void {
    this.#cookie = `0_${process.pid}_${nextCookie++} `;
    this.#memory.send(this.fd, this.#cookie + payload);
  }

  /** The payload of the answer to the last request; null if that has not come. */
  receive(): string | null {
    const text = this.#memory.receive(this.fd);
    return text?.startsWith(this.#cookie) ? text.slice(this.#cookie.length) : null;
  }
}
