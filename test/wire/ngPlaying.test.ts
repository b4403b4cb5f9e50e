/** Prompts that a running relay plays by NG: files and bytes of a request, how often, for how long, and who hears them. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { sdpOf } from '../pure/ngGiven.js';
import { eventually, type Party } from '../rig/calls.js';
import { type Heard, heardIn, isOneStream, isPrompt, isWholePrompt } from '../rig/heardRtp.js';
import { type NgAsk, NgCall } from '../rig/ngCalls.js';
import { type EventListener, type NgDoors, openNgDoors } from '../rig/ngDoors.js';
import { NgSubscriber } from '../rig/ngSubscriber.js';
import { tone, wavOf } from '../rig/sounds.js';

const BOUND = { timeout: 60_000 };
const PACKETS = 10;
const FRAME_BYTES = 160;
const FRAME_MS = 20;
const PCMA = 8;
const TO_ALICE = { 'from-tag': 'alice' };
const CONTROLLER = { controller: 'player' };

/** Each packet is another one; the octets of a packet that a party sends are all the same. */
const framesOf = (packets: number, mask: number): Uint8Array =>
  Uint8Array.from({ length: packets * FRAME_BYTES }, (_, i) => (i % FRAME_BYTES) ^ Math.floor(i / FRAME_BYTES) ^ mask);
const FRAMES = framesOf(PACKETS, 0);
const OTHER_FRAMES = framesOf(PACKETS, 0x33);
/** For who takes A-law alone. */
const ALAW_PACKETS = 6;
const ALAW_FRAMES = framesOf(ALAW_PACKETS, 0x55);
const SOUND_PACKETS = 8;
const SOUND = tone(SOUND_PACKETS * FRAME_BYTES, 8000);
const isSpeech = ({ payload }: Heard): boolean => payload.every((octet) => octet === payload[0]);

type Scene = NgDoors & { readonly t: TestContext; readonly listener: EventListener };

const setUp = async ({ t, udp }: Scene, name: string, ask: NgAsk = udp): Promise<NgCall> =>
  (await NgCall.open(t, ask, name)).setUp(CONTROLLER);

const play = (call: NgCall, more: NgDictionary): Promise<NgDictionary> =>
  call.ask('play media', { ...TO_ALICE, file: 'prompt', ...more });

/** What the controller is told of the ends of prompts, as soon as there are so many. */
const finished = ({ listener }: Scene, { call }: NgCall, count = 1): Promise<NgDictionary[]> =>
  listener.told(call, 'play-finished', count);

const heardBy = async ({ rtp }: Party): Promise<Heard[]> => heardIn(await rtp.takeAll());

async function file(scene: Scene): Promise<void> {
  const call = await setUp(scene, 'file');
  deepEqual(await play(call, {}), { result: 'ok', duration: PACKETS * FRAME_MS });
  const [event] = await finished(scene, call);
  deepEqual(
    ['side', 'tag', 'media', 'reason', 'prompt'].map((key) => event?.[key]),
    ['from', 'alice', 1, 'finished', 'prompt'],
  );
  const lastedMs = Number(event?.['duration-ms']);
  ok(lastedMs >= (PACKETS - 1) * FRAME_MS && lastedMs < 2_000, `${lastedMs} ms`);
  const heard = await heardBy(call.alice[0]!);
  isWholePrompt(heard, FRAMES, 0, PACKETS);
  ok(heard.every(({ payloadType, from }) => payloadType === 0 && from.port === call.entries.alice[0]!.port));
  deepEqual(await heardBy(call.bob[0]!), [], 'the other one does not hear it');
  await call.talks();
}

async function between(scene: Scene): Promise<void> {
  const call = await setUp(scene, 'between');
  const [alice, bob] = [call.alice[0]!, call.bob[0]!];
  const entry = call.entries.bob[0]!.port;
  await bob.send(entry, 5);
  const heard = heardIn(await alice.rtp.take(5));
  await call.says('alice');
  equal((await play(call, { 'repeat-times': 2 }))['result'], 'ok');
  // Bob goes on, and so does alice, whom he hears.
  const isOver = ({ event, 'call-id': id }: NgDictionary): boolean => event === 'play-finished' && id === call.call;
  for (; !scene.listener.events.some(isOver); await delay(FRAME_MS)) {
    await bob.send(entry);
    await call.says('alice', 1);
  }
  const last = await bob.send(entry, 5);
  await eventually(async () => deepEqual(heardIn(alice.rtp.arrived).at(-1)?.payload, Buffer.from(last[4]!.subarray(12))));
  heard.push(...(await heardBy(alice)));
  const [begins, ends] = [heard.findIndex((each) => !isSpeech(each)), heard.findLastIndex((each) => !isSpeech(each)) + 1];
  isWholePrompt(heard.slice(begins, ends), FRAMES, 0, 2 * PACKETS);
  isOneStream(heard);
  equal(heard[0]!.ssrc, bob.ssrc, 'the prompt stands in what bob says');
  equal(begins, 5, 'from when it begins bob is not heard');
  const steps = heard.slice(1).map(({ timestamp }, i) => (timestamp - heard[i]!.timestamp) >>> 0);
  ok(
    steps.every((step) => step > 0 && step < 8_000 * 5),
    `no time is heard twice: ${steps}`,
  );
  await call.says('alice');
}

