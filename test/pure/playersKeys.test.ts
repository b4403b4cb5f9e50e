/** Keys that are pressed in the place of a talker: telephone events (RFC 4733) in the middle of the stream that the listener hears. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_KEYS } from '../../src/media/player/keys.js';
import { SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { isKey, isOneStream, keyOf, press, STRANGER } from './keysGiven.js';
import { LISTENER, PlayedScene, sequences, TALKER, timestamps } from './playersGiven.js';
import { isContinuous, newScene } from './playersTalk.js';

test('a key in the middle of a stream: one timestamp, a mark on the first packet, the end three times, and sound again behind it', () => {
  const { scene, talker } = newScene();
  talker.talk(5);
  press(scene);
  talker.talk(20);
  const heard = scene.heard();
  isOneStream(heard);
  const keys = heard.filter(isKey);
  equal(heard.findIndex(isKey), 6, 'it leaves with the next turn');
  deepEqual(
    keys.map(({ marker }) => marker),
    keys.map((_, i) => i === 0),
  );
  deepEqual(new Set(timestamps(keys)), new Set([80_000 + 6 * 160]), 'where the next packet of sound would have been');
  const events = keys.map(keyOf);
  deepEqual(
    events.map(({ duration }) => duration),
    [160, 320, 480, 640, 800, 960, 1120, 1280, 1440, 1600, 1760, 1920, 2000, 2000, 2000],
  );
  deepEqual(
    events.map(({ ends }) => ends),
    events.map((_, i) => i >= 12),
  );
  ok(events.every(({ code, volume }) => code === 5 && volume === 8));
  const after = heard.slice(heard.findLastIndex(isKey) + 1);
  ok(after.length >= 4, `${after.length} packets of sound behind it`);
  equal(after.at(-1)!.timestamp, 80_000 + 24 * 160, 'the sender keeps its own time');
});

test('packets of a key leave every 20 ms, whatever is sent meanwhile', () => {
  const { scene, talker } = newScene();
  talker.talk(2);
  press(scene, { durationMs: 100 });
  scene.heard();
  const times: number[] = [];
  for (let ms = 0; ms <= 200; ms++) {
    scene.pass(1);
    if (scene.heard().length > 0) times.push(ms);
  }
  deepEqual(times, [0, 20, 40, 60, 80, 100, 120]);
});

test('keys in a row wait for each other, with a pause between them in which sound is heard', () => {
  const { scene, talker } = newScene(65_500);
  talker.talk(2);
  for (const code of [1, 11, 15]) equal(press(scene, { code, durationMs: 100, pauseMs: 100 }), null);
  talker.talk(50);
  const heard = scene.heard();
  isOneStream(heard);
  const ends = heard.flatMap((one, i) => (isKey(one) && keyOf(one).ends && !(heard[i + 1] && isKey(heard[i + 1]!)) ? [i] : []));
  deepEqual(
    ends.map((i) => keyOf(heard[i]!).code),
    [1, 11, 15],
  );
  ok(
    ends.slice(0, -1).every((i) => !isKey(heard[i + 1]!) && !isKey(heard[i + 4]!)),
    'sound between them',
  );
});

test('no more than so many keys wait for a listener', () => {
  const { scene } = newScene();
  for (let i = 0; i < MOST_KEYS; i++) equal(press(scene), null);
  equal(press(scene), 'full');
  scene.pass(1000);
  equal(press(scene), null, 'when some have been sent there is room again');
});

test('who has heard nothing yet hears keys in one voice of their own; then sound in that of the sender', () => {
  const { scene, talker } = newScene();
  press(scene, { durationMs: 100 });
  press(scene, { durationMs: 100 });
  scene.pass(1000);
  press(scene, { durationMs: 100 });
  scene.pass(300);
  const keys = scene.heard();
  ok(keys.every(isKey));
  equal(keys.filter(({ marker }) => marker).length, 3);
  equal(keys[0]!.sequence, STRANGER.sequence);
  isOneStream(keys, 100_000);
  talker.talk(5);
  const sound = scene.heard();
  deepEqual(sequences(sound), [1000, 1001, 1002, 1003, 1004]);
  ok(sound.every(({ ssrc }) => ssrc === 7));
});

test('a key while a prompt is heard is refused; a prompt takes the place of keys', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(5);
  equal(press(scene), 'prompt');
  talker.talk(10);
  equal(press(scene), null);
  press(scene);
  talker.talk(3);
  scene.play(10);
  talker.talk(30);
  const heard = scene.heard();
  ok(heard.some(isKey));
  isOneStreamOfPrompt(heard);
});

/** A prompt that cuts a key short leaves it without its end. */
function isOneStreamOfPrompt(heard: ReturnType<PlayedScene['heard']>): void {
  for (const [i, next] of heard.entries()) {
    const before = heard[i - 1];
    if (before !== undefined) equal(next.sequence, (before.sequence + 1) & 0xffff, `${i}`);
  }
}

test('nobody to send to: the key is refused, and one that waits is left out', () => {
  const scene = new PlayedScene();
  scene.connect(LISTENER, false);
  equal(press(scene), 'nobody');
  scene.connect(LISTENER);
  press(scene);
  scene.engine.remotes.fill(0, LISTENER * SOCKADDR_WORDS, (LISTENER + 1) * SOCKADDR_WORDS);
  scene.pass(500);
  scene.connect(LISTENER);
  scene.pass(500);
  deepEqual(scene.heard(), []);
});

test('what is no RTP passes while a key is sent, and the other way nothing changes', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  press(scene);
  scene.pass(30);
  scene.heard();
  scene.receive(Uint8Array.of(1, 2, 3, 4));
  scene.say({ sequence: 9, timestamp: 9 }, LISTENER);
  deepEqual(
    scene.bytes().map((bytes) => bytes.length),
    [4],
  );
  equal(scene.heard(TALKER).length, 1);
});

test('a thread that stalls leaves updates out, and sends the end three times all the same', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  press(scene);
  scene.pass(50);
  scene.nowMs += 1000;
  talker.talk(10);
  const heard = scene.heard();
  isOneStream(heard, 10_000);
  equal(heard.filter((one) => isKey(one) && keyOf(one).ends).length, 3);
});

test('whoever takes the stream up in the middle of a key goes on behind it', () => {
  const { scene, talker } = newScene();
  talker.talk(5);
  press(scene);
  talker.talk(4);
  const before = scene.heard();
  const saved = scene.plane.save(TALKER)!;
  const next = new PlayedScene();
  next.nowMs = scene.nowMs;
  next.plane.restore(TALKER, saved);
  next.route(TALKER);
  for (let i = 0; i < 4; i++) {
    next.say({ sequence: talker.sequence + i, timestamp: 80_000 + (9 + i) * 160 });
    next.pass(20);
  }
  const heard = next.heard();
  equal(heard.length, 4);
  isContinuous(heard);
  equal(heard[0]!.sequence, (before.at(-1)!.sequence + 1) & 0xffff);
});

test('a session that ends takes its keys with it', () => {
  const { scene, talker } = newScene();
  talker.talk(2);
  press(scene);
  scene.pass(30);
  scene.heard();
  scene.plane.clear(0);
  scene.connect(LISTENER);
  scene.connect(TALKER);
  scene.pass(1000);
  deepEqual(scene.heard(), []);
  equal(scene.players.isSplicing(TALKER), false);
});
