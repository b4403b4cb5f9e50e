/** A media thread or the recorder dies while calls are recorded and prompts are heard: others notice nothing, and these go on. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordingForm } from '../../model/session/recording.js';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { eventually } from '../rig/calls.js';
import { lackOf } from '../rig/engineDriver.js';
import { goesOn, PromptListener } from '../rig/promptListener.js';
import { hasAllButWhatWasInHand, type InHand, isHeardWhenSaid } from '../rig/recordedGap.js';
import { type SoundScene, startSound } from '../rig/soundScene.js';
import { type Heard, SteadyPhones } from '../rig/steadyPhones.js';
import { dieAndReturn } from '../rig/threadCalls.js';
import { callOn, HOST } from '../rig/threadScene.js';

const BOUND = { timeout: 40_000 };
const DOOMED = 0;
const SURVIVING = 1;
const INTERVAL_MS = 20;
const BEFORE_MS = 3_000;
const AFTER_MS = 1_500;
const NOTHING: InHand = { beforeMs: 0, afterMs: 0 };
const OF_A_THREAD: InHand = { beforeMs: 50, afterMs: 0 };
/** Until another recorder knows what is recorded, nothing is. */
const OF_A_RECORDER: InHand = { beforeMs: 1_300, afterMs: 1_000 };

const now = (): number => performance.timeOrigin + performance.now();

/** Five recorded calls on each of the two threads, the first ones on the one that is to die. */
const CALLS = [DOOMED, SURVIVING].flatMap((shard) => ['a', 'b', 'c', 'd', 'e'].map((name) => callOn(shard, `recorded-${name}`)));
const isDoomed = (call: string): boolean => CALLS.indexOf(call) < CALLS.length / 2;

async function begin(scene: SoundScene, phones: SteadyPhones): Promise<void> {
  const entries: number[] = [];
  for (const [n, call] of CALLS.entries()) {
    const facesCallee = Number.parseInt(await scene.ask(`U ${call} ${HOST} ${phones.ports[n * 2]} f`), 10);
    const facesCaller = Number.parseInt(await scene.ask(`L ${call} ${HOST} ${phones.ports[n * 2 + 1]} f t`), 10);
    ok(facesCallee > 0 && facesCaller > 0, call);
    equal(await scene.ask(`R ${call} f t`), '0');
    entries.push(facesCaller, facesCallee);
  }
  phones.stream(entries, INTERVAL_MS);
}

type Judge = (call: string, sides: readonly [ofCaller: Heard, ofCallee: Heard]) => void;

async function endAll({ ask, recordings, notices }: SoundScene, phones: SteadyPhones, judge: Judge): Promise<void> {
  const heard = await phones.stop();
  const files = readdirSync(recordings).length;
  for (const call of CALLS) equal(await ask(`D ${call} f`), '0');
  await eventually(async () => equal(notices.filter(({ kind }) => kind === 'done').length, CALLS.length), 5_000);
  equal(readdirSync(recordings).length, files, 'no other files than at first');
  deepEqual(
    notices.filter(({ kind }) => kind === 'failed'),
    [],
  );
  for (const [n, call] of CALLS.entries()) judge(call, [heard[n * 2 + 1]!, heard[n * 2]!]);
}

/** Both sides of a call as packets or as sound, with so much missing before a death. */
const judgeBy =
  (form: RecordingForm, folder: string, diedAt: number, inHand: (call: string) => InHand): Judge =>
  (call, sides) => {
    const base = join(folder, `${call}=f`);
    if (form === 'wav') return isHeardWhenSaid(`${base}.wav`, sides, diedAt, inHand(call));
    hasAllButWhatWasInHand(`${base}.o.rtp`, sides[0], diedAt, inHand(call));
    return hasAllButWhatWasInHand(`${base}.a.rtp`, sides[1], diedAt, inHand(call));
  };

const FRAMES = Uint8Array.from({ length: 5 * 160 }, (_, i) => 0x80 | (i % 113));

async function listen(t: TestContext, { ask, folder }: SoundScene): Promise<PromptListener[]> {
  writeFileSync(join(folder, 'music.0'), FRAMES);
  const listeners = [
    await PromptListener.open(t, { ask }, callOn(DOOMED, 'quiet'), 'silent'),
    await PromptListener.open(t, { ask }, callOn(DOOMED, 'amid'), 'talking'),
    await PromptListener.open(t, { ask }, callOn(SURVIVING, 'other'), 'talking'),
  ];
  await delay(200);
  for (const { call } of listeners) equal(await ask(`P-1 ${call} ${join(folder, 'music')} 0 f t`), '0');
  return listeners;
}

async function hearAll({ ask }: SoundScene, listeners: readonly PromptListener[]): Promise<void> {
  for (const { call } of listeners) equal(await ask(`S ${call} f t`), '0');
  await delay(300);
  for (const listener of listeners) {
    await listener.hush();
    equal(await ask(`D ${listener.call} f`), '0');
    goesOn(listener, FRAMES, listener.call.startsWith('other') ? 0 : 1);
  }
}

const FORMS: Readonly<Record<EngineName, RecordingForm>> = { io_uring: 'ad-hoc', epoll: 'pcap', dgram: 'wav' };

for (const engine of ENGINE_NAMES) {
  const form = FORMS[engine];
  test(
    `[KC-09 SY-15] ${engine}: a media thread dies: its recordings (${form}) and prompts go on, others have no gap`,
    BOUND,
    async (t) => {
      const lack = await lackOf(engine);
      if (lack !== null) return t.skip(lack);
      const scene = await startSound(t, engine, form);
      const phones = await SteadyPhones.open(t, CALLS.length * 2);
      const listeners = await listen(t, scene);
      await begin(scene, phones);
      await delay(BEFORE_MS);
      const diedAt = now();
      const warnings = await dieAndReturn(scene);
      match(warnings.join('\n'), /7 sessions taken up/);
      await delay(AFTER_MS);
      await hearAll(scene, listeners);
      await endAll(
        scene,
        phones,
        judgeBy(form, scene.recordings, diedAt, (call) => (isDoomed(call) ? OF_A_THREAD : NOTHING)),
      );
      deepEqual(scene.recorderWarnings, []);
    },
  );
}

for (const form of ['ad-hoc', 'pcap', 'wav'] as const) {
  test(`[KC-09] the recorder dies (${form}): calls notice nothing, another goes on with the files`, BOUND, async (t) => {
    const engine = (await lackOf('io_uring')) === null ? 'io_uring' : 'dgram';
    const scene = await startSound(t, engine, form);
    const phones = await SteadyPhones.open(t, CALLS.length * 2);
    await begin(scene, phones);
    await delay(BEFORE_MS);
    scene.killRecorder();
    await eventually(async () => ok(!existsSync(join(scene.recordings, 'die'))), 5_000);
    const diedAt = now();
    await delay(AFTER_MS);
    await endAll(scene, phones, (call, sides) => {
      for (const { heard } of sides)
        ok(
          heard.every(([number], i) => number === i),
          `${call}: not a packet was lost`,
        );
      judgeBy(form, scene.recordings, diedAt, () => OF_A_RECORDER)(call, sides);
    });
    deepEqual(scene.recorderWarnings, ['the recorder has died: it was told to']);
    deepEqual(scene.warnings, []);
  });
}
