/** What packets that come to a running relay make it tell the controller of their call, over a WebSocket. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { sdpOf } from '../pure/ngGiven.js';
import { pick } from '../pure/ngQueryGiven.js';
import type { Party } from '../rig/calls.js';
import { heardIn } from '../rig/heardRtp.js';
import { NgCall } from '../rig/ngCalls.js';
import { type EventListener, type NgDoors, openNgDoors } from '../rig/ngDoors.js';
import { writeSettings } from '../rig/settingsFile.js';
import { tone, wavOf } from '../rig/sounds.js';

const BOUND = { timeout: 60_000 };
const CONTROLLER = { controller: 'sbc' };
const KEYS = '0123456789*#ABCD';
/** A call ends after TTL_S without packets, a side is silent after SILENCE_S; the relay looks every two seconds. */
const TTL_S = 4;
const SILENCE_S = 1;
const LOOK_MS = 2_000;
const LIMIT_MS = 10_000;
const EVENT_TYPE = 101;

const PROMPT = { blob64: Buffer.from(wavOf(tone(8_000, 8_000), 8_000)).toString('base64'), 'repeat-times': 100 };

type Scene = NgDoors & { readonly t: TestContext; readonly listener: EventListener };

const setUp = async ({ t, udp }: Scene, name: string, lines = 1): Promise<NgCall> =>
  (await NgCall.open(t, udp, name, lines)).setUp({ ...CONTROLLER, label: 'A' }, { label: 'B' });

const about = (event: NgDictionary | undefined): unknown[] =>
  ['controller', 'from-tag', 'to-tag', 'media', 'side', 'tag', 'label'].map((key) => event?.[key]);
const OF_ALICE = ['sbc', 'alice', 'bob', 1, 'from', 'alice', 'A'];
const OF_BOB = ['sbc', 'alice', 'bob', 1, 'to', 'bob', 'B'];

/** A key as a phone sends it: while it is held, and the last packet three times. */
async function press(party: Party, port: number, digit: string, payloadType = EVENT_TYPE): Promise<void> {
  const timestamp = party.sequence * 160;
  for (const duration of [160, 320, 480, 800, 800, 800]) {
    const header = { payloadType, marker: duration === 160, sequence: party.sequence++, timestamp, ssrc: party.ssrc };
    const volume = duration === 800 ? 0x8a : 0x0a;
    await party.rtp.send(buildRtp(header, Uint8Array.of(KEYS.indexOf(digit), volume, duration >> 8, duration & 0xff)), port);
  }
}

async function heardAndSilent(scene: Scene): Promise<void> {
  const { listener } = scene;
  const call = await setUp(scene, 'silent');
  const [alice, bob] = [call.alice[0]!, call.bob[0]!];
  await call.says('alice');
  deepEqual((await listener.told(call.call, 'media-start')).map(about), [OF_ALICE]);
  const talk = setInterval(() => void bob.send(call.entries.bob[0]!.port), 100);
  scene.t.after(() => clearInterval(talk));
  deepEqual((await listener.told(call.call, 'media-start', 2)).map(about), [OF_ALICE, OF_BOB]);
  const [silence] = await listener.told(call.call, 'silence', 1, LIMIT_MS);
  deepEqual(about(silence), OF_ALICE, 'bob goes on');
  equal(pick(silence!, 'counters', 'from', 'packets'), 3);
  const silentMs = Number(pick(silence!, 'counters', 'from', 'silent-ms'));
  ok(silentMs >= SILENCE_S * 1000 && silentMs < LOOK_MS + LIMIT_MS, `${silentMs} ms`);
  await alice.send(call.entries.alice[0]!.port);
  deepEqual((await listener.told(call.call, 'media-start', 3, LIMIT_MS)).map(about), [OF_ALICE, OF_BOB, OF_ALICE]);
  clearInterval(talk);
  const [timeout] = await listener.told(call.call, 'media-timeout', 1, LIMIT_MS);
  const [end] = await listener.told(call.call, 'call-end');
  deepEqual(
    [timeout, end].map((event) => event?.['reason']),
    ['timeout', 'timeout'],
  );
  equal(pick(end!, 'counters', 'from', 'packets'), 4);
  ok(Number(end!['duration-ms']) > TTL_S * 1000);
  const names = listener.events.filter((event) => event['call-id'] === call.call).map(({ event }) => event);
  deepEqual(names.slice(-2), ['media-timeout', 'call-end']);
  equal((await call.ask('query'))['error-reason'], 'Unknown call-id');
}

