/** Sockets that change their row, packets that an engine makes itself, and the TOS byte, on real sockets with each engine. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { draftBytes } from '../rig/draftBytes.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type EngineScene, HOST, onEachEngine, openPeer, openRow, QUIET_MS } from '../rig/engineScene.js';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const SPARE = 100;
const ROW = 2;

/** Whether nobody holds the port. */
async function isFree(port: number): Promise<boolean> {
  const peer = await DatagramPeer.open(HOST, port).catch(() => null);
  await peer?.close();
  return peer !== null;
}

const textsOf = (datagrams: readonly { readonly row: number; readonly bytes: Uint8Array }[]): string[] =>
  datagrams.map(({ row, bytes }) => `${row} ${Buffer.from(bytes).toString('latin1')}`);

onEachEngine(
  '[PN-53] a moved socket receives and sends on its new row; the one that was there is closed, and its port free at once',
  async (scene) => {
    const { engine } = scene;
    const source = await openPeer(scene);
    const [old, fresh] = [await openRow(scene, ROW), await openRow(scene, SPARE)];
    await engine.ask({ kind: 'forward', row: ROW, to: ROW });
    await engine.ask({ kind: 'remote', row: ROW, at: { host: HOST, port: source.port } });
    await source.send('before', old);
    deepEqual(textsOf(await engine.take(1)), [`${ROW} before`]);
    deepEqual((await source.take(1))[0]!.from.port, old);
    const files = openDescriptors();
    await engine.ask({ kind: 'move', from: SPARE, to: ROW });
    ok(await isFree(old));
    equal(openDescriptors(), files - 1);
    await source.send('after', fresh);
    deepEqual(textsOf(await engine.take(1)), [`${ROW} after`]);
    deepEqual(await source.take(1), [{ bytes: Buffer.from('after'), from: { host: HOST, port: fresh } }]);
    await engine.close(ROW);
    ok(await isFree(fresh));
    const { counters } = await engine.look();
    deepEqual(Object.values(counters), [0, 0, 0, 0, 0]);
  },
);

onEachEngine('[PN-53] a socket can be moved to a row that has none, and its own row is as good as new then', async (scene) => {
  const { engine } = scene;
  const source = await openPeer(scene);
  const first = await openRow(scene, SPARE);
  await engine.ask({ kind: 'move', from: SPARE, to: ROW });
  const second = await openRow(scene, SPARE);
  await source.send('to the moved', first);
  await source.send('to the next', second);
  deepEqual(textsOf(await engine.take(2)).sort(), [`${SPARE} to the next`, `${ROW} to the moved`].sort());
  await engine.close(SPARE);
  await source.send('still there', first);
  deepEqual(textsOf(await engine.take(1)), [`${ROW} still there`]);
});

onEachEngine(
  '[PN-53] from the move on no datagram of the closed socket comes, and none on the row that was left',
  async (scene) => {
    const { engine } = scene;
    const source = await openPeer(scene);
    const [trigger, old, fresh] = [await openRow(scene, 50), await openRow(scene, ROW), await openRow(scene, SPARE)];
    await engine.ask({ kind: 'moveOn', row: 50, from: SPARE, to: ROW });
    const goOn = await engine.block();
    await source.send('move', trigger);
    for (let n = 0; n < 20; n++) {
      await source.send('old', old);
      await source.send('fresh', fresh);
    }
    goOn();
    await engine.take(1, ({ row }) => row === 50);
    // What a busy engine had in hand already may be lost; what comes after the move may not.
    await engine.look();
    await source.send('later', fresh);
    await engine.take(1, ({ bytes }) => Buffer.from(bytes).toString() === 'later');
    await delay(QUIET_MS);
    const texts = textsOf(engine.arrived);
    deepEqual(
      texts.filter((text) => text !== `${ROW} fresh`),
      [],
      'the trigger comes first: whatever the kernel handed over later was thrown away',
    );
  },
);

