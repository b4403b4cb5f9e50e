/** When a prompt is sent: listeners that are not there, threads that are late, players that go on after a crash. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { LISTENER, PlayedScene, places, promptOf, sequences, timestamps } from './playersGiven.js';

for (const missing of ['remote', 'socket'] as const) {
  test(`[PN-07] without a ${missing} the player waits, its clock does not run, and it begins as soon as there is one`, () => {
    const scene = new PlayedScene();
    const socket = scene.engine.bound.get(LISTENER)!;
    if (missing === 'remote') scene.connect(LISTENER, false);
    else scene.engine.bound.delete(LISTENER);
    scene.start({ prompt: promptOf(2) });
    scene.pass(777);
    deepEqual([scene.heard(), scene.players.sent(LISTENER), scene.turn()], [[], 0, Number.POSITIVE_INFINITY]);
    scene.route(LISTENER);
    equal(scene.players.isEarlier, false, 'still nothing there');
    scene.engine.bound.set(LISTENER, socket);
    scene.connect(LISTENER);
    equal(scene.players.isEarlier, true);
    equal(scene.turn(), scene.nowMs + 20);
    scene.pass(40);
    const heard = scene.heard();
    deepEqual(
      [sequences(heard), timestamps(heard), places(heard)],
      [
        [100, 101],
        [5000, 5160],
        [1, 2],
      ],
    );
    deepEqual(scene.ended, [LISTENER]);
  });
}

test('a listener that is gone for a while hears the prompt go on where it was, and that time has passed', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(4) });
  scene.turn();
  scene.connect(LISTENER, false);
  scene.pass(100);
  scene.connect(LISTENER);
  scene.turn();
  scene.pass(20);
  const heard = scene.heard();
  deepEqual(
    [sequences(heard), places(heard)],
    [
      [100, 101, 102],
      [1, 2, 3],
    ],
  );
  deepEqual(timestamps(heard), [5000, 5000 + 800, 5000 + 960], 'it came back 100 ms after the first packet');
  deepEqual(
    heard.map(({ marker }) => marker),
    [true, true, false],
  );
});

test('a prompt that has to wait in the middle of a stream begins at the time that it is then', () => {
  const scene = new PlayedScene();
  for (const n of [0, 1]) scene.say({ sequence: n, timestamp: n * 160 });
  scene.connect(LISTENER, false);
  scene.play(2);
  scene.pass(300);
  scene.connect(LISTENER);
  scene.pass(1);
  deepEqual(sequences(scene.heard()), [0, 1, 2]);
  scene.pass(20);
  deepEqual(timestamps(scene.heard()), [320 + 301 * 8 + 160]);
});

test('the schedule is kept whatever the turns are like: what was late once does not make the rest late', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(50) });
  let next = scene.turn();
  for (let n = 1; n < 50; n++) {
    equal(next, 10_000 + n * 20);
    scene.nowMs = next + (n % 7) * 2.75;
    next = scene.turn();
    equal(scene.heard().length, n === 1 ? 2 : 1);
  }
});

test('after a stall of less than five packets all of them follow at once', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(20) });
  scene.turn();
  scene.nowMs += 119; // Those of 20, 40, 60, 80 and 100 ms are due.
  equal(scene.turn(), 10_120);
  const heard = scene.heard();
  deepEqual(
    [places(heard), sequences(heard)],
    [
      [1, 2, 3, 4, 5, 6],
      [100, 101, 102, 103, 104, 105],
    ],
  );
  equal(heard.at(-1)?.timestamp, 5800);
});

test('after a longer stall what was missed is left out: marker, no gap in the numbers, and the time that has passed', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(20) });
  scene.turn();
  scene.nowMs += 125;
  equal(scene.turn(), 10_140);
  const heard = scene.heard();
  deepEqual(
    [places(heard), sequences(heard), timestamps(heard)],
    [
      [1, 7],
      [100, 101],
      [5000, 5960],
    ],
  );
  deepEqual([heard[1]?.marker, scene.players.sent(LISTENER)], [true, 7]);
});

test('a stall beyond the end of the prompt is its end', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(5), count: 2 });
  scene.turn();
  scene.heard();
  scene.nowMs += 10_000;
  scene.turn();
  deepEqual([scene.heard(), scene.ended], [[], [LISTENER]]);
});

test('a stall before the first packet costs nothing of the prompt', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(5) });
  scene.nowMs += 5000;
  scene.turn();
  scene.pass(20);
  deepEqual([places(scene.heard()), timestamps(scene.heard())], [[1, 2], []]);
});

test('after a crash a player goes on at the packet where it was, in the round where it was', () => {
  const scene = new PlayedScene();
  scene.start({ prompt: promptOf(3), count: 3, sent: 5 });
  equal(scene.players.sent(LISTENER), 5);
  scene.turn();
  scene.pass(200);
  const heard = scene.heard();
  deepEqual(
    [places(heard), sequences(heard), timestamps(heard)],
    [
      [3, 1, 2, 3],
      [105, 106, 107, 108],
      [5800, 5960, 6120, 6280],
    ],
  );
  deepEqual(scene.ended, [LISTENER]);
  scene.start({ prompt: promptOf(3), count: 3, sent: 9 });
  scene.turn();
  deepEqual([scene.heard(), scene.ended.length], [[], 2], 'it had been heard to the end');
  scene.start({ prompt: promptOf(3), count: -1, sent: 3_000_001 });
  scene.turn();
  deepEqual(places(scene.heard()), [2]);
});
