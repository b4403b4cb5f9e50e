import { type Address, ok, type Result, refuse } from '../../../model/kernel/index.js';
import {
  type EngineHost,
  type Errno,
  LONGEST_DATAGRAM,
  newEngineCounters,
  type Packet,
  type PacketEngine,
} from '../../media/engine.js';
import { SOCKADDR_BYTES, SOCKADDR_WORDS, sockaddrLength } from '../../protocol/bytes/sockaddr.js';
import { EPOLLERR, EVENT_DATA_WORD, EVENT_WORDS, epollWait, openEpoll, unwatch, watchInput } from '../sys/epoll.js';
import { drainEventfd } from '../sys/eventfd.js';
import { errnoName } from '../sys/libc.js';
import { type Arena, mapMemory } from '../sys/memory.js';
import { closeDescriptor, hasInput, MSG_DONTWAIT, MSG_TRUNC, openUdpSocket, recvfrom, sendto, setTos } from '../sys/socket.js';
import { ErrorWatch } from './errorWatch.js';
import { ForeignInput } from './foreignInput.js';
import { type EngineOptions, wholeMs } from './options.js';
import { Receivers } from './receivers.js';

const EVENTS = 512;
const WAKE = 0xffffffff;
/** What events of other descriptors carry, from here upward; below are rows. */
const FOREIGN = 0x80000000;
/** After so many events it is seen whether a turn has become due in the meantime. */
const PATIENCE = 16;

/** Where things stand in the scratch memory, bytes. */
const SOURCE_BYTE = 0;
const SOURCE_LENGTH_BYTE = 64;
const PAYLOAD_BYTE = 128;
const DRAFT_BYTE = PAYLOAD_BYTE + LONGEST_DATAGRAM + 128;
const EVENTS_BYTE = DRAFT_BYTE + LONGEST_DATAGRAM;

/** The packet engine on epoll: level-triggered, a receive and a send call a packet. Chosen where io_uring is not to be had. */
export class EpollEngine implements PacketEngine {
  readonly name = 'epoll';
  readonly counters = newEngineCounters();
  readonly remotes: Uint32Array;
  readonly #options: EngineOptions;
  readonly #remotesArena: Arena;
  readonly #scratch: Arena;
  readonly #words: Uint32Array;
  readonly #packet: Packet;
  readonly #draft: Packet;
  readonly #epoll: number;
  readonly #watch: ErrorWatch;
  readonly #foreign = new ForeignInput(WAKE - 1 - FOREIGN);
  readonly #receivers = new Receivers();
  #deadline = 0;
  #stopping = false;