onEachEngine('[PN-53] two thousand moves in a row leave no open file, and the last socket works', async (scene) => {
  const { engine, lease } = scene;
  await openRow(scene, ROW);
  const ports = [await lease.port(), await lease.port()] as const;
  const files = openDescriptors();
  const at = [
    { host: HOST, port: ports[0] },
    { host: HOST, port: ports[1] },
  ] as const;
  equal(await engine.ask({ kind: 'moves', spare: SPARE, row: ROW, at, times: 2_000 }), null);
  equal(openDescriptors(), files);
  ok(await isFree(ports[0]));
  const source = await openPeer(scene);
  for (let n = 0; n < 5; n++) await source.send(`packet ${n}`, ports[1]);
  deepEqual(
    textsOf(await engine.take(5)),
    [0, 1, 2, 3, 4].map((n) => `${ROW} packet ${n}`),
  );
  equal(await engine.stop(), 0);
  ok(engine.isClean);
  ok(await isFree(ports[1]));
});

for (const count of [1, 64, 65, 200]) {
  onEachEngine(`${count} packets of our own that leave in one turn arrive whole and in order`, async (scene) => {
    const { engine } = scene;
    const listener = await openPeer(scene);
    const port = await openRow(scene, ROW);
    await engine.ask({ kind: 'remote', row: ROW, at: { host: HOST, port: listener.port } });
    for (let round = 0; round < 3; round++) {
      await engine.ask({ kind: 'drafts', row: ROW, count });
      const arrived = await listener.take(count);
      for (const [n, { bytes, from }] of arrived.entries()) {
        deepEqual(new Uint8Array(bytes), draftBytes(n), `packet ${n} of ${count}`);
        equal(from.port, port);
      }
    }
    equal((await engine.look()).counters.sendErrors, 0);
  });
}

onEachEngine(
  'a datagram in hand is left whole by a hundred packets of our own before it, and they by it',
  async (scene: EngineScene) => {
    const { engine } = scene;
    const source = await openPeer(scene);
    const port = await openRow(scene, ROW);
    await engine.ask({ kind: 'remote', row: ROW, at: { host: HOST, port: source.port } });
    await engine.ask({ kind: 'draftsOn', row: ROW, count: 100 });
    const datagram = Buffer.alloc(1200, 'in hand');
    await source.send(datagram, port);
    const arrived = await source.take(201);
    const expected = [...Array.from({ length: 100 }, (_, n) => draftBytes(n)), datagram];
    expected.push(...Array.from({ length: 100 }, (_, n) => draftBytes(100 + n)));
    for (const [n, { bytes }] of arrived.entries()) deepEqual(new Uint8Array(bytes), new Uint8Array(expected[n]!), `packet ${n}`);
  },
);

onEachEngine(
  'the TOS byte is on every packet that a row sends from then on, its new socket included once it is set, and on no other',
  async (scene) => {
    const { engine, lease, t } = scene;
    if (engine.name === 'dgram') return t.skip('Node has no way to set the TOS byte');
    const { TosReader } = await import('../rig/tosReader.js');
    const reader = new TosReader(HOST, await lease.port());
    t.after(() => reader.close());
    const source = await openPeer(scene);
    const ports = [await openRow(scene, ROW), await openRow(scene, ROW + 1)] as const;
    const tosOf = async (row: number, port: number): Promise<number[]> => {
      await engine.ask({ kind: 'forward', row, to: row });
      await engine.ask({ kind: 'remote', row, at: { host: HOST, port: reader.port } });
      await source.send('first', port);
      await source.send('second', port);
      return reader.take(2);
    };
    deepEqual(await tosOf(ROW, ports[0]), [0, 0]);
    for (const tos of [184, 96, 4, 0]) {
      await engine.ask({ kind: 'tos', row: ROW, tos });
      deepEqual(await tosOf(ROW, ports[0]), [tos, tos]);
      deepEqual(await tosOf(ROW + 1, ports[1]), [0, 0]);
    }
    await engine.ask({ kind: 'tos', row: ROW, tos: 184 });
    const fresh = await openRow(scene, SPARE);
    await engine.ask({ kind: 'move', from: SPARE, to: ROW });
    deepEqual(await tosOf(ROW, fresh), [0, 0], 'it is the socket that has it');
    await engine.ask({ kind: 'tos', row: ROW, tos: 184 });
    deepEqual(await tosOf(ROW, fresh), [184, 184]);
  },
);

