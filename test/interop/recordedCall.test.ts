/**
 * Calls that Kamailio has recorded: what both ends say, over a network that loses and reorders, is in the recording on its side and at its
 * time, in every codec and every form.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RecordingForm } from '../../model/session/recording.js';
import type { AudioCodec } from '../../src/protocol/audio/codec.js';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { readSound, toInt16 } from '../../src/protocol/audio/sound.js';
import { bursts, levelOf, onsetsHeard, onsetsSaid } from '../rig/bursts.js';
import { eventually } from '../rig/calls.js';
import { askOnce } from '../rig/control.js';
import { FRAME_MS, SoundPhone, type Speech } from '../rig/soundPhone.js';
import { dice } from '../rig/wavCalls.js';
import { type Call, handled, placeCall, plainCall } from './calls.js';
import { type Exchange, logsAreSound, nothingIsLeft, openExchange, resultsOf } from './exchange.js';
import { session } from './scenario.js';

const BOUND = { timeout: 60_000 };
const EXTRACTAUDIO = fileURLToPath(new URL('../../src/cli/extractaudio.js', import.meta.url));
const CODECS = [...plainCodecs().values()];

const CALLER_HZ = 440;
const CALLEE_HZ = 1000;
/** The callee speaks up later, within what the caller says. */
const CALLEE_LATER_PACKETS = 18;
const CALLER_PACKETS = 250;
const CALLEE_PACKETS = 200;
const LOSS = 0.05;
const DETOURS = 0.05;
const LONGEST_DETOUR_MS = 70;
const JITTER_MS = 8;
const MOST_APART_MS = 20;
/** Of ten, so many on each side have come through whole. */
const LEAST_ONSETS = 5;
/** How long after all is set up everybody begins at once. */
const LEAD_MS = 400;

/** What a network does to the packets of a stream: the same in every run. */
function network(seed: number, packets: number): readonly (number | null)[] {
  const roll = dice(seed);
  return Array.from({ length: packets }, (_, packet) => {
    // The one with the marker: statistics begin anew with it.
    if (packet === 0) return 0;
    if (roll() < LOSS) return null;
    return roll() < DETOURS ? 2 * FRAME_MS + roll() * (LONGEST_DETOUR_MS - 2 * FRAME_MS) : roll() * JITTER_MS;
  });
}

type Said = { readonly hz: number; readonly fromMs: number; readonly travel: readonly (number | null)[] };

type RecordedCall = { readonly codec: AudioCodec; readonly call: Call; readonly caller: Said; readonly callee: Said };

/** A call in a codec that Kamailio has recorded from its ACK on. Settles when it has ended. */
async function converse(t: TestContext, exchange: Exchange, codec: AudioCodec): Promise<RecordedCall> {
  const [caller, callee] = [await SoundPhone.open(t), await SoundPhone.open(t)];
  const { name, payloadType } = codec;
  const lines = (port: number) => [`m=audio ${port} RTP/AVP ${payloadType}`, `a=rtpmap:${payloadType} ${name}/8000`];
  const [offer, answer] = [caller, callee].map(({ port }) => session('127.0.0.1', lines(port)));
  const key = `recorded-${name}`;
  const headers = handled(1, 'co', 'co', { Record: 'yes' });
  const call = await placeCall(exchange, { key, headers, ...plainCall(offer!, answer!) });
  const { toCaller, toCallee } = await call.answered();
  const said = (hz: number, fromPackets: number, packets: number): Said => ({
    hz,
    fromMs: fromPackets * FRAME_MS,
    travel: network(payloadType * 2 + (fromPackets === 0 ? 1 : 2), packets),
  });
  const [one, other] = [said(CALLER_HZ, 0, CALLER_PACKETS), said(CALLEE_HZ, CALLEE_LATER_PACKETS, CALLEE_PACKETS)];
  const beginMs = performance.now() + LEAD_MS;
  const speech = ({ hz, fromMs, travel }: Said): Speech => ({
    ...{ codec, startMs: beginMs + fromMs, packets: travel.length },
    level: (ms) => bursts(hz)(ms + fromMs),
    travelMs: (packet) => travel[packet] ?? null,
  });
  await Promise.all([caller.speak(toCaller.port, speech(one)), callee.speak(toCallee.port, speech(other))]);
  await call.hangUp();
  return { codec, call, caller: one, callee: other };
}

type Stereo = { readonly rate: number; readonly caller: Int16Array; readonly callee: Int16Array };

function stereoOf(path: string, callerSide: 'left' | 'right'): Stereo {
  const sound = readSound(readFileSync(path), path);
  if (!sound.ok) throw new Error(sound.error);
  equal(sound.value.channels.length, 2);
  const [left, right] = sound.value.channels.map(toInt16) as [Int16Array, Int16Array];
  const rate = sound.value.sampleRate;
  return callerSide === 'left' ? { rate, caller: left, callee: right } : { rate, caller: right, callee: left };
}