async function pressed(scene: Scene): Promise<void> {
  const { listener } = scene;
  const call = await NgCall.open(scene.t, scene.udp, 'pressed');
  await call.offer({ ...CONTROLLER, label: 'A' });
  const [alice, bob] = [call.alice[0]!, call.bob[0]!];
  await call.answer({ label: 'B', sdp: sdpOf('127.0.0.1', bob.rtp.port).replaceAll('101', '96') });
  const [toAlice, toBob] = [call.entries.alice[0]!.port, call.entries.bob[0]!.port];
  await press(alice, toAlice, '5', 96);
  await press(alice, toAlice, '5', 96);
  await press(alice, toAlice, 'D', 96);
  const told = await listener.told(call.call, 'dtmf', 3);
  deepEqual(told.map(about), [OF_ALICE, OF_ALICE, OF_ALICE]);
  deepEqual(
    told.map((event) => ['digit', 'duration-ms', 'volume'].map((key) => event[key])),
    [
      ['5', 100, 10],
      ['5', 100, 10],
      ['D', 100, 10],
    ],
  );
  await press(bob, toBob, '#');
  const more = await listener.told(call.call, 'dtmf', 4);
  deepEqual(
    more.slice(3).map((event) => [...about(event), event['digit']]),
    [[...OF_BOB, '#']],
  );
  equal((await alice.rtp.take(6)).length, 6, 'the keys pass as well');
  equal((await bob.rtp.take(18)).length, 18);
  equal((await call.ask('delete', { 'from-tag': 'alice' }))['result'], 'ok');
  const [end] = await listener.told(call.call, 'call-end');
  deepEqual(
    [end?.['reason'], pick(end!, 'counters', 'from', 'packets'), pick(end!, 'counters', 'to', 'relayed')],
    ['deleted', 18, 6],
  );
  equal((await listener.told(call.call, 'dtmf', 4)).length, 4, 'each key once');
}

/** Who hears a prompt may press a key meanwhile, and so may the other one, whom nobody hears. */
async function pressedOverPrompt(scene: Scene): Promise<void> {
  const { listener } = scene;
  const call = await setUp(scene, 'prompted');
  const party = { 'from-tag': 'alice' };
  equal((await call.ask('play media', { ...party, ...PROMPT }))['result'], 'ok');
  await call.alice[0]!.rtp.take(1);
  await press(call.alice[0]!, call.entries.alice[0]!.port, '1');
  await press(call.bob[0]!, call.entries.bob[0]!.port, '2');
  deepEqual(
    (await listener.told(call.call, 'dtmf', 2)).map((event) => [...about(event), event['digit']]),
    [
      [...OF_ALICE, '1'],
      [...OF_BOB, '2'],
    ],
  );
  equal((await call.ask('stop media', party))['result'], 'ok');
  const heard = heardIn(await call.alice[0]!.rtp.takeAll());
  ok(
    heard.every(({ payloadType }) => payloadType === 0),
    'the key of bob does not interrupt the prompt',
  );
}

/** A prompt in the place of what a side says is not that side: it is silent. */
async function silentUnderPrompt(scene: Scene): Promise<void> {
  const { listener } = scene;
  const call = await setUp(scene, 'under-prompt');
  await call.says('bob');
  equal((await call.ask('play media', { all: 'all', ...PROMPT }))['result'], 'ok');
  await listener.told(call.call, 'silence', 1, LIMIT_MS);
  equal((await call.ask('stop media', { all: 'all' }))['result'], 'ok');
  await listener.told(call.call, 'play-finished', 2);
  deepEqual(
    listener.events.filter((event) => event['call-id'] === call.call).map(({ event, side }) => [event, side]),
    [
      ['media-start', 'to'],
      ['silence', 'to'],
      ['play-finished', 'from'],
      ['play-finished', 'to'],
    ],
  );
}

/** Who is blocked is heard by nobody, but by the relay: the call lasts as long as packets come. */
async function blocked(scene: Scene): Promise<void> {
  const { listener } = scene;
  const [call, other] = [await setUp(scene, 'blocked'), await setUp(scene, 'forsaken')];
  await call.talks();
  equal((await call.ask('block media'))['result'], 'ok');
  const send = (side: 'alice' | 'bob'): Promise<unknown> => call[side][0]!.send(call.entries[side][0]!.port);
  const talk = setInterval(() => void Promise.all([send('alice'), send('bob')]), 100);
  scene.t.after(() => clearInterval(talk));
  // Behind the time at which it would have ended.
  await listener.told(other.call, 'call-end', 1, LIMIT_MS);
  await delay(LOOK_MS / 4);
  clearInterval(talk);
  equal((await call.ask('unblock media'))['result'], 'ok');
  await call.talks();
  deepEqual(
    listener.events.filter((event) => event['call-id'] === call.call).map(({ event, side }) => [event, side]),
    [
      ['media-start', 'from'],
      ['media-start', 'to'],
    ],
  );
}

