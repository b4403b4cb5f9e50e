/** A media thread that dies takes its own sessions with it and nothing else, and is replaced. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { eventually, Party } from '../rig/calls.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { runToEnd } from '../rig/startAttempt.js';
import { callOn, HOST, startThreads, type ThreadScene } from '../rig/threadScene.js';

const DOOMED = 0;
const SURVIVING = 1;
const BOUND = { timeout: 30_000 };

type Call = {
  readonly call: string;
  readonly caller: Party;
  readonly callee: Party;
  readonly facesCallee: number;
  readonly facesCaller: number;
};

async function setUp({ t, ask }: ThreadScene, call: string): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = Number.parseInt(await ask(`U ${call} ${HOST} ${caller.rtp.port} from`), 10);
  const facesCaller = Number.parseInt(await ask(`L ${call} ${HOST} ${callee.rtp.port} from to`), 10);
  return { call, caller, callee, facesCallee, facesCaller };
}

async function talk({ caller, callee, facesCaller, facesCallee }: Call): Promise<void> {
  await caller.reaches(callee, facesCaller, facesCallee, 5);
  await callee.reaches(caller, facesCallee, facesCaller, 5);
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

/** Kills the thread while other commands are under way to it, and answers what those got. */
async function kill({ ask }: ThreadScene, how: string, doomed: string): Promise<string[]> {
  const commands = [`U ${callOn(DOOMED, 'before')} - 0 from`, `U ${callOn(DOOMED, how)} - 0 from`];
  commands.push(`L ${doomed} - 0 from to`, `Q ${doomed} from to`, `D ${doomed} from to`);
  const inFlight = commands.map((command) => ask(command));
  await delay(50);
  // It is dead by now, and not yet replaced.
  return Promise.all([...inFlight, ask(`U ${callOn(DOOMED, 'after')} - 0 from`)]);
}

async function isReplaced(scene: ThreadScene, how: string): Promise<void> {
  const { ask, warnings, folder, threads } = scene;
  const survivor = await setUp(scene, callOn(SURVIVING, 'survivor'));
  await talk(survivor);
  const filesBefore = openFiles();
  const doomed: Call[] = [];
  for (const name of ['doomed-a', 'doomed-b', 'doomed-c']) doomed.push(await setUp(scene, callOn(DOOMED, name)));
  for (const call of doomed) await talk(call);

  let isOver = false;
  let sent = 0;
  const talking = (async () => {
    for (; !isOver; sent++, await delay(5)) await survivor.caller.send(survivor.facesCaller);
  })();
  deepEqual(await kill(scene, how, doomed[0]!.call), ['E72', 'E72', '0', 'E50', 'E50', 'E72'], 'every command is answered');
  await eventually(async () => equal(warnings.length, 2), 3_000);
  match(warnings[0]!, /^media thread 0 died: /);
  match(warnings[1]!, /^media thread 0 is started again; 3 sessions ended with it, 6 port pairs are free again$/);
  isOver = true;
  await talking;
  equal((await survivor.callee.rtp.take(sent)).length, sent, 'not one packet of the other thread was lost');
  await talk(survivor);

  for (const { facesCallee, facesCaller } of doomed) {
    for (const port of [facesCallee, facesCallee + 1, facesCaller, facesCaller + 1])
      await eventually(async () => (await DatagramPeer.open(HOST, port)).close());
  }
  for (const { call } of doomed) equal(await ask(`D ${call} from to`), 'E50');
  match(await ask('I'), /active sessions: 1\n/);
  equal(await ask('G nsess_created nsess_destroyed'), '4 3', 'those that ended with the thread have ended');
  for (const { call } of doomed) {
    const again = await setUp(scene, call);
    await talk(again);
    equal(await ask(`D ${call} from to`), '0');
  }
  // The sockets of the test's own parties, two a party, are the only new ones.
  await eventually(async () => equal(openFiles() - filesBefore, 6 * 4));
  deepEqual(scene.fatal, []);
  await threads.stop();
  const { code, stdout } = await runToEnd(['replay', folder]);
  equal(code, 0, stdout);
  match(stdout, new RegExp(`${doomed[0]!.call} +session closed: deleted`), 'the second life of the call');
}

for (const name of ENGINE_NAMES) {
  for (const how of ['kill-by-exit', 'kill-by-throw']) {
    const title = how === 'kill-by-exit' ? 'that is gone at once' : 'that throws out of its loop';
    test(
      `${name}: a media thread ${title} is replaced, its ports are freed, and the other thread notices nothing`,
      BOUND,
      async (t) => {
        const reason = await lackOf(name);
        if (reason !== null) return t.skip(reason);
        await isReplaced(await startThreads(t, name), how);
      },
    );
  }
}

test('a media thread that dies again and again is given up, and that is said once', BOUND, async (t) => {
  const scene = await startThreads(t, (await lackOf('io_uring')) === null ? 'io_uring' : 'dgram');
  const killer = callOn(DOOMED, 'kill-by-exit');
  for (let death = 1; scene.fatal.length === 0; death++) {
    ok(death <= 10, 'it is never given up');
    void scene.ask(`U ${killer} - 0 from`).catch(() => {});
    await eventually(async () => ok(scene.warnings.length >= death * 2 || scene.fatal.length > 0), 3_000);
  }
  deepEqual(scene.fatal, ['media thread 0 keeps dying, giving up']);
  const survivor = await setUp(scene, callOn(SURVIVING, 'survivor'));
  await talk(survivor);
  const stopped = await Promise.race([scene.threads.stop().then(() => true), delay(5_000, false, { ref: false })]);
  ok(stopped, 'it can still be stopped');
});

test(
  'a command that comes in the very moment when a thread is replaced is refused or carried out, not both',
  BOUND,
  async (t) => {
    const ghost = callOn(DOOMED, 'ghost');
    let answer: Promise<string> | null = null;
    const scene: ThreadScene = await startThreads(t, (await lackOf('epoll')) === null ? 'epoll' : 'dgram', (text) => {
      if (text.includes('is started again')) answer = scene.ask(`U ${ghost} - 0 from`);
    });
    void scene.ask(`U ${callOn(DOOMED, 'kill-by-exit')} - 0 from`);
    await eventually(async () => ok(answer !== null), 3_000);
    const isMade = /^\d/.test((await answer) ?? '');
    // The thread has taken what was meant for it when it answers this.
    match(await scene.ask(`U ${callOn(DOOMED, 'later')} - 0 from`), /^\d/);
    const left = await scene.ask(`D ${ghost} from`);
    equal(left, isMade ? '0' : 'E50', `answered ${await answer}, and then ${left} to its deletion`);
  },
);
