/** A stream behind a prompt, and what else there is: other sources, other listeners, resizing, crashes. */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '../../src/media/engine.js';
import { rtpSequence } from '../../src/protocol/rtp/header.js';
import { at } from './latched.js';
import { DRAFTS, LISTENER, PlayedScene, promptOf, sequences, TALKER } from './playersGiven.js';
import { isContinuous, newScene, type Talker } from './playersTalk.js';

const sequenceOf = ({ bytes, start }: Packet): number => rtpSequence(bytes, start);

/** Packets of 40 ms, one every 40 ms. */
function talkLong(scene: PlayedScene, talker: Talker, packets: number): void {
  for (let n = 0; n < packets; n++) {
    talker.say({ payload: new Uint8Array(320).fill(n + 1) });
    scene.pass(40);
  }
}

test('packets of another SSRC, RTP that is none, and RTCP are left as they are', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(4);
  scene.pass(80);
  equal(scene.players.isSplicing(TALKER), true);
  scene.heard();
  const others = [
    Uint8Array.of(1, 2, 3),
    new Uint8Array(20).fill(0x80),
    Uint8Array.from([0x80, 200, 0, 1, 0, 0, 0, 7, 0, 0, 0, 7]),
  ];
  for (const bytes of others) scene.receive(bytes);
  talker.say({ ssrc: 8, sequence: 4, timestamp: 9 });
  talker.say({ sequence: 1007 + 20 });
  const left = scene.bytes().map((bytes) => [...bytes.slice(0, 12)]);
  deepEqual(
    left.slice(0, 3),
    others.map((bytes) => [...bytes.slice(0, 12)]),
  );
  deepEqual(left[3]?.slice(2, 8), [0, 4, 0, 0, 0, 9]);
  deepEqual(left[4]?.slice(2, 4), [1007 >> 8, 1007 & 255]);
});

test('a voice after another SSRC has come follows that one, and it is spliced from then on', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(2);
  scene.pass(60);
  scene.heard();
  for (let n = 0; n < 3; n++) scene.say({ ssrc: 9, sequence: 50 + n, timestamp: n * 160 });
  equal(scene.play(2).ssrc, 9);
  scene.pass(60);
  scene.say({ ssrc: 9, sequence: 99, timestamp: 5000 });
  const heard = scene.heard();
  deepEqual(sequences(heard), [50, 51, 52, 53, 54, 55]);
});

test('who else hears the stream hears it as it came', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  const tapped: number[][] = [];
  scene.plane.taps.add(TALKER, {
    line: 'tap',
    take: ({ bytes, start }) => void tapped.push([...bytes.slice(start + 2, start + 8)]),
  });
  scene.play(2);
  scene.pass(40);
  talker.say({ sequence: 4000, timestamp: 0x01020304 });
  deepEqual(tapped, [[4000 >> 8, 4000 & 255, 1, 2, 3, 4]]);
  const bytes = new Uint8Array(180).fill(0x80, 0, 1);
  bytes.set([0, 15, 161, 1, 2, 4, 0, 0, 0, 0, 7], 1);
  const before = bytes.slice();
  scene.receive(bytes);
  deepEqual(bytes, before, 'the packet in hand is left as it was');
  deepEqual(sequences(scene.heard()).slice(-2), [1005, 1006]);
});

for (const drafts of DRAFTS) {
  test(`resized packets too, with ${drafts} draft: in their own numbers, and with their own octets`, () => {
    const { scene, talker } = newScene();
    scene.engine.drafts = drafts;
    scene.resize = true;
    const tapped: number[] = [];
    scene.plane.taps.add(TALKER, { line: 'tap', take: (packet) => void tapped.push(sequenceOf(packet)) });
    scene.route(LISTENER);
    talkLong(scene, talker, 4);
    scene.play(5);
    talkLong(scene, talker, 9);
    const heard = scene.heard();
    isContinuous(heard, 320);
    ok(heard.length > 8 + 5 + 6, `${heard.length}`);
    const resized = tapped.slice(-6);
    deepEqual(
      resized,
      resized.map((_, i) => resized[0]! + i),
      'a tap hears the numbers of the resizer',
    );
    notEqual(resized.at(-1), heard.at(-1)?.sequence);
  });

  test(`a resized packet, with ${drafts} draft, that others hear renumbered, is not renumbered itself`, () => {
    const { scene, talker } = newScene();
    scene.engine.drafts = drafts;
    const [otherListener, otherTalker] = [LISTENER + 4, TALKER + 4];
    for (const row of [otherListener, otherTalker]) {
      scene.engine.bound.set(row, at('127.0.0.1', 20_000 + row));
      scene.connect(row);
    }
    // The other session has heard a prompt in the SSRC of the talker before.
    scene.say({ sequence: 40_000, timestamp: 5 }, otherTalker);
    scene.play(2, otherListener);
    scene.pass(60);
    scene.resize = true;
    const take = (packet: Parameters<typeof scene.plane.onDatagram>[0]): void => scene.plane.inject(otherTalker, packet);
    scene.plane.taps.add(TALKER, { line: 'fork', take });
    scene.route(LISTENER);
    scene.heard(otherListener);
    talkLong(scene, talker, 4);
    const own = scene.heard();
    deepEqual(
      sequences(own),
      own.map((_, n) => 1000 + n),
    );
    deepEqual(
      sequences(scene.heard(otherListener)),
      own.map((_, n) => 40_003 + n),
    );
  });
}

