/** Keys that a running relay presses by NG (`play DTMF`), as the other party hears them: RFC 4733. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { sdpOf } from '../pure/ngGiven.js';
import type { Party } from '../rig/calls.js';
import { type Heard, heardIn, isOneStream } from '../rig/heardRtp.js';
import { NgCall } from '../rig/ngCalls.js';
import { type NgDoors, openNgDoors } from '../rig/ngDoors.js';

const BOUND = { timeout: 60_000 };
const LIMIT_MS = 5_000;
const OK = { result: 'ok' };
const AS_ALICE = { 'from-tag': 'alice' };
const KEYS = '0123456789*#ABCD';
const TICKS_PER_MS = 8;
const UPDATE_TICKS = 20 * TICKS_PER_MS;
const ENDS = 3;
const USUAL_TYPE = 101;
const END = 0x80;

const press = (call: NgCall, code: string | number, more: NgDictionary = {}): Promise<NgDictionary> =>
  call.ask('play DTMF', { ...AS_ALICE, code, duration: 100, ...more });

const isKey = ({ payload }: Heard): boolean => payload.length === 4;
const isEnd = ({ payload }: Heard): boolean => (payload[1]! & END) !== 0;

/** What a party hears until so many keys have been let go; with `whileWaiting` done again and again. */
async function untilReleased(
  { rtp }: Party,
  keys: number,
  whileWaiting = (): Promise<unknown> => Promise.resolve(),
): Promise<Heard[]> {
  const heard: Heard[] = [];
  for (const end = Date.now() + LIMIT_MS; heard.filter(isKey).filter(isEnd).length < keys * ENDS; await delay(5)) {
    if (Date.now() > end) throw new Error(`${keys} keys expected, heard ${JSON.stringify(heard)}`);
    await whileWaiting();
    heard.push(...heardIn(rtp.arrived.splice(0)));
  }
  return heard;
}

/** These packets are one key (RFC 4733 §2.5.1): held, told anew as it lasts longer, and three times let go. */
function isOneKey(heard: readonly Heard[], code: number, ms: number, { volume = 8, payloadType = USUAL_TYPE } = {}): void {
  isOneStream(heard);
  const total = ms * TICKS_PER_MS;
  equal(new Set(heard.map(({ timestamp }) => timestamp)).size, 1, 'the timestamp is that of its beginning');
  ok(heard.every((each) => isKey(each) && each.payloadType === payloadType && each.payload[0] === code));
  deepEqual(
    heard.map(({ marker }) => marker),
    heard.map((_, i) => i === 0),
  );
  const durations = heard.map(({ payload }) => payload.readUInt16BE(2));
  deepEqual(
    heard.map(({ payload }) => payload[1]),
    heard.map((_, i) => (i < heard.length - ENDS ? 0 : END) | volume),
  );
  deepEqual(durations.slice(-ENDS), new Array(ENDS).fill(total));
  const held = durations.slice(0, -ENDS);
  equal(held[0], UPDATE_TICKS);
  // A thread that was held up leaves out what has passed.
  ok(
    held.every((ticks, i) => ticks % UPDATE_TICKS === 0 && ticks > (held[i - 1] ?? 0) && ticks < total),
    `${durations}`,
  );
}

/** The packets of each key. */
function keysIn(heard: readonly Heard[]): Heard[][] {
  const keys = heard.filter(isKey);
  return [...new Set(keys.map(({ timestamp }) => timestamp))].map((at) => keys.filter(({ timestamp }) => timestamp === at));
}

type Scene = { readonly t: TestContext; readonly udp: NgDoors['udp']; readonly tcp: NgDoors['tcp'] };

async function alone({ t, udp, tcp }: Scene): Promise<void> {
  const call = await (await NgCall.open(t, udp, 'alone')).setUp();
  const [alice, bob] = [call.alice[0]!, call.bob[0]!];
  deepEqual(await press(call, 5, { volume: -12 }), OK);
  const first = await untilReleased(bob, 1);
  isOneKey(first, 5, 100, { volume: 12 });
  equal(first[0]!.from.port, call.entries.bob[0]!.port);
  const more = { digit: '#', duration: 140, volume: 20, 'from-tag': 'bob' };
  deepEqual(await tcp({ command: 'play DTMF', 'call-id': 'alone', ...more }), OK);
  const other = await untilReleased(alice, 1);
  isOneKey(other, KEYS.indexOf('#'), 140, { volume: 20 });
  equal(other[0]!.from.port, call.entries.alice[0]!.port);
  deepEqual(await bob.rtp.takeAll(), [], 'the party that presses a key does not hear it');
  deepEqual(await press(call, 1, { all: 'all', 'from-tag': '' }), OK);
  for (const party of [alice, bob]) isOneKey(await untilReleased(party, 1), 1, 100);
}

