/** In which order pairs are given out, whatever several shards do to one table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type UdpPort, udpPort } from '../../model/kernel/index.js';
import { type PortOrder, PortTable, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { seededRandom } from './random.js';
import { runs } from './runs.js';

const FIRST = 20_000;

/** `busy`: somebody else on the machine takes, or lets go of, a pair. */
type Deed =
  | { readonly kind: 'claim'; readonly shard: number }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'busy'; readonly pair: number }
  | { readonly kind: 'die'; readonly shard: number };

const SHARDS = 4;
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('claim' as const), shard: fc.nat(SHARDS - 1) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('busy' as const), pair: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), shard: fc.nat(SHARDS - 1) }) },
);
const stories = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.array(deed, { maxLength: 100, size: 'max' }));

/** Plays a story. `onClaim` sees every answer, with what was free then (in the table, and on the machine). */
function play(
  pairs: number,
  deeds: readonly Deed[],
  orderOf: (shard: number) => PortOrder,
  onClaim: (port: UdpPort | null, free: ReadonlySet<number>) => void,
): void {
  const range = { first: udpPort(FIRST), pairs };
  const memory = new SharedArrayBuffer(portTableBytes(range));
  const tables = Array.from({ length: SHARDS }, (_, shard) => new PortTable(range, memory, shard, SHARDS, orderOf(shard)));
  const busy = new Set<number>();
  let held: { port: UdpPort; shard: number }[] = [];
  for (const one of deeds) {
    if (one.kind === 'claim') {
      const taken = new Set(held.map(({ port }) => port as number));
      const free = new Set(Array.from({ length: pairs }, (_, i) => FIRST + i * 2).filter((p) => !taken.has(p) && !busy.has(p)));
      const port = tables[one.shard]!.claim((rtp) => (busy.has(rtp) ? 'busy' : 'opened'));
      onClaim(port, free);
      if (port !== null) held.push({ port, shard: one.shard });
    } else if (one.kind === 'release') {
      const [gone] = held.splice(one.which % Math.max(1, held.length), 1);
      if (gone !== undefined) tables[gone.shard]!.release(gone.port);
    } else if (one.kind === 'busy') {
      const port = FIRST + (one.pair % pairs) * 2;
      if (!busy.delete(port)) busy.add(port);
    } else {
      assert.equal(tables[one.shard]!.releaseAllBut(new Set()), held.filter(({ shard }) => shard === one.shard).length);
      held = held.filter(({ shard }) => shard !== one.shard);
    }
    assert.equal(tables[0]!.free, pairs - held.length);
  }
}

test('in sequence every shard gets the first free pair behind the last one that was tried, by whichever shard, and round again', () => {
  const property = fc.property(stories, ([pairs, deeds]) => {
    let tried = -1;
    play(
      pairs,
      deeds,
      () => null,
      (port, free) => {
        const inOrder = Array.from({ length: pairs }, (_, i) => (tried + 1 + i) % pairs);
        const expected = inOrder.find((index) => free.has(FIRST + index * 2));
        assert.equal(port, expected === undefined ? null : FIRST + expected * 2);
        tried = expected ?? tried;
      },
    );
  });
  fc.assert(property, { numRuns: runs(300) });
});

test('at random, too, a pair is refused only where none is free, and none is given twice', () => {
  const property = fc.property(stories, fc.integer(), ([pairs, deeds], seed) => {
    const random = seededRandom(seed);
    play(
      pairs,
      deeds,
      () => random,
      (port, free) => assert.ok(port === null ? free.size === 0 : free.has(port), `${port} of ${[...free]}`),
    );
  });
  fc.assert(property, { numRuns: runs(200) });
});

/** `vain`: a claim that opens no sockets. */
type Step = { readonly kind: 'claim' | 'release' | 'vain'; readonly shard: number; readonly which: number };
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('claim', 'claim', 'claim', 'release', 'release', 'vain'),
  shard: fc.nat(1),
  which: fc.nat(30),
});

test('[NG-07] at random the pair that is had is the longest free of eight, whichever shard gave it back, so that a late packet finds nobody', () => {
  const stories = fc.tuple(fc.integer({ min: 1, max: 24 }), fc.array(step, { maxLength: 150, size: 'max' }), fc.integer());
  const property = fc.property(stories, ([pairs, steps, seed]) => {
    const range = { first: udpPort(FIRST), pairs };
    const memory = new SharedArrayBuffer(portTableBytes(range));
    const random = seededRandom(seed);
    const tables = [0, 1].map((shard) => new PortTable(range, memory, shard, 2, random));
    const all = Array.from({ length: pairs }, (_, i) => udpPort(FIRST + i * 2));
    const releasedAt = new Map<UdpPort, number>();
    const at = (port: UdpPort): number => releasedAt.get(port) ?? -1;
    const held: { port: UdpPort; table: PortTable }[] = [];
    for (const [i, { kind, shard, which }] of steps.entries()) {
      const table = tables[shard]!;
      if (kind === 'release') {
        const [gone] = held.splice(which % Math.max(1, held.length), 1);
        gone?.table.release(gone.port);
        if (gone !== undefined) releasedAt.set(gone.port, i);
        continue;
      }
      const free = all.filter((port) => held.every((each) => each.port !== port));
      const half = Math.floor(pairs / 2);
      const own = free.filter((port) => (port - FIRST) / 2 >= half === (shard === 1));
      const pool = own.length > 0 ? own : free;
      const port = table.claim(() => (kind === 'vain' ? 'busy' : 'opened'));
      if (port === null) continue;
      const notOlder = pool.filter((other) => other !== port && at(other) >= at(port)).length;
      assert.ok(notOlder >= Math.min(8, pool.length) - 1, `${port} of ${pool.map((each) => [each, at(each)].join('@'))}`);
      held.push({ port, table });
    }
  });
  fc.assert(property, { numRuns: runs(300) });
});
