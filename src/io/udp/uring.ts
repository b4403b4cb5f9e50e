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
import * as sys from '../sys/ioUring.js';
import { errnoValue } from '../sys/libc.js';
import { type Arena, mapMemory, preferHugePages } from '../sys/memory.js';
import { closeDescriptor, hasInput, MSG_DONTWAIT, MSG_TRUNC, openUdpSocket, setTos } from '../sys/socket.js';
import { BufferRing } from './bufferRing.js';
import { ErrorWatch } from './errorWatch.js';
import { type EngineOptions, wholeMs } from './options.js';
import { FIRST_GENERATION, Receivers } from './receivers.js';
import { KIND_INPUT, RingInput } from './ringInput.js';
import { KIND_WATCHED_SEND, WatchedSends } from './watchedSends.js';

const SUBMISSIONS = 4096;
const COMPLETIONS = 16384;
const BUFFER_GROUP = 1;

/** What the kernel writes into a buffer: io_uring_recvmsg_out (16 bytes), source address (padded), then the payload. */
const SOURCE_WORD = 4;
const PAYLOAD_BYTE = 16 + SOCKADDR_BYTES;
const BUFFER_BYTES = 8256;
const BUFFER_WORDS = BUFFER_BYTES / 4;
/** Buffers for packets of our own, behind those that the kernel fills. */
const DRAFTS = 64;

/** Kinds of requests, in the upper half of `user_data`; a receive carries the generation of its descriptor instead, from 16 upward. */
const KIND_SEND = 1;
const KIND_WAKE = 2;
const KIND_CANCEL = 3;
/** After so many completions it is seen whether a turn has become due in the meantime. */
const PATIENCE = 64;

/**
 * The packet engine on io_uring: one multishot RECVMSG a socket, payloads sent from the very buffer they were received in, one system
 * call a batch.
 *
 * - Sends carry MSG_DONTWAIT and post no completion when they succeed: they are over when the submitting call returns, and only then do
 *   their buffers go back to the kernel.
 * - A send of a watched row that was refused for the error of an earlier packet is repeated by a system call of its own, before its buffer
 *   goes back to the kernel.
 * - A receive is known by the descriptor of its socket, and goes on when the socket is given to another row.
 * - Sockets are plain descriptors, not registered files: before kernel 6.13 a registered file is let go only after every older request
 *   of the ring has ended, and multishot receives never end. Ports would leak.
 */
export class UringEngine implements PacketEngine {
  readonly name = 'io_uring';
  readonly counters = newEngineCounters();
  readonly remotes: Uint32Array;
  readonly ring: sys.Ring;
  readonly #options: EngineOptions;
  readonly #remotesArena: Arena;
  readonly #pool: Arena;
  readonly #buffers: BufferRing;
  readonly #header: Arena;
  readonly #packet: Packet;
  readonly #draft: Packet;
  #draftsUsed = 0;
  readonly #receivers = new Receivers();
  readonly #watch: ErrorWatch;
  readonly #isWatched: Uint8Array;
  readonly #watchedSends: WatchedSends;
  readonly #input: RingInput;
  readonly #noBuffers = -errnoValue('ENOBUFS');
  /** Buffers whose sends have been queued; given back once the kernel has taken the submissions. */
  readonly #sent: Uint16Array;
  #sentCount = 0;
  #isBufferSent = false;
  #stopping = false;

