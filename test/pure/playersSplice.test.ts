/** A prompt in the middle of a relayed stream: the listener's numbers go on into it and out of it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { LISTENER, promptOf, sequences, TALKER, timestamps } from './playersGiven.js';
import { isContinuous, newScene } from './playersTalk.js';

test('[PN-07] a prompt in the middle of a stream: the listener finds no gap, and the sender keeps its own time', () => {
  const { scene, talker } = newScene();
  talker.talk(5);
  scene.play(7);
  talker.talk(10);
  talker.talk(5);
  const heard = scene.heard();
  equal(heard.length, 5 + 7 + (15 - 7));
  isContinuous(heard, 160);
  deepEqual(sequences(heard).at(-1), 1000 + heard.length - 1);
  equal(timestamps(heard).at(-1), 80_000 + 19 * 160, 'the timestamp is the sender’s');
  deepEqual(scene.ended, [LISTENER]);
});

test('wherever the sender’s numbers have got to: it sent more, fewer or no packets meanwhile', () => {
  for (const sent of [0, 1, 30, 60_000]) {
    const { scene, talker } = newScene(65_530);
    talker.talk(3);
    scene.play(4);
    talker.sequence += sent;
    scene.pass(100);
    talker.talk(4);
    const heard = scene.heard();
    equal(heard.length, 11);
    isContinuous(heard);
  }
});

test('a prompt that is stopped in the middle is followed just so', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(50);
  talker.talk(10);
  scene.stop();
  talker.talk(3);
  const heard = scene.heard();
  ok(heard.length === 3 + 11 + 3 || heard.length === 3 + 10 + 3, `${heard.length}`);
  isContinuous(heard, 320);
});

test('a player that has sent nothing leaves no gap either', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.start({ prompt: promptOf(3, 0, 34), voice: scene.players.voiceFor(LISTENER, scene.nowMs, Math.random) });
  talker.talk(10);
  scene.stop();
  talker.talk(3);
  const heard = scene.heard();
  deepEqual(sequences(heard), [1000, 1001, 1002, 1003, 1004, 1005]);
  deepEqual(
    timestamps(heard).slice(3),
    [13, 14, 15].map((n) => 80_000 + n * 160),
  );
});

const CLOCKS = [
  { what: 'stood still', timestampAfter: 80_480, wanted: 'moved' },
  { what: 'began anew', timestampAfter: 5, wanted: 'moved' },
  { what: 'leapt by more than 10 s', timestampAfter: 80_000 + 200_000, wanted: 'moved' },
  { what: 'leapt by less than 10 s', timestampAfter: 80_000 + 60_000, wanted: 'own' },
] as const;
for (const { what, timestampAfter, wanted } of CLOCKS) {
  test(`a sender whose clock ${what}: its timestamps are ${wanted === 'own' ? 'its own' : 'moved to follow the prompt'}`, () => {
    const { scene, talker } = newScene();
    talker.talk(3);
    scene.play(5);
    scene.pass(135);
    for (const n of [0, 1, 2]) {
      talker.say({ timestamp: timestampAfter + n * 160 });
      scene.pass(20);
    }
    const heard = scene.heard();
    const last = timestamps(heard)[7]!;
    equal(last, 80_480 + 4 * 160);
    const first = wanted === 'own' ? timestampAfter : last + 55 * 8;
    deepEqual(timestamps(heard).slice(8), [first, first + 160, first + 320]);
    deepEqual(sequences(heard), [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010]);
  });
}

test('after the prompt loss stays loss and disorder stays disorder', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(2);
  scene.pass(40);
  const first = 1003;
  for (const n of [first, first + 1, first + 4, first + 3, first + 3, first + 9]) talker.say({ sequence: n });
  deepEqual(sequences(scene.heard()).slice(5), [1005, 1006, 1009, 1008, 1008, 1014]);
});

test('what was overtaken by the first packet after the prompt is dropped: its number is taken', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(4);
  scene.pass(80);
  scene.heard();
  const dropped = scene.counters.stream(TALKER, 'dropped');
  for (const n of [1010, 1009, 1011, 1008]) talker.say({ sequence: n });
  deepEqual(sequences(scene.heard()), [1007, 1008]);
  equal(scene.counters.stream(TALKER, 'dropped'), dropped + 2);
});

test('a sender that jumps back is believed: its numbers are moved as before', () => {
  for (const jump of [-2000, 30_000]) {
    const { scene, talker } = newScene(20_000);
    talker.talk(3);
    scene.play(4);
    scene.pass(80);
    talker.talk(2);
    scene.heard();
    const before = talker.sequence;
    talker.sequence += jump;
    talker.talk(3);
    const offset = 20_009 - before;
    deepEqual(
      sequences(scene.heard()),
      [0, 1, 2].map((n) => (before + jump + n + offset) & 0xffff),
    );
  }
});

test('long after the prompt no number is taken any more, also when the numbers come round', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.play(1);
  scene.pass(20);
  for (let n = 0; n < 70_000; n++) talker.say();
  equal(scene.heard().length, 3 + 1 + 70_000);
});

test('sequence numbers and timestamps wrap in the middle of a prompt and behind it', () => {
  for (const [sequence, timestamp] of [
    [0xffff - 4, 2 ** 32 - 900],
    [0xffff - 9, 2 ** 32 - 1700],
    [0xffff, 2 ** 32 - 1],
  ] as const) {
    const { scene, talker } = newScene(sequence, timestamp);
    talker.talk(3);
    scene.play(5);
    scene.pass(100);
    talker.talk(5);
    isContinuous(scene.heard(), 160);
  }
});

test('a second prompt goes on in the listener’s numbers, and so does what follows it', () => {
  const { scene, talker } = newScene();
  for (let round = 0; round < 4; round++) {
    talker.talk(4);
    talker.sequence += 500;
    scene.play(3 + round);
    scene.pass(200);
    talker.sequence += 77;
  }
  talker.talk(4);
  const heard = scene.heard();
  equal(heard.length, 5 * 4 + 3 + 4 + 5 + 6);
  isContinuous(heard);
});

test('a sender whose numbers went back a little meanwhile, or come in disorder, does not confuse the second prompt', () => {
  for (const back of [1, 400, 537, 700]) {
    const { scene, talker } = newScene();
    talker.talk(3);
    scene.play(2);
    scene.pass(40);
    talker.sequence -= back;
    talker.talk(2);
    talker.sequence += 2;
    talker.talk(1);
    talker.say({ sequence: talker.sequence - 2 });
    scene.play(2);
    scene.pass(40);
    talker.talk(1);
    deepEqual(sequences(scene.heard()), [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1009, 1008, 1010, 1011, 1012]);
  }
});

test('one prompt right after the other, without a packet between them', () => {
  const { scene, talker } = newScene();
  talker.talk(3);
  scene.onPlayed = () => void (scene.ended.length < 3 && scene.play(2));
  scene.play(2);
  scene.pass(130);
  talker.sequence += 6;
  talker.talk(3);
  const heard = scene.heard();
  equal(heard.length, 3 + 6 + 3);
  isContinuous(heard, 320);
});

test('a prompt that is replaced while it plays: the next voice goes on after it, asked before or after its end', () => {
  for (const isStopped of [true, false]) {
    const { scene, talker } = newScene();
    talker.talk(3);
    scene.play(50);
    scene.pass(65);
    if (isStopped) scene.stop();
    scene.play(3);
    scene.pass(100);
    talker.talk(3);
    const heard = scene.heard();
    equal(heard.length, 3 + 4 + 3 + 3);
    isContinuous(heard);
  }
});