/** Whoever copies the call, and the recording of it, hear what the party does not. */
async function overheard(scene: Scene): Promise<void> {
  const call = await setUp(scene, 'overheard');
  const [alice, bob] = [call.alice[0]!, call.bob[0]!];
  const carol = await NgSubscriber.open(scene.t, scene.udp, call.call, { 'from-tag': 'bob' });
  equal((await call.ask('start recording'))['result'], 'ok');
  equal((await play(call, { 'repeat-times': 100 }))['result'], 'ok');
  const heard = heardIn(await alice.rtp.take(2));
  const said = await bob.send(call.entries.bob[0]!.port, 5);
  const copies = await carol.lines[0]!.rtp.take(said.length);
  deepEqual(
    copies.map(({ bytes: copied }) => copied),
    said.map((packet) => Buffer.from(packet)),
  );
  equal((await call.ask('stop media', TO_ALICE))['result'], 'ok');
  isPrompt([...heard, ...(await heardBy(alice))], FRAMES, 0);
  equal((await call.ask('stop recording'))['result'], 'ok');
  const [event] = await scene.listener.told(call.call, 'recording-finished', 1);
  equal(event?.['packets'], said.length);
}

async function stopped(scene: Scene): Promise<void> {
  const call = await setUp(scene, 'stopped');
  const alice = call.alice[0]!;
  const stop = (): Promise<NgDictionary> => call.ask('stop media', TO_ALICE);
  equal((await stop())['error-reason'], 'Not currently playing media');
  deepEqual(await play(call, { 'repeat-times': 100 }), { result: 'ok', duration: PACKETS * FRAME_MS });
  const first = heardIn(await alice.rtp.take(PACKETS + 3));
  const reply = await stop();
  const next = isPrompt([...first, ...(await heardBy(alice))], FRAMES, 0);
  deepEqual(reply, { result: 'ok', 'last-frame-pos': next % PACKETS });
  equal((await finished(scene, call))[0]?.['reason'], 'stopped');
  await call.talks();
  equal((await play(call, { 'start-pos': 3 }))['result'], 'ok');
  equal((await finished(scene, call, 2))[1]?.['reason'], 'finished');
  isWholePrompt(await heardBy(alice), FRAMES, 3, PACKETS);
  await call.says('alice');
}

async function limited(scene: Scene): Promise<void> {
  const call = await setUp(scene, 'limited');
  const alice = call.alice[0]!;
  equal((await play(call, { 'repeat-duration': 240 }))['result'], 'ok');
  await finished(scene, call);
  isWholePrompt(await heardBy(alice), FRAMES, 0, PACKETS + 2);
  equal((await play(call, { 'repeat-times': 100 }))['result'], 'ok');
  const heard = heardIn(await alice.rtp.take(2));
  equal((await play(call, { 'start-pos': 8, file: 'other' }))['result'], 'ok');
  deepEqual(
    (await finished(scene, call, 3)).map(({ reason, prompt }) => [reason, prompt]),
    [
      ['finished', 'prompt'],
      ['replaced', 'prompt'],
      ['finished', 'other'],
    ],
  );
  heard.push(...(await heardBy(alice)));
  // Bob has said nothing that they could go on with: each has a source of its own.
  const isOther = ({ ssrc }: Heard): boolean => ssrc !== heard[0]!.ssrc;
  isPrompt(heard.slice(0, heard.findIndex(isOther)), FRAMES, 0);
  isWholePrompt(heard.slice(heard.findIndex(isOther)), OTHER_FRAMES, 8, PACKETS);
}

async function bytes(scene: Scene): Promise<void> {
  const wav = Buffer.from(wavOf(SOUND, 8000));
  for (const [name, ask, sound] of [
    ['blob', scene.udp, { blob: wav.toString('latin1') }],
    ['blob64', scene.tcp, { blob64: wav.toString('base64') }],
  ] as const) {
    const call = await setUp(scene, name, ask);
    deepEqual(await call.ask('play media', { ...TO_ALICE, ...sound }), { result: 'ok', duration: SOUND_PACKETS * FRAME_MS });
    equal((await finished(scene, call))[0]?.['reason'], 'finished');
    isWholePrompt(await heardBy(call.alice[0]!), plainCodecs().get(0)!.encoder().encode(SOUND), 0, SOUND_PACKETS);
    deepEqual(await heardBy(call.bob[0]!), []);
  }
}

