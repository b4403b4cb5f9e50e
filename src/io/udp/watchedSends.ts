import type { EngineCounters } from '../../media/engine.js';
import { SOCKADDR_WORDS, sockaddrLength } from '../../protocol/bytes/sockaddr.js';
import { CQE_WORDS, type Ring } from '../sys/ioUring.js';
import type { Arena } from '../sys/memory.js';
import { MSG_DONTWAIT, sendto } from '../sys/socket.js';
import type { ErrorWatch } from './errorWatch.js';
import type { Receivers } from './receivers.js';

/** The kind of these sends in the upper half of `user_data`, and what stands there once one has been seen to. */
export const KIND_WATCHED_SEND = 4;
const KIND_NONE = 0;

/** At most so many are under way: as many errors at most wait in a queue that takes room from what is received. */
const LIMIT = 64;
const NUMBERS = 0x3fffffff;
/** Row, its descriptor, the generation of that, where the payload begins, how long it is. */
const WORDS = 5;

/** What they share with their engine. */
export type WatchedSendsWorld = {
  readonly ring: Ring;
  readonly watch: ErrorWatch;
  readonly counters: EngineCounters;
  /** Row → descriptor + 1. */
  readonly descriptors: Int32Array;
  readonly receivers: Receivers;
  /** Row → where it sends to. */
  readonly remotes: Arena;
  /** The payloads. */
  readonly pool: Arena;
};

/**
 * The sends of watched rows that were handed to a ring. One that was refused, perhaps for the error of an earlier packet, was not sent: it is
 * repeated by a system call of its own while its bytes are still there. They go by numbers, which come round so late that one that has
 * been forgotten is not taken for another; they are small integers always.
 */
export class WatchedSends {
  readonly #world: WatchedSendsWorld;
  readonly #remoteWords: Uint32Array;
  readonly #sends = new Uint32Array(LIMIT * WORDS);
  #first = 0;
  #next = 0;

  constructor(world: WatchedSendsWorld) {
    this.#world = world;
    this.#remoteWords = new Uint32Array(world.remotes.buffer);
  }

  get isFull(): boolean {
    return this.#count >= LIMIT;
  }

  /** Answers the number of the send, for the lower half of `user_data`. Not when it `isFull`. */
  add(row: number, start: number, length: number): number {
    const number = this.#next;
    const at = (number % LIMIT) * WORDS;
    const fd = this.#world.descriptors[row]! - 1;
    this.#sends[at] = row;
    this.#sends[at + 1] = fd;
    this.#sends[at + 2] = this.#world.receivers.generationOf(fd);
    this.#sends[at + 3] = start;
    this.#sends[at + 4] = length;
    this.#next = (number + 1) & NUMBERS;
    return number;
  }

  /** After each submission that lets go of payloads: looks through all completions, and does not wait for their turn. */
  settle(): void {
    if (this.#first === this.#next) return;
    const { ring } = this.#world;
    const { words, completionMask, completionBase } = ring;
    for (let head = ring.head; head !== ring.tail; head = (head + 1) >>> 0) {
      const at = completionBase + (head & completionMask) * CQE_WORDS;
      if (words[at + 1] !== KIND_WATCHED_SEND) continue;
      words[at + 1] = KIND_NONE;
      this.repeat(words[at]!);
    }
    if (ring.isTaken) this.#first = this.#next;
  }

  /** Sends again what was refused; to where the row sends now. */
  repeat(number: number): void {
    const { watch, counters, descriptors, receivers, remotes, pool } = this.#world;
    const isKnown = ((number - this.#first) & NUMBERS) < this.#count;
    const at = (number % LIMIT) * WORDS;
    const row = this.#sends[at]!;
    const fd = this.#sends[at + 1]!;
    // The row may have lost its socket, and the descriptor may be another socket's.
    if (!isKnown || descriptors[row] !== fd + 1 || receivers.rowOf(fd, this.#sends[at + 2]!) !== row) {
      counters.sendErrors++; // Its bytes are gone, or its socket.
      return;
    }
    watch.drain(row, fd);
    const remote = row * SOCKADDR_WORDS;
    const payload = pool.address + this.#sends[at + 3]!;
    const destination = remotes.address + remote * 4;
    const destinationLength = sockaddrLength(this.#remoteWords, remote);
    const sent = sendto(fd, payload, this.#sends[at + 4]!, MSG_DONTWAIT, destination, destinationLength);
    if (sent < 0) counters.sendErrors++;
  }

  get #count(): number {
    return (this.#next - this.#first) & NUMBERS;
  }
}
