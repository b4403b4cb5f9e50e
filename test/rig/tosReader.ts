/** A UDP socket that tells the TOS byte of what reaches it (ip(7), IP_RECVTOS). Needs Linux system calls. */
import { setTimeout as delay } from 'node:timers/promises';
import { udpPort } from '../../model/kernel/index.js';
import { declare, errnoName, lastErrno } from '../../src/io/sys/libc.js';
import { type Arena, mapMemory } from '../../src/io/sys/memory.js';
import { closeDescriptor, MSG_DONTWAIT, openUdpSocket } from '../../src/io/sys/socket.js';

const setsockopt = declare<(fd: number, level: number, name: number, value: number, length: number) => number>(
  'setsockopt',
  'int',
  ['int', 'int', 'int', 'uint64_t', 'uint32_t'],
);
const recvmsg = declare<(fd: number, message: number, flags: number) => number>('recvmsg', 'int64_t', ['int', 'uint64_t', 'int']);

const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_RECVTOS = 13;
const LIMIT_MS = 5_000;

/** Where things stand in memory, in words: `struct msghdr`, its buffer list, control messages, payload. */
const IOVEC_WORD = 16;
const CONTROL_WORD = 32;
const PAYLOAD_WORD = 128;
const CONTROL_BYTES = 256;
const PAYLOAD_BYTES = 2048;

export class TosReader {
  readonly port: number;
  readonly #fd: number;
  readonly #memory: Arena;
  readonly #words: Uint32Array;

  /** @throws when the port is not free */
  constructor(host: string, port: number) {
    const opened = openUdpSocket({ host, port: udpPort(port) }, { receiveBufferBytes: 1 << 18, tos: null });
    if (!opened.ok) throw new Error(`port ${port}: ${opened.error}`);
    this.port = port;
    this.#fd = opened.value;
    this.#memory = mapMemory(4096);
    this.#words = new Uint32Array(this.#memory.buffer);
    this.#words[0] = 1;
    if (setsockopt(this.#fd, IPPROTO_IP, IP_RECVTOS, this.#memory.address, 4) !== 0)
      throw new Error(`IP_RECVTOS: ${errnoName(lastErrno())}`);
  }

  /** The TOS bytes of the next datagrams. */
  async take(count: number): Promise<number[]> {
    const taken: number[] = [];
    for (const end = Date.now() + LIMIT_MS; taken.length < count; ) {
      const tos = this.#next();
      if (tos !== null) taken.push(tos);
      else if (Date.now() > end) throw new Error(`${taken.length} of ${count} datagrams came to port ${this.port}`);
      else await delay(2);
    }
    return taken;
  }

  close(): void {
    closeDescriptor(this.#fd);
    this.#memory.unmap();
  }

  #next(): number | null {
    const words = this.#words;
    const { low, high, address } = this.#memory;
    words.fill(0, 0, PAYLOAD_WORD);
    words.set([low + IOVEC_WORD * 4, high, 1, 0, low + CONTROL_WORD * 4, high, CONTROL_BYTES], 4);
    words.set([low + PAYLOAD_WORD * 4, high, PAYLOAD_BYTES], IOVEC_WORD);
    if (recvmsg(this.#fd, address, MSG_DONTWAIT) < 0) return null;
    const end = CONTROL_WORD + words[10]! / 4;
    for (let at = CONTROL_WORD; at + 4 < end; at += Math.max(4, Math.ceil(words[at]! / 8) * 2))
      if (words[at + 2] === IPPROTO_IP && words[at + 3] === IP_TOS) return words[at + 4]! & 0xff;
    throw new Error('the kernel did not say the TOS');
  }
}
