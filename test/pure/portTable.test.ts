import assert from 'node:assert/strict';
import { test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import { type Attempt, type PortRange, PortTable, portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { seededRandom } from '../property/random.js';

/** The tables of several shards over one range and one memory. */
function tablesOf(range: PortRange, shards: number, random: () => number = () => 0): PortTable[] {
  const memory = new SharedArrayBuffer(portTableBytes(range));
  return Array.from({ length: shards }, (_, shard) => new PortTable(range, memory, shard, shards, random));
}

const range = (pairs: number): PortRange => ({ first: udpPort(20_000), pairs });
const opens = (): Attempt => 'opened';

/** Everything a table can be got to give. */
function claimAll(table: PortTable, open: (rtp: number) => Attempt = opens): number[] {
  const claimed: number[] = [];
  for (let port = table.claim(open); port !== null; port = table.claim(open)) claimed.push(port);
  return claimed;
}

test('the bounds are counted as the original does: an odd minimum up, an odd maximum down, an even maximum loses its pair', () => {
  const portsOf = (min: number, max: number): number[] => {
    const { first, pairs } = portRange(min, max);
    return Array.from({ length: pairs }, (_, i) => first + i * 2);
  };
  assert.deepEqual(portsOf(20_000, 20_005), [20_000, 20_002, 20_004]);
  assert.deepEqual(portsOf(19_999, 20_005), [20_000, 20_002, 20_004]);
  assert.deepEqual(portsOf(20_000, 20_006), [20_000, 20_002, 20_004]);
  assert.deepEqual(portsOf(20_001, 20_005), [20_002, 20_004]);
  assert.deepEqual(portsOf(20_000, 20_001), [20_000]);
  assert.deepEqual(portsOf(20_000, 20_000), []);
  assert.deepEqual(portsOf(20_001, 20_002), []);
  assert.deepEqual(portsOf(30_000, 20_000), []);
});

test('the default range is 35000 to 64998, RTCP one above', () => {
  assert.deepEqual(portRange(35_000, 65_000), { first: 35_000, pairs: 15_000 });
  const { first, pairs } = portRange(1, 65_535);
  assert.deepEqual([first, first + pairs * 2 - 1], [2, 65_535]);
});

test('a range of one pair can be allocated', () => {
  const [table] = tablesOf(range(1), 1);
  assert.deepEqual(claimAll(table!), [20_000]);
  assert.equal(table!.free, 0);
});

test('a claim begins at a random place', () => {
  const [table] = tablesOf(range(1000), 1, seededRandom(7));
  const claimed = Array.from({ length: 20 }, () => table!.claim(opens)!);
  assert.equal(new Set(claimed).size, 20);
  assert.ok(claimed.filter((port, i) => port === (claimed[i - 1] ?? 0) + 2).length < 5, `in no order: ${claimed}`);
});

test('what a dead shard held rests, too', () => {
  const [dead, alive] = tablesOf(range(16), 2);
  for (let i = 0; i < 16; i++) alive!.claim(opens);
  alive!.releaseAllBut(new Set([udpPort(20_014)]));
  alive!.release(udpPort(20_014));
  const claimed = Array.from({ length: 8 }, () => dead!.claim(opens)!);
  assert.equal(claimed.at(-1), 20_014);
});

test('a shard takes of its own part first, then what others have left, and at last gets nothing', () => {
  const [first, second] = tablesOf(range(6), 2);
  assert.equal(second!.claim(opens), 20_006);
  assert.deepEqual(claimAll(first!), [20_000, 20_002, 20_004, 20_008, 20_010]);
  assert.equal(second!.claim(opens), null);
  first!.release(udpPort(20_008));
  assert.equal(second!.claim(opens), 20_008);
});

test('two pairs serve two legs in any of eight shards', () => {
  for (let shard = 0; shard < 8; shard++) {
    const tables = tablesOf(range(2), 8);
    assert.deepEqual(claimAll(tables[shard]!).sort(), [20_000, 20_002]);
  }
});

test('every pair is given to one shard only, whatever the order of claims', () => {
  const tables = tablesOf(range(50), 7, seededRandom(3));
  const claimed = Array.from({ length: 50 }, (_, i) => tables[(i * 5) % 7]!.claim(opens));
  assert.equal(new Set(claimed).size, 50);
  assert.deepEqual(
    tables.map((table) => table.claim(opens)),
    Array(7).fill(null),
  );
});

test('a pair that somebody else on the machine has is skipped and stays free in the table', () => {
  const [table] = tablesOf(range(4), 1);
  const busy = new Set([20_000, 20_004]);
  const open = (rtp: number): Attempt => (busy.has(rtp) ? 'busy' : 'opened');
  assert.deepEqual(claimAll(table!, open), [20_002, 20_006]);
  assert.equal(table!.free, 2);
  busy.delete(20_004);
  assert.equal(table!.claim(open), 20_004);
});

test('when trying on is hopeless it stops at once, and takes nothing', () => {
  const tables = tablesOf(range(10), 2);
  let attempts = 0;
  const open = (): Attempt => {
    attempts++;
    return 'hopeless';
  };
  assert.equal(tables[0]!.claim(open), null);
  assert.equal(attempts, 1);
  assert.equal(tables[0]!.free, 10);
});

test('an attempt that throws leaves its pair free', () => {
  const [table] = tablesOf(range(1), 1);
  const broken = (): Attempt => {
    throw new Error('a bug');
  };
  assert.throws(() => table!.claim(broken), /a bug/);
  assert.equal(table!.claim(opens), 20_000);
});

test('while a pair is being opened nobody else can claim it', () => {
  const [first, second] = tablesOf(range(1), 2);
  let inside: number | null = -1;
  first!.claim(() => {
    inside = second!.claim(opens);
    return 'opened';
  });
  assert.equal(inside, null);
});

test('only the holder gives a pair back', () => {
  const [first, second] = tablesOf(range(1), 2);
  assert.equal(first!.claim(opens), 20_000);
  second!.release(udpPort(20_000));
  assert.equal(second!.claim(opens), null);
  first!.release(udpPort(20_000));
  first!.release(udpPort(20_000));
  assert.equal(first!.free, 1);
  assert.equal(second!.claim(opens), 20_000);
});

test('what a dead shard held is freed, all of it and nothing else', () => {
  const [dead, alive] = tablesOf(range(8), 2);
  for (let i = 0; i < 5; i++) dead!.claim(opens);
  const held = alive!.claim(opens)!;
  assert.equal(dead!.releaseAllBut(new Set()), 5);
  assert.equal(dead!.releaseAllBut(new Set()), 0);
  assert.equal(alive!.free, 7);
  assert.ok(!claimAll(dead!).includes(held));
});

test('an empty range gives nothing', () => {
  const [table] = tablesOf(range(0), 1);
  assert.equal(table!.claim(opens), null);
  assert.equal(table!.free, 0);
});
