/** Two hundred calls that are recorded at a time, in each form: calls lose nothing, and neither do the recordings. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordingForm } from '../../model/session/recording.js';
import { askPort } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import { completeFiles, packetsIn, recordingsOf, stereoIn } from '../rig/recordedFiles.js';
import { openRelay } from '../rig/relayScene.js';
import { runToEnd } from '../rig/startAttempt.js';
import { type Heard, SteadyPhones } from '../rig/steadyPhones.js';

const BOUND = { timeout: 30_000 };
const CALLS = 200;
const INTERVAL_MS = 20;
const SPEECH_MS = 4_000;
const PAYLOAD_AT = 12;
/** What phones say behind number and time: zeros, in µ-law as loud as can be. */
const LOUDEST = -32_124;
const LOUD_SAMPLES = 160 - 12;
/** Where phones were so late that their time is found anew, a packet may end in the next one. */
const LEAST = 0.99;

async function setUpCalls(control: UdpControl, phones: SteadyPhones): Promise<number[]> {
  const entries: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const [caller, callee] = [phones.ports[call * 2]!, phones.ports[call * 2 + 1]!];
    const facesCallee = await askPort(control, `U load-${call} 127.0.0.1 ${caller} f`);
    const facesCaller = await askPort(control, `L load-${call} 127.0.0.1 ${callee} f t`);
    equal(await control.ask(`R load-${call} f t`), '0');
    entries.push(facesCaller, facesCallee);
  }
  return entries;
}

/** Every call goes on for some seconds, and every packet of it comes through. */
async function talk(t: TestContext, phones: SteadyPhones, entries: readonly number[]): Promise<readonly Heard[]> {
  phones.stream(entries, INTERVAL_MS);
  await delay(SPEECH_MS);
  const heard = await phones.stop();
  const sent = heard.reduce((sum, phone) => sum + phone.sent, 0);
  t.diagnostic(`${sent} packets in ${SPEECH_MS} ms`);
  const lost = heard.map((phone, i) => heard[i ^ 1]!.sent - phone.heard.length);
  deepEqual(
    lost.filter((packets) => packets !== 0),
    [],
    'nothing is lost on the way',
  );
  return heard;
}

/** In order, from the first to the last. */
function hasAll(path: string, sent: number): void {
  const numbers = packetsIn(path).map((packet) => packet.readUInt32BE(PAYLOAD_AT));
  equal(numbers.length, sent, path);
  ok(
    numbers.every((number, i) => number === i),
    `${path}: not in order`,
  );
}

/** Each packet is heard on its side, as long as it is. Its number and its time may now and then happen to be as loud. */
function isWhole(path: string, sides: readonly Heard[]): void {
  const stereo = stereoIn(path);
  equal(stereo.rate, 8000);
  for (const [side, { sent }] of sides.entries()) {
    const loud = stereo.sides[side as 0 | 1].filter((sample) => sample === LOUDEST).length;
    ok(loud >= sent * LOUD_SAMPLES * LEAST && loud <= sent * 160, `${path}: ${loud} samples of ${sent} packets`);
  }
}

const FILES: Readonly<Record<RecordingForm, readonly string[]>> = {
  'ad-hoc': ['.a.rtcp', '.a.rtp', '.o.rtcp', '.o.rtp'],
  pcap: ['.a.rtcp', '.a.rtp', '.o.rtcp', '.o.rtp'],
  wav: ['.wav'],
};

for (const form of ['ad-hoc', 'pcap', 'wav'] as const) {
  test(
    `[KC-09 SY-17] ${CALLS} calls recorded at a time (${form}): every packet goes through and into its file`,
    BOUND,
    async (t) => {
      // What is complete is moved, so that what is there is complete.
      const args = ['-r', 'DIR/recordings', '-S', 'DIR/spool', '--record-format', form];
      const { relay, control } = await openRelay(t, { args, mediaPorts: CALLS * 4 + 20 });
      const phones = await SteadyPhones.open(t, CALLS * 2);
      const heard = await talk(t, phones, await setUpCalls(control, phones));
      for (let call = 0; call < CALLS; call++) equal(await control.ask(`D load-${call} f`), '0');
      const folder = recordingsOf(relay.dir);
      const names = await completeFiles(folder, CALLS * FILES[form].length);
      const expected = Array.from({ length: CALLS }, (_, call) => FILES[form].map((suffix) => `load-${call}=f${suffix}`)).flat();
      deepEqual(names, expected.sort());
      for (let call = 0; call < CALLS; call++) {
        const [caller, callee] = [heard[call * 2]!, heard[call * 2 + 1]!];
        const base = join(folder, `load-${call}=f`);
        if (form === 'wav') isWhole(`${base}.wav`, [caller, callee]);
        else {
          hasAll(`${base}.o.rtp`, caller.sent);
          hasAll(`${base}.a.rtp`, callee.sent);
        }
      }
      const { stdout } = await runToEnd(['status', '--data-dir', relay.dataDir]);
      const sent = heard.reduce((sum, phone) => sum + phone.sent, 0);
      match(stdout, new RegExp(`0 recordings being made, ${sent} packets recorded, 0 not recorded, 0 recording errors`));
    },
  );
}
