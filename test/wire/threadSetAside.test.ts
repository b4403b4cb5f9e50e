/** A call over which media threads die, and the commands that are under way when one does. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { eventually } from '../rig/calls.js';
import { lackOf } from '../rig/engineDriver.js';
import { runToEnd } from '../rig/startAttempt.js';
import { type Call, dieAndReturn, holdsOnly, setUp, talk } from '../rig/threadCalls.js';
import { callOn, HOST, NOTIFIED, type SceneOptions, startThreads, type ThreadScene } from '../rig/threadScene.js';

const BOUND = { timeout: 60_000 };

function onEachEngine(title: string, body: (scene: ThreadScene) => Promise<void>, options: SceneOptions = {}): void {
  for (const name of ENGINE_NAMES) {
    test(`${name}: ${title}`, BOUND, async (t: TestContext) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      await body(await startThreads(t, name, options));
    });
  }
}

const anyEngine = async (): Promise<EngineName> => ((await lackOf('epoll')) === null ? 'epoll' : 'dgram');

/** Checks that a call has been set aside, and nothing else is amiss. */
async function isSetAside(scene: ThreadScene, call: string, innocent: Call, told: readonly string[]): Promise<void> {
  const { ask, notifications, folder, threads } = scene;
  ok(told.includes(`call ${call} is set aside: media thread 0 died over it twice; replay its log`), told.join('\n'));
  deepEqual(
    notifications.map(({ line, ended }) => [line, ended?.callId]),
    [['tag', call]],
    'who asked is told',
  );
  await talk(innocent);
  for (const [command, lost] of [
    ...([
      [`U ${call} - 0 f`, 'E72'],
      [`L ${call} - 0 f t`, '0'],
    ] as const),
    ...([
      [`Q ${call} exit-in-command`, 'E50'],
      [`D ${call} f`, 'E50'],
    ] as const),
  ])
    equal(await ask(command), lost);
  await talk(innocent);
  await holdsOnly(scene, 0, [innocent.call]);
  deepEqual(scene.fatal, []);
  await threads.stop();
  const { code, stdout } = await runToEnd(['replay', folder, '--call', call]);
  equal(code, 0, stdout);
  match(stdout, /taken up again \d+ ms after the media thread was last heard of/);
  match(stdout, /session closed: set-aside/);
}

for (const how of ['exit', 'throw'] as const) {
  onEachEngine(`a call whose command kills the thread (${how}) twice is set aside, and no other`, async (scene) => {
    const { ask, warnings, notifications } = scene;
    const poison = await setUp(scene, callOn(0, 'poison'), { behindU: ` ${NOTIFIED} tag` });
    const innocent = await setUp(scene, callOn(0, 'innocent'));
    const kill = () => ask(`Q ${poison.call} ${how}-in-command t`);
    await dieAndReturn(scene, async () => equal(await kill(), 'E50'));
    ok(warnings.includes(`media thread 0 died over call ${poison.call}; when it does so again, the call is set aside`));
    await talk(poison);
    await talk(innocent);
    deepEqual(notifications, []);
    // The second time others are under way, of the same call and of the other one.
    const others: Promise<string>[] = [];
    const told = await dieAndReturn(scene, () => {
      void kill();
      others.push(ask(`Q ${poison.call} f t`), ask(`Q ${innocent.call} f t`));
    });
    equal(await others[0], 'E50');
    match((await others[1])!, /^\d+ 5 5 10 0$/);
    await isSetAside(scene, poison.call, innocent, told);
    const { stdout } = await runToEnd(['replay', scene.folder, '--call', poison.call]);
    equal(stdout.split(`asks: Q ${poison.call} ${how}-in-command t => E50`).length, 3, 'both commands are told');
  });
}

onEachEngine('so is one whose packets kill it', async (scene) => {
  const innocent = await setUp(scene, callOn(0, 'innocent'));
  const poison = await setUp(scene, callOn(0, 'die-at-NoteSource'), { behindU: ` ${NOTIFIED} tag` });
  await dieAndReturn(scene, () => poison.caller.send(poison.facesCaller));
  await talk(innocent);
  const told = await dieAndReturn(scene, () => poison.caller.send(poison.facesCaller));
  await isSetAside(scene, poison.call, innocent, told);
});

