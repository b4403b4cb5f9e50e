/** Media of a call on one media thread led into a call on another, and what is left of it when one of the threads dies. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { eventually, Party } from '../rig/calls.js';
import { lackOf } from '../rig/engineDriver.js';
import { callOn, HOST, startThreads, type ThreadScene } from '../rig/threadScene.js';

const BOUND = { timeout: 30_000 };
const QUIET_MS = 80;

type Call = {
  readonly call: string;
  readonly caller: Party;
  readonly callee: Party;
  readonly facesCallee: number;
  readonly facesCaller: number;
};

async function setUp({ t, ask }: ThreadScene, call: string): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = Number.parseInt(await ask(`U ${call} ${HOST} ${caller.rtp.port} f`), 10);
  const facesCaller = Number.parseInt(await ask(`L ${call} ${HOST} ${callee.rtp.port} f t`), 10);
  ok(facesCallee > 0 && facesCaller > 0);
  return { call, caller, callee, facesCallee, facesCaller };
}

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

function onEachEngine(title: string, body: (scene: ThreadScene, engine: EngineName) => Promise<void>): void {
  for (const name of ENGINE_NAMES) {
    test(`${name}: ${title}`, BOUND, async (t: TestContext) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      await body(await startThreads(t, name), name);
    });
  }
}

/** Kills a thread, and waits until another has taken its place. */
async function kill({ ask, warnings }: ThreadScene, shard: number): Promise<void> {
  warnings.splice(0);
  void ask(`U ${callOn(shard, 'kill-by-exit')} - 0 f`);
  await eventually(async () => ok(warnings.some((text) => text.includes('is started again'))), 3_000);
  warnings.splice(0);
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

onEachEngine(
  'when the thread of the target dies the source sends nothing to it, and the next target hears everything once',
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
    deepEqual(
      [await heard(source, again), await heard(other, again)],
      [
        [5, 0],
        [5, 0],
      ],
    );
  },
);

onEachEngine('when the thread of the source dies the target stays, silent, until it is led elsewhere', async (scene, engine) => {
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
});

onEachEngine('a thread that takes the place of a dead one knows that no new session is to begin', async (scene) => {
  const { ask, dispatch } = scene;
  const survivor = await setUp(scene, callOn(1, 'survivor'));
  dispatch.drain();
  for (const shard of [0, 1]) equal(await ask(`U ${callOn(shard, 'new')} - 0 f`), 'E99');
  await kill(scene, 0);
  for (const shard of [0, 1]) equal(await ask(`U ${callOn(shard, 'newer')} - 0 f`), 'E99');
  await survivor.caller.reaches(survivor.callee, survivor.facesCaller, survivor.facesCallee, 5);
});

onEachEngine(
  'a source whose thread dies while it is looked for is not there, and the command is carried out without it',
  async (scene) => {
    const { ask } = scene;
    const [source, target] = [await setUp(scene, callOn(0, 'source')), await setUp(scene, callOn(1, 'target'))];
    void ask(`U ${callOn(0, 'kill-by-exit')} - 0 f`);
    match(await ask(`U ${target.call} - 0 f t && C ${source.call} f t`), /^\d+ 127\.0\.0\.1 && -1$/);
    await target.caller.reaches(target.callee, target.facesCaller, target.facesCallee, 5);
  },
);

test('no session begins in the very moment when a thread is replaced, either', BOUND, async (t) => {
  const ghosts: Promise<string>[] = [];
  const scene = await startThreads(t, (await lackOf('epoll')) === null ? 'epoll' : 'dgram', (text) => {
    if (text.includes('is started again')) ghosts.push(scene.ask(`U ${callOn(0, 'ghost')} - 0 f`));
  });
  scene.dispatch.drain();
  await kill(scene, 0);
  await eventually(async () => equal(ghosts.length, 1));
  match((await ghosts[0])!, /^E/);
  equal(await scene.ask(`D ${callOn(0, 'ghost')} f`), 'E50');
});