async function everybody(scene: Scene): Promise<void> {
  const call = await NgCall.open(scene.t, scene.udp, 'everybody');
  await call.offer(CONTROLLER);
  const [alice, bob] = [call.alice[0]!, call.bob[0]!];
  await call.answer({ sdp: sdpOf('127.0.0.1', bob.rtp.port).replace('RTP/AVP 0 8 101', `RTP/AVP ${PCMA}`) });
  deepEqual(await call.ask('play media', { all: 'all', file: 'prompt' }), { result: 'ok', duration: PACKETS * FRAME_MS });
  const ends = await finished(scene, call, 2);
  deepEqual(ends.map(({ tag }) => tag).sort(), ['alice', 'bob']);
  isWholePrompt(await heardBy(alice), FRAMES, 0, PACKETS);
  const other = await heardBy(bob);
  isWholePrompt(other, ALAW_FRAMES, 0, ALAW_PACKETS);
  ok(other.every(({ payloadType }) => payloadType === PCMA));
}

async function refused(scene: Scene): Promise<void> {
  const call = await setUp(scene, 'refused');
  const reason = async (more: NgDictionary): Promise<string> => String((await play(call, more))['error-reason']);
  match(await reason({ file: 'nothing' }), /^Failed to start media playback from nothing: there is no such sound/);
  match(await reason({ 'start-pos': PACKETS }), /^Failed to start .* start-pos=10 is behind its end/);
  equal(await reason({ 'from-tag': 'nobody' }), 'From-tag given, but no such tag exists');
  match(String((await call.ask('play media', { ...TO_ALICE, blob: 'no sound' }))['error-reason']), /^Failed to start /);
  await call.talks();
}

/** A sound that came with the request is where it would be by then, and can be stopped. */
async function killed(scene: Scene): Promise<void> {
  const call = await setUp(scene, 'killed');
  const [alice] = call.alice as [Party];
  const sound = Buffer.from(wavOf(SOUND, 8000)).toString('latin1');
  equal((await call.ask('play media', { ...TO_ALICE, blob: sound, 'repeat-times': 1_000 }))['result'], 'ok');
  const before = heardIn(await alice.rtp.take(SOUND_PACKETS + 2));
  await scene.relay.killAndRestart();
  before.push(...(await heardBy(alice)));
  const after = heardIn(await alice.rtp.take(SOUND_PACKETS + 2));
  // Some of what was heard before may have been sent by the next one.
  const all = [...before, ...after];
  const gap = all.findIndex(({ sequence }, i) => i > 0 && sequence !== ((all[i - 1]!.sequence + 1) & 0xffff));
  ok(gap > 0, 'what passed while nobody played is left out');
  const [first, next] = [all[0]!, all[gap]!];
  const place = ((next.timestamp - first.timestamp) >>> 0) / FRAME_BYTES;
  equal((next.sequence - first.sequence) & 0xffff, place);
  equal(next.ssrc, first.ssrc);
  const frames = plainCodecs().get(0)!.encoder().encode(SOUND);
  isPrompt(all.slice(0, gap), frames, 0);
  isPrompt(all.slice(gap), frames, place);
  equal((await call.ask('stop media', TO_ALICE))['result'], 'ok');
  await call.says('alice');
}

const CASES: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  ['a file is heard by the party alone, once, in one stream; its end is told', file],
  ['a prompt stands in the stream of the other party, who is not heard meanwhile', between],
  ['who copies or records the other party hears it all the same', overheard],
  ['a prompt that is stopped can go on where it was', stopped],
  ['so long as is said, and until another prompt takes its place', limited],
  ['a sound that comes with the request, in bencode and in JSON', bytes],
  ['all parties, each in what it takes', everybody],
  ['what cannot be played is told, and changes nothing', refused],
];

test('[NG-03 NG-17] play media and stop media', { ...BOUND, concurrency: true }, async (t) => {
  const doors = await openNgDoors(t, { args: ['--workers', '1', '-r', 'records'] });
  const { dir } = doors.relay;
  writeFileSync(join(dir, 'prompt.0'), FRAMES);
  writeFileSync(join(dir, 'other.0'), OTHER_FRAMES);
  writeFileSync(join(dir, `prompt.${PCMA}`), ALAW_FRAMES);
  const listener = await doors.listen(t, CONTROLLER.controller);
  await Promise.all(CASES.map(([title, run]) => t.test(title, BOUND, (own) => run({ ...doors, t: own, listener }))));
  await t.test('a prompt goes on over a kill', BOUND, (own) => killed({ ...doors, t: own, listener }));
});
