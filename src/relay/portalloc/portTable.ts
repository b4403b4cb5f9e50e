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

/** Memory that `PortTable`s of all shards share, bytes. */
export const portTableBytes = (range: PortRange): number => Math.max(4, range.pairs * 4);

const FREE = 0;

/** What became of an attempt to bind a pair: done; somebody else has a port of it; or no other pair will do better (no descriptors left). */
export type Attempt = 'opened' | 'busy' | 'hopeless';

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
  readonly #random: () => number;

  /** `random` answers numbers from 0 up to, not including, 1. */
  constructor(range: PortRange, memory: ArrayBufferLike, shard: number, shards: number, random: () => number) {
    this.range = range;
    this.#holders = new Int32Array(memory, 0, range.pairs);
    this.#mark = shard + 1;
    this.#partStart = Math.floor((range.pairs * shard) / shards);
    this.#partLength = Math.floor((range.pairs * (shard + 1)) / shards) - this.#partStart;
    this.#random = random;
  }

  /**
   * Claims pairs one after the other until `open` has bound the sockets of one. Starts at a random place, because a port that was just
   * closed may still get packets of the old call. Null when every free pair of the range has been tried, or trying on is hopeless.
   */
  claim(open: (rtp: UdpPort) => Attempt): UdpPort | null {
    const own = this.#claimWithin(this.#partStart, this.#partLength, open);
    const found = own === 'used up' ? this.#claimWithin(0, this.range.pairs, open) : own;
    return typeof found === 'string' ? null : found;
  }

  release(rtp: UdpPort): void {
    Atomics.compareExchange(this.#holders, (rtp - this.range.first) / 2, this.#mark, FREE);
  }

  /** Frees whatever a dead shard held. Answers how many pairs those were. */
  releaseAll(): number {
    let count = 0;
    for (let i = 0; i < this.range.pairs; i++)
      if (Atomics.compareExchange(this.#holders, i, this.#mark, FREE) === this.#mark) count++;
    return count;
  }

  /** Pairs that no shard holds. */
  get free(): number {
    let count = 0;
    for (const holder of this.#holders) if (holder === FREE) count++;
    return count;
  }

  #claimWithin(start: number, length: number, open: (rtp: UdpPort) => Attempt): UdpPort | 'used up' | 'hopeless' {
    const offset = Math.floor(this.#random() * length);
    for (let i = 0; i < length; i++) {
      const index = start + ((offset + i) % length);
      if (this.#holders[index] !== FREE || Atomics.compareExchange(this.#holders, index, FREE, this.#mark) !== FREE) continue;
      const rtp = udpPort(this.range.first + index * 2);
      let attempt: Attempt = 'busy';
      try {
        attempt = open(rtp);
      } finally {
        if (attempt !== 'opened') Atomics.store(this.#holders, index, FREE);
      }
      if (attempt === 'opened') return rtp;
      if (attempt === 'hopeless') return 'hopeless';
    }
    return 'used up';
  }
}
