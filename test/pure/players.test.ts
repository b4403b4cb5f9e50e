import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { packetShape } from '../../src/protocol/audio/frames.js';
import { LISTENER, PlayedScene, places, promptOf, sequences, TALKER, timestamps, VOICE } from './playersGiven.js';

test('[PN-07] a prompt is sent packet by packet: marker on the first, numbers from the voice, octets in order', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(3, 0, 8) });
  equal(scene.turn(), 10_020);
  deepEqual(sequences(scene.heard()), [100], 'the first at once');
  scene.pass(19);
  deepEqual(scene.heard(), []);
  scene.pass(1);
  scene.pass(20);
  const heard = scene.heard();
  deepEqual(
    [sequences(heard), timestamps(heard), places(heard)],
    [
      [101, 102],
      [5160, 5320],
      [2, 3],
    ],
  );
  for (const { ssrc, marker, payloadType, payload } of heard) {
    deepEqual([ssrc, marker, payloadType, payload.length], [0xdead_beef, false, 8, 160]);
  }
});

test('the first packet alone has the marker bit', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(2), count: 3 });
  scene.turn();
  scene.pass(200);
  deepEqual(
    scene.heard().map(({ marker }) => marker),
    [true, false, false, false, false, false],
  );
});

const SHAPES = [
  { payloadType: 0, ptimeMs: 10, bytes: 80, ticks: 80 },
  { payloadType: 9, ptimeMs: 20, bytes: 160, ticks: 160 },
  { payloadType: 18, ptimeMs: 25, bytes: 30, ticks: 240 },
  { payloadType: 3, ptimeMs: 10, bytes: 33, ticks: 160 },
  { payloadType: 4, ptimeMs: 30, bytes: 24, ticks: 240 },
];
for (const { payloadType, ptimeMs, bytes, ticks } of SHAPES) {
  test(`[PN-07] payload type ${payloadType} in packets of ${ptimeMs} ms: ${bytes} octets, ${ticks} ticks, whole frames`, () => {
    const scene = new PlayedScene();
    scene.start({ prompt: { payloadType, frames: new Uint8Array(bytes * 3 + 1) }, ptimeMs });
    scene.turn();
    scene.pass((ticks / 8) * 4);
    const heard = scene.heard();
    deepEqual(
      heard.map(({ payload }) => payload.length),
      [bytes, bytes, bytes],
    );
    deepEqual(timestamps(heard), [5000, 5000 + ticks, 5000 + 2 * ticks]);
  });
}

test('[PN-07] repeats follow without a seam, a part of a packet at the end of the prompt is left out', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(2, 159), count: 3 });
  scene.turn();
  scene.pass(300);
  const heard = scene.heard();
  deepEqual(places(heard), [1, 2, 1, 2, 1, 2]);
  deepEqual(sequences(heard), [100, 101, 102, 103, 104, 105]);
  deepEqual(timestamps(heard), [5000, 5160, 5320, 5480, 5640, 5800]);
});

test('the end is told once, when the last packet has sounded', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(2), count: 2 });
  scene.turn();
  scene.pass(79);
  deepEqual([scene.ended, scene.players.isPlaying(LISTENER)], [[], true]);
  scene.pass(1);
  deepEqual([scene.ended, scene.players.isPlaying(LISTENER)], [[LISTENER], false]);
  scene.pass(100);
  deepEqual([scene.ended.length, scene.turn()], [1, Number.POSITIVE_INFINITY]);
});

test('[PN-07] with a negative count it goes on until it is stopped, which is not told as its end', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(3), count: -1 });
  scene.turn();
  scene.pass(20 * 1000);
  equal(scene.heard().length, 1001);
  equal(scene.players.sent(LISTENER), 1001);
  scene.stop();
  scene.pass(100);
  deepEqual([scene.heard(), scene.ended, scene.players.isPlaying(LISTENER)], [[], [], false]);
  scene.stop();
  equal(scene.counters.shard('playersEnded'), 1, 'nothing plays, nothing ends');
});

for (const count of [1, 0, -1]) {
  test(`a prompt without a whole packet, ${count} times, sends nothing and ends with the next turn`, () => {
    for (const octets of [0, 159]) {
      const scene = new PlayedScene();
      scene.start({ prompt: promptOf(0, octets), count });
      deepEqual([scene.ended, scene.players.isPlaying(LISTENER), scene.players.isEarlier], [[], true, true]);
      equal(scene.turn(), Number.POSITIVE_INFINITY);
      deepEqual([scene.ended, scene.heard()], [[LISTENER], []]);
    }
  });
}

test('[PN-07] of frames that nobody knows nothing is ever sent, and the player is there until it is stopped', () => {
  equal(packetShape(34, 20), null);
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(5, 0, 34), count: 1 });
  equal(scene.turn(), Number.POSITIVE_INFINITY);
  scene.pass(500);
  deepEqual([scene.heard(), scene.ended, scene.players.isPlaying(LISTENER)], [[], [], true]);
  scene.stop();
  equal(scene.players.isPlaying(LISTENER), false);
});

