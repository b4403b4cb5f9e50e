/** What the network says of packets that nobody receives (ICMP): packet engines hear it where they are asked to, and lose nothing by it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineName } from '../../src/media/engine.js';
import { draftBytes } from '../rig/draftBytes.js';
import { type EngineThread, udpQueue } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type EngineScene, HOST, onEachEngine, openPeer, openRow, pattern, QUIET_MS } from '../rig/engineScene.js';

/** node:dgram cannot see the error queue of a socket. */
const HEARING: readonly EngineName[] = ['io_uring', 'epoll'];
const HEARD_WITHIN_MS = 1_000;

const NO_ERRORS = { sendErrors: 0, receiveErrors: 0, truncated: 0, noBuffers: 0, overflows: 0 };

const hosts = [HOST, '::1'].filter((host) =>
  Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === host)),
);

const unreachableOf = async (engine: EngineThread, row: number): Promise<number> => (await engine.look()).unreachable[row]!;

/** Waits until a row has been told. */
async function hears(engine: EngineThread, row: number, times = 1): Promise<void> {
  const end = Date.now() + HEARD_WITHIN_MS;
  while ((await unreachableOf(engine, row)) < times) {
    ok(Date.now() < end, `row ${row} of ${engine.name} has not been told ${times} times in ${HEARD_WITHIN_MS} ms`);
    await delay(5);
  }
}

/** Waits until a row has got so many datagrams, or two seconds. */
async function receives(engine: EngineThread, row: number, count: number): Promise<void> {
  const end = Date.now() + 2_000;
  while ((await engine.look()).delivered[row]! < count && Date.now() < end) await delay(5);
}

/** Row 1, whose packets leave by row 0 to a port where nobody is; and a peer that sends to it. */
async function openSilent(scene: EngineScene, host: string) {
  const { engine, lease } = scene;
  const [own, port, silent] = [await openRow(scene, 0, host), await openRow(scene, 1, host), await lease.port()];
  await engine.ask({ kind: 'report', on: false });
  await engine.ask({ kind: 'forward', row: 1, to: 0 });
  await engine.ask({ kind: 'remote', row: 0, at: { host, port: silent } });
  return { own, port, silent, source: await openPeer(scene, host) };
}

for (const host of hosts) {
  onEachEngine(
    `a port where nobody is becomes known, and whoever opens it gets every packet from then on, on ${host}`,
    async (scene) => {
      const { engine, t } = scene;
      const { own, port, silent, source } = await openSilent(scene, host);
      await source.send('not watched', port);
      await delay(QUIET_MS);
      equal(await unreachableOf(engine, 0), 0, 'nobody asked');
      await engine.ask({ kind: 'watch', row: 0 });
      for (let n = 0; n < 20; n++) await source.send(pattern(172, n), port);
      await receives(engine, 1, 1 + 20);
      await hears(engine, 0);
      const listener = await DatagramPeer.open(host, silent);
      t.after(() => listener.close());
      const [sent, back] = [Array.from({ length: 100 }, (_, n) => pattern(172, n)), 50];
      for (const bytes of sent) await source.send(bytes, port);
      for (let n = 0; n < back; n++) await listener.send(pattern(60, n), own);
      deepEqual(
        (await listener.take(sent.length)).map(({ bytes }) => bytes),
        sent,
      );
      await delay(QUIET_MS);
      const { counters, delivered, unreachable } = await engine.look();
      deepEqual(counters, NO_ERRORS);
      deepEqual(delivered.slice(0, 2), [back, 1 + 20 + sent.length]);
      deepEqual(
        [...unreachable.entries()].filter(([, times]) => times > 0).map(([row]) => row),
        [0],
        'no other row is told',
      );
    },
    HEARING,
  );

  onEachEngine(
    `a packet that is refused for the error of the one before is sent again, on ${host}`,
    async (scene) => {
      const { engine, lease } = scene;
      const listener = await openPeer(scene, host);
      await openRow(scene, 0, host);
      await openRow(scene, 9, host);
      await engine.ask({ kind: 'watch', row: 0 });
      const silent = { host, port: await lease.port() };
      for (const [round, count] of [1, 2, 63, 64, 65, 700].entries()) {
        if (round > 0) await openRow(scene, 9, host);
        const sends = [
          { count, to: silent },
          { count: 100, to: { host, port: listener.port } },
        ] as const;
        await engine.ask({ kind: 'turnAway', row: 0, idle: 9, sends });
        const wanted = Array.from({ length: 100 }, (_, n) => Buffer.from(draftBytes(count + n)).toString('hex'));
        await delay(QUIET_MS);
        // Of those for the silent port, some were still to be repeated when the row was given its new address.
        const arrived = new Set(listener.arrived.splice(0).map(({ bytes }) => bytes.toString('hex')));
        deepEqual(
          wanted.filter((bytes) => !arrived.has(bytes)),
          [],
          `after ${count} packets to nobody`,
        );
        await hears(engine, 0, round + 1);
      }
      deepEqual((await engine.look()).counters, NO_ERRORS);
    },
    HEARING,
  );
}

