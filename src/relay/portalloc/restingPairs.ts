import type { UdpPort } from '../../../model/kernel/index.js';
import type { PacketEngine } from '../../media/engine.js';
import type { Clock } from '../ports.js';
import type { PortTable } from './portTable.js';

/** So many pairs of a shard rest at most, and of its part of the range no more than one in so many. */
const MOST_PAIRS = 1024;
const PART_LIMIT = 8;
/** Rows of the engine that they take, behind all others. */
export const RESTING_ROWS = MOST_PAIRS * 2;

/** Where fewer pairs are opened in this time, it costs nothing to speak of to open them anew, and no pair rests. */
const WINDOW_MS = 100;
const BUSY_PAIRS = 16;
/** Nobody gets a pair before it has been silent for so long. */
const REST_MS = 50;
/** Nor before there are so many to choose from: which port comes next must not be easy to guess. */
const CHOICE = 128;
/** One pair in so many is closed instead, so that the ports in use are others in the end. */
const RENEWED = 32;
/** One that nobody needed for so long is closed; it is looked for such ones so often, and so many of them are closed at a time. */
const KEEP_MS = 2000;
const LOOK_MS = 100;
const CLOSED_AT_ONCE = 64;
const GO_ON_MS = 5;

export type RestingWorld = {
  readonly engine: PacketEngine;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** The first of `RESTING_ROWS` rows of the engine that nobody else uses. */
  readonly firstRow: number;
};

/** A pair that rests in the rows `row` and `row + 1`. It is its shard's in `table`. */
type Pair = {
  readonly row: number;
  table: PortTable;
  rtp: UdpPort;
  sinceMs: number;
  /** Something came while it rested: whoever sends may go on. */
  isDisturbed: boolean;
};

/** The pairs of one host in one table: by age, and those that have rested. */
type Pool = { readonly table: PortTable; readonly resting: Pair[]; readonly rested: Pair[] };

/**
 * Port pairs that stay open between two calls, because to open and close sockets is most of what a short call costs. Only while many calls
 * come and go: otherwise every leg gets any port of the whole range, as ever.
 *
 * - Only a pair that was never sent anything rests: of it nobody knows, or nobody has made use. If something comes while it rests, it is
 *   closed, and so is one that nobody needs.
 * - It is any of those that have rested, not the one that has done so longest: who has had a port cannot tell when it comes again (RFC 6056
 *   §3 says why that matters: what is sent to a port before its peer is known may be taken for the peer's).
 * - To all others the pair is the shard's. That no call is refused for it, few rest, only while half of the range is free, and none
 *   when a pair is needed that cannot be had.
 */
export class RestingPairs {
  readonly #world: RestingWorld;
  readonly #free: Pair[] = [];
  /** Row → the pair there. */
  readonly #pairs = new Map<number, Pair>();
  readonly #pools = new Map<PortTable, Map<string, Pool>>();
  /** Tables of which half is in use. */
  readonly #crowded = new Set<PortTable>();
  #used = 0;
  #windowEndMs = 0;
  #opened = 0;
  #isBusy = false;
  #nextMs = Number.POSITIVE_INFINITY;

  constructor(world: RestingWorld) {
    this.#world = world;
  }

  /** How many pairs rest. */
  get count(): number {
    return this.#pairs.size;
  }

