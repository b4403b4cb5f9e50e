/** A media thread that dies takes nothing with it, or without an event log its own sessions and nothing else; and is replaced. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { eventually } from '../rig/calls.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { filesAtRest, openFiles } from '../rig/openFiles.js';
import { runToEnd } from '../rig/startAttempt.js';
import { type Call, dieAndReturn, holdsOnly, killer, setUp, talk } from '../rig/threadCalls.js';
import { callOn, HOST, type SceneOptions, startThreads, type ThreadScene } from '../rig/threadScene.js';

const DOOMED = 0;
const SURVIVING = 1;
const BOUND = { timeout: 30_000 };
const WITHOUT_LOG: SceneOptions = { setting: { log: null } };

type Death = { readonly answers: readonly string[]; readonly doomed: readonly Call[]; readonly survivor: Call };

/** Asks while the thread dies, and once more while it is dead; and looks that the other thread does not lose a packet meanwhile. */
async function die(scene: ThreadScene, commandsOf: (doomed: readonly Call[]) => readonly string[]): Promise<Death> {
  const { ask, warnings } = scene;
  const survivor = await setUp(scene, callOn(SURVIVING, 'survivor'));
  await talk(survivor);
  const doomed: Call[] = [];
  for (const name of ['doomed-a', 'doomed-b', 'doomed-c']) doomed.push(await setUp(scene, callOn(DOOMED, name)));
  for (const call of doomed) await talk(call);
  let isOver = false;
  let sent = 0;
  const talking = (async () => {
    for (; !isOver; sent++, await delay(5)) await survivor.caller.send(survivor.facesCaller);
  })();
  const inFlight = commandsOf(doomed).map((command) => ask(command));
  await eventually(async () => match(warnings[0]!, /^media thread 0 died: /), 3_000);
  const answers = await Promise.all([...inFlight, ask(`U ${callOn(DOOMED, 'after')} - 0 f`)]);
  await eventually(async () => match(warnings.at(-1)!, / serves again: | is started again; /), 3_000);
  isOver = true;
  await talking;
  equal((await survivor.callee.rtp.take(sent)).length, sent, 'not one packet of the other thread was lost');
  await talk(survivor);
  return { answers, doomed, survivor };
}

async function isTakenUp(scene: ThreadScene, how: 'exit' | 'throw'): Promise<void> {
  const { ask, warnings, threads, folder } = scene;
  const { answers, doomed, survivor } = await die(scene, ([a, b, c]) => [
    ...[`U ${callOn(DOOMED, 'before')} - 0 f`, `U ${callOn(DOOMED, 'killer')} - 0 ${how}-in-command`],
    ...[`L ${a!.call} - 0 f t`, `Q ${b!.call} f t`, `D ${c!.call} f t`],
  ]);
  const [a, b, c] = doomed as [Call, Call, Call];
  const port = /^\d+ 127\.0\.0\.1$/;
  const expected = [port, /^E72$/, new RegExp(`^${a.facesCaller} 127\\.0\\.0\\.1$`), /^\d+ 5 5 10 0$/, /^0$/, port];
  for (const [n, answer] of answers.entries()) match(answer, expected[n]!);
  deepEqual(warnings.slice(1), [
    `media thread 0 died over call ${callOn(DOOMED, 'killer')}; when it does so again, the call is set aside`,
    warnings.at(-1)!,
  ]);
  // What was carried out before the command in hand is known to the log only if the thread could still write it.
  match(warnings.at(-1)!, /^media thread 0 serves again: [34] sessions taken up after \d+ ms$/);
  await talk(a);
  await talk(b);
  equal(await ask(`Q ${c.call} f t`), 'E50');
  const held = [a.call, b.call, callOn(DOOMED, 'before'), callOn(DOOMED, 'after')];
  await holdsOnly(scene, DOOMED, held);
  match(await ask('I'), /active sessions: 5\n/);
  const [created, destroyed] = (await ask('G nsess_created nsess_destroyed')).split(' ').map(Number);
  equal(created! - destroyed!, 5, 'one that the log did not know yet has ended with the thread, and begun anew');
  for (const call of [...held, survivor.call]) equal(await ask(`D ${call} f`), '0');
  await holdsOnly(scene, DOOMED, []);
  deepEqual(scene.fatal, []);
  await threads.stop();
  const { code, stdout } = await runToEnd(['replay', folder]);
  equal(code, 0, stdout);
  match(stdout, new RegExp(`${a.call} +taken up again \\d+ ms after the media thread was last heard of`));
  match(stdout, new RegExp(`${callOn(DOOMED, 'killer')} +a client asks: U .* => E72`), 'what was lost is told, too');
}

