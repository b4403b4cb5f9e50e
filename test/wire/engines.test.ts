/** One behaviour, three implementations: what a packet engine promises, shown on real sockets with each of them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { LONGEST_DATAGRAM } from '../../src/media/engine.js';
import { type ArrivedDatagram, EngineThread, udpQueue } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { HOST, onEachEngine, openPeer, openRow, pattern, QUIET_MS } from '../rig/engineScene.js';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

onEachEngine('datagrams of any length pass between two sockets both ways, byte for byte', async (scene) => {
  const { engine } = scene;
  const [left, right] = [await openPeer(scene), await openPeer(scene)];
  const ports = [await openRow(scene, 0), await openRow(scene, 2)] as const;
  await engine.ask({ kind: 'forward', row: 0, to: 2 });
  await engine.ask({ kind: 'forward', row: 2, to: 0 });
  await engine.ask({ kind: 'remote', row: 0, at: { host: HOST, port: left.port } });
  await engine.ask({ kind: 'remote', row: 2, at: { host: HOST, port: right.port } });
  for (const [n, length] of [0, 1, 11, 12, 172, 1472, 1473, 4096, LONGEST_DATAGRAM].entries()) {
    await left.send(pattern(length, n), ports[0]);
    await right.send(pattern(length, n + 100), ports[1]);
    deepEqual(await right.take(1), [{ bytes: pattern(length, n), from: { host: HOST, port: ports[1] } }]);
    deepEqual(await left.take(1), [{ bytes: pattern(length, n + 100), from: { host: HOST, port: ports[0] } }]);
  }
  const { counters } = await engine.look();
  deepEqual(Object.values(counters), [0, 0, 0, 0, 0], 'nothing went wrong meanwhile');
});

onEachEngine('a datagram of more than 8192 bytes is dropped and counted as truncated, and the next one passes', async (scene) => {
  const { engine } = scene;
  const source = await openPeer(scene);
  const port = await openRow(scene, 5);
  const tooLong = [LONGEST_DATAGRAM + 1, LONGEST_DATAGRAM + 25, 9000, 65_507];
  for (const length of tooLong) {
    await source.send(pattern(length, 1), port);
    await source.send(pattern(LONGEST_DATAGRAM, length), port);
    const [next] = await engine.take(1);
    deepEqual(Buffer.from(next!.bytes), pattern(LONGEST_DATAGRAM, length));
  }
  const { counters, delivered } = await engine.look();
  equal(counters.truncated, tooLong.length);
  equal(delivered[5], tooLong.length, 'what was too long never came');
});

const hasIPv6 = (): boolean => Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

for (const host of [HOST, '::1']) {
  onEachEngine(`the source of a datagram is told, row and bytes with it, and it can be answered, on ${host}`, async (scene) => {
    const { engine, t } = scene;
    if (host === '::1' && !hasIPv6()) return t.skip('no interface has ::1');
    const port = await openRow(scene, 9, host);
    await engine.ask({ kind: 'forward', row: 9, to: 9 });
    for (const text of ['first', 'second']) {
      const source = await openPeer(scene, host);
      await engine.ask({ kind: 'remote', row: 9, at: { host, port: source.port } });
      await source.send(text, port);
      const [{ row, from, bytes }] = (await engine.take(1)) as [ArrivedDatagram];
      deepEqual({ row, from, text: Buffer.from(bytes).toString() }, { row: 9, from: { host, port: source.port }, text });
      deepEqual(await source.take(1), [{ bytes: Buffer.from(text), from: { host, port } }]);
    }
  });
}

onEachEngine('a busy port answers EADDRINUSE and a foreign address EADDRNOTAVAIL, and neither leaves anything', async (scene) => {
  const { engine, lease } = scene;
  const taken = await openPeer(scene);
  const before = openDescriptors();
  equal(await engine.open(0, { host: HOST, port: taken.port }), 'EADDRINUSE');
  equal(await engine.open(0, { host: '192.0.2.99', port: await lease.port() }), 'EADDRNOTAVAIL');
  equal(await engine.open(0, { host: '2001:db8::99', port: await lease.port() }), 'EADDRNOTAVAIL');
  const port = await openRow(scene, 0);
  equal(await engine.open(1, { host: HOST, port }), 'EADDRINUSE', 'two rows cannot share a port');
  await engine.close(0);
  equal(openDescriptors(), before);
  const source = await openPeer(scene);
  equal(await engine.open(0, { host: HOST, port }), null, 'the row is as good as new');
  await source.send('hello', port);
  equal((await engine.take(1)).length, 1);
});

onEachEngine('a closed port is free at once: opened again two thousand times in a row', async (scene) => {
  const { engine } = scene;
  const port = await openRow(scene, 3);
  const before = openDescriptors();
  equal(await engine.ask({ kind: 'reopen', row: 3, at: { host: HOST, port }, times: 2_000 }), null);
  equal(openDescriptors(), before, 'as many open files as before');
  const source = await openPeer(scene);
  await source.send('still there', port);
  equal((await engine.take(1)).length, 1);
  await engine.close(3);
  const other = await DatagramPeer.open(HOST, port);
  await other.close();
  await engine.close(3);
  equal(openDescriptors(), before, 'one socket of ours closed, one of the test opened; a second close does nothing');
});

onEachEngine('a datagram that waits when its row is closed is not taken for one of the next socket', async (scene) => {
  const { engine, lease } = scene;
  const source = await openPeer(scene);
  const [before, after] = [await openRow(scene, 7), await lease.port()];
  const goOn = await engine.block();
  for (let n = 0; n < 20; n++) await source.send('for the old socket', before);
  ok(udpQueue(before).waitingBytes > 0, 'they wait');
  engine.tell({ kind: 'close', row: 7 }, { kind: 'open', row: 7, at: { host: HOST, port: after } });
  goOn();
  deepEqual([await engine.answer(), await engine.answer()], [null, null]);
  await source.send('for the new socket', after);
  await delay(QUIET_MS);
  const texts = engine.arrived.map(({ bytes }) => Buffer.from(bytes).toString());
  // The kernel may have handed over some before it heard of the close; none may follow the new socket's.
  equal(texts.at(-1), 'for the new socket');
  equal(texts.filter((text) => text === 'for the new socket').length, 1);
});

onEachEngine('a row that is closed by a packet of another row gets none of its waiting datagrams afterwards', async (scene) => {
  const { engine, lease } = scene;
  const source = await openPeer(scene);
  const [first, victim] = [await openRow(scene, 20), await openRow(scene, 21)];
  const after = await lease.port();
  await engine.ask({ kind: 'closeOn', row: 20, victim: 21, at: { host: HOST, port: after } });
  const goOn = await engine.block();
  await source.send('the end', first);
  for (let n = 0; n < 20; n++) await source.send('for the old socket', victim);
  goOn();
  equal(await engine.answer(), null);
  await source.send('for the new socket', after);
  await delay(QUIET_MS);
  const texts = engine.arrived.map(({ bytes }) => Buffer.from(bytes).toString());
  deepEqual(texts.slice(texts.indexOf('the end')), ['the end', 'for the new socket']);
});

onEachEngine(
  'a turn comes at its deadline: never before it, later by less than 30 ms, and without needless ones',
  async (scene) => {
    const { engine, t } = scene;
    const late: number[] = [];
    for (const inMs of [0, 1, 5, 20, 50, 99.5, 100, 250, 20, 20, 20]) {
      const { askedFor, at, early } = await engine.rings(inMs);
      ok(at >= askedFor, `${at - askedFor} ms`);
      ok(early <= 5, `${early} turns before the one in ${inMs} ms`);
      late.push(at - askedFor);
    }
    // One turn may be late because the machine was busy elsewhere.
    late.sort((a, b) => a - b);
    ok(late.at(-2)! < 30, `late by ${late.map((ms) => ms.toFixed(1)).join(', ')} ms`);
    t.diagnostic(`${engine.name}: turns late by ${late.map((ms) => ms.toFixed(1)).join(', ')} ms`);
  },
);

onEachEngine('deadlines are kept while packets come', async (scene) => {
  const { engine } = scene;
  const source = await openPeer(scene);
  const port = await openRow(scene, 0);
  await engine.ask({ kind: 'report', on: false });
  let isOver = false;
  const traffic = (async () => {
    while (!isOver) {
      await Promise.all(Array.from({ length: 20 }, () => source.send(pattern(172, 1), port)));
      await delay(1);
    }
  })();
  for (const inMs of [10, 30, 60, 100]) {
    const { askedFor, at } = await engine.rings(inMs);
    ok(at >= askedFor && at - askedFor < 100, `${at - askedFor} ms`);
  }
  isOver = true;
  await traffic;
});

onEachEngine('an idle thread is woken by another, every time and at once', async (scene) => {
  const { engine } = scene;
  const started = performance.now();
  for (let turn = 0; turn < 200; turn++) {
    const before = performance.now();
    await engine.look();
    // An engine that lost a wake-up would answer a second later.
    ok(performance.now() - before < 500, `wake-up ${turn} took ${performance.now() - before} ms`);
  }
  ok(performance.now() - started < 4_000);
  for (const turn of [1, 2, 3]) {
    await delay(100 * turn);
    const before = performance.now();
    await engine.look();
    ok(performance.now() - before < 500, `after ${100 * turn} ms of rest`);
  }
});

onEachEngine('what cannot be sent is counted, and neither thrown nor waited for', async (scene) => {
  const { engine } = scene;
  const source = await openPeer(scene);
  const port = await openRow(scene, 0);
  await engine.ask({ kind: 'forward', row: 0, to: 0 });
  // Nobody can be reached at port 0; a client may make us try (RTCP of an RTP port 65535).
  await engine.ask({ kind: 'remote', row: 0, at: { host: HOST, port: 0 } });
  for (let n = 0; n < 3; n++) await source.send('nowhere', port);
  await engine.take(3);
  await delay(20);
  equal((await engine.look()).counters.sendErrors, 3);
  await engine.ask({ kind: 'remote', row: 0, at: { host: HOST, port: source.port } });
  await source.send('back', port);
  deepEqual(await source.take(1), [{ bytes: Buffer.from('back'), from: { host: HOST, port } }]);
});

onEachEngine('a peer that is gone does not disturb the socket', async (scene) => {
  const { engine } = scene;
  const [source, gone] = [await openPeer(scene), await DatagramPeer.open()];
  const gonePort = gone.port;
  await gone.close();
  const port = await openRow(scene, 0);
  await engine.ask({ kind: 'forward', row: 0, to: 0 });
  await engine.ask({ kind: 'remote', row: 0, at: { host: HOST, port: gonePort } });
  for (let n = 0; n < 20; n++) await source.send(`packet ${n}`, port);
  equal((await engine.take(20)).length, 20);
});

onEachEngine('stopping closes every socket and gives everything back', async (scene) => {
  const { engine } = scene;
  const ports: number[] = [];
  for (let row = 0; row < 20; row++) ports.push(await openRow(scene, row));
  equal(await engine.stop(), 0);
  ok(engine.isClean, 'no descriptor and no mapping is left in the shared memory');
  for (const port of ports) await (await DatagramPeer.open(HOST, port)).close();
});

onEachEngine('starting and stopping again and again leaves no open file behind', async ({ engine, lease }) => {
  const { name } = engine;
  await engine.stop();
  const before = openDescriptors();
  for (let turn = 0; turn < 10; turn++) {
    const again = await EngineThread.start(name);
    ok(typeof again !== 'string');
    equal(await again.open(0, { host: HOST, port: await lease.port() }), null);
    await again.stop();
  }
  equal(openDescriptors(), before);
});
