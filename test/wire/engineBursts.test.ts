/** Packet engines under more than they can take at once: buffers run out and come back, and what the kernel kept is not lost. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineThread, udpQueue } from '../rig/engineDriver.js';
import { ENGINE_BOUND, type EngineScene, HOST, onEachEngine, openPeer, openRow, pattern, QUIET_MS } from '../rig/engineScene.js';
import { leasePorts } from '../rig/ports.js';

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

test('io_uring: receive buffers run out, come back, and no datagram is lost over it', ENGINE_BOUND, async (t) => {
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
  scene: EngineScene,
): Promise<{ readonly ports: readonly number[]; readonly send: (n: number) => Promise<unknown> }> {
  const { engine, lease } = scene;
  const source = await openPeer(scene);
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
  const [source, sink] = [await openPeer(scene), await openPeer(scene)];
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