  constructor(rows: number, options: EngineOptions) {
    this.#options = options;
    this.#remotesArena = mapMemory(rows * SOCKADDR_WORDS * 4);
    this.remotes = new Uint32Array(this.#remotesArena.buffer);
    this.#scratch = mapMemory(EVENTS_BYTE + EVENTS * EVENT_WORDS * 4);
    this.#words = new Uint32Array(this.#scratch.buffer);
    const bytes = new Uint8Array(this.#scratch.buffer);
    this.#packet = { row: 0, bytes, start: PAYLOAD_BYTE, length: 0, words: this.#words, source: SOURCE_BYTE / 4, nowMs: 0 };
    // A literal of the same shape: with two shapes of packets every number read from one would be boxed.
    this.#draft = { row: 0, bytes, start: DRAFT_BYTE, length: 0, words: this.#words, source: SOURCE_BYTE / 4, nowMs: 0 };
    this.#watch = new ErrorWatch(rows);
    this.#epoll = openEpoll();
    options.ring[0] = this.#epoll + 1;
    watchInput(this.#epoll, options.wakeFd, WAKE);
  }

  open(row: number, local: Address): Result<void, Errno> {
    const opened = openUdpSocket(local, this.#options);
    if (!opened.ok) return refuse(opened.error);
    const errno = watchInput(this.#epoll, opened.value, opened.value);
    if (errno !== 0) {
      closeDescriptor(opened.value);
      return refuse(errnoName(errno));
    }
    this.#options.descriptors[row] = opened.value + 1;
    this.#receivers.give(opened.value, row);
    return ok(undefined);
  }

  watchUnreachable(row: number): void {
    this.#watch.add(row, this.#options.descriptors[row]! - 1);
  }

  isOpen(row: number): boolean {
    return this.#options.descriptors[row]! > 0;
  }

  close(row: number): void {
    const fd = this.#options.descriptors[row]! - 1;
    if (fd < 0) return;
    this.#options.descriptors[row] = 0;
    this.#receivers.forget(fd);
    this.#watch.forget(row);
    closeDescriptor(fd); // With it goes its place in the epoll.
  }

  move(from: number, to: number): void {
    const { descriptors } = this.#options;
    this.close(to);
    descriptors[to] = descriptors[from]!;
    descriptors[from] = 0;
    this.#watch.move(from, to);
    if (descriptors[to] !== 0) this.#receivers.give(descriptors[to]! - 1, to);
  }

  isQuiet(row: number, count: number): boolean {
    return !hasInput(this.#options.descriptors, row, count);
  }

  setTos(row: number, tos: number): void {
    const fd = this.#options.descriptors[row]! - 1;
    if (fd >= 0) setTos(fd, tos);
  }

  draft(): Packet {
    this.#draft.nowMs = this.#packet.nowMs;
    return this.#draft;
  }

  send(row: number, packet: Packet): void {
    const fd = this.#options.descriptors[row]! - 1;
    if (this.#sendTo(fd, row, packet) >= 0) return;
    if (this.#watch.isWatched[row] !== 0) {
      // It may have been refused for the error of an earlier packet.
      this.#watch.drain(row, fd);
      if (this.#sendTo(fd, row, packet) >= 0) return;
    }
    this.counters.sendErrors++;
  }

  #sendTo(fd: number, row: number, packet: Packet): number {
    const remote = row * SOCKADDR_WORDS;
    const destination = this.#remotesArena.address + remote * 4;
    const length = sockaddrLength(this.remotes, remote);
    return sendto(fd, this.#scratch.address + packet.start, packet.length, MSG_DONTWAIT, destination, length);
  }

  watch(fd: number, onReadable: () => void): void {
    watchInput(this.#epoll, fd, FOREIGN + this.#foreign.add(fd, onReadable));
  }

  unwatch(fd: number): void {
    if (this.#foreign.remove(fd) !== null) unwatch(this.#epoll, fd);
  }

  async run(host: EngineHost): Promise<void> {
    try {
      let nowMs = this.#options.clock();
      this.#deadline = host.onTurn(nowMs);
      while (!this.#stopping) {
        const count = epollWait(this.#epoll, this.#scratch.address + EVENTS_BYTE, EVENTS, wholeMs(this.#deadline - nowMs));
        nowMs = this.#options.clock();
        this.#packet.nowMs = nowMs;
        this.#handle(host, count);
        this.#watch.report(host);
        nowMs = this.#packet.nowMs;
        if (!host.isTurnDue() && nowMs < this.#deadline) continue;
        this.#deadline = host.onTurn(nowMs);
        nowMs = this.#options.clock(); // A turn may be long, and the next one is not to wait for more than is left.
      }
    } finally {
      this.#release();
    }
  }

  stop(): void {
    this.#stopping = true;
  }

  #handle(host: EngineHost, count: number): void {
    for (let i = 0; i < count; i++) {
      const event = EVENTS_BYTE / 4 + i * EVENT_WORDS;
      const fd = this.#words[event + EVENT_DATA_WORD]!;
      if (fd === WAKE) {
        drainEventfd(this.#options.wakeFd);
        host.onWake();
      } else if (fd >= FOREIGN) {
        this.#foreign.call(fd - FOREIGN);
        this.#turnIfDue(host); // It may have taken its time.
      } else {
        const row = this.#receivers.holderOf(fd);
        if (row < 0) continue; // Closed by something that happened earlier in this batch.
        if ((this.#words[event]! & EPOLLERR) !== 0 && this.#watch.isWatched[row] !== 0) this.#drain(row);
        this.#receive(host, row);
      }
      if (i % PATIENCE === PATIENCE - 1) this.#turnIfDue(host);
    }
  }

  /** In the middle of a long batch. What is left of it is not put off to the next one, where it might have to wait again. */
  #turnIfDue(host: EngineHost): void {
    this.#packet.nowMs = this.#options.clock();
    if (this.#packet.nowMs >= this.#deadline) this.#deadline = host.onTurn(this.#packet.nowMs);
  }

  /** First: the error would stand before what has been received. */
  #drain(row: number): void {
    this.#watch.drain(row, this.#options.descriptors[row]! - 1);
  }

  /** Takes one datagram: mostly a socket has just the one, and what else waits is reported again, after the other sockets. */
  #receive(host: EngineHost, row: number): void {
    const fd = this.#options.descriptors[row]! - 1;
    const packet = this.#packet;
    const { address } = this.#scratch;
    this.#words[SOURCE_LENGTH_BYTE / 4] = SOCKADDR_BYTES;
    const flags = MSG_DONTWAIT | MSG_TRUNC;
    const length = recvfrom(
      fd,
      address + PAYLOAD_BYTE,
      LONGEST_DATAGRAM,
      flags,
      address + SOURCE_BYTE,
      address + SOURCE_LENGTH_BYTE,
    );
    if (length < 0) return; // The datagram had a bad checksum, or an event of a socket whose row has been reused.
    if (length > LONGEST_DATAGRAM) {
      this.counters.truncated++;
      return;
    }
    packet.row = row;
    packet.length = length;
    host.onDatagram(packet);
  }

  #release(): void {
    const { descriptors } = this.#options;
    for (let row = 0; row < descriptors.length; row++) if (descriptors[row] !== 0) this.close(row);
    closeDescriptor(this.#epoll);
    this.#options.ring.fill(0);
    this.#remotesArena.unmap();
    this.#scratch.unmap();
  }
}
