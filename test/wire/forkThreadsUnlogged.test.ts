/** What is left of a call led into one on another media thread when one of them dies without an event log; and new sessions that are refused meanwhile, with one and without. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { lackOf } from '../rig/engineDriver.js';
import { BOUND, fork, heard, kill, linesOf, onEachEngine, QUIET_MS, WITHOUT_LOG } from '../rig/forkedThreads.js';
import { killer, setUp } from '../rig/threadCalls.js';
import { callOn, startThreads, type ThreadScene } from '../rig/threadScene.js';

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
