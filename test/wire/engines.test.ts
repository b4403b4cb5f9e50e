/** One behaviour, three implementations: what a packet engine promises, shown on real sockets with each of them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES, LONGEST_DATAGRAM } from '../../src/media/engine.js';
import { type ArrivedDatagram, EngineThread, udpQueue } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { leasePorts, type PortLease } from '../rig/ports.js';

const BOUND = { timeout: 30_000 };
const HOST = '127.0.0.1';
/** As long as a silence must be to count as one. */
const QUIET_MS = 150;

type Scene = { readonly engine: EngineThread; readonly lease: PortLease; readonly t: TestContext };

/** A test with each engine, on leased ports. An engine that this machine cannot have is skipped with the system's reason. */
function onEachEngine(title: string, body: (scene: Scene) => Promise<void>): void {
  for (const name of ENGINE_NAMES) {
    test(`${name}: ${title}`, BOUND, async (t) => {
      const lease = await leasePorts();
      t.after(() => lease.release());
      const engine = await EngineThread.start(name);
      if (typeof engine === 'string') return t.skip(engine);
      t.after(() => engine.stop());
      await body({ engine, lease, t });
    });
  }
}

async function peer({ t }: Scene, host = HOST): Promise<DatagramPeer> {
  const opened = await DatagramPeer.open(host);
  t.after(() => opened.close());
  return opened;
}

/** Opens a row on a leased port, and answers the port. */
async function openRow({ engine, lease }: Scene, row: number, host = HOST): Promise<number> {
  const port = await lease.port();
  equal(await engine.open(row, { host, port }), null);
  return port;
}

/** Bytes that tell by their content which packet they are. */
function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 7 + (i >> 8)) & 0xff;
  return bytes;
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

