/** Media of a call on one media thread led into a call on another, and what is left of it when one of the threads dies. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { eventually } from '../rig/calls.js';
import { lackOf } from '../rig/engineDriver.js';
import { type Call, dieAndReturn, killer, setUp } from '../rig/threadCalls.js';
import { callOn, type SceneOptions, startThreads, type ThreadScene } from '../rig/threadScene.js';

const BOUND = { timeout: 30_000 };
const WITHOUT_LOG: SceneOptions = { setting: { log: null } };
const QUIET_MS = 80;

/** Leads the source into the target, whose caller then hears the source's callee. Comes back when the line works. */
async function fork({ ask }: ThreadScene, target: Call, source: Call): Promise<void> {
  match(await ask(`U ${target.call} - 0 f t && C ${source.call} f t`), /^\d+ 127\.0\.0\.1$/);
  // The line is opened by way of the main thread, after the answer.
  await eventually(async () => {
    await source.callee.send(source.facesCallee);
    await delay(20);
    ok(target.caller.rtp.arrived.length > 0);
  }, 3_000);
  await delay(QUIET_MS);
  for (const { caller, callee } of [source, target]) for (const { rtp } of [caller, callee]) rtp.arrived.splice(0);
}

/** Packets of the source's callee, and who has heard how many of them. */
async function heard(source: Call, target: Call, count = 5): Promise<readonly [inSource: number, inTarget: number]> {
  await source.callee.send(source.facesCallee, count);
  await source.caller.rtp.take(count);
  await delay(QUIET_MS);
  return [count + source.caller.rtp.arrived.splice(0).length, target.caller.rtp.arrived.splice(0).length];
}

/** What a thread says of its lines. */
async function linesOf(
  { ask, warnings }: ThreadScene,
  shard: number,
): Promise<{ readonly listening: number; readonly sent: number }> {
  // Counted with the wake-up before: so it is asked twice.
  for (let n = 0; n < 2; n++) await ask(`Q ${callOn(shard, 'count-lines')} f`);
  await eventually(async () => ok(warnings.some((text) => text.startsWith('lines: '))));
  const said = warnings.filter((text) => text.startsWith('lines: ')).at(-1)!;
  warnings.splice(0, warnings.length, ...warnings.filter((text) => !text.startsWith('lines: ')));
  const [, listening, sent] = /^lines: (\d+) in, (\d+) packets out$/.exec(said)!;
  return { listening: Number(listening), sent: Number(sent) };
}

function onEachEngine(
  title: string,
  body: (scene: ThreadScene, engine: EngineName) => Promise<void>,
  options: SceneOptions = {},
): void {
  for (const name of ENGINE_NAMES) {
    test(`${name}: ${title}`, BOUND, async (t: TestContext) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      await body(await startThreads(t, name, options), name);
    });
  }
}

/** Kills a thread, and waits until another has taken its place. */
async function kill(scene: ThreadScene, shard: number): Promise<void> {
  await dieAndReturn(scene, () => killer(scene, shard));
  scene.warnings.splice(0);
}

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

/** The line stands again when the target hears the source: it is opened by way of the main thread. */
async function hearsAgain(source: Call, target: Call): Promise<void> {
  await eventually(async () => deepEqual(await heard(source, target), [5, 5]), 3_000);
  deepEqual(await heard(source, target), [5, 5], 'and all of it once');
}

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

