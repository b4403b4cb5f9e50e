import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, udpPort } from '../../model/kernel/index.js';
import { type PortRange, PortTable, portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { type OwnPorts, PortTables } from '../../src/relay/portalloc/portTables.js';

const SHARED = portRange(20_000, 20_007);
const OWN = portRange(30_000, 30_003);
const memoryOf = (range: PortRange) => new SharedArrayBuffer(portTableBytes(range));
const at = (host: string, port: number): Address => ({ host, port: udpPort(port) });

/** The tables of two shards on the same memory. */
function shards(own: readonly OwnPorts[], isSettled = false): [PortTables, PortTables] {
  const [four, six] = [memoryOf(SHARED), memoryOf(SHARED)];
  const of = (shard: number): PortTables => {
    const make = (range: PortRange, memory: ArrayBufferLike) => new PortTable(range, memory, shard, 2, null, isSettled);
    return new PortTables({ IPv4: make(SHARED, four), IPv6: make(SHARED, six) }, make, own);
  };
  return [of(0), of(1)];
}

const owned = (host: string): OwnPorts => ({ host, range: OWN, memory: memoryOf(OWN) });
const claim = (tables: PortTables, host: string): number | null => tables.of(host).claim(() => 'opened');

test('an address with ports of its own has its own pairs, the others share those of their family', () => {
  const [first, second] = shards([owned('10.0.0.1')]);
  assert.equal(claim(first, '10.0.0.1'), 30_000);
  assert.equal(claim(second, '10.0.0.1'), 30_002, 'all shards take from the same');
  assert.equal(claim(first, '10.0.0.1'), null);
  assert.equal(claim(first, '10.0.0.2'), 20_000);
  assert.equal(claim(first, '10.0.0.3'), 20_002);
  assert.equal(claim(first, '::1'), 20_000);
});

test('a pair in use stays in use when its address gets other ports, and is free again where it is then', () => {
  const [tables, other] = shards([]);
  assert.equal(claim(tables, '10.0.0.1'), 20_000);
  assert.equal(claim(tables, '10.0.0.2'), 20_002);
  const own: OwnPorts = { host: '10.0.0.1', range: SHARED, memory: memoryOf(SHARED) };
  tables.change([own], [at('10.0.0.1', 20_000), at('10.0.0.2', 20_002)]);
  assert.equal(tables.of('10.0.0.1').free, 3, 'it is held where it is now');
  assert.equal(tables.of('10.0.0.2').free, 3, 'and not where it was');
  assert.equal(claim(other, '10.0.0.3'), 20_004);
  tables.of('10.0.0.1').release(udpPort(20_000));
  assert.equal(tables.of('10.0.0.1').free, 4);
  tables.change([], [at('10.0.0.2', 20_002)]);
  assert.equal(tables.of('10.0.0.1'), tables.of('10.0.0.2'));
});

test('a table that stays keeps what it knows, though it is told of anew', () => {
  const [tables] = shards([owned('10.0.0.1')]);
  const table = tables.of('10.0.0.1');
  claim(tables, '10.0.0.1');
  tables.change([owned('10.0.0.1'), owned('10.0.0.9')], [at('10.0.0.1', 30_000)]);
  assert.equal(tables.of('10.0.0.1'), table);
  assert.equal(table.free, 1);
  assert.equal(tables.of('10.0.0.9').free, 2);
});

test('a pair that was released waits for settle in every table, and one of a table that goes is free at once', () => {
  const own = owned('10.0.0.1');
  const [tables, other] = shards([own], true);
  for (const host of ['10.0.0.1', '10.0.0.2']) claim(tables, host);
  tables.of('10.0.0.1').release(udpPort(30_000));
  tables.of('10.0.0.2').release(udpPort(20_000));
  assert.deepEqual([other.of('10.0.0.1').free, other.of('10.0.0.2').free], [1, 3]);
  tables.settle();
  assert.deepEqual([other.of('10.0.0.1').free, other.of('10.0.0.2').free], [2, 4]);
  tables.of('10.0.0.1').release(udpPort(claim(tables, '10.0.0.1')!));
  tables.change([], []);
  assert.equal(other.of('10.0.0.1').free, 2);
});

test('what a dead thread held in any table is free again, but for what its successor has', () => {
  const own = [owned('10.0.0.1')];
  const [dead, other] = shards(own);
  for (const host of ['10.0.0.1', '10.0.0.2', '::1', '10.0.0.1']) claim(dead, host);
  claim(other, '10.0.0.2');
  assert.equal(dead.releaseAllBut([at('10.0.0.1', 30_002), at('10.0.0.2', 20_000)]), 2);
  assert.deepEqual([other.of('10.0.0.1').free, other.of('10.0.0.2').free, other.of('::1').free], [1, 2, 4]);
});
