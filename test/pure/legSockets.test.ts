import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, ok, refuse, udpPort } from '../../model/kernel/index.js';
import { newEngineCounters, type PacketEngine } from '../../src/media/engine.js';
import { PortTable, portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { PortTables } from '../../src/relay/portalloc/portTables.js';
import { RestingPairs } from '../../src/relay/portalloc/restingPairs.js';
import { LegSockets } from '../../src/relay/session/legSockets.js';

/** Two pairs, an engine that remembers what is open and may refuse some ports, and a clock that is set by hand. */
function world(refused: Readonly<Record<number, string>> = {}, pairs = 2) {
  const range = portRange(20_000, 20_000 + pairs * 2);
  const open = new Map<number, number>();
  const marked: [number, number][] = [];
  const warnings: string[] = [];
  const time = { nowMs: 0 };
  const engine: PacketEngine = {
    name: 'dgram',
    counters: newEngineCounters(),
    remotes: new Uint32Array(0),
    open: (row, { port }) => {
      const errno = refused[port];
      if (errno !== undefined) return refuse(errno);
      open.set(row, port);
      return ok(undefined);
    },
    watchUnreachable: () => {},
    isOpen: (row) => open.has(row),
    close: (row) => void open.delete(row),
    move: (from, to) => {
      open.set(to, open.get(from)!);
      open.delete(from);
    },
    isQuiet: () => true,
    setTos: (row, tos) => void marked.push([row, tos]),
    draft: () => assert.fail('nothing is sent here'),
    send: () => {},
    run: () => Promise.resolve(),
    stop: () => {},
  };
  const table = () => new PortTable(range, new SharedArrayBuffer(portTableBytes(range)), 0, 1, () => 0);
  const [ports, ports6] = [table(), table()];
  const clock = () => millis(time.nowMs);
  const resting = new RestingPairs({ engine, clock, random: () => 0.5, firstRow: 100 });
  const sockets = new LegSockets({
    engine,
    resting,
    ports: new PortTables({ IPv4: ports, IPv6: ports6 }),
    clock,
    warn: (text) => warnings.push(text),
  });
  return { sockets, open, marked, warnings, time, ports, ports6 };
}

test('[SY-26] a leg gets an even port and the next one', () => {
  const { sockets, open } = world();
  assert.deepEqual(sockets.bind(0, 'caller', '127.0.0.1'), { host: '127.0.0.1', port: 20_000 });
  assert.deepEqual(
    [...open],
    [
      [0, 20_000],
      [1, 20_001],
    ],
  );
});

test('[PN-19] where the RTCP port is busy, both are let go and the next pair is taken', () => {
  const { sockets, open } = world({ 20001: 'EADDRINUSE' });
  assert.equal(sockets.bind(0, 'callee', '127.0.0.1')?.port, 20_002);
  assert.deepEqual([...open.values()], [20_002, 20_003]);
});

test('what is closed can be bound again', () => {
  const { sockets, open, ports } = world();
  sockets.bind(0, 'caller', '127.0.0.1');
  sockets.close(0, 'caller', { host: '127.0.0.1', port: udpPort(20_000) });
  assert.equal(open.size, 0);
  assert.equal(ports.free, 2);
});

test('[PN-34] when nothing is free it says so, once a second however often it is asked', () => {
  const { sockets, warnings, time } = world();
  for (let slot = 0; slot < 7; slot++) sockets.bind(slot, 'caller', '127.0.0.1');
  assert.deepEqual(warnings, ['no port for a leg: every port pair of the range is in use']);
  time.nowMs = 1000;
  sockets.bind(7, 'caller', '127.0.0.1');
  assert.deepEqual(warnings.slice(1), [
    'no port for a leg: every port pair of the range is in use (and 4 more since the last warning)',
  ]);
});

test('an error that no other port would mend is named', () => {
  const { sockets, warnings } = world({ 20000: 'EMFILE' });
  assert.equal(sockets.bind(0, 'caller', '127.0.0.1'), null);
  assert.deepEqual(warnings, ['no port for a leg: cannot open a socket on 127.0.0.1:20000: EMFILE']);
});

const SPARE_SLOT = 9;
const local = (host: string, port: number) => ({ host, port: udpPort(port) });

test('[PN-53] sockets that waited in another place take that of the old ones, whose pair is free again', () => {
  const { sockets, open, ports } = world({}, 3);
  sockets.bind(0, 'caller', '127.0.0.1');
  sockets.bind(0, 'callee', '127.0.0.1');
  assert.equal(sockets.bind(SPARE_SLOT, 'callee', '127.0.0.1')?.port, 20_004);
  assert.equal(ports.free, 0);
  sockets.replace(0, 'callee', local('127.0.0.1', 20_002), SPARE_SLOT);
  assert.deepEqual([...open].sort(), [
    [0, 20_000],
    [1, 20_001],
    [2, 20_004],
    [3, 20_005],
  ]);
  assert.equal(ports.free, 1);
  assert.equal(sockets.bind(SPARE_SLOT, 'callee', '127.0.0.1')?.port, 20_002, 'and can be taken for the next');
});

test('a pair that moves to the other family is given back to the one it came from', () => {
  const { sockets, ports, ports6 } = world();
  sockets.bind(0, 'caller', '127.0.0.1');
  sockets.bind(SPARE_SLOT, 'caller', '::1');
  assert.deepEqual([ports.free, ports6.free], [1, 1]);
  sockets.replace(0, 'caller', local('127.0.0.1', 20_000), SPARE_SLOT);
  assert.deepEqual([ports.free, ports6.free], [2, 1]);
  sockets.close(0, 'caller', local('::1', 20_000));
  assert.deepEqual([ports.free, ports6.free], [2, 2]);
});

test('TOS is set on both sockets of the leg and no other', () => {
  const { sockets, marked } = world();
  sockets.setTos(3, 'callee', 96);
  assert.deepEqual(marked, [
    [14, 96],
    [15, 96],
  ]);
});

test('a pair that a leg had before a crash stays its own while a port of it cannot be had, until it is closed', () => {
  const refused: Record<number, string> = { 20001: 'EADDRINUSE' };
  const { sockets, open, ports } = world(refused, 1);
  assert.deepEqual(sockets.rebind(0, 'caller', local('127.0.0.1', 20_000)), refuse('EADDRINUSE'));
  assert.deepEqual([open.size, ports.free], [0, 0]);
  delete refused[20_001];
  assert.ok(sockets.rebind(0, 'caller', local('127.0.0.1', 20_000)).ok);
  assert.deepEqual([...open.values()], [20_000, 20_001]);
  sockets.close(0, 'caller', local('127.0.0.1', 20_000));
  assert.deepEqual([open.size, ports.free], [0, 1]);
});