async function negotiated({ t, udp }: Scene): Promise<void> {
  const call = await NgCall.open(t, udp, 'negotiated');
  await call.offer();
  const bob = call.bob[0]!;
  const other = sdpOf('127.0.0.1', bob.rtp.port).replaceAll('101', '96');
  await call.answer({ sdp: other });
  deepEqual(await press(call, 'D'), OK);
  isOneKey(await untilReleased(bob, 1), 15, 100, { payloadType: 96 });
  deepEqual(await press(call, 0, { 'from-tag': 'bob' }), OK);
  isOneKey(await untilReleased(call.alice[0]!, 1), 0, 100);
}

async function dialled({ t, udp }: Scene): Promise<void> {
  const call = await (await NgCall.open(t, udp, 'dialled')).setUp();
  const number = '0*#D';
  const pauses = [160, 100, 200, 100];
  for (const [i, code] of [...number].entries()) deepEqual(await press(call, code, { pause: pauses[i]! }), OK);
  const heard = await untilReleased(call.bob[0]!, number.length);
  isOneStream(heard);
  const keys = keysIn(heard);
  equal(keys.length, number.length);
  for (const [i, key] of keys.entries()) isOneKey(key, KEYS.indexOf(number[i]!), 100);
  // The third packet that ends a key leaves 40 ms behind its end.
  const least = keys.slice(1).map((key, i) => key[0]!.timestamp - keys[i]![0]!.timestamp - (100 + pauses[i]!) * TICKS_PER_MS);
  ok(
    least.every((ticks) => ticks >= 0 && ticks < 1_000 * TICKS_PER_MS),
    `${least} ticks longer than was asked for`,
  );
}

async function within({ t, udp }: Scene): Promise<void> {
  const call = await (await NgCall.open(t, udp, 'within')).setUp();
  const [alice, bob] = [call.alice[0]!, call.bob[0]!];
  const speak = (): Promise<unknown> => alice.send(call.entries.alice[0]!.port);
  const before = heardIn(
    (await call.says('alice', 5)).map((bytes) => ({ bytes: Buffer.from(bytes), from: call.entries.bob[0]! })),
  );
  for (const code of [7, 8]) deepEqual(await press(call, code), OK);
  const heard = [...before, ...(await untilReleased(bob, 2, speak))];
  await bob.rtp.takeAll();
  const [first, second] = keysIn(heard) as [Heard[], Heard[]];
  isOneKey(first, 7, 100);
  isOneKey(second, 8, 100);
  isOneStream(heard);
  equal(heard[0]!.ssrc, alice.ssrc, 'as if alice had pressed them');
  const gap = heard.slice(heard.indexOf(first.at(-1)!) + 1, heard.indexOf(second[0]!));
  ok(gap.length > 0 && gap.every((each) => !isKey(each)), 'she is heard between them');
  const runs = [...before, first[0]!, ...gap, second[0]!].map(({ timestamp }) => timestamp);
  ok(
    runs.every((timestamp, i) => i === 0 || timestamp > runs[i - 1]!),
    `${runs}`,
  );
  await call.says('bob');
}

async function refused({ t, udp }: Scene): Promise<void> {
  const call = await NgCall.open(t, udp, 'refused');
  await call.offer();
  const bob = call.bob[0]!;
  const reason = async (more: NgDictionary = {}): Promise<unknown> => (await press(call, 1, more))['error-reason'];
  equal(await reason(), 'Failed to play DTMF: nobody hears sound of the party');
  const plain = sdpOf('127.0.0.1', bob.rtp.port)
    .replace(' 8 101', '')
    .replace(/a=rtpmap:(8|101).*\r\n/g, '');
  await call.answer({ sdp: plain });
  equal(await reason(), 'Failed to play DTMF: bob takes no telephone-event/8000, its description names PCMU/8000');
  equal(await reason({ code: 'x' }), "Out of range 'code' specified");
  equal(await reason({ 'from-tag': 'carol' }), 'From-tag given, but no such tag exists');
  deepEqual(await bob.rtp.takeAll(), []);
  deepEqual(await press(call, 1, { 'from-tag': 'bob' }), OK);
  isOneKey(await untilReleased(call.alice[0]!, 1), 1, 100);
  await call.talks();
}

const CASES: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  ['a key is told while it is held, and three times that it was let go, to the other party alone', alone],
  ['a key has the payload type that its listener has named', negotiated],
  ['the keys of a number follow each other, with the pauses that were asked for', dialled],
  ['a key stands in what the party says, which goes on behind it', within],
  ['who has named no telephone events is sent none, and the reason is told', refused],
];

test('[NG-03] play DTMF', { ...BOUND, concurrency: true }, async (t) => {
  const { udp, tcp } = await openNgDoors(t, { args: ['--workers', '1'] });
  await Promise.all(CASES.map(([title, run]) => t.test(title, BOUND, (own) => run({ t: own, udp, tcp }))));
});
