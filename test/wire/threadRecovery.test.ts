/** What the next thread takes up of a media thread that has died. How long that takes is in `threadGap.test.ts`. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { eventually, Party } from '../rig/calls.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { runToEnd } from '../rig/startAttempt.js';
import { dieAndReturn, holdsOnly, inspect, killer, setUp, talk } from '../rig/threadCalls.js';
import { callOn, HOST, NOTIFIED, startThreads, type ThreadScene } from '../rig/threadScene.js';

const BOUND = { timeout: 60_000 };
/** What was heard of a stream is written down every two seconds. */
const SAMPLED_MS = 2_300;
/** What packets have changed is written down by then, also by a thread that has to wait for a processor. */
const WRITTEN_MS = 100;
const TELEPHONE_EVENT = 101;

function onEachEngine(title: string, body: (scene: ThreadScene, engine: EngineName) => Promise<void>, ports = 80): void {
  for (const name of ENGINE_NAMES) {
    test(`${name}: ${title}`, BOUND, async (t: TestContext) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      await body(await startThreads(t, name, { ports }), name);
    });
  }
}

const anyEngine = async (): Promise<EngineName> => ((await lackOf('epoll')) === null ? 'epoll' : 'dgram');

onEachEngine('counters go on, learned addresses stay learned, and who is known may move as before', async (scene) => {
  const { t, ask } = scene;
  const call = await setUp(scene, callOn(0, 'learned'));
  await talk(call, 20);
  const report = call.caller.nextRtcp();
  await call.caller.rtcp.send(report, call.facesCaller + 1);
  deepEqual((await call.callee.rtcp.take(1))[0]!.bytes, Buffer.from(report));
  // A callee that is not where signalling said.
  const learning = await setUp(scene, callOn(0, 'learning'));
  const real = await Party.open(t);
  await real.reaches(learning.caller, learning.facesCallee, learning.facesCaller, 3);
  const elsewhere = await Party.open(t);
  await delay(SAMPLED_MS);
  const before = await ask(`Q ${call.call} f t`);
  await dieAndReturn(scene);
  const after = await ask(`Q ${call.call} f t`);
  deepEqual(after.split(' ').slice(1), before.split(' ').slice(1));
  const [left, leftBefore] = [Number(after.split(' ')[0]), Number(before.split(' ')[0])];
  ok(left <= leftBefore && left >= leftBefore - 2, `${leftBefore} s to live before, ${left} s after`);
  await talk(call);
  await learning.caller.reaches(real, learning.facesCaller, learning.facesCallee, 3);
  const stranger = new Uint8Array(elsewhere.nextRtp());
  await elsewhere.rtp.send(stranger, call.facesCaller);
  await talk(call);
  // The same stream from another place.
  const moved = call.caller.nextRtp();
  await elsewhere.rtp.send(moved, call.facesCaller);
  deepEqual((await call.callee.rtp.take(1))[0]!.bytes, Buffer.from(moved), 'it is recognised by what was known before');
  await call.callee.reaches(elsewhere, call.facesCallee, call.facesCaller, 3);
  match(await ask(`Q ${call.call} f t`), /^\d+ 31 33 64 0$/);
});

onEachEngine('whatever was asked for a call is still so, and what it was asked for happens', async (scene, engine) => {
  const { t, ask, notifications } = scene;
  const listener = await Party.open(t);
  const call = await setUp(scene, callOn(0, 'settled'), {
    ...{ u: 'c0,101', l: 'z40', behindU: ` ${NOTIFIED} tag && M3:1 Dtag ${TELEPHONE_EVENT} && S ttl=33` },
  });
  match(await ask(`C ${call.call} udp:${HOST}:${listener.rtp.port} f t`), /^0$/);
  const held = await setUp(scene, callOn(0, 'held'));
  match(await ask(`L ${held.call} 0.0.0.0 0 f t`), /^\d+ /);
  const half = callOn(0, 'half');
  const facesCallee = Number.parseInt(await ask(`U ${half} ${HOST} 4000 f`), 10);
  const names = [call.call, held.call, half];
  // node:dgram cannot mark anything.
  const arrivesMarked = engine === 'dgram' ? null : await setUpMarked(scene, callOn(0, 'marked'), 40);
  if (arrivesMarked !== null) names.push(callOn(0, 'marked'));
  const statesOf = async () =>
    (await Promise.all(names.map((name) => inspect(scene, 0, name)))).flat().map(({ session, phase, state }) => ({
      ...{ session, phase, state: { ...state, recoveries: 0 } },
    }));
  for (let death = 1; death <= 2; death++) {
    const before = await statesOf();
    equal(before.length, names.length);
    await delay(WRITTEN_MS);
    await dieAndReturn(scene);
    deepEqual(await statesOf(), before);
    for (const name of names) equal((await inspect(scene, 0, name))[0]!.state.recoveries, death);
    const sent = await call.caller.send(call.facesCaller, 4);
    equal((await call.callee.rtp.take(4)).length, 4);
    deepEqual(
      (await listener.rtp.take(4)).map(({ bytes }) => bytes),
      sent.map((packet) => Buffer.from(packet)),
    );
    await call.callee.send(call.facesCallee, 4);
    equal((await call.caller.rtp.take(2)).length, 2, 'two packets become one');
    const timestamp = call.caller.sequence * 160;
    for (const isOver of [0, 0x80]) {
      const head = {
        payloadType: TELEPHONE_EVENT,
        marker: true,
        sequence: call.caller.sequence++,
        timestamp,
        ssrc: call.caller.ssrc,
      };
      await call.caller.rtp.send(buildRtp(head, Uint8Array.of(death, isOver, 3, 0)), call.facesCaller);
    }
    await eventually(async () => equal(notifications.at(-1)?.line, `Dtag ${death} 0 768 0`));
    await call.callee.rtp.take(2);
    await listener.rtp.take(2);
    await arrivesMarked?.();
    await holdsOnly(scene, 0, names);
  }
  const callee = await Party.open(t);
  const facesCaller = Number.parseInt(await ask(`L ${half} ${HOST} ${callee.rtp.port} f t`), 10);
  ok(facesCaller > 0 && facesCallee > 0, 'a call that was being set up is answered');
  for (const name of names) equal(await ask(`D ${name} f`), '0');
  await holdsOnly(scene, 0, []);
});