test('with resizing the voice goes on in the numbers that the listener was given, of whatever source', () => {
  const { scene, talker } = newScene();
  scene.resize = true;
  scene.route(LISTENER);
  talkLong(scene, talker, 4);
  const last = scene.heard().at(-1)!;
  ok(last.sequence > 1004);
  equal(scene.players.voiceFor(LISTENER, scene.nowMs, Math.random).sequence, last.sequence + 1);
  for (let n = 0; n < 4; n++) talker.say({ ssrc: 9, sequence: 50 + n, timestamp: n * 320, payload: new Uint8Array(320) });
  const other = scene.heard().at(-1)!;
  deepEqual([other.ssrc, other.sequence > 53], [9, true]);
  const voice = scene.players.voiceFor(LISTENER, scene.nowMs, Math.random);
  deepEqual([voice.ssrc, voice.sequence], [9, other.sequence + 1]);
});

test('a source that comes back after another one was heard, unsent, in the middle of a prompt goes on without a gap', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(5);
  scene.pass(30);
  talker.say({ ssrc: 9, sequence: 1, timestamp: 1 });
  scene.pass(90);
  talker.sequence = 2000;
  talker.talk(3);
  const heard = scene.heard();
  equal(heard.length, 3 + 5 + 3);
  isContinuous(heard);
});

for (const when of ['before', 'after'] as const) {
  test(`a splice that is saved ${when} its first packet and restored elsewhere goes on there`, () => {
    const { scene, talker } = newScene(64_900);
    talker.talk(3);
    scene.play(4);
    scene.pass(80);
    talker.sequence += 40;
    if (when === 'after') talker.talk(1);
    const heard = scene.heard();
    const saved = JSON.parse(JSON.stringify(scene.plane.save(TALKER)));
    ok(Array.isArray(saved.splice));
    equal('splice' in scene.plane.save(TALKER)!, true);
    const other = new PlayedScene();
    other.nowMs = scene.nowMs;
    other.plane.restore(TALKER, saved);
    deepEqual(other.plane.save(TALKER), scene.plane.save(TALKER));
    other.route(LISTENER);
    const { sequence } = talker;
    for (let n = 0; n < 3; n++) {
      other.nowMs += 20;
      other.say({ sequence: sequence + n, timestamp: 10 + n * 160 });
    }
    const after = other.heard();
    equal(other.players.voiceFor(LISTENER, other.nowMs, Math.random).sequence, after.at(-1)!.sequence + 1);
    deepEqual(
      sequences([...heard, ...after]),
      Array.from({ length: heard.length + 3 }, (_, n) => 64_900 + n),
    );
  });
}

test('a player that goes on after a crash takes the stream up as before, also if it has to be heard first', () => {
  for (const isKnown of [true, false]) {
    const { scene, talker } = newScene();
    talker.talk(3);
    const voice = scene.play(10);
    scene.pass(55);
    const saved = scene.plane.save(TALKER)!;
    equal('splice' in saved, false, 'while a prompt plays nothing is spliced');
    const other = new PlayedScene();
    other.nowMs = scene.nowMs;
    if (isKnown) other.plane.restore(TALKER, saved);
    other.start({ prompt: promptOf(10), voice, sent: scene.players.sent(LISTENER) });
    other.turn();
    other.say({ sequence: 1020, timestamp: 90_000 });
    other.pass(140);
    other.say({ sequence: 1021, timestamp: 90_160 });
    const heard = [...scene.heard(), ...other.heard()];
    deepEqual(
      sequences(heard),
      Array.from({ length: 14 }, (_, n) => 1000 + n),
    );
  }
});

test('what is no splice is not restored, and does no harm', () => {
  const scene = new PlayedScene();
  const counters = scene.counters.saveStream(TALKER);
  for (const splice of [null, [], [1, 2], undefined]) {
    scene.plane.restore(TALKER, { counters, latch: null, analysis: null, ...(splice !== undefined && { splice }) });
    equal(scene.players.isSplicing(TALKER), false);
  }
  scene.plane.restore(TALKER, {
    counters,
    latch: null,
    analysis: null,
    splice: [7, -1, 2 ** 40, 5, 0.5, Number.NaN, -1e300, 1e300],
  });
  scene.route(LISTENER);
  scene.say({ sequence: 1, timestamp: 1 });
  equal(scene.heard().length, 1);
});

test('of a slot that is cleared nothing is spliced any more', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(2);
  scene.pass(40);
  equal(scene.players.isSplicing(TALKER), true);
  scene.plane.clear(0);
  equal(scene.players.isSplicing(TALKER), false);
  equal(scene.plane.save(TALKER), null);
});
