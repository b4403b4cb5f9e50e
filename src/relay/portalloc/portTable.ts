import { type UdpPort, udpPort } from '../../../model/kernel/index.js';

/** Even RTP ports, each with its RTCP port one above (RFC 3550 §11). */
export type PortRange = { readonly first: UdpPort; readonly pairs: number };

/**
 * The usable pairs between `-m` and `-M`, as rtpproxy counts them: an odd minimum is rounded up; an odd maximum down, an even one loses
 * its pair because the RTCP port would lie beyond it.
 */
export function portRange(min: number, max: number): PortRange {
  const first = min + (min % 2);
  const last = max % 2 === 0 ? max - 2 : max - 1;
  return { first: udpPort(first), pairs: Math.max(0, (last - first) / 2 + 1) };
}

/** The RTCP port of the last pair. */
export const lastPort = ({ first, pairs }: PortRange): number => first + pairs * 2 - 1;

/** Memory that `PortTable`s of all shards share, bytes: a word for every pair, the cursor of the sequential order, and how often a pair was given back. */
export const portTableBytes = (range: PortRange): number => (range.pairs + 2) * 4;

/** A pair that nobody has had. One that was given back is below that: which time it was, so that it can be told which is free for longer. */
const NEVER_HELD = 0;
const isFree = (holder: number): boolean => holder <= NEVER_HELD;
/** Releases are counted up to here, and then anew. */
const MOST_RELEASES = 0x7fff_ffff;
/** Of so many free pairs the one is taken that has been free for longest. */
const CANDIDATES = 8;

/** Whether any shard holds a pair of a range, as the memory says that their tables share. */
export const isAnyHeld = ({ pairs }: PortRange, memory: ArrayBufferLike): boolean =>
  !new Int32Array(memory, 0, pairs).every(isFree);

/** What became of an attempt to bind a pair: done; somebody else has a port of it; or no other pair will do better (no descriptors left). */
export type Attempt = 'opened' | 'busy' | 'hopeless';

/**
 * In which order free pairs are tried. `random` answers numbers from 0 up to, not including, 1; null: one after the other over the whole
 * range, all shards together, and from the start again.
 */
export type PortOrder = (() => number) | null;

/**
 * Who holds which pair of the range: one word a pair in memory shared by all shards, claimed by compare-and-swap. A shard owns a part of
 * the range and takes from it as long as it can; when its part is used up, or too small to be divided, it takes what others have left.
 * So no call is refused while a pair is free anywhere, and no shard has to ask another.
 */
export class PortTable {
  readonly range: PortRange;
  readonly #holders: Int32Array;
  readonly #mark: number;
  readonly #partStart: number;
  readonly #partLength: number;
  readonly #cursor: Int32Array;
  readonly #releases: Int32Array;
  readonly #order: PortOrder;
  /** Pairs that were released and are not free yet; null: they are free at once. */
  readonly #released: number[] | null;

  /** `isSettled`: what is released is free for other shards only after `settle`. */
  constructor(range: PortRange, memory: ArrayBufferLike, shard: number, shards: number, order: PortOrder, isSettled = false) {
    this.#released = isSettled ? [] : null;
    this.range = range;
    this.#holders = new Int32Array(memory, 0, range.pairs);
    this.#cursor = new Int32Array(memory, range.pairs * 4, 1);
    this.#releases = new Int32Array(memory, (range.pairs + 1) * 4, 1);
    this.#mark = shard + 1;
    this.#partStart = Math.floor((range.pairs * shard) / shards);
    this.#partLength = Math.floor((range.pairs * (shard + 1)) / shards) - this.#partStart;
    this.#order = order;
  }

  /**
   * Claims pairs one after the other until `open` has bound the sockets of one. A port that was just closed may still get packets of the old
   * call (of a branch that lost and has not heard of it, say): the search starts at a random place and takes of some pairs there the one that has been
   * free for longest, or goes on behind the last pair that was given out. Null when every free pair of the range has been tried, or trying on is hopeless.
   */
  claim(open: (rtp: UdpPort) => Attempt): UdpPort | null {
    const found = this.#order === null ? this.#claimNext(open) : this.#claimRandom(this.#order, open);
    const result = found === 'used up' ? this.#claimReleased(open) : found;
    return typeof result === 'string' ? null : result;
  }