/** A call whose caller's packets are to have this TOS. Answers what looks whether they have. */
async function setUpMarked({ t, ask }: ThreadScene, name: string, tos: number): Promise<() => Promise<void>> {
  const { TosReader } = await import('../rig/tosReader.js');
  const [port, callee] = [await freePort(), await Party.open(t)];
  const reader = new TosReader(HOST, port);
  t.after(() => reader.close());
  const facesCallee = Number.parseInt(await ask(`U ${name} ${HOST} ${port} f && S tos=${tos}`), 10);
  await ask(`L ${name} ${HOST} ${callee.rtp.port} f t`);
  return async () => {
    await callee.send(facesCallee);
    deepEqual(await reader.take(1), [tos]);
  };
}

async function freePort(): Promise<number> {
  const peer = await DatagramPeer.open(HOST);
  const { port } = peer;
  await peer.close();
  return port;
}

onEachEngine('a thread that dies while it takes sessions up is replaced like any other', async (scene) => {
  const calls = [];
  for (const name of ['first', 'once-at-Recover', 'last']) calls.push(await setUp(scene, callOn(0, name)));
  const told = await dieAndReturn(scene);
  equal(told.filter((text) => text.includes(' died: ')).length, 2);
  match(told.at(-1)!, /serves again: 3 sessions taken up after \d+ ms$/);
  for (const call of calls) await talk(call);
  await holdsOnly(
    scene,
    0,
    calls.map(({ call }) => call),
  );
});

onEachEngine('a port that somebody else has taken meanwhile costs the call that had it, and that is told', async (scene) => {
  const { t, ask, hold, notifications, folder, threads } = scene;
  const lost = await setUp(scene, callOn(0, 'lost'), { behindU: ` ${NOTIFIED} tag` });
  const kept = await setUp(scene, callOn(0, 'kept'));
  hold(true);
  void killer(scene);
  // RTCP of the second leg: by then three sockets are open again.
  const thief = await eventually(() => DatagramPeer.open(HOST, lost.facesCaller + 1), 5_000);
  t.after(() => thief.close());
  await dieAndReturn(scene, () => hold(false));
  match(scene.warnings.at(-1)!, /1 session taken up after \d+ ms, 1 lost$/);
  deepEqual(
    notifications.map(({ line, ended }) => [line, ended?.callId]),
    [['tag', lost.call]],
  );
  await talk(kept);
  equal(await ask(`Q ${lost.call} f t`), 'E50');
  await holdsOnly(scene, 0, [kept.call]);
  await threads.stop();
  match((await runToEnd(['replay', folder])).stdout, new RegExp(`${lost.call} +session closed: port-lost`));
});

test('where the log cannot be read its sessions are lost, and that is said; the thread serves all the same', BOUND, async (t) => {
  const scene = await startThreads(t, await anyEngine());
  const [doomed, survivor] = [await setUp(scene, callOn(0, 'doomed')), await setUp(scene, callOn(1, 'survivor'))];
  renameSync(join(scene.folder, 'log'), join(scene.folder, 'elsewhere'));
  const told = await dieAndReturn(scene);
  ok(told.some((text) => /^event log: \S+ tells nothing of this run any more: the sessions are lost/.test(text)));
  equal(await scene.ask(`D ${doomed.call} f`), 'E50');
  await holdsOnly(scene, 0, []);
  match(await scene.ask('I'), /active sessions: 1\n/);
  await talk(survivor);
  await talk(await setUp(scene, callOn(0, 'doomed')));
});

test('a relay can be stopped while a thread is being replaced', BOUND, async (t) => {
  for (const waitMs of [0, 5, 30, 100]) {
    const scene = await startThreads(t, await anyEngine());
    await setUp(scene, callOn(0, 'lasting'));
    void killer(scene).catch(() => {}); // Nobody may be there any more to answer it.
    await delay(waitMs);
    const isStopped = await Promise.race([scene.threads.stop().then(() => true), delay(10_000, false, { ref: false })]);
    ok(isStopped, `${waitMs} ms after the death`);
  }
});
