/** The relay is killed while calls are recorded and prompts are heard: the next one goes on with the files, and with the prompts. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordingForm } from '../../model/session/recording.js';
import { askPort, eventually } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import { goesOn, PromptListener } from '../rig/promptListener.js';
import { completeFiles, recordingsOf } from '../rig/recordedFiles.js';
import { hasAllButWhatWasInHand, isHeardWhenSaid, OF_A_RELAY } from '../rig/recordedGap.js';
import { openRelay } from '../rig/relayScene.js';
import { runToEnd } from '../rig/startAttempt.js';
import { SteadyPhones } from '../rig/steadyPhones.js';

const BOUND = { timeout: 60_000 };
const CALLS = 10;
const INTERVAL_MS = 20;
const BEFORE_MS = 3_500;
const AFTER_MS = 2_000;

const now = (): number => performance.timeOrigin + performance.now();

async function setUpCalls(control: UdpControl, phones: SteadyPhones): Promise<number[]> {
  const entries: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const [caller, callee] = [phones.ports[call * 2]!, phones.ports[call * 2 + 1]!];
    const facesCallee = await askPort(control, `U crash-${call} 127.0.0.1 ${caller} f`);
    const facesCaller = await askPort(control, `L crash-${call} 127.0.0.1 ${callee} f t`);
    equal(await control.ask(`R crash-${call} f t`), '0');
    entries.push(facesCaller, facesCallee);
  }
  return entries;
}

const SUFFIXES: Readonly<Record<RecordingForm, readonly string[]>> = {
  'ad-hoc': ['.a.rtcp', '.a.rtp', '.o.rtcp', '.o.rtp'],
  pcap: ['.a.rtcp', '.a.rtp', '.o.rtcp', '.o.rtp'],
  wav: ['.wav'],
};

const FORMS: readonly (readonly [RecordingForm, spool: readonly string[]])[] = [
  ['ad-hoc', []],
  ['pcap', ['-S', 'DIR/spool']],
  ['wav', []],
  ['wav', ['-S', 'DIR/spool']],
];

for (const [form, spool] of FORMS) {
  const where = spool.length > 0 ? ', made in another folder' : '';
  test(
    `[KC-09 SY-15 SY-17 SY-02] kill -9 amid ten recorded calls (${form}${where}) and two prompts: all go on`,
    BOUND,
    async (t) => {
      const args = ['-r', 'DIR/recordings', ...spool, '--record-format', form];
      const { relay, control } = await openRelay(t, { args });
      const phones = await SteadyPhones.open(t, CALLS * 2);
      const entries = await setUpCalls(control, phones);
      const listeners = await openListeners(t, control, relay.dir);
      const working = spool.length > 0 ? join(relay.dir, 'spool') : recordingsOf(relay.dir);
      phones.stream(entries, INTERVAL_MS);
      await delay(BEFORE_MS);
      const begun = readdirSync(working).sort();
      const killedAt = now();
      const { readyMs } = await relay.killAndRestart();
      await delay(AFTER_MS);
      deepEqual(readdirSync(working).sort(), begun, 'the same files');
      await listeners.stop(control);
      const heard = await phones.stop();
      match(relay.stderr(), /12 sessions of a relay that died are taken up/);
      for (let call = 0; call < CALLS; call++) equal(await control.ask(`D crash-${call} f`), '0');
      const folder = recordingsOf(relay.dir);
      const names = await completeFiles(folder, CALLS * SUFFIXES[form].length);
      const calls = Array.from({ length: CALLS }, (_, call) => `crash-${call}=f`);
      deepEqual(names, calls.flatMap((base) => SUFFIXES[form].map((suffix) => base + suffix)).sort());
      if (spool.length > 0) deepEqual(readdirSync(working), []);
      await eventually(async () => {
        for (const [call, base] of calls.entries()) {
          const sides = [heard[call * 2 + 1]!, heard[call * 2]!] as const;
          if (form === 'wav') isHeardWhenSaid(join(folder, `${base}.wav`), sides, killedAt, OF_A_RELAY);
          else {
            hasAllButWhatWasInHand(join(folder, `${base}.o.rtp`), sides[0], killedAt, OF_A_RELAY);
            hasAllButWhatWasInHand(join(folder, `${base}.a.rtp`), sides[1], killedAt, OF_A_RELAY);
          }
        }
      });
      t.diagnostic(`ready ${Math.round(readyMs)} ms after the start`);
      await relay.stop();
    },
  );
}

/** Two callers that hear a prompt without end: one while nobody speaks, one in the stream of a callee that speaks all the time. */
async function openListeners(t: TestContext, control: UdpControl, dir: string) {
  const frames = Uint8Array.from({ length: 5 * 160 }, (_, i) => 0x80 | (i % 113));
  writeFileSync(join(dir, 'music.0'), frames);
  const quiet = await PromptListener.open(t, control, 'quiet', 'silent');
  const amid = await PromptListener.open(t, control, 'amid', 'talking');
  await delay(300);
  for (const { call } of [quiet, amid]) equal(await control.ask(`P-1 ${call} music 0 f t`), '0');
  const stop = async (client: UdpControl): Promise<void> => {
    for (const { call } of [quiet, amid]) equal(await client.ask(`S ${call} f t`), '0');
    await delay(500);
    for (const listener of [quiet, amid]) {
      await listener.hush();
      equal(await client.ask(`D ${listener.call} f`), '0');
      goesOn(listener, frames, 1);
    }
  };
  return { stop };
}

test(
  '[SY-02] what a relay that was killed has logged of recordings and prompts keeps the rules, and is decided alike',
  BOUND,
  async (t) => {
    const { relay, control } = await openRelay(t, { args: ['-r', 'DIR/recordings', '--record-format', 'wav'] });
    const phones = await SteadyPhones.open(t, CALLS * 2);
    const entries = await setUpCalls(control, phones);
    const listeners = await openListeners(t, control, relay.dir);
    phones.stream(entries, INTERVAL_MS);
    await delay(500);
    await relay.killAndRestart();
    await delay(1_200);
    await listeners.stop(control);
    equal(await control.ask('N crash-0 f t'), '0');
    equal(await control.ask('C crash-0 again f t'), '0');
    // Until the recorder has said so, nobody knows what its file is called.
    await delay(500);
    await relay.killAndRestart();
    await delay(300);
    await phones.stop();
    process.kill(relay.pid, 'SIGTERM');
    await relay.exited;
    const { code, stdout, stderr } = await runToEnd(['replay', '--check', '--redecide', relay.dataDir]);
    deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout);
    match(stdout, /^[1-9]\d* events?, 12 sessions?, 0 rules broken\n[1-9]\d* commands?, 0 differ\n$/);
    const names = readdirSync(recordingsOf(relay.dir));
    ok(names.every((name) => /^(crash-\d=f|again)\.wav$/.test(name)) && names.length === CALLS + 1, names.join(' '));
  },
);