/** The call is on hold, and may be silent. Until it is told that another one is, which was heard last. */
async function held(scene: Scene): Promise<void> {
  const { listener } = scene;
  const call = await setUp(scene, 'held');
  await call.says('alice');
  await listener.told(call.call, 'media-start', 1);
  await call.offer({ 'to-tag': 'bob' }, ['a=sendonly']);
  await call.answer({}, ['a=recvonly']);
  const other = await setUp(scene, 'not-held');
  await other.says('bob');
  await listener.told(other.call, 'silence', 1, LIMIT_MS);
  await listener.told(other.call, 'media-timeout', 1, LIMIT_MS);
  await delay(LOOK_MS / 4);
  deepEqual(
    listener.events.filter((event) => event['call-id'] === call.call).map(({ event }) => event),
    ['media-start'],
  );
  await call.talks();
}

async function lines(scene: Scene): Promise<void> {
  const { listener } = scene;
  const call = await setUp(scene, 'lines', 2);
  await call.says('bob', 1, 1);
  await call.says('alice', 1, 0);
  const told = await listener.told(call.call, 'media-start', 2);
  deepEqual(
    told.map(({ media, tag }) => [media, tag]),
    [
      [2, 'bob'],
      [1, 'alice'],
    ],
  );
  equal((await call.ask('delete', { 'from-tag': 'alice' }))['result'], 'ok');
  const [end] = await listener.told(call.call, 'call-end');
  equal(end?.['media'], undefined, 'all of it');
}

/** Events come over the connection that the offer came by, and to nobody else. */
async function connection(scene: Scene): Promise<void> {
  const client = await scene.listen(scene.t);
  const stranger = await scene.listen(scene.t, 'stranger');
  const call = await (await NgCall.open(scene.t, client.ask, 'connection')).setUp({ notify: ['connection'], metadata: 'm' });
  await call.talks();
  const starts = await client.told(call.call, 'media-start', 2);
  deepEqual(
    starts.map(({ tag }) => tag),
    ['alice', 'bob'],
  );
  await press(call.alice[0]!, call.entries.alice[0]!.port, '0');
  equal((await client.told(call.call, 'dtmf'))[0]?.['digit'], '0');
  equal((await call.ask('delete', { 'from-tag': 'alice' }))['result'], 'ok');
  await client.told(call.call, 'call-end');
  deepEqual(
    client.events.map(({ seq, controller }) => [seq, controller]),
    [1, 2, 3, 4].map((seq) => [seq, '127.0.0.1']),
  );
  deepEqual([stranger.events, scene.listener.events.filter((event) => event['call-id'] === call.call)], [[], []]);
}

const CASES: readonly (readonly [string, (scene: Scene) => Promise<void>])[] = [
  ['a side is heard, falls silent, is heard again, and at last nobody is', heardAndSilent],
  ['keys of either side, of the payload type that was negotiated, each once', pressed],
  ['keys that are pressed while a prompt is heard', pressedOverPrompt],
  ['a prompt is no sign of the side in whose place it is heard', silentUnderPrompt],
  ['a call whose media is blocked lasts as long as media comes', blocked],
  ['a call on hold may be silent', held],
  ['each media line is told of, and the end of the call once', lines],
  ['the connection by which the offer came', connection],
];

test('[NG-17] events of calls from real packets', { ...BOUND, concurrency: true }, async (t) => {
  const settings = await writeSettings(t, `events: { silence: ${SILENCE_S} }\n`);
  const doors = await openNgDoors(t, { args: ['--workers', '1', '-T', `${TTL_S}`, '--settings', settings.path] });
  const listener = await doors.listen(t, CONTROLLER.controller);
  await Promise.all(CASES.map(([title, run]) => t.test(title, BOUND, (own) => run({ ...doors, t: own, listener }))));
  deepEqual(
    listener.events.map(({ seq }) => seq),
    listener.events.map((_, n) => n + 1),
  );
});
