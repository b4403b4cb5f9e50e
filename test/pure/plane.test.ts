import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, countersBytes, rowBase, SHARD_COUNTERS, STREAM_COUNTERS } from '../../src/media/counters.js';
import { MediaPlane } from '../../src/media/plane.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { TableEngine } from '../property/tableEngine.js';
import { at, type FromSource, packetFrom } from './latched.js';

const SLOTS = 3;
const SPARE_ROW = SLOTS * 4 + 2;
const BEYOND = [(SLOTS + 1) * 4, (SLOTS + 1) * 4 + 7, 1_000_000];
const PLAIN = { resize: false, mute: false, prompt: false, dtmf: false };
const HOME = at('192.0.2.1', 4000);
const PEER = at('192.0.2.2', 5000);

/** A plane without a shard, and what it told. */
function newPlane() {
  const engine = new TableEngine((SLOTS + 1) * 4);
  const counters = new Counters(new ArrayBuffer(countersBytes(SLOTS)));
  const told = { refused: [] as number[], stray: [] as number[], unreachable: [] as number[] };
  const plane = new MediaPlane(
    engine,
    counters,
    SLOTS,
    { doubling: false, reporting: false },
    {
      onSource: () => {},
      onRefused: ({ row }) => told.refused.push(row),
      onUnreachable: (row) => told.unreachable.push(row),
      onDigit: () => {},
      onReport: () => {},
      onStray: (row) => told.stray.push(row),
      onPlayed: () => {},
    },
  );
  engine.onUnreachable = plane.onUnreachable;
  for (let slot = 0; slot < SLOTS; slot++) plane.clear(slot);
  return { plane, engine, counters, told };
}

const sent = (change: Partial<FromSource> = {}): FromSource => ({ source: HOME, ssrc: 7, sequence: 1, atMs: 1000, ...change });

/** The counters that an act changes, with how much. */
function changes({ values }: Counters, act: () => void): Readonly<Record<string, number>> {
  const before = values.slice();
  act();
  const names: Record<string, number> = {};
  for (const [i, value] of values.entries()) {
    if (value === before[i]) continue;
    const shard = SHARD_COUNTERS[i];
    names[shard ?? `word ${i}`] = value - before[i]!;
  }
  return names;
}

const wordOf = (row: number, name: (typeof STREAM_COUNTERS)[number]): string =>
  `word ${rowBase(row) + STREAM_COUNTERS.indexOf(name)}`;

/** Makes a slot relay between `HOME` and `PEER`, both confirmed. */
function relay({ plane, engine }: ReturnType<typeof newPlane>, slot: number): void {
  for (let i = 0; i < 4; i++) {
    const row = slot * 4 + i;
    engine.bound.set(row, at('127.0.0.1', 20_000 + row));
    encodeSockaddr(i < 2 ? HOME : PEER, engine.remotes, row * SOCKADDR_WORDS);
    plane.latch.install(row, { asymmetric: false, latched: true, hasPrevious: false, signalledAtMs: 0 });
    plane.route(row, PLAIN);
  }
}

test('packets before both legs are open are counted as early, and as nothing else of their stream', () => {
  const { plane, counters } = newPlane();
  for (const row of [0, 3, 4, 11]) {
    const changed = changes(counters, () => plane.onDatagram(packetFrom(sent(), row)));
    deepEqual(changed, { packetsDiscarded: 1, [wordOf(row, 'early')]: 1 });
    equal(counters.stream(row, 'early'), 1);
  }
  plane.clear(1);
  deepEqual([counters.stream(3, 'early'), counters.stream(4, 'early')], [1, 0], 'a new session starts at zero');
});

test('once a stream has a route nothing is early, and without it again what comes is', () => {
  const world = newPlane();
  const { plane, counters } = world;
  relay(world, 0);
  plane.onDatagram(packetFrom(sent(), 0));
  deepEqual([counters.stream(0, 'early'), counters.stream(0, 'received')], [0, 1]);
  plane.route(0, null);
  plane.onDatagram(packetFrom(sent({ sequence: 2 }), 0));
  deepEqual([counters.stream(0, 'early'), counters.stream(0, 'received')], [1, 1]);
});

test('packets of the slot where sockets wait count in its own place', () => {
  const { plane, counters } = newPlane();
  for (let slot = 0; slot < SLOTS; slot++) counters.setSessionAt(slot, slot + 1);
  for (let row = SLOTS * 4; row < (SLOTS + 1) * 4; row++) {
    const changed = changes(counters, () => plane.onDatagram(packetFrom(sent(), row)));
    deepEqual(changed, { packetsDiscarded: 1, [wordOf(row, 'early')]: 1 });
  }
  for (let slot = 0; slot < SLOTS; slot++) deepEqual([counters.sessionAt(slot), counters.sumOfSlot(slot)], [slot + 1, 0]);
});

test('rows for which there is no memory at all do no harm', () => {
  const { plane, counters, told } = newPlane();
  for (const row of BEYOND) {
    deepEqual(
      changes(counters, () => plane.onDatagram(packetFrom(sent(), row))),
      {},
    );
    deepEqual(told.stray.splice(0), [row], 'a socket rests there');
    deepEqual(
      changes(counters, () => plane.onUnreachable(row)),
      {},
    );
  }
  deepEqual(told.unreachable, BEYOND);
});

test('what the network says of a row is counted and told, if the row is watched', () => {
  const { engine, counters, told } = newPlane();
  engine.unreachable(2);
  for (const row of [2, SPARE_ROW]) engine.watchUnreachable(row);
  engine.unreachable(2);
  engine.unreachable(2);
  engine.unreachable(SPARE_ROW);
  deepEqual([counters.stream(2, 'unreachable'), counters.stream(0, 'unreachable')], [2, 0]);
  deepEqual(told.unreachable, [2, 2, SPARE_ROW]);
});

test('a refused packet is counted as ignored every time, and told once in a while', () => {
  const world = newPlane();
  relay(world, 0);
  for (let n = 0; n < 100; n++) {
    world.plane.onDatagram(packetFrom(sent({ source: at('203.0.113.9', 9000 + n), ssrc: 9, atMs: 20_000 + n * 20 }), 0));
  }
  equal(world.counters.stream(0, 'ignored'), 100);
  deepEqual(world.told.refused, [0, 0], 'in two seconds');
});

test('a stream that is restored in another plane has the same counters, analysis and source', () => {
  const [before, after] = [newPlane(), newPlane()];
  relay(before, 1);
  for (let n = 0; n < 50; n++) {
    for (const row of [4, 5, 6]) {
      const source = row < 6 ? HOME : PEER;
      before.plane.onDatagram(packetFrom(sent({ source, sequence: n, atMs: 20_000 + n * 20 }), row));
    }
  }
  equal(before.plane.save(7), null, 'nothing came');
  equal(before.plane.save(5)?.analysis, null, 'RTCP');
  for (const row of [4, 5, 6]) {
    const saved = before.plane.save(row)!;
    after.plane.restore(row, JSON.parse(JSON.stringify(saved)));
    deepEqual(after.plane.save(row), saved);
    deepEqual(after.counters.saveStream(row), before.counters.saveStream(row));
    if (row !== 5) deepEqual(after.plane.analysis.read(row), before.plane.analysis.read(row));
  }
  relay(after, 1);
  after.plane.onDatagram(packetFrom(sent({ source: PEER, sequence: 100, atMs: 23_000 }), 6));
  deepEqual([after.counters.stream(6, 'received'), after.plane.analysis.read(6).nlost], [51, 0]);
});