onEachEngine('datagrams of any length pass between two sockets both ways, byte for byte', async (scene) => {
  const { engine } = scene;
  const [left, right] = [await peer(scene), await peer(scene)];
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
  const source = await peer(scene);
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

for (const host of [HOST, '::1']) {
  onEachEngine(`the source of a datagram is told, row and bytes with it, and it can be answered, on ${host}`, async (scene) => {
    const { engine } = scene;
    const port = await openRow(scene, 9, host);
    await engine.ask({ kind: 'forward', row: 9, to: 9 });
    for (const text of ['first', 'second']) {
      const source = await peer(scene, host);
      await engine.ask({ kind: 'remote', row: 9, at: { host, port: source.port } });
      await source.send(text, port);
      const [{ row, from, bytes }] = (await engine.take(1)) as [ArrivedDatagram];
      deepEqual({ row, from, text: Buffer.from(bytes).toString() }, { row: 9, from: { host, port: source.port }, text });
      deepEqual(await source.take(1), [{ bytes: Buffer.from(text), from: { host, port } }]);
    }
  });
}

onEachEngine('a burst of 5000 datagrams that finds the thread busy comes whole', async (scene) => {
  const { engine } = scene;
  const { ports, send } = await openBurst(scene);
  const goOn = await engine.block();
  for (let n = 0; n < 50; n++) await send(n);
  // What did not fit into a socket's own queue was never the engine's.
  const drops = ports.reduce((sum, port) => sum + udpQueue(port).drops, 0);
  ok(drops < 2_500, `${drops} of 5000 did not fit into the queues of the sockets: no burst is left`);
  goOn();
  equal(await deliveredInAll(engine, 5_000 - drops), 5_000 - drops);
  const { counters } = await engine.look();
  deepEqual({ ...counters, noBuffers: 0 }, { sendErrors: 0, receiveErrors: 0, truncated: 0, noBuffers: 0, overflows: 0 });
});

test('io_uring: receive buffers run out, come back, and no datagram is lost over it', BOUND, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const engine = await EngineThread.start('io_uring', 8);
  if (typeof engine === 'string') return t.skip(engine);
  t.after(() => engine.stop());
  const { ports, send } = await openBurst({ engine, lease, t });
  const goOn = await engine.block();
  for (let n = 0; n < 10; n++) await send(n);
  const drops = ports.reduce((sum, port) => sum + udpQueue(port).drops, 0);
  goOn();
  const sent = 10 * ports.length - drops;
  equal(await deliveredInAll(engine, sent), sent);
  const { counters } = await engine.look();
  ok(counters.noBuffers > 0, 'the buffers did run out');
  t.diagnostic(`io_uring: buffers ran out for ${counters.noBuffers} receives in ${sent} datagrams`);
  await send(0);
  equal(await deliveredInAll(engine, sent + ports.length), sent + ports.length, 'and it goes on');
});

/** Rows for a burst, on many sockets because the kernel takes a few datagrams of each at a time; `send` gives one to each. */
async function openBurst(
  scene: Scene,
): Promise<{ readonly ports: readonly number[]; readonly send: (n: number) => Promise<unknown> }> {
  const { engine, lease } = scene;
  const source = await peer(scene);
  const first = lease.range(100).min;
  const ports = Array.from({ length: 100 }, (_, row) => first + row);
  for (const [row, port] of ports.entries()) equal(await engine.open(row, { host: HOST, port }), null);
  await engine.ask({ kind: 'report', on: false });
  return { ports, send: (n) => Promise.all(ports.map((port) => source.send(pattern(200, n), port))) };
}

/** How many datagrams all rows have got, once they are as many as expected, or after five seconds. */
async function deliveredInAll(engine: EngineThread, expected: number): Promise<number> {
  const end = Date.now() + 5_000;
  for (;;) {
    const { delivered } = await engine.look();
    const total = delivered.reduce((sum, count) => sum + count, 0);
    if (total >= expected || Date.now() > end) return total;
    await delay(20);
  }
}

onEachEngine('a burst is sent on whole and in order, each packet with its own bytes', async (scene) => {
  const { engine } = scene;
  const [source, sink] = [await peer(scene), await peer(scene)];
  const ports = [await openRow(scene, 0), await openRow(scene, 1)] as const;
  await engine.ask({ kind: 'report', on: false });
  await engine.ask({ kind: 'forward', row: 0, to: 1 });
  await engine.ask({ kind: 'remote', row: 1, at: { host: HOST, port: sink.port } });
  let sent = 0;
  for (let round = 0; round < 10; round++) {
    const goOn = await engine.block();
    for (let n = 0; n < 500; n++, sent++) await source.send(pattern(60 + (sent % 100), sent), ports[0]);
    goOn();
    await delay(30);
  }
  const lost = udpQueue(ports[0]).drops + udpQueue(sink.port).drops;
  const arrived = await sink.take(sent - lost);
  await delay(QUIET_MS);
  equal(sink.arrived.length, 0);
  let last = -1;
  for (const { bytes } of arrived) {
    const found = findNumber(bytes, last + 1, sent);
    ok(found > last, `packet ${found} after ${last}`);
    last = found;
  }
  ok(lost < sent / 10, `${lost} of ${sent} did not fit into the queues of the sockets`);
});

/** Which packet of the burst this is, searched from `from` on; -1 for none. */
function findNumber(bytes: Buffer, from: number, end: number): number {
  for (let n = from; n < end; n++) if (bytes.length === 60 + (n % 100) && bytes.equals(pattern(bytes.length, n))) return n;
  return -1;
}

onEachEngine('a busy port answers EADDRINUSE and a foreign address EADDRNOTAVAIL, and neither leaves anything', async (scene) => {
  const { engine, lease } = scene;
  const taken = await peer(scene);
  const before = openDescriptors();
  equal(await engine.open(0, { host: HOST, port: taken.port }), 'EADDRINUSE');
  equal(await engine.open(0, { host: '192.0.2.99', port: await lease.port() }), 'EADDRNOTAVAIL');
  equal(await engine.open(0, { host: '2001:db8::99', port: await lease.port() }), 'EADDRNOTAVAIL');
  const port = await openRow(scene, 0);
  equal(await engine.open(1, { host: HOST, port }), 'EADDRINUSE', 'two rows cannot share a port');
  await engine.close(0);
  equal(openDescriptors(), before);
  const source = await peer(scene);
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
  const source = await peer(scene);
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
  const source = await peer(scene);
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
  const source = await peer(scene);
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
  const source = await peer(scene);
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
  const source = await peer(scene);
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
  const [source, gone] = [await peer(scene), await DatagramPeer.open()];
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