onEachEngine(
  'without a log, when the thread of the target dies the source sends nothing to it, and the next target hears everything once',
  async (scene) => {
    const source = await setUp(scene, callOn(0, 'source'));
    const other = await setUp(scene, callOn(0, 'other-source'));
    const target = await setUp(scene, callOn(1, 'target'));
    await fork(scene, target, source);
    await kill(scene, 1);
    const before = await linesOf(scene, 0);
    deepEqual(await heard(source, target), [5, 0]);
    equal((await linesOf(scene, 0)).sent, before.sent);
    const again = await setUp(scene, callOn(1, 'again'));
    await fork(scene, again, other);
    deepEqual(await heard(other, again), [5, 5]);
    deepEqual(await heard(source, again), [5, 0]);
    await fork(scene, again, source);
    deepEqual(await heard(source, again), [5, 5]);
    equal(await scene.ask(`D ${again.call} f`), '0');
    await delay(QUIET_MS);
    for (const each of [source, other]) deepEqual(await heard(each, again), [5, 0]);
  },
  WITHOUT_LOG,
);

onEachEngine(
  'without a log, when the thread of the source dies the target stays, silent, until it is led elsewhere',
  async (scene, engine) => {
    const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
    await fork(scene, target, source);
    await kill(scene, 0);
    match(await scene.ask(`Q ${target.call} f t`), /^\d+ \d+ \d+ \d+ \d+$/);
    const stranger = await setUp(scene, callOn(0, 'stranger'));
    deepEqual(await heard(stranger, target), [5, 0], 'it stands where the source stood');
    await fork(scene, target, stranger);
    deepEqual(await heard(stranger, target), [5, 5]);
    if (engine !== 'dgram') equal((await linesOf(scene, 1)).listening, 1);
    equal(await scene.ask(`D ${target.call} f`), '0');
    await delay(QUIET_MS);
    deepEqual(await heard(stranger, target), [5, 0]);
    equal((await linesOf(scene, 1)).listening, 0);
  },
  WITHOUT_LOG,
);

for (const options of [{}, WITHOUT_LOG]) {
  const kind = options === WITHOUT_LOG ? 'without' : 'with';
  onEachEngine(
    `${kind} a log, a thread that takes the place of a dead one knows that no new session is to begin`,
    async (scene) => {
      const { ask, dispatch } = scene;
      const survivor = await setUp(scene, callOn(1, 'survivor'));
      dispatch.drain();
      for (const shard of [0, 1]) equal(await ask(`U ${callOn(shard, 'new')} - 0 f`), 'E99');
      await kill(scene, 0);
      for (const shard of [0, 1]) equal(await ask(`U ${callOn(shard, 'newer')} - 0 f`), 'E99');
      await survivor.caller.reaches(survivor.callee, survivor.facesCaller, survivor.facesCallee, 5);
    },
    options,
  );

  test(`${kind} a log, no session begins in the very moment when a thread is replaced, either`, BOUND, async (t) => {
    const ghosts: Promise<string>[] = [];
    const scene: ThreadScene = await startThreads(t, (await lackOf('epoll')) === null ? 'epoll' : 'dgram', {
      ...options,
      onWarning: () => ghosts.push(scene.ask(`U ${callOn(0, 'ghost')} - 0 f`)),
    });
    scene.dispatch.drain();
    await kill(scene, 0);
    ok(ghosts.length >= 2, 'when it died, and when the next one came');
    for (const ghost of ghosts) match(await ghost, /^E/);
    equal(await scene.ask(`D ${callOn(0, 'ghost')} f`), 'E50');
  });
}

onEachEngine('a source whose thread dies while it is looked for is found by the next one', async (scene) => {
  const { ask } = scene;
  const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
  void killer(scene, 0);
  match(await ask(`U ${target.call} - 0 f t && C ${source.call} f t`), /^\d+ 127\.0\.0\.1$/);
  await hearsAgain(source, target);
});

onEachEngine(
  'without a log, a source whose thread dies while it is looked for is not there, and the command is carried out without it',
  async (scene) => {
    const { ask } = scene;
    const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
    void killer(scene, 0);
    match(await ask(`U ${target.call} - 0 f t && C ${source.call} f t`), /^\d+ 127\.0\.0\.1 && -1$/);
    await target.caller.reaches(target.callee, target.facesCaller, target.facesCallee, 5);
  },
  WITHOUT_LOG,
);
