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
import { closeDescriptor, MSG_DONTWAIT, MSG_TRUNC, openUdpSocket, setTos } from '../sys/socket.js';
import { ErrorWatch } from './errorWatch.js';
import { type EngineOptions, wholeMs } from './options.js';
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

/** Kinds of requests, in the upper half of `user_data`; a receive carries the generation of its row instead, from 16 upward. */
const KIND_SEND = 1;
const KIND_WAKE = 2;
const KIND_CANCEL = 3;
const FIRST_GENERATION = 16;
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
  readonly #bufferRing: Arena;
  readonly #ringWords: Uint32Array;
  readonly #ringHalves: Uint16Array;
  readonly #header: Arena;
  readonly #packet: Packet;
  readonly #draft: Packet;
  #draftsUsed = 0;
  readonly #generations: Uint32Array;
  readonly #watch: ErrorWatch;
  readonly #isWatched: Uint8Array;
  readonly #watchedSends: WatchedSends;
  readonly #noBuffers = -errnoValue('ENOBUFS');
  /** Buffers whose sends have been queued; given back once the kernel has taken the submissions. */
  readonly #sent: Uint16Array;
  #sentCount = 0;
  #bufferTail = 0;
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
    this.#generations = new Uint32Array(rows).fill(FIRST_GENERATION);
    this.#watch = new ErrorWatch(rows);
    this.#isWatched = this.#watch.isWatched;
    const { receiveBuffers } = options;
    this.#sent = new Uint16Array(receiveBuffers);
    this.#pool = mapMemory((receiveBuffers + DRAFTS) * BUFFER_BYTES);
    preferHugePages(this.#pool);
    this.#bufferRing = mapMemory(receiveBuffers * 16);
    this.#watchedSends = new WatchedSends({
      ...{ ring: this.ring, watch: this.#watch, counters: this.counters, generations: this.#generations },
      ...{ descriptors: options.descriptors, remotes: this.#remotesArena, pool: this.#pool },
    });
    this.#ringWords = new Uint32Array(this.#bufferRing.buffer);
    this.#ringHalves = new Uint16Array(this.#bufferRing.buffer);
    this.ring.registerBufferRing(this.#bufferRing, receiveBuffers, BUFFER_GROUP);
    for (let buffer = 0; buffer < receiveBuffers; buffer++) this.#giveBack(buffer);
    this.#publishBuffers();
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
    this.#receive(row);
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
    this.#forget(row);
    // The armed receive holds the socket: the port is free only when the kernel has let go of it, so this goes out at once.
    this.ring.submit();
    this.#options.descriptors[row] = 0;
    this.#watch.forget(row);
    closeDescriptor(fd);
  }

  /** Ends the receive of a row. What still arrives by it is not delivered. */
  #forget(row: number): void {
    const generation = this.#generations[row]!;
    // A completion that still comes for this row must not be taken for one of its next socket.
    this.#generations[row] = generation === 0xffffffff ? FIRST_GENERATION : generation + 1;
    const at = this.ring.nextSubmission();
    const sqe = this.ring.submissions.fill(0, at, at + sys.SQE_WORDS);
    sqe[at] = sys.OPERATION_ASYNC_CANCEL | (sys.SQE_SKIP_SUCCESS << 8);
    // The receive is found by its user_data, through a hash; by descriptor the kernel would look at every request of the ring.
    sqe[at + 4] = row;
    sqe[at + 5] = generation;
    sqe[at + 9] = KIND_CANCEL;
  }

  move(from: number, to: number): void {
    const { descriptors } = this.#options;
    const replaced = descriptors[to]! - 1;
    this.#flush(from);
    this.#flush(to);
    if (replaced >= 0) this.#forget(to);
    this.#forget(from);
    descriptors[to] = descriptors[from]!;
    descriptors[from] = 0;
    this.#watch.move(from, to);
    this.#drain(to); // What the old receive had to say of errors is not heard any more.
    this.#receive(to);
    // At once: what the old receives still take in is not delivered.
    this.ring.submit();
    if (replaced >= 0) closeDescriptor(replaced);
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
      head = (head + 1) >>> 0;
      ring.head = head;
      if (--patience === 0) {
        patience = PATIENCE;
        this.#packet.nowMs = this.#options.clock();
        if (this.#packet.nowMs >= deadline) break;
      }
    }
    this.counters.overflows = ring.overflows;
    this.#publishBuffers();
  }

  #take(host: EngineHost, row: number, generation: number, result: number, flags: number): void {
    const isCurrent = this.#generations[row] === generation && this.#options.descriptors[row] !== 0;
    if (result >= 0) {
      const buffer = flags >>> sys.CQE_BUFFER_SHIFT;
      this.#isBufferSent = false;
      if (isCurrent) this.#deliver(host, row, buffer);
      if (this.#isBufferSent) this.#sent[this.#sentCount++] = buffer;
      else this.#giveBack(buffer);
    } else if (isCurrent) {
      if (result === this.#noBuffers) this.counters.noBuffers++;
      else if (this.#isWatched[row] !== 0) this.#drain(row);
      else this.counters.receiveErrors++;
    }
    if ((flags & sys.CQE_MORE) === 0 && isCurrent) this.#receive(row);
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

  #receive(row: number): void {
    const at = this.ring.nextSubmission();
    const sqe = this.ring.submissions.fill(0, at, at + sys.SQE_WORDS);
    sqe[at] = sys.OPERATION_RECVMSG | (sys.SQE_BUFFER_SELECT << 8) | (sys.RECV_MULTISHOT << 16);
    sqe[at + 1] = this.#options.descriptors[row]! - 1;
    sqe[at + 4] = this.#header.low;
    sqe[at + 5] = this.#header.high;
    sqe[at + 6] = 1;
    sqe[at + 8] = row;
    sqe[at + 9] = this.#generations[row]!;
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

  #giveBack(buffer: number): void {
    const slot = this.#bufferTail & (this.#options.receiveBuffers - 1);
    this.#ringWords[slot * 4] = this.#pool.low + buffer * BUFFER_BYTES;
    this.#ringWords[slot * 4 + 1] = this.#pool.high;
    this.#ringWords[slot * 4 + 2] = BUFFER_BYTES;
    this.#ringHalves[slot * 8 + 6] = buffer;
    this.#bufferTail = (this.#bufferTail + 1) & 0xffff;
  }

  /** The tail of the buffer ring stands where the first entry has its reserved field. */
  #publishBuffers(): void {
    this.#ringHalves[7] = this.#bufferTail;
  }

  #reclaim(): void {
    if (!this.ring.isTaken) return; // Some sends are still to be read from their buffers.
    for (let i = 0; i < this.#sentCount; i++) this.#giveBack(this.#sent[i]!);
    this.#sentCount = 0;
    this.#publishBuffers();
  }

  #release(): void {
    const { descriptors } = this.#options;
    for (let row = 0; row < descriptors.length; row++) if (descriptors[row] !== 0) this.close(row);
    this.ring.close();
    this.#options.ring.fill(0);
    for (const arena of [this.#remotesArena, this.#pool, this.#bufferRing, this.#header]) arena.unmap();
  }
}
