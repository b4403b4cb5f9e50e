/** How long sessions live beyond `-T` and `-W`: a time to live of their own, one direction that is silent, and who refreshes it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askPort, Party } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import { openRelay, type RelayScene } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
const PACE_MS = 100;

/** `ttl` of a session in seconds, or null when it is gone. */
async function ttlOf(control: UdpControl, call: string, tags = 'f t'): Promise<number | null> {
  const answer = await control.ask(`Q ${call} ${tags} ttl`);
  return answer === 'E50' ? null : Number(answer);
}

/** How long it takes from now until the session is gone, milliseconds. */
async function lifeOf(control: UdpControl, call: string, limitMs = 8_000): Promise<number> {
  const start = performance.now();
  while ((await ttlOf(control, call)) !== null) {
    ok(performance.now() - start < limitMs, `${call} has not ended within ${limitMs} ms`);
    await delay(50);
  }
  return performance.now() - start;
}

/** Does something ten times a second for so long. */
async function keepDoing(durationMs: number, act: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + durationMs; performance.now() < end; await delay(PACE_MS)) await act();
}

type Call = { readonly caller: Party; readonly callee: Party; readonly facesCallee: number; readonly facesCaller: number };

async function openCall(t: TestContext, { control }: RelayScene, call: string, behind = ''): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = await askPort(control, `U ${call} 127.0.0.1 ${caller.rtp.port} f${behind}`);
  const facesCaller = await askPort(control, `L ${call} 127.0.0.1 ${callee.rtp.port} f t`);
  return { caller, callee, facesCallee, facesCaller };
}

/** Side by side, because they mostly wait. */
const TESTS: readonly (readonly [title: string, body: (t: TestContext) => Promise<void>])[] = [
  [
    '[PN-08] packets, U and L each begin the time anew',
    async (t) => {
      const scene = await openRelay(t, { args: ['-T', '2'] });
      const { control } = scene;
      const call = await openCall(t, scene, 'kept');
      await openCall(t, scene, 'by-u');
      await openCall(t, scene, 'by-l');
      await keepDoing(3_200, async () => {
        await call.caller.send(call.facesCaller);
        await askPort(control, 'U by-u 127.0.0.1 4000 f t');
        await askPort(control, 'L by-l 127.0.0.1 5000 f t');
      });
      deepEqual([await ttlOf(control, 'kept'), await ttlOf(control, 'by-u'), await ttlOf(control, 'by-l')], [2, 2, 2]);
      await Promise.all(['kept', 'by-u', 'by-l'].map((name) => lifeOf(control, name)));
    },
  ],

  [
    '[PN-08 KC-18] packets before the answer do not keep a session',
    async (t) => {
      const scene = await openRelay(t, { args: ['-T', '20', '-W', '1'] });
      const early = await Party.open(t);
      const port = await askPort(scene.control, 'U early 127.0.0.1 4000 f');
      const [life] = await Promise.all([lifeOf(scene.control, 'early'), keepDoing(2_500, () => early.send(port))]);
      ok(life > 850 && life < 2_500, `it has lived ${life} ms`);
    },
  ],

  [
    '[PN-08 KC-18] packets that cannot be sent on, because nobody knows where to, keep a session',
    async (t) => {
      const scene = await openRelay(t, { args: ['-T', '1'] });
      const caller = await Party.open(t);
      await askPort(scene.control, `U nowhere 127.0.0.1 ${caller.rtp.port} f`);
      const facesCaller = await askPort(scene.control, 'L nowhere - 0 f t');
      await keepDoing(2_600, () => caller.send(facesCaller));
      equal(await ttlOf(scene.control, 'nowhere'), 1);
      await lifeOf(scene.control, 'nowhere');
    },
  ],

  [
    '[PN-08 CW-39] S ttl is a time of its own: it holds through the answer and every packet, and may be changed',
    async (t) => {
      const scene = await openRelay(t, { args: ['-T', '30', '-W', '20'] });
      const { control } = scene;
      const call = await openCall(t, scene, 'own', ' && S ttl=2');
      equal(await ttlOf(control, 'own'), 2, 'not the 30 s of -T');
      await call.caller.reaches(call.callee, call.facesCaller, call.facesCallee);
      equal(await ttlOf(control, 'own'), 2, 'nor after a packet');
      await keepDoing(2_600, () => call.caller.send(call.facesCaller));
      equal(await ttlOf(control, 'own'), 2, 'kept alive as any other');
      const life = await lifeOf(control, 'own');
      ok(life > 1_500 && life < 3_600, `after the last packet it has lived ${life} ms`);

      await openCall(t, scene, 'lengthened', ' && S ttl=1');
      equal(await control.ask('Q lengthened f t ttl && S ttl=10'), '1');
      await delay(2_400);
      const left = await ttlOf(control, 'lengthened');
      ok(left === 7 || left === 8, `2.4 s later ${left} of the 10 s are left`);

      await openCall(t, scene, 'shortened');
      equal(await control.ask('Q shortened f t ttl && Sr ttl=1'), '30');
      const shortened = await lifeOf(control, 'shortened');
      ok(shortened > 850 && shortened < 2_600, `it has lived ${shortened} ms`);
    },
  ],

  [
    '[PN-08 KC-18] one direction is enough; with -i each has to show life',
    async (t) => {
      const unified = await openRelay(t, { args: ['-T', '2'] });
      const independent = await openRelay(t, { args: ['-T', '2', '-i'] });
      const talk = async (scene: RelayScene, name: string, ways: readonly ('caller' | 'callee')[]): Promise<number> => {
        const call = await openCall(t, scene, name);
        const life = lifeOf(scene.control, name);
        await keepDoing(4_000, async () => {
          if (ways.includes('caller')) await call.caller.send(call.facesCaller);
          if (ways.includes('callee')) await call.callee.send(call.facesCallee);
        });
        return life;
      };
      const [caller, callee, both, alone] = await Promise.all([
        talk(independent, 'caller-only', ['caller']),
        talk(independent, 'callee-only', ['callee']),
        talk(independent, 'both', ['caller', 'callee']),
        talk(unified, 'caller-only', ['caller']),
      ]);
      ok(caller > 1_800 && caller < 3_700, `-i, only the caller talks: it has lived ${caller} ms`);
      ok(callee > 1_800 && callee < 3_700, `-i, only the callee talks: it has lived ${callee} ms`);
      ok(both > 5_500, `-i, both talk for 4 s: it has lived ${both} ms`);
      ok(alone > 5_500, `without -i the caller alone, for 4 s: it has lived ${alone} ms`);
    },
  ],

  [
    '[PN-08 KC-18] with -i, S ttl is for one direction, and Q tells the shorter one',
    async (t) => {
      const scene = await openRelay(t, { args: ['-T', '30', '-i'] });
      await openCall(t, scene, 'halves');
      equal(await scene.control.ask('Q halves f t ttl && S ttl=20'), '30');
      equal(await ttlOf(scene.control, 'halves'), 20);
      equal(await scene.control.ask('Q halves f t ttl && Sr ttl=10'), '20');
      equal(await ttlOf(scene.control, 'halves'), 10);
      equal(await scene.control.ask('Q halves f t ttl && Sr ttl=25'), '10');
      equal(await ttlOf(scene.control, 'halves', 't f'), 20);
    },
  ],
];

describe('times to live', { concurrency: 4 }, () => {
  for (const [title, body] of TESTS) test(title, BOUND, body);
});