/** Each is heard on its side and not on the other, and what was said at the same time is heard at the same time. */
function isTrue(sound: Stereo, { codec, caller, callee }: RecordedCall, what: RecordingForm): number {
  equal(sound.rate, what === 'wav' ? codec.sampleRate : 8000);
  const sides = [
    [sound.caller, caller, callee],
    [sound.callee, callee, caller],
  ] as const;
  const offsets = sides.flatMap(([samples, own, other]) => {
    const [right, wrong] = [levelOf(samples, own.hz, sound.rate), levelOf(samples, other.hz, sound.rate)];
    ok(right > 2500 && wrong < right / 10, `${what}, ${codec.name}: ${own.hz} Hz ${right}, ${other.hz} Hz ${wrong}`);
    const said = onsetsSaid(own.travel.length, (packet) => own.travel[packet] === null, own.fromMs);
    const heard = onsetsHeard(samples, sound.rate);
    const times = `said at ${said.map(({ ms }) => ms)}, heard at ${heard.map(Math.round)}`;
    equal(heard.length, said.length, `${what}, ${codec.name}: ${times}`);
    const sure = said.flatMap(({ ms, isSure }, i) => (isSure ? [heard[i]! - ms] : []));
    ok(sure.length >= LEAST_ONSETS, `${sure.length} onsets`);
    return sure;
  });
  const apart = Math.max(...offsets) - Math.min(...offsets);
  ok(apart <= MOST_APART_MS, `${what}, ${codec.name}: ${offsets.map(Math.round)} ms`);
  return apart;
}

function extract(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [EXTRACTAUDIO, ...args], { encoding: 'utf8', timeout: 20_000 });
  equal(status, 0, `extractaudio ${args.join(' ')}\n${stderr}`);
  return stdout;
}

/** The files of a call, when they are complete. */
async function filesOf(folder: string, { id }: Call, count: number): Promise<string[]> {
  return eventually(async () => {
    const files = readdirSync(folder).filter((name) => name.startsWith(`${id}=`));
    equal(files.length, count, files.join(' '));
    ok(!files.some((name) => name.includes('.part')), files.join(' '));
    return files.sort();
  }, 5_000);
}

async function judge(form: RecordingForm, folder: string, recorded: RecordedCall): Promise<number> {
  const base = `${recorded.call.id}=${recorded.call.id}-F`;
  if (form === 'wav') {
    deepEqual(await filesOf(folder, recorded.call, 1), [`${base}.wav`]);
    return isTrue(stereoOf(join(folder, `${base}.wav`), 'left'), recorded, form);
  }
  const suffixes = ['.a.rtcp', '.a.rtp', '.o.rtcp', '.o.rtp'];
  deepEqual(
    await filesOf(folder, recorded.call, 4),
    suffixes.map((suffix) => base + suffix),
  );
  const output = join(folder, `${recorded.codec.name}.out.wav`);
  const told = extract('-s', '-F', 'wav', '-D', 'pcm_16', join(folder, base), output);
  const counts = [...told.matchAll(/psent=(\d+), precvd=(\d+)/g)].map(([, sent, received]) => [Number(sent), Number(received)]);
  // The first and the last packet may be lost, and then nobody can know of them.
  const sides = [recorded.callee, recorded.caller].map(({ travel }) => {
    const arrived = travel.flatMap((ms, i) => (ms === null ? [] : [i]));
    return [arrived.at(-1)! - arrived[0]! + 1, arrived.length];
  });
  deepEqual(counts, sides, told);
  return isTrue(stereoOf(output, 'right'), recorded, form);
}

for (const form of ['wav', 'ad-hoc', 'pcap'] as const) {
  const rows = form === 'wav' ? 'KC-09 KM-74 SY-17' : 'KC-09 KM-74 PN-15 SY-17';
  const title = `[${rows}] Kamailio has calls recorded (${form}): each side is heard as itself, at its time, in every codec`;
  test(title, BOUND, async (t) => {
    const exchange = await openExchange(t, { relays: [{ args: ['-r', 'DIR/recordings', '--record-format', form] }] });
    if (exchange === null) return;
    const calls = await Promise.all(CODECS.map((codec) => converse(t, exchange, codec)));
    const relay = exchange.relays[0]!;
    match(await askOnce(relay.control[0]!, 'I'), /^active sessions: 0$/m);
    for (const recorded of calls) {
      const { id } = recorded.call;
      deepEqual(resultsOf(exchange, id), ['INVITE 1', 'INVITE/200 1', 'record 1', 'BYE 1']);
      const [, , asked] = await recorded.call.said();
      deepEqual(asked, { command: `R ${id} ${id}-F ${id}-T`, answer: '0' });
      const apart = await judge(form, join(relay.dir, 'recordings'), recorded);
      t.diagnostic(`${recorded.codec.name}: all onsets of both sides within ${apart.toFixed(1)} ms of the truth`);
    }
    await nothingIsLeft(exchange);
    await logsAreSound(exchange);
  });
}