test('packets that no datagram can hold are never sent', () => {
  for (const ptimeMs of [1023, 5000, Number.NaN, Number.POSITIVE_INFINITY]) {
    const scene = new PlayedScene();
    scene.start({ prompt: { payloadType: 0, frames: new Uint8Array(100_000) }, ptimeMs });
    equal(scene.turn(), Number.POSITIVE_INFINITY);
    deepEqual([scene.heard(), scene.players.isPlaying(LISTENER)], [[], true]);
  }
  const scene = new PlayedScene();
  scene.start({ prompt: { payloadType: 0, frames: new Uint8Array(100_000) }, ptimeMs: 1022 });
  scene.turn();
  equal(scene.heard()[0]?.payload.length, 8176);
});

test('sequence numbers and timestamps wrap', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(4), voice: { ssrc: 0xffff_ffff, sequence: 0xfffe, timestamp: 2 ** 32 - 160 } });
  scene.turn();
  scene.pass(60);
  const heard = scene.heard();
  deepEqual(
    [sequences(heard), timestamps(heard)],
    [
      [0xfffe, 0xffff, 0, 1],
      [2 ** 32 - 160, 0, 160, 320],
    ],
  );
  equal(heard[3]?.ssrc, 0xffff_ffff);
});

test('[PN-07] a new prompt takes the place of the one that plays, and only its own end is told', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(5, 0, 0) });
  scene.turn();
  scene.pass(30);
  scene.heard();
  scene.start({ prompt: promptOf(2, 0, 8), voice: { ...VOICE, sequence: 900 } });
  scene.turn();
  scene.pass(100);
  const heard = scene.heard();
  deepEqual(
    [sequences(heard), heard.map(({ payloadType }) => payloadType)],
    [
      [900, 901],
      [8, 8],
    ],
  );
  deepEqual(scene.ended, [LISTENER]);
  const { counters } = scene;
  deepEqual([counters.shard('playersStarted'), counters.shard('playersEnded')], [2, 2]);
});

test('the next prompt may be started by the end of one', () => {
  const scene = new PlayedScene();
  let left = 3;
  scene.onPlayed = () => void (left-- > 0 && scene.start({ prompt: promptOf(1) }));
  scene.start({ prompt: promptOf(1) });
  scene.turn();
  scene.pass(200);
  deepEqual([scene.heard().length, scene.ended.length], [4, 4]);
});

test('both sides can be played to at once, and sessions do not disturb each other', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(3) }, LISTENER);
  scene.pass(7);
  scene.start({ prompt: promptOf(3), ptimeMs: 10 }, TALKER);
  scene.pass(40);
  deepEqual([scene.heard(LISTENER).length, scene.heard(TALKER).length], [3, 5]);
});

test('played packets are counted as such, keep the session alive, and count as nothing else', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(3) });
  scene.turn();
  scene.pass(25);
  const { counters } = scene;
  deepEqual([counters.shard('packetsPlayed'), counters.shard('packetsRelayed'), counters.shard('packetsReceived')], [2, 0, 0]);
  equal(counters.stream(TALKER, 'heardAtMs'), 10_020);
  const others = [...counters.saveStream(LISTENER), ...counters.saveStream(TALKER)].filter((value) => value !== 10_020);
  ok(others.every((value) => value === 0));
});

test('while a prompt is heard what the other side says is dropped, and heard again when it has ended', () => {
  const scene = new PlayedScene();
  scene.say({ sequence: 1, timestamp: 160, ssrc: 9 });
  scene.start({ prompt: promptOf(2) });
  scene.turn();
  scene.say({ sequence: 2, timestamp: 320, ssrc: 9 });
  equal(scene.counters.stream(TALKER, 'dropped'), 1);
  scene.pass(40);
  scene.say({ sequence: 3, timestamp: 480, ssrc: 9 });
  deepEqual(sequences(scene.heard()), [1, 100, 101, 3], 'the voice is a stranger: nothing is renumbered');
  equal(scene.players.isSplicing(TALKER), false);
});

test('a turn is asked for earlier only where it is needed', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(9) });
  equal(scene.players.isEarlier, true);
  scene.turn();
  equal(scene.players.isEarlier, false);
  scene.nowMs += 20;
  scene.start({ prompt: promptOf(9), voice: VOICE }, TALKER);
  equal(scene.players.isEarlier, false, 'the first one is due then, too');
  scene.turn();
  deepEqual([scene.heard(LISTENER).length, scene.heard(TALKER).length], [2, 1]);
});

test('of a slot that is cleared nothing is played any more', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(9) });
  scene.turn();
  scene.plane.clear(0);
  equal(scene.turn(), Number.POSITIVE_INFINITY);
  scene.pass(50);
  deepEqual([scene.heard().length, scene.ended, scene.players.isPlaying(LISTENER)], [1, [], false]);
  equal(scene.counters.shard('playersEnded'), 1);
});