async function isBuried(scene: ThreadScene, how: 'exit' | 'throw'): Promise<void> {
  const { ask, warnings, threads } = scene;
  const { answers, doomed } = await die(scene, ([a]) => [
    ...[`U ${callOn(DOOMED, 'before')} - 0 f`, `U ${callOn(DOOMED, `kill-by-${how}`)} - 0 f`],
    ...[`L ${a!.call} - 0 f t`, `Q ${a!.call} f t`, `D ${a!.call} f t`],
  ]);
  deepEqual(answers.slice(0, -1), ['E72', 'E72', '0', 'E50', 'E50'], 'every command is answered');
  equal(warnings.length, 2);
  match(warnings[1]!, /^media thread 0 is started again; 3 sessions ended with it, 6 port pairs are free again$/);
  if (answers.at(-1) !== 'E72') equal(await ask(`D ${callOn(DOOMED, 'after')} f`), '0');
  await holdsOnly(scene, DOOMED, []);
  for (const { facesCallee, facesCaller } of doomed) {
    for (const port of [facesCallee, facesCallee + 1, facesCaller, facesCaller + 1])
      await eventually(async () => (await DatagramPeer.open(HOST, port)).close());
  }
  for (const { call } of doomed) equal(await ask(`D ${call} f t`), 'E50');
  match(await ask('I'), /active sessions: 1\n/);
  const [created, destroyed] = (await ask('G nsess_created nsess_destroyed')).split(' ').map(Number);
  equal(created! - destroyed!, 1, 'those that ended with the thread have ended');
  for (const { call } of doomed) {
    await talk(await setUp(scene, call));
    equal(await ask(`D ${call} f t`), '0');
  }
  deepEqual(scene.fatal, []);
  await threads.stop();
}

function onEachDeath(
  title: string,
  options: SceneOptions,
  body: (scene: ThreadScene, how: 'exit' | 'throw') => Promise<void>,
): void {
  for (const name of ENGINE_NAMES) {
    for (const how of ['exit', 'throw'] as const) {
      const who = how === 'exit' ? 'that is gone at once' : 'that throws out of its loop';
      test(`${name}: a media thread ${who} ${title}`, BOUND, async (t: TestContext) => {
        const reason = await lackOf(name);
        if (reason !== null) return t.skip(reason);
        await body(await startThreads(t, name, options), how);
      });
    }
  }
}

onEachDeath(
  'is replaced, its sessions go on where they were, every command is answered, and the other thread notices nothing',
  {},
  isTakenUp,
);
onEachDeath(
  'is replaced without an event log, too: its ports are freed, and the other thread notices nothing',
  WITHOUT_LOG,
  isBuried,
);

const anyEngine = async (): Promise<EngineName> => ((await lackOf('io_uring')) === null ? 'io_uring' : 'dgram');

test('deaths leave no file open', BOUND, async (t) => {
  const scene = await startThreads(t, await anyEngine());
  const call = await setUp(scene, callOn(DOOMED, 'lasting'));
  const filesBefore = await filesAtRest();
  for (let death = 0; death < 3; death++) {
    await dieAndReturn(scene, () => killer(scene, DOOMED, death % 2 === 0 ? 'exit' : 'throw'));
    await talk(call);
  }
  await eventually(async () => equal(openFiles(), filesBefore), 3_000);
});

for (const [kind, options] of [
  ['with', {}],
  ['without', WITHOUT_LOG],
] as const) {
  test(`${kind} a log a media thread that dies again and again is given up, and that is said once`, BOUND, async (t) => {
    const scene = await startThreads(t, await anyEngine(), options);
    const waiting: Promise<string>[] = [];
    for (let death = 1; scene.fatal.length === 0; death++) {
      ok(death <= 10, 'it is never given up');
      const deaths = (): number => scene.warnings.filter((text) => text.includes(' died: ')).length;
      const before = deaths();
      waiting.push(killer(scene, DOOMED));
      await eventually(async () => ok(deaths() > before || scene.fatal.length > 0), 5_000);
    }
    deepEqual(scene.fatal, ['media thread 0 keeps dying, giving up']);
    waiting.push(scene.ask(`U ${callOn(DOOMED, 'too-late')} - 0 f`));
    for (const answer of await Promise.all(waiting)) equal(answer, 'E72');
    await talk(await setUp(scene, callOn(SURVIVING, 'survivor')));
    const stopped = await Promise.race([scene.threads.stop().then(() => true), delay(5_000, false, { ref: false })]);
    ok(stopped, 'it can still be stopped');
  });

  test(
    `${kind} a log a command that comes in the very moment when a thread is replaced is refused or carried out, not both`,
    BOUND,
    async (t) => {
      const ghost = callOn(DOOMED, 'ghost');
      const answers: Promise<string>[] = [];
      const scene: ThreadScene = await startThreads(t, (await lackOf('epoll')) === null ? 'epoll' : 'dgram', {
        ...options,
        onWarning: () => {
          if (answers.length < 3) answers.push(scene.ask(`U ${ghost}-${answers.length} - 0 f`));
        },
      });
      void killer(scene, DOOMED);
      await eventually(async () => ok(scene.warnings.some((text) => / serves again: | is started again; /.test(text))), 3_000);
      for (const [n, answer] of answers.entries()) {
        const isMade = /^\d/.test(await answer);
        // The thread has taken what was meant for it when it answers this.
        match(await scene.ask(`U ${callOn(DOOMED, 'later')} - 0 f`), /^\d/);
        equal(await scene.ask(`D ${ghost}-${n} f`), isMade ? '0' : 'E50', `ghost ${n} was answered ${await answer}`);
      }
    },
  );
}