onEachEngine('the TOS byte of a row without a socket, or with an IPv6 one, is no error and disturbs nothing', async (scene) => {
  const { engine, t } = scene;
  await engine.ask({ kind: 'tos', row: 77, tos: 184 });
  const source = await openPeer(scene, '::1').catch(() => null);
  if (source === null) return t.skip('no interface has ::1');
  const port = await openRow(scene, ROW, '::1');
  await engine.ask({ kind: 'tos', row: ROW, tos: 184 });
  await source.send('hello', port);
  deepEqual(textsOf(await engine.take(1)), [`${ROW} hello`]);
});

onEachEngine('[PN-53] what has arrived before a move, and was not delivered yet, comes on the new row', async (scene) => {
  const { engine } = scene;
  const source = await openPeer(scene);
  const port = await openRow(scene, SPARE);
  const goOn = await engine.block();
  await source.send('early', port);
  await delay(QUIET_MS);
  engine.tell({ kind: 'move', from: SPARE, to: ROW });
  goOn();
  equal(await engine.answer(), null);
  await source.send('late', port);
  deepEqual(textsOf(await engine.take(2)), [`${ROW} early`, `${ROW} late`]);
});

onEachEngine('[PN-53] a socket may go from row to row and back without losing a datagram', async (scene) => {
  const { engine } = scene;
  const source = await openPeer(scene);
  const port = await openRow(scene, ROW);
  for (let i = 0; i < 50; i++) {
    await source.send(`away ${i}`, port);
    await engine.ask({ kind: 'move', from: ROW, to: SPARE });
    await source.send(`back ${i}`, port);
    await engine.ask({ kind: 'move', from: SPARE, to: ROW });
  }
  const texts = (await engine.take(100)).map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
  deepEqual(texts, Array.from({ length: 50 }, (_, i) => [`away ${i}`, `back ${i}`]).flat());
  await engine.close(ROW);
  ok(await isFree(port));
});

onEachEngine(
  'rows are quiet as long as nothing waits at any of them',
  async (scene) => {
    const { engine } = scene;
    const source = await openPeer(scene);
    const [first, second] = [await openRow(scene, ROW), await openRow(scene, ROW + 1)];
    equal(await engine.ask({ kind: 'quiet', row: ROW, count: 2 }), null);
    equal(await engine.ask({ kind: 'quiet', row: 40, count: 4 }), null, 'nor is anything heard where there is no socket');
    const goOn = await engine.block();
    await source.send('waits', second);
    await delay(QUIET_MS);
    // Asked before what waits is delivered, as the wake-up came first; and again after that.
    engine.tell({ kind: 'quiet', row: ROW, count: 1 }, { kind: 'quiet', row: ROW, count: 2 });
    goOn();
    equal(await engine.answer(), null);
    equal(await engine.answer(), 'EAGAIN');
    await engine.take(1);
    equal(await engine.ask({ kind: 'quiet', row: ROW, count: 2 }), null);

    const trigger = await openRow(scene, 50);
    engine.tell({ kind: 'quiet', row: ROW, count: 2, on: 50 });
    const goOnAgain = await engine.block();
    await source.send('ask', trigger);
    await source.send('in hand', first);
    await delay(QUIET_MS);
    goOnAgain();
    equal(await engine.answer(), 'EAGAIN', 'taken from the socket, and not delivered');
    await engine.take(2);
  },
  ['io_uring', 'epoll'],
);