  /** Moves a pair of the host to the rows `row` and `row + 1`. Answers its RTP port; null: one has to be opened. */
  take(table: PortTable, host: string, row: number): UdpPort | null {
    const nowMs = this.#world.clock();
    this.#watchRate(nowMs);
    this.#opened++;
    const pool = this.#pools.get(table)?.get(host);
    if (pool === undefined) return null;
    const { resting, rested } = pool;
    while (resting.length > 0 && resting[0]!.sinceMs + REST_MS <= nowMs) rested.push(resting.shift()!);
    while (rested.length >= CHOICE) {
      const at = Math.floor(this.#world.random() * rested.length);
      const pair = rested[at]!;
      rested[at] = rested[rested.length - 1]!;
      rested.pop();
      if (pair.isDisturbed || !this.#world.engine.isQuiet(pair.row, 2)) {
        this.#close(pair);
        continue;
      }
      this.#world.engine.move(pair.row, row);
      this.#world.engine.move(pair.row + 1, row + 1);
      this.#leave(pair);
      return pair.rtp;
    }
    return null;
  }

  /** Lets the pair in the rows `row` and `row + 1`, to which nothing was ever sent, rest. False: it is to be closed. */
  rest(table: PortTable, host: string, rtp: UdpPort, row: number): boolean {
    if (!this.#isBusy || table.isSequential || this.#crowded.has(table)) return false;
    const { engine, clock, random } = this.#world;
    const pools = this.#pools.get(table) ?? new Map<string, Pool>();
    const limit = Math.floor(table.part / PART_LIMIT);
    // Where there can be no choice, none would ever be handed out.
    if (limit < CHOICE || this.#countOf(pools) >= limit || random() * RENEWED < 1) return false;
    const pair = this.#place(table, rtp, clock());
    if (pair === null) return false;
    engine.move(row, pair.row);
    engine.move(row + 1, pair.row + 1);
    this.#pools.set(table, pools);
    const pool = pools.get(host) ?? { table, resting: [], rested: [] };
    pools.set(host, pool);
    pool.resting.push(pair);
    if (this.#nextMs === Number.POSITIVE_INFINITY) this.#nextMs = pair.sinceMs + LOOK_MS;
    return true;
  }

  /** Something came to a row where a pair may rest. */
  disturb(row: number): void {
    const { firstRow } = this.#world;
    const pair = this.#pairs.get(row - ((row - firstRow) % 2));
    if (pair !== undefined) pair.isDisturbed = true;
  }

  /** Closes those that nobody needs, some at a time. Answers when to be called again. */
  turn(nowMs: number): number {
    if (nowMs < this.#nextMs) return this.#nextMs;
    this.#watchRate(nowMs);
    let left = CLOSED_AT_ONCE;
    for (const [table, pools] of this.#pools) {
      if (table.free * 2 < table.range.pairs) this.#crowded.add(table);
      else this.#crowded.delete(table);
      const isKept = (pair: Pair): boolean =>
        left <= 0 || !(pair.isDisturbed || pair.sinceMs + KEEP_MS <= nowMs || this.#crowded.has(table));
      for (const pool of pools.values()) {
        for (const list of [pool.resting, pool.rested]) {
          const kept = list.filter((pair) => {
            if (isKept(pair)) return true;
            left--;
            this.#close(pair);
            return false;
          });
          list.splice(0, list.length, ...kept);
        }
      }
    }
    const goesOn = this.count > 0 || this.#crowded.size > 0;
    this.#nextMs = left <= 0 ? nowMs + GO_ON_MS : goesOn ? nowMs + LOOK_MS : Number.POSITIVE_INFINITY;
    return this.#nextMs;
  }

  /** Closes all of them: their ports, or their descriptors, are needed. Answers how many there were. */
  giveUp(): number {
    const count = this.count;
    for (const pools of this.#pools.values()) for (const pool of pools.values()) pool.resting.length = pool.rested.length = 0;
    for (const pair of [...this.#pairs.values()]) this.#close(pair);
    return count;
  }

  #watchRate(nowMs: number): void {
    if (nowMs < this.#windowEndMs) return;
    // After a pause it begins anew.
    this.#isBusy = this.#opened >= BUSY_PAIRS && nowMs < this.#windowEndMs + WINDOW_MS;
    this.#windowEndMs = nowMs + WINDOW_MS;
    this.#opened = 0;
  }

  #countOf(pools: ReadonlyMap<string, Pool>): number {
    let count = 0;
    for (const { resting, rested } of pools.values()) count += resting.length + rested.length;
    return count;
  }

  /** A place that no pair has, or null. */
  #place(table: PortTable, rtp: UdpPort, sinceMs: number): Pair | null {
    let pair = this.#free.pop();
    if (pair === undefined) {
      if (this.#used === MOST_PAIRS) return null;
      pair = { row: this.#world.firstRow + 2 * this.#used++, table, rtp, sinceMs, isDisturbed: false };
    }
    pair.table = table;
    pair.rtp = rtp;
    pair.sinceMs = sinceMs;
    pair.isDisturbed = false;
    this.#pairs.set(pair.row, pair);
    return pair;
  }

  /** Its place is free. */
  #leave(pair: Pair): void {
    this.#pairs.delete(pair.row);
    this.#free.push(pair);
  }

  #close(pair: Pair): void {
    const { engine } = this.#world;
    engine.close(pair.row);
    engine.close(pair.row + 1);
    pair.table.release(pair.rtp);
    this.#leave(pair);
  }
}
