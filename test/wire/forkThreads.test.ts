/** Media of a call on one media thread led into a call on another, and what is left of it when one of the threads dies. Without an event log: `forkThreadsUnlogged.test.ts`. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../rig/calls.js';
import { fork, heard, hearsAgain, kill, linesOf, onEachEngine, QUIET_MS } from '../rig/forkedThreads.js';
import { dieAndReturn, killer, setUp } from '../rig/threadCalls.js';
import { callOn } from '../rig/threadScene.js';

onEachEngine('a call on one thread hears one on another, RTP and RTCP, every packet whole and in order', async (scene) => {
  const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
  await fork(scene, target, source);
  const sent = await source.callee.send(source.facesCallee, 50);
  const [direct, forked] = [await source.caller.rtp.take(50), await target.caller.rtp.take(50)];
  for (const [n, packet] of sent.entries()) {
    equal(Buffer.from(packet).compare(direct[n]!.bytes), 0);
    equal(Buffer.from(packet).compare(forked[n]!.bytes), 0, `packet ${n} of the fork`);
    deepEqual([direct[n]!.from.port, forked[n]!.from.port], [source.facesCaller, target.facesCaller]);
  }
  await source.caller.reaches(source.callee, source.facesCaller, source.facesCallee, 5);
  equal((await target.callee.rtp.take(5)).length, 5, 'the other side hears the other side');
  const report = source.callee.nextRtcp();
  await source.callee.rtcp.send(report, source.facesCallee + 1);
  for (const { caller } of [source, target]) deepEqual((await caller.rtcp.take(1))[0]!.bytes, Buffer.from(report));
  await target.caller.send(target.facesCaller, 5);
  await delay(QUIET_MS);
  equal(target.callee.rtp.arrived.length, 0, 'what the target says itself is not heard');
});

onEachEngine(
  'when the target ends, its thread listens to nothing any more and the source sends nothing',
  async (scene, engine) => {
    const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
    await fork(scene, target, source);
    deepEqual(await heard(source, target), [5, 5]);
    if (engine !== 'dgram') equal((await linesOf(scene, 1)).listening, 1);
    equal(await scene.ask(`D ${target.call} f`), '0');
    await delay(QUIET_MS);
    const before = await linesOf(scene, 0);
    deepEqual(await heard(source, target), [5, 0]);
    equal((await linesOf(scene, 0)).sent, before.sent);
    equal((await linesOf(scene, 1)).listening, 0);
  },
);

onEachEngine('asked for again and again it is one line, heard once', async (scene, engine) => {
  const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
  for (let n = 0; n < 5; n++) await fork(scene, target, source);
  deepEqual(await heard(source, target), [5, 5]);
  if (engine !== 'dgram') equal((await linesOf(scene, 1)).listening, 1);
});

onEachEngine(
  'when the thread of the target dies the next one lets it hear the source again, by one line',
  async (scene, engine) => {
    const source = await setUp(scene, callOn(0, 'source'));
    const other = await setUp(scene, callOn(0, 'other-source'));
    const target = await setUp(scene, callOn(1, 'target'));
    await fork(scene, target, source);
    for (let death = 0; death < 2; death++) {
      await kill(scene, 1);
      await hearsAgain(source, target);
      const before = await linesOf(scene, 0);
      deepEqual(await heard(source, target), [5, 5]);
      equal((await linesOf(scene, 0)).sent, before.sent + 5, 'nothing is sent to the thread that died');
    }
    const again = await setUp(scene, callOn(1, 'again'));
    await fork(scene, again, other);
    deepEqual(await heard(other, again), [5, 5]);
    deepEqual(await heard(source, again), [5, 0]);
    equal(target.caller.rtp.arrived.splice(0).length, 5);
    if (engine !== 'dgram') equal((await linesOf(scene, 1)).listening, 2);
    for (const { call } of [target, again]) equal(await scene.ask(`D ${call} f`), '0');
    await delay(QUIET_MS);
    deepEqual(await heard(source, again), [5, 0]);
    equal((await linesOf(scene, 1)).listening, 0);
  },
);

onEachEngine('when the thread of the source dies the target hears it again, by one line', async (scene, engine) => {
  const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
  await fork(scene, target, source);
  for (let death = 0; death < 2; death++) {
    await kill(scene, 0);
    await hearsAgain(source, target);
    if (engine !== 'dgram') equal((await linesOf(scene, 1)).listening, 1);
  }
  const stranger = await setUp(scene, callOn(0, 'stranger'));
  await fork(scene, target, stranger);
  deepEqual(await heard(stranger, target), [5, 5]);
  deepEqual(await heard(source, target), [5, 0]);
  equal(await scene.ask(`D ${target.call} f`), '0');
  await delay(QUIET_MS);
  deepEqual(await heard(stranger, target), [5, 0]);
  equal((await linesOf(scene, 1)).listening, 0);
});

onEachEngine('when both threads die, together or one after the other, the target hears the source again', async (scene) => {
  const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
  await fork(scene, target, source);
  await Promise.all([dieAndReturn(scene, () => killer(scene, 0)), dieAndReturn(scene, () => killer(scene, 1))]);
  await eventually(async () => equal(scene.warnings.filter((text) => text.includes(' serves again: ')).length, 2), 8_000);
  await hearsAgain(source, target);
  for (const shard of [1, 0]) await kill(scene, shard);
  await hearsAgain(source, target);
});

onEachEngine('where source and target are of one thread and it dies, the one hears the other again', async (scene) => {
  const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(0, 'target'))];
  await fork(scene, target, source);
  await kill(scene, 0);
  await hearsAgain(source, target);
  equal(await scene.ask(`D ${target.call} f`), '0');
  deepEqual(await heard(source, target), [5, 0]);
});

onEachEngine('a source whose thread dies while it is looked for is found by the next one', async (scene) => {
  const { ask } = scene;
  const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
  void killer(scene, 0);
  match(await ask(`U ${target.call} - 0 f t && C ${source.call} f t`), /^\d+ 127\.0\.0\.1$/);
  await hearsAgain(source, target);
});
