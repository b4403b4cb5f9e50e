/** With what numbers a prompt begins. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { AnalysisTable } from '../../src/media/stages/analyse.js';
import { from, rtp } from './analysed.js';
import { LISTENER, PlayedScene, TALKER } from './playersGiven.js';
import { newScene } from './playersTalk.js';

test('who was relayed nothing hears a stranger: any SSRC and number, an even timestamp', () => {
  const scene = new PlayedScene();
  const chances = [0.25, 0.5, 0.999_999_999_9];
  const voice = scene.players.voiceFor(LISTENER, scene.nowMs, () => chances.shift()!);
  deepEqual(voice, { ssrc: 2 ** 30, sequence: 2 ** 15, timestamp: 2 ** 32 - 2 });
  deepEqual(
    scene.players.voiceFor(LISTENER, 0, () => 0),
    { ssrc: 0, sequence: 0, timestamp: 0 },
  );
});

test('who was relayed a stream hears it go on: same SSRC, next number, the timestamp that time has reached', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.pass(15);
  deepEqual(scene.players.voiceFor(LISTENER, scene.nowMs, Math.random), {
    ssrc: 7,
    sequence: 1003,
    timestamp: 80_000 + 320 + 35 * 8,
  });
});

test('right after a packet the timestamp is that of the next one: nothing of it sounds twice', () => {
  const { scene, talker } = newScene();
  talker.talk(2);
  talker.say();
  equal(scene.players.voiceFor(LISTENER, scene.nowMs, Math.random).timestamp, 80_000 + 480);
  equal(scene.players.voiceFor(LISTENER, scene.nowMs + 10.5, Math.random).timestamp, 80_000 + 480);
  equal(scene.players.voiceFor(LISTENER, scene.nowMs + 30.5, Math.random).timestamp, 80_000 + 320 + 244);
});

test('the other side of the call is not asked', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  const voice = scene.players.voiceFor(TALKER, scene.nowMs, () => 0.5);
  equal(voice.ssrc, 2 ** 31);
});

const STRANGE = [
  { what: 'of a dynamic payload type alone', payloadTypes: [111, 111] },
  { what: 'whose clock does not run at 8 kHz', payloadTypes: [0, 11] },
];
for (const { what, payloadTypes } of STRANGE) {
  test(`a stream ${what} is not taken up`, () => {
    const { scene, talker } = newScene();
    for (const payloadType of payloadTypes) talker.say({ payloadType });
    equal(scene.players.voiceFor(LISTENER, scene.nowMs, () => 0.5).ssrc, 2 ** 31);
  });
}

test('events between packets of audio count as packets of the stream, and audio tells the time', () => {
  const { scene, talker } = newScene();
  talker.talk(2);
  talker.say({ payloadType: 101, timestamp: 80_320 });
  scene.pass(20);
  deepEqual(scene.players.voiceFor(LISTENER, scene.nowMs, Math.random), { ssrc: 7, sequence: 1003, timestamp: 80_480 });
});

test('what the analysis tells of the next packet: overtaken packets, wraps, another SSRC, nothing', () => {
  const table = new AnalysisTable(4);
  equal(table.next(0), null);
  const step = { ssrc: 7, atMs: 120, sequence: 4, timestamp: 640 };
  for (const [i, n] of [0, 1, 3, 2].entries()) table.take(rtp(from(7, n, 40 + i * 20)));
  deepEqual(table.next(0), step);
  table.take(rtp({ ssrc: 8, sequence: 0xffff, timestamp: 2 ** 32 - 160, atMs: 200 }));
  deepEqual(table.next(0), { ssrc: 8, sequence: 0, timestamp: 2 ** 32 - 160, atMs: 200 });
  table.take(rtp({ ssrc: 8, sequence: 0, timestamp: 0, atMs: 220 }));
  deepEqual(table.next(0), { ssrc: 8, sequence: 1, timestamp: 160, atMs: 240 });
  table.take(rtp({ ssrc: 8, sequence: 1, timestamp: 5_000_000, atMs: 240 }));
  deepEqual(table.next(0), { ssrc: 8, sequence: 2, timestamp: 5_000_000, atMs: 240 }, 'the sender has set its clock');
  for (const [i, n] of [1, 0, 2].entries()) table.take(rtp(from(10, n, 300 + i * 20)));
  equal(table.next(0)?.timestamp, 480, 'as far ahead as packets are apart');
  table.take(rtp({ ssrc: 8, sequence: 2, timestamp: 5_000_000, atMs: 500 }));
  equal(table.isSource(0, 8), true);
  equal(table.isSource(0, 7), false);
  const other = new AnalysisTable(4);
  other.restore(0, table.save(0)!);
  deepEqual([other.next(0), other.isSource(0, 8)], [null, true], 'what was sent since is not known');
  table.clear(0);
  deepEqual([table.next(0), table.isSource(0, 0)], [null, false]);
});