  /** Throws, with the reason, where this system has no io_uring that will do. */
  constructor(rows: number, options: EngineOptions) {
    this.#options = options;
    this.ring = new sys.Ring(SUBMISSIONS, COMPLETIONS);
    const { ring, mappings } = { ring: options.ring, mappings: this.ring.mappings };
    ring.set([this.ring.fd + 1, ...mappings.flatMap(({ address, length }) => [address, length])]);
    this.#remotesArena = mapMemory(rows * SOCKADDR_WORDS * 4);
    this.remotes = new Uint32Array(this.#remotesArena.buffer);
    this.#watch = new ErrorWatch(rows);
    this.#isWatched = this.#watch.isWatched;
    this.#input = new RingInput(this.ring);
    const { receiveBuffers } = options;
    this.#sent = new Uint16Array(receiveBuffers);
    this.#pool = mapMemory((receiveBuffers + DRAFTS) * BUFFER_BYTES);
    preferHugePages(this.#pool);
    this.#buffers = new BufferRing(this.#pool, receiveBuffers, BUFFER_BYTES);
    this.#watchedSends = new WatchedSends({
      ...{ ring: this.ring, watch: this.#watch, counters: this.counters, receivers: this.#receivers },
      ...{ descriptors: options.descriptors, remotes: this.#remotesArena, pool: this.#pool },
    });
    this.ring.registerBufferRing(this.#buffers.arena, receiveBuffers, BUFFER_GROUP);
    for (let buffer = 0; buffer < receiveBuffers; buffer++) this.#buffers.giveBack(buffer);
    this.#buffers.publish();
    this.#header = mapMemory(4096); // struct msghdr of every receive: only the room for the source address is read from it.
    new Uint32Array(this.#header.buffer)[2] = SOCKADDR_BYTES;
    const words = new Uint32Array(this.#pool.buffer);
    this.#packet = { row: 0, bytes: new Uint8Array(this.#pool.buffer), start: 0, length: 0, words, source: 0, nowMs: 0 };
    // A literal of the same shape: with two shapes of packets every number read from one would be boxed.
    this.#draft = { row: 0, bytes: this.#packet.bytes, start: 0, length: 0, words, source: 0, nowMs: 0 };
  }

  open(row: number, local: Address): Result<void, Errno> {
    const opened = openUdpSocket(local, this.#options);
    if (!opened.ok) return refuse(opened.error);
    this.#options.descriptors[row] = opened.value + 1;
    this.#receivers.give(opened.value, row);
    this.#receive(opened.value);
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
    this.#flush(row);
    this.#forget(fd);
    // The armed receive holds the socket: the port is free only when the kernel has let go of it, so this goes out at once.
    this.ring.submit();
    this.#options.descriptors[row] = 0;
    this.#watch.forget(row);
    closeDescriptor(fd);
  }

  /** Ends the receive of a socket. What still arrives by it is not delivered. */
  #forget(fd: number): void {
    const generation = this.#receivers.forget(fd);
    const at = this.ring.nextSubmission();
    const sqe = this.ring.submissions.fill(0, at, at + sys.SQE_WORDS);
    sqe[at] = sys.OPERATION_ASYNC_CANCEL | (sys.SQE_SKIP_SUCCESS << 8);
    // The receive is found by its user_data, through a hash; by descriptor the kernel would look at every request of the ring.
    sqe[at + 4] = fd;
    sqe[at + 5] = generation;
    sqe[at + 9] = KIND_CANCEL;
  }

  move(from: number, to: number): void {
    const { descriptors } = this.#options;
    const replaced = descriptors[to]! - 1;
    this.#flush(from);
    this.#flush(to);
    if (replaced >= 0) {
      this.#forget(replaced);
      this.ring.submit();
      closeDescriptor(replaced);
    }
    descriptors[to] = descriptors[from]!;
    descriptors[from] = 0;
    this.#watch.move(from, to);
    if (descriptors[to] !== 0) this.#receivers.give(descriptors[to]! - 1, to);
  }

  isQuiet(row: number, count: number): boolean {
    return !hasInput(this.#options.descriptors, row, count) && !this.#isInHand(row, count);
  }

  /** Whether something of these rows has been received that is not delivered yet. */
  #isInHand(row: number, count: number): boolean {
    const { words, completionMask, completionBase, tail } = this.ring;
    for (let head = this.ring.head; head !== tail; head = (head + 1) >>> 0) {
      const at = completionBase + (head & completionMask) * sys.CQE_WORDS;
      if (words[at + 1]! < FIRST_GENERATION || (words[at + 2]! | 0) < 0) continue;
      const received = this.#receivers.rowOf(words[at]!, words[at + 1]!);
      if (received >= row && received < row + count) return true;
    }
    return false;
  }

  setTos(row: number, tos: number): void {
    const fd = this.#options.descriptors[row]! - 1;
    if (fd >= 0) setTos(fd, tos);
  }

  /** Sends are over when the kernel has taken them, so the drafts may be used again then. */
  draft(): Packet {
    if (this.#draftsUsed === DRAFTS) {
      this.ring.submit();
      this.#watchedSends.settle();
      this.#draftsUsed = 0;
    }
    const { receiveBuffers } = this.#options;
    this.#draft.start = (receiveBuffers + this.#draftsUsed++) * BUFFER_BYTES + PAYLOAD_BYTE;
    this.#draft.nowMs = this.#packet.nowMs;
    return this.#draft;
  }

  send(row: number, packet: Packet): void {
    const { ring, remotes } = this;
    const remote = row * SOCKADDR_WORDS;
    const at = ring.nextSubmission();
    const sqe = ring.submissions;
    const destination = this.#remotesArena.low + remote * 4;
    const payload = this.#pool.low + packet.start;
    sqe[at] = sys.OPERATION_SEND | (sys.SQE_SKIP_SUCCESS << 8);
    sqe[at + 1] = this.#options.descriptors[row]! - 1;
    sqe[at + 2] = destination;
    sqe[at + 3] = this.#remotesArena.high;
    sqe[at + 4] = payload;
    sqe[at + 5] = this.#pool.high;
    sqe[at + 6] = packet.length;
    sqe[at + 7] = MSG_DONTWAIT;
    sqe[at + 8] = row;
    sqe[at + 9] = KIND_SEND;
    sqe[at + 10] = 0;
    sqe[at + 11] = sockaddrLength(remotes, remote);
    sqe[at + 12] = 0;
    sqe[at + 13] = 0;
    sqe[at + 14] = 0;
    sqe[at + 15] = 0;
    this.#isBufferSent = true;
    if (this.#isWatched[row] !== 0) this.#noteSend(at, row, packet);
  }

  /** Gives the submission at `at` a number, by which it can be repeated. */
  #noteSend(at: number, row: number, { start, length }: Packet): void {
    const sends = this.#watchedSends;
    if (sends.isFull) return; // The kernel takes nothing at present.
    const sqe = this.ring.submissions;
    sqe[at + 8] = sends.add(row, start, length);
    sqe[at + 9] = KIND_WATCHED_SEND;
    if (!sends.isFull) return;
    this.ring.submit();
    sends.settle();
  }

  /** What a watched row has sent is over: once the row is another, nothing could be repeated. */
  #flush(row: number): void {
    if (this.#isWatched[row] === 0) return;
    this.ring.submit();
    this.#watchedSends.settle();
  }

  #drain(row: number): void {
    if (this.#isWatched[row] !== 0) this.#watch.drain(row, this.#options.descriptors[row]! - 1);
  }

  watch(fd: number, onReadable: () => void): void {
    this.#input.watch(fd, onReadable);
  }

  unwatch(fd: number): void {
    this.#input.unwatch(fd);
  }

  async run(host: EngineHost): Promise<void> {
    this.#watchWake();
    try {
      let nowMs = this.#options.clock();
      let deadline = host.onTurn(nowMs);
      while (!this.#stopping) {
        this.ring.wait(wholeMs(deadline - nowMs));
        this.#watchedSends.settle();
        this.#reclaim();
        nowMs = this.#options.clock();
        this.#packet.nowMs = nowMs;
        this.#complete(host, deadline);
        this.#watch.report(host);
        nowMs = this.#packet.nowMs;
        if (!host.isTurnDue() && nowMs < deadline) continue;
        deadline = host.onTurn(nowMs);
        nowMs = this.#options.clock(); // A turn may be long, and the next one is not to wait for more than is left.
      }
    } finally {
      this.#release();
    }
  }

  stop(): void {
    this.#stopping = true;
  }

  /** A batch that lasts past the deadline is left there: the rest is found at the next look, which does not wait then. */
  #complete(host: EngineHost, deadline: number): void {
    const { ring } = this;
    let patience = PATIENCE;
    const { words, completionMask, completionBase } = ring;
    let head = ring.head;
    // What a system call made in between (a close, a full submission ring) adds is in the tail at the next look.
    while (head !== ring.tail) {
      const at = completionBase + (head & completionMask) * sys.CQE_WORDS;
      const kind = words[at + 1]!;
      if (kind >= FIRST_GENERATION) this.#take(host, words[at]!, kind, words[at + 2]! | 0, words[at + 3]!);
      else if (kind === KIND_SEND) this.counters.sendErrors++;
      else if (kind === KIND_WAKE) this.#woken(host);
      else if (kind === KIND_WATCHED_SEND) this.#watchedSends.repeat(words[at]!);
      else if (kind === KIND_INPUT) {
        this.#input.take(words[at]!);
        patience = 1; // It may have taken its time.
      }
      head = (head + 1) >>> 0;
      ring.head = head;
      if (--patience === 0) {
        patience = PATIENCE;
        this.#packet.nowMs = this.#options.clock();
        if (this.#packet.nowMs >= deadline) break;
      }
    }
    this.counters.overflows = ring.overflows;
    this.#buffers.publish();
  }

  #take(host: EngineHost, fd: number, generation: number, result: number, flags: number): void {
    const row = this.#receivers.rowOf(fd, generation);
    if (result >= 0) {
      const buffer = flags >>> sys.CQE_BUFFER_SHIFT;
      this.#isBufferSent = false;
      if (row >= 0) this.#deliver(host, row, buffer);
      if (this.#isBufferSent) this.#sent[this.#sentCount++] = buffer;
      else this.#buffers.giveBack(buffer);
    } else if (row >= 0) {
      if (result === this.#noBuffers) this.counters.noBuffers++;
      else if (this.#isWatched[row] !== 0) this.#drain(row);
      else this.counters.receiveErrors++;
    }
    // What was delivered may have closed the socket.
    if ((flags & sys.CQE_MORE) === 0 && this.#receivers.rowOf(fd, generation) >= 0) this.#receive(fd);
  }

  #deliver(host: EngineHost, row: number, buffer: number): void {
    const packet = this.#packet;
    const base = buffer * BUFFER_WORDS;
    const length = packet.words[base + 2]!;
    if ((packet.words[base + 3]! & MSG_TRUNC) !== 0 || length > LONGEST_DATAGRAM) {
      this.counters.truncated++;
      return;
    }
    packet.row = row;
    packet.start = buffer * BUFFER_BYTES + PAYLOAD_BYTE;
    packet.length = length;
    packet.source = base + SOURCE_WORD;
    host.onDatagram(packet);
  }

  #receive(fd: number): void {
    const at = this.ring.nextSubmission();
    const sqe = this.ring.submissions.fill(0, at, at + sys.SQE_WORDS);
    sqe[at] = sys.OPERATION_RECVMSG | (sys.SQE_BUFFER_SELECT << 8) | (sys.RECV_MULTISHOT << 16);
    sqe[at + 1] = fd;
    sqe[at + 4] = this.#header.low;
    sqe[at + 5] = this.#header.high;
    sqe[at + 6] = 1;
    sqe[at + 8] = fd;
    sqe[at + 9] = this.#receivers.generationOf(fd);
    sqe[at + 10] = BUFFER_GROUP;
  }

  #watchWake(): void {
    const at = this.ring.nextSubmission();
    const sqe = this.ring.submissions.fill(0, at, at + sys.SQE_WORDS);
    sqe[at] = sys.OPERATION_READ;
    sqe[at + 1] = this.#options.wakeFd;
    sqe[at + 4] = this.#header.low + 2048; // The number that was read is of no interest.
    sqe[at + 5] = this.#header.high;
    sqe[at + 6] = 8;
    sqe[at + 9] = KIND_WAKE;
  }

  #woken(host: EngineHost): void {
    this.#watchWake();
    host.onWake();
  }

  #reclaim(): void {
    if (!this.ring.isTaken) return; // Some sends are still to be read from their buffers.
    for (let i = 0; i < this.#sentCount; i++) this.#buffers.giveBack(this.#sent[i]!);
    this.#sentCount = 0;
    this.#buffers.publish();
  }

  #release(): void {
    const { descriptors } = this.#options;
    for (let row = 0; row < descriptors.length; row++) if (descriptors[row] !== 0) this.close(row);
    this.ring.close();
    this.#options.ring.fill(0);
    for (const arena of [this.#remotesArena, this.#pool, this.#buffers.arena, this.#header]) arena.unmap();
  }
}