onEachEngine(
  'twenty thousand packets to nobody cost no packet of those that arrive meanwhile',
  async (scene) => {
    const { engine, t } = scene;
    const { own, port, source } = await openSilent(scene, HOST);
    const other = await openPeer(scene);
    await engine.ask({ kind: 'watch', row: 0 });
    let incoming = 0;
    for (let round = 0; round < 10; round++) {
      engine.tell({ kind: 'drafts', row: 0, count: 1_900 });
      for (let n = 0; n < 100; n++, incoming++) {
        await Promise.all([source.send(pattern(172, n), port), other.send(pattern(172, n), own)]);
      }
      await engine.answer();
      await receives(engine, 0, incoming);
    }
    await delay(QUIET_MS);
    const { counters, delivered, unreachable } = await engine.look();
    deepEqual(delivered.slice(0, 2), [incoming, incoming]);
    deepEqual([udpQueue(own), udpQueue(port)], Array(2).fill({ waitingBytes: 0, drops: 0 }), 'nor is anything left in a queue');
    deepEqual(counters, NO_ERRORS);
    ok(unreachable[0]! > 0);
    t.diagnostic(`${engine.name}: told ${unreachable[0]} times of 20000 packets`);
  },
  HEARING,
);

onEachEngine(
  'a busy thread that comes back to many errors at once goes on receiving',
  async (scene) => {
    const { engine } = scene;
    const { own, port, source } = await openSilent(scene, HOST);
    await engine.ask({ kind: 'watch', row: 0 });
    for (let round = 0; round < 5; round++) {
      const goOn = await engine.block();
      for (let n = 0; n < 100; n++) await source.send(pattern(172, n), port);
      for (let n = 0; n < 100; n++) await source.send(pattern(172, n), own);
      goOn();
      await receives(engine, 0, (round + 1) * 100);
    }
    const { counters, delivered } = await engine.look();
    deepEqual(delivered.slice(0, 2), [500, 500]);
    deepEqual(counters, NO_ERRORS);
  },
  HEARING,
);

onEachEngine(
  'being watched moves with the socket and ends with it',
  async (scene) => {
    const { engine, lease } = scene;
    const { silent } = await openSilent(scene, HOST);
    const spare = await lease.port();
    await engine.ask({ kind: 'watch', row: 0 });
    await engine.ask({ kind: 'move', from: 0, to: 4 });
    await engine.ask({ kind: 'remote', row: 4, at: { host: HOST, port: silent } });
    await engine.ask({ kind: 'drafts', row: 4, count: 100 });
    await hears(engine, 4);
    await openRow(scene, 0);
    await engine.ask({ kind: 'move', from: 4, to: 6 });
    equal(await engine.open(4, { host: HOST, port: spare }), null);
    const before = await unreachableOf(engine, 4);
    await engine.ask({ kind: 'drafts', row: 4, count: 100 });
    await engine.ask({ kind: 'drafts', row: 0, count: 100 });
    await delay(QUIET_MS);
    equal(await unreachableOf(engine, 4), before, 'another socket stands there now');
    equal(await unreachableOf(engine, 0), 0);
    await engine.close(6);
    equal(await engine.open(6, { host: HOST, port: await lease.port() }), null);
    await engine.ask({ kind: 'remote', row: 6, at: { host: HOST, port: silent } });
    await engine.ask({ kind: 'drafts', row: 6, count: 100 });
    await delay(QUIET_MS);
    equal(await unreachableOf(engine, 6), 0, 'it was closed');
    await engine.ask({ kind: 'watch', row: 6 });
    await engine.ask({ kind: 'watch', row: 77 });
    await engine.ask({ kind: 'drafts', row: 6, count: 100 });
    await hears(engine, 6);
    deepEqual((await engine.look()).counters, NO_ERRORS);
  },
  HEARING,
);

onEachEngine(
  'a socket with errors goes on in its new row, and what it was sending has left',
  async (scene) => {
    const { engine } = scene;
    const { own, silent, source } = await openSilent(scene, HOST);
    await engine.ask({ kind: 'watch', row: 0 });
    let row = 0;
    for (const count of [1, 2, 5, 63, 64, 65]) {
      const to = 40 + count;
      await engine.ask({ kind: 'remote', row, at: { host: HOST, port: silent } });
      await engine.ask({ kind: 'sendAndMove', row, count, to });
      for (let n = 0; n < 50; n++) await source.send(pattern(172, n), own);
      await receives(engine, to, 50);
      const { counters, delivered } = await engine.look();
      equal(delivered[to], 50, `after ${count} packets to nobody`);
      deepEqual(counters, NO_ERRORS);
      await hears(engine, to);
      row = to;
    }
  },
  HEARING,
);

onEachEngine('what nobody can receive disturbs no engine that was asked to watch', async (scene) => {
  const { engine } = scene;
  const { own, port, source } = await openSilent(scene, HOST);
  await engine.ask({ kind: 'watch', row: 0 });
  for (let n = 0; n < 50; n++) await Promise.all([source.send(pattern(172, n), port), source.send(pattern(172, n), own)]);
  await delay(QUIET_MS);
  deepEqual((await engine.look()).delivered.slice(0, 2), [50, 50]);
});