onEachEngine(
  'so is one whose timer kills it',
  async (scene) => {
    const innocent = await setUp(scene, callOn(0, 'innocent'), { behindU: ' && S ttl=60' });
    const poison = await setUp(scene, callOn(0, 'die-at-CheckIdle'), { behindU: ` ${NOTIFIED} tag` });
    const isOver = (texts: readonly string[]): boolean => texts.some((text) => text.includes(' is set aside: '));
    await eventually(async () => ok(isOver(scene.warnings)), 8_000);
    await eventually(async () => match(scene.warnings.at(-1)!, / serves again: /), 3_000);
    await isSetAside(scene, poison.call, innocent, scene.warnings);
  },
  { setting: { ttlMs: 1_000, setupTtlMs: 1_000 } },
);

test('a call that cannot even be taken up is set aside at the third attempt', BOUND, async (t) => {
  const scene = await startThreads(t, await anyEngine());
  const innocent = await setUp(scene, callOn(0, 'innocent'));
  const poison = await setUp(scene, callOn(0, 'die-at-Recover'), { behindU: ` ${NOTIFIED} tag` });
  const told = await dieAndReturn(scene);
  equal(told.filter((text) => text.includes(' died: ')).length, 3);
  deepEqual(
    scene.notifications.map(({ ended }) => ended?.callId),
    [poison.call],
  );
  await talk(innocent);
  await holdsOnly(scene, 0, [innocent.call]);
});

test('what dies over no call in particular strikes none', BOUND, async (t) => {
  const scene = await startThreads(t, await anyEngine());
  const call = await setUp(scene, callOn(0, 'innocent'));
  await dieAndReturn(scene, () => scene.ask(`U ${callOn(0, 'kill-by-exit')} - 0 f`));
  // It is asked once more, of the next thread, and not a third time.
  await eventually(async () => equal(scene.warnings.filter((text) => text.includes(' serves again: ')).length, 2), 8_000);
  await talk(call);
  equal(scene.warnings.filter((text) => text.includes('over call')).length, 0);
  equal(scene.warnings.length, 4);
});

test(
  'a command that was carried out before the death has the answer that it got, and is not carried out again',
  BOUND,
  async (t) => {
    const scene = await startThreads(t, await anyEngine());
    for (const [name, from] of [
      ['with-a-cookie', 'udp:0 1.2.3.4:5 cookie'],
      ['without', 'unix:/sock - -'],
    ] as const) {
      const call = callOn(0, `die-before-reply-${name}`);
      const port = /^\d+ 127\.0\.0\.1$/;
      let answer: Promise<string> = Promise.resolve('');
      await dieAndReturn(scene, () => {
        answer = scene.ask(`U ${call} ${HOST} 4000 f`, from);
      });
      match(await answer, port);
      await dieAndReturn(scene, () => {
        answer = scene.ask(`D ${call} f`, from);
      });
      equal(await answer, '0', 'it was deleted once');
    }
    match(await scene.ask('I'), /sessions created: 2\nactive sessions: 0\n/);
  },
);

test(
  'an answer that only waits for the disk when its thread dies is given when that is done, and not asked for again',
  BOUND,
  async (t) => {
    const held: (() => void)[] = [];
    const scene = await startThreads(t, await anyEngine(), { gate: (_, release) => held.push(release) });
    const answer = scene.ask(`U ${callOn(0, 'patient')} - 0 f`);
    await eventually(async () => equal(held.length, 1));
    await dieAndReturn(scene, () => scene.ask(`Q ${callOn(0, 'killer')} exit-in-command`));
    const early = await Promise.race([answer, delay(100, 'nothing yet')]);
    equal(early, 'nothing yet');
    held[0]!();
    notEqual(Number.parseInt(await answer, 10), Number.NaN);
    equal(held.length, 1, 'it was carried out once');
  },
);
