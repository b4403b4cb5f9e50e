/** `play DTMF`: keys that are sent to whoever hears a party. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { rtpPayloadType, rtpSequence, rtpSsrc } from '../../src/protocol/rtp/header.js';
import { address } from './modelGiven.js';
import { ALICE, BOB, CAROL, MediaScene, rtpOf } from './ngMediaGiven.js';

type Talking = ReturnType<typeof MediaScene.talking>;

const press = (scene: MediaScene, more: NgDictionary = {}) =>
  scene.ask({ command: 'play DTMF', ...('all' in more ? {} : { 'from-tag': 'alice' }), code: 5, ...more });

/** What bob hears while alice talks for so long. */
function listen(scene: Talking, ms: number, sequence = 500) {
  scene.relay.engine.departures.length = 0;
  const row = scene.relay.rowAt(address(scene.to.alice).port);
  for (let passed = 0; passed < ms; passed += 20) {
    scene.relay.arrive(row, address(ALICE), rtpOf(sequence + passed / 20, 'a'));
    for (let step = 0; step < 20; step += 5) scene.relay.advance(5);
  }
  return scene.relay.engine.departures.splice(0).map(({ to, bytes }) => ({
    to: to?.port,
    payloadType: rtpPayloadType(bytes, 0),
    sequence: rtpSequence(bytes, 0),
    ssrc: rtpSsrc(bytes, 0),
    payload: bytes.slice(12),
  }));
}

test('a key of a party is a telephone event in its stream to the other one, of the type that that one takes', () => {
  const other = ['m=audio PORT RTP/AVP 0 96|a=rtpmap:96 Telephone-Event/8000'];
  const scene = MediaScene.talking({}, other);
  listen(scene, 100);
  deepEqual(press(scene, { code: '#', volume: 12, duration: 100 }), { result: 'ok' });
  const heard = listen(scene, 400, 505);
  ok(heard.every(({ to, ssrc }) => to === address(BOB).port && ssrc === 97));
  const keys = heard.filter(({ payloadType }) => payloadType === 96);
  deepEqual([...keys.at(-1)!.payload], [11, 0x80 | 12, 800 >> 8, 800 & 255]);
  equal(keys.length, 5 + 2);
  for (const [i, one] of heard.entries()) if (i > 0) equal(one.sequence, heard[i - 1]!.sequence + 1);
  ok(heard.length > keys.length + 8);
});

test('how long and how loud, where nothing or too much is said', () => {
  const last = (more: NgDictionary): readonly number[] => {
    const scene = MediaScene.talking();
    press(scene, more);
    return [
      ...listen(scene, 6000)
        .filter(({ payloadType }) => payloadType === 101)
        .at(-1)!.payload,
    ];
  };
  deepEqual(last({}), [5, 0x88, 2000 >> 8, 2000 & 255]);
  deepEqual(last({ duration: 10, volume: -99 }), [5, 0x80 | 63, 800 >> 8, 800 & 255]);
  deepEqual(last({ duration: 9999, code: 'D' }).slice(1), [0x88, 40_000 >> 8, 40_000 & 255]);
});

test('keys in a row come one behind the other, and too many are refused', () => {
  const scene = MediaScene.talking();
  for (const code of [1, 2, 3]) deepEqual(press(scene, { code, duration: 100 }), { result: 'ok' });
  const codes = listen(scene, 1000).flatMap(({ payloadType, payload }) => (payloadType === 101 ? [payload[0]] : []));
  deepEqual([...new Set(codes)], [1, 2, 3]);
  let reason: unknown;
  for (let n = 0; n < 40; n++) reason = press(scene)['error-reason'] ?? reason;
  equal(reason, 'Failed to play DTMF: 32 keys for bob are waiting already');
});

test('without a stream there is one of its own', () => {
  const scene = MediaScene.talking();
  press(scene);
  scene.relay.engine.departures.length = 0;
  for (let ms = 0; ms < 400; ms += 5) scene.relay.advance(5);
  equal(scene.relay.engine.departures.filter(({ to }) => to?.port === address(BOB).port).length, 15);
});

test('who takes no telephone events, hears a prompt or is nowhere is not sent any, and the reason is told', () => {
  const none = MediaScene.talking({}, ['m=audio PORT RTP/AVP 0|a=rtpmap:0 PCMU/8000']);
  equal(press(none)['error-reason'], 'Failed to play DTMF: bob takes no telephone-event/8000, its description names PCMU/8000');
  const early = new MediaScene();
  early.offer('192.0.2.1', 4000);
  equal(press(early)['error-reason'], 'Failed to play DTMF: nobody hears sound of the party');
  const scene = MediaScene.talking();
  match(String(scene.ask({ command: 'play DTMF', code: 5 })['error-reason']), /^No participant party specified$/);
  equal(press(scene, { code: 16 })['error-reason'], "Out of range 'code' specified");
  equal(press(scene, { 'from-tag': 'nobody' })['error-reason'], 'From-tag given, but no such tag exists');
});

test('a key is pressed for one party alone, or for all; a subscriber hears what the party said', () => {
  const scene = MediaScene.talking();
  scene.subscribed(CAROL, { 'from-tag': 'alice' });
  press(scene);
  const heard = listen(scene, 400);
  ok(heard.some(({ to, payloadType }) => to === address(BOB).port && payloadType === 101));
  ok(heard.every(({ to, payloadType }) => to !== address(CAROL).port || payloadType === 0));
  equal(heard.filter(({ to }) => to === address(CAROL).port).length, 20, 'whole');
  press(scene, { all: 'all' });
  const both = listen(scene, 400, 520).filter(({ payloadType }) => payloadType === 101);
  deepEqual([...new Set(both.map(({ to }) => to))].sort(), [4000, 5000]);
});

test('in a call that has forked a key goes to the branch that is heard', () => {
  const scene = new MediaScene();
  for (const branch of ['b1', 'b2']) scene.offer('192.0.2.1', 4000, { 'via-branch': branch });
  scene.answer('192.0.2.7', 5700, { 'via-branch': 'b1', 'to-tag': 'carol' });
  scene.answer('192.0.2.2', 5000, { 'via-branch': 'b2' });
  deepEqual(press(scene), { result: 'ok' });
  scene.relay.engine.departures.length = 0;
  for (let ms = 0; ms < 400; ms += 5) scene.relay.advance(5);
  deepEqual([...new Set(scene.relay.engine.departures.map(({ to }) => to?.port))], [5000]);
});

for (const keepsCounters of [true, false]) {
  test(`behind a key the stream goes on in its numbers, also after the death of the ${keepsCounters ? 'thread' : 'relay'}`, () => {
    const scene = MediaScene.talking();
    listen(scene, 100);
    press(scene);
    const before = listen(scene, 3000, 505);
    scene.relay.crash(keepsCounters, 0);
    const after = listen(scene, 100, 655);
    equal(after[0]?.sequence, before.at(-1)!.sequence + 1);
  });
}