  /** What this shard has released it may take again: its log tells of both, in their order. */
  #claimReleased(open: (rtp: UdpPort) => Attempt): UdpPort | 'used up' | 'hopeless' {
    const released = this.#released ?? [];
    for (let left = released.length; left > 0; left--) {
      const index = released.shift()!;
      const port = udpPort(this.range.first + index * 2);
      const attempt = open(port);
      if (attempt === 'opened') return port;
      released.push(index);
      if (attempt === 'hopeless') return attempt;
    }
    return 'used up';
  }

  #claimRandom(random: () => number, open: (rtp: UdpPort) => Attempt): UdpPort | 'used up' | 'hopeless' {
    const [own, all] = [Math.floor(random() * this.#partLength), Math.floor(random() * this.range.pairs)];
    const found = this.#claimWithin(this.#partStart, this.#partLength, own, open);
    return found === 'used up' ? this.#claimWithin(0, this.range.pairs, all, open) : found;
  }

  /** Every shard takes its next candidate from one cursor, so that together they go through the range without leaving one out. */
  #claimNext(open: (rtp: UdpPort) => Attempt): UdpPort | 'used up' | 'hopeless' {
    for (let i = 0; i < this.range.pairs; i++) {
      const at = Atomics.add(this.#cursor, 0, 1) >>> 0;
      const found = this.#claimOne(at % this.range.pairs, open);
      if (found !== 'busy') return found;
    }
    return 'used up';
  }

  /** Claims a certain pair. False: another shard holds it. A port that is not of the range is nobody's, and may be had. */
  take(rtp: UdpPort): boolean {
    const index = this.#indexOf(rtp);
    if (index === null) return true;
    const holder = this.#holders[index]!;
    return holder === this.#mark || (isFree(holder) && this.#exchange(index, holder, this.#mark));
  }

  release(rtp: UdpPort): void {
    const index = this.#indexOf(rtp);
    if (index === null || this.#holders[index] !== this.#mark) return;
    if (this.#released === null) this.#free(index);
    else this.#released.push(index);
  }

  /**
   * What was released is free from now on: the log that tells of it is with the operating system. Sooner another shard might take a pair, and
   * tell so first, and after a crash two sessions would have it.
   */
  settle(): void {
    if (this.#released === null || this.#released.length === 0) return;
    for (const index of this.#released.splice(0)) this.#free(index);
  }

  /** A pair that is ours; nobody else changes that. */
  #free(index: number): void {
    Atomics.store(this.#holders, index, this.#nextRelease());
  }

  /** What a pair holds that is given back now. */
  #nextRelease(): number {
    return -((Atomics.add(this.#releases, 0, 1) + 1) & MOST_RELEASES || 1);
  }

  #exchange(index: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#holders, index, from, to) === from;
  }

  /** Whether a pair is one of the range, whoever holds it. */
  has(rtp: UdpPort): boolean {
    return this.#indexOf(rtp) !== null;
  }

  /** A session that was recovered may have a port of a range that is not that of today. */
  #indexOf(rtp: UdpPort): number | null {
    const index = (rtp - this.range.first) / 2;
    return Number.isInteger(index) && index >= 0 && index < this.range.pairs ? index : null;
  }

  /** Frees whatever the shard held before it died, but for the pairs `kept`. Answers how many those were. */
  releaseAllBut(kept: ReadonlySet<UdpPort>): number {
    let count = 0;
    for (let i = 0; i < this.range.pairs; i++) {
      if (kept.has(udpPort(this.range.first + i * 2))) continue;
      if (this.#holders[i] !== this.#mark) continue;
      this.#free(i);
      count++;
    }
    return count;
  }

  /** How many pairs the shard's own part of the range has. */
  get part(): number {
    return this.#partLength;
  }

  /** Whether pairs are given out in an order that can be told in advance. */
  get isSequential(): boolean {
    return this.#order === null;
  }

  /** Pairs that no shard holds. */
  get free(): number {
    let count = 0;
    for (const holder of this.#holders) if (isFree(holder)) count++;
    return count;
  }

  #claimWithin(start: number, length: number, offset: number, open: (rtp: UdpPort) => Attempt): UdpPort | 'used up' | 'hopeless' {
    const rested = this.#oldestFree(start, length, offset);
    let found = rested === null ? 'busy' : this.#claimOne(rested, open);
    for (let i = 0; i < length && found === 'busy'; i++) found = this.#claimOne(start + ((offset + i) % length), open);
    return found === 'busy' ? 'used up' : found;
  }

  /** Of the first free pairs from there on the one that has been free for longest. */
  #oldestFree(start: number, length: number, offset: number): number | null {
    let [oldest, greatestAge, candidates]: [number | null, number, number] = [null, -1, 0];
    for (let i = 0; i < length && candidates < CANDIDATES; i++) {
      const index = start + ((offset + i) % length);
      const holder = this.#holders[index]!;
      if (!isFree(holder)) continue;
      if (holder === NEVER_HELD) return index;
      candidates++;
      // Counted behind the look at the pair, which another shard may just have given back.
      const age = (Atomics.load(this.#releases, 0) + holder) & MOST_RELEASES;
      if (age > greatestAge) [oldest, greatestAge] = [index, age];
    }
    return oldest;
  }

  #claimOne(index: number, open: (rtp: UdpPort) => Attempt): UdpPort | 'busy' | 'hopeless' {
    const holder = this.#holders[index]!;
    if (!isFree(holder) || !this.#exchange(index, holder, this.#mark)) return 'busy';
    const rtp = udpPort(this.range.first + index * 2);
    let attempt: Attempt = 'busy';
    try {
      attempt = open(rtp);
    } finally {
      if (attempt !== 'opened') Atomics.store(this.#holders, index, holder);
    }
    return attempt === 'opened' ? rtp : attempt;
  }
}
