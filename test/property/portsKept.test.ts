/** Pairs that are taken by number, as recovery does, and those that outlive the thread that held them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type UdpPort, udpPort } from '../../model/kernel/index.js';
import { PortTable, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { seededRandom } from './random.js';
import { runs } from './runs.js';

const FIRST = 20_000;
const SHARDS = 3;

type Deed =
  | { readonly kind: 'claim'; readonly shard: number }
  | { readonly kind: 'take' | 'release'; readonly shard: number; readonly pair: number }
  /** A shard dies, and what takes its place has some of its pairs. */
  | { readonly kind: 'restart'; readonly shard: number; readonly keeps: number };

const shard = fc.nat(SHARDS - 1);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('claim' as const), shard }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('take' as const, 'release' as const), shard, pair: fc.nat(13) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), shard, keeps: fc.nat(3) }) },
);

/** One table a shard on the same memory, and who holds what as it must be. */
class Comparison {
  readonly #pairs: number;
  readonly #tables: readonly PortTable[];
  readonly #holders = new Map<UdpPort, number>();

  constructor(pairs: number, seed: number | null) {
    this.#pairs = pairs;
    const range = { first: udpPort(FIRST), pairs };
    const memory = new SharedArrayBuffer(portTableBytes(range));
    const order = seed === null ? null : seededRandom(seed);
    this.#tables = Array.from({ length: SHARDS }, (_, i) => new PortTable(range, memory, i, SHARDS, order));
  }

  take(one: Deed): void {
    const table = this.#tables[one.shard]!;
    if (one.kind === 'claim')
      this.#claim(
        one.shard,
        table.claim(() => 'opened'),
      );
    else if (one.kind === 'take') this.#take(one.shard, udpPort(FIRST + one.pair * 2));
    else if (one.kind === 'release') this.#release(one.shard, udpPort(FIRST + one.pair * 2));
    else if (one.kind === 'restart') this.#restart(one.shard, one.keeps);
    assert.equal(table.free, this.#pairs - this.#holders.size, `free after ${JSON.stringify(one)}`);
  }

  #claim(shard: number, port: UdpPort | null): void {
    if (port === null) {
      assert.equal(this.#holders.size, this.#pairs, 'refused though a pair is free');
      return;
    }
    assert.equal(this.#holders.get(port), undefined, `${port} is given to ${shard}`);
    this.#holders.set(port, shard);
  }

  /** A pair beyond the range is nobody's, and is not counted. */
  #take(shard: number, port: UdpPort): void {
    const holder = this.#holders.get(port);
    assert.equal(this.#tables[shard]!.take(port), holder === undefined || holder === shard, `${port} for ${shard}`);
    if (holder === undefined && (port - FIRST) / 2 < this.#pairs) this.#holders.set(port, shard);
  }

  /** Only who holds a pair can give it back. */
  #release(shard: number, port: UdpPort): void {
    this.#tables[shard]!.release(port);
    if (this.#holders.get(port) === shard) this.#holders.delete(port);
  }

  #restart(shard: number, keeps: number): void {
    const held = [...this.#holders].filter(([, holder]) => holder === shard).map(([port]) => port);
    const kept = new Set(held.slice(0, keeps));
    assert.equal(this.#tables[shard]!.releaseAllBut(kept), held.length - kept.size);
    for (const port of held) if (!kept.has(port)) this.#holders.delete(port);
  }
}

test('a pair that is taken by its number is had by one shard alone, and what a dead thread held is free but for what is kept', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 12 }),
    fc.option(fc.integer(), { nil: null }),
    fc.array(deed, { maxLength: 80, size: 'max' }),
    (pairs, seed, deeds) => {
      const comparison = new Comparison(pairs, seed);
      for (const one of deeds) comparison.take(one);
    },
  );
  fc.assert(property, { numRuns: runs(200) });
});
