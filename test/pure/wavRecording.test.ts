/** A call as one sound: both sides where they were heard, whatever the network does to their packets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWavBegun, stereoHeader, WAV_HEADER_BYTES } from '../../src/relay/recording/wavRecording.js';
import { WavSheet } from '../../src/relay/recording/wavSheet.js';
import { rtpPacket } from '../rig/recordingFolder.js';
import { arrivalsOf, clicks, dice, FRAME_MS, onsets, record } from '../rig/wavCalls.js';

/** How far both sides may be from where they belong. */
const LIMIT_MS = 20;

/** Each second has a click in both sides, no further from where it was said than the limit. */
function checkClicks(sides: readonly Int16Array[], rate: number, fromMs: number, toMs: number, offsetMs = 0): void {
  for (const [channel, samples] of sides.entries()) {
    const found = onsets(samples, rate).filter((ms) => ms >= fromMs - 100 && ms < toMs);
    for (let due = Math.ceil(fromMs / 1000) * 1000; due < toMs - 100; due += 1000) {
      const nearest = found.reduce((a, b) => (Math.abs(b - due - offsetMs) < Math.abs(a - due - offsetMs) ? b : a), -1e9);
      assert.ok(Math.abs(nearest - due - offsetMs) <= LIMIT_MS, `side ${channel}: ${due} ms was heard at ${nearest} ms`);
    }
  }
}

test('what both sides said stands where they said it, sample by sample', () => {
  const level = (ms: number): number => Math.round(6000 * Math.sin(ms / 3));
  const caller = arrivalsOf({ channel: 0, fromMs: 500, ms: 3000, level });
  const callee = arrivalsOf({ channel: 1, fromMs: 1200, ms: 1000, level: (ms) => -level(ms) });
  const { rate, sides } = record([...caller, ...callee], 5000);
  assert.deepEqual([rate, sides[0].length, sides[1].length], [8000, 40_000, 40_000]);
  for (let i = 0; i < 40_000; i++) {
    const [left, right] = [i >= 4000 && i < 28_000 ? level(i / 8) : 0, i >= 9600 && i < 17_600 ? -level(i / 8) : 0];
    assert.ok(Math.abs(sides[0][i]! - left) < 300, `left ${i}: ${sides[0][i]}, ${left} expected`);
    assert.ok(Math.abs(sides[1][i]! - right) < 300, `right ${i}: ${sides[1][i]}, ${right} expected`);
  }
});

for (const [what, delayOf] of [
  ['loss of 5 %', (roll: () => number) => () => (roll() < 0.05 ? null : 0)],
  ['jitter of 60 ms, which reorders', (roll: () => number) => () => roll() * 60],
  ['jitter of 30 ms and loss of 5 %', (roll: () => number) => () => (roll() < 0.05 ? null : roll() * 30)],
  ['swapped neighbours', () => (i: number) => (i % 5 === 0 ? 35 : 0)],
  ['a first packet that is 150 ms late', () => (i: number) => (i === 0 ? 150 : 0)],
  ['a stall of 600 ms', () => (i: number) => Math.max(0, i < 100 ? 0 : 600 - (i - 100) * FRAME_MS)],
] as const) {
  test(`both sides are right within ${LIMIT_MS} ms with ${what}`, () => {
    for (let seed = 1; seed <= 5; seed++) {
      const roll = dice(seed);
      const caller = arrivalsOf({ channel: 0, fromMs: 310, ms: 8000, level: clicks, delay: delayOf(roll) });
      const callee = arrivalsOf({ channel: 1, fromMs: 1740, ms: 6000, level: clicks, delay: delayOf(roll) });
      const { sides, rate } = record([...caller, ...callee], 9000);
      // A click has two packets; both are lost once in a while.
      const lossless = !what.includes('loss');
      if (lossless) checkClicks(sides, rate, 2000, 7700);
      else for (const side of sides) checkLoud(side, rate);
      assert.ok(sides.every((side) => onsets(side, rate).length >= 5));
    }
  });
}

/** What is heard of a click, of which packets may be lost, is heard where it was said. */
function checkLoud(samples: Int16Array, rate: number): void {
  samples.forEach((sample, i) => {
    const ms = (i * 1000) / rate;
    if (Math.abs(sample) < 1000) return;
    const after = ms % 1000;
    if (after > 40 + LIMIT_MS && after < 1000 - LIMIT_MS) assert.fail(`heard at ${ms} ms`);
  });
}

/** How far from a click a time is. */
const clickDistance = (ms: number): number => Math.min(ms % 1000, 1000 - (ms % 1000));

test('copies and packets that come too late change nothing', () => {
  const caller = arrivalsOf({ channel: 0, fromMs: 0, ms: 4000, level: clicks });
  const clean = record(caller, 4000);
  const copies = caller.flatMap((one) => [one, { ...one, atMs: one.atMs + 1 }, { ...one, atMs: one.atMs + 700 }]);
  assert.deepEqual(record(copies, 4000).sides, clean.sides);
});

test('a clock that is too fast or too slow does not take a side away from the other', () => {
  for (const clock of [1.0015, 0.9985]) {
    const caller = arrivalsOf({ channel: 0, fromMs: 0, ms: 90_000, level: clicks, clock });
    const { sides, rate } = record(caller, 90_000);
    // 1500 ppm are 135 ms in 90 seconds.
    const found = onsets(sides[0], rate);
    assert.ok(found.length > 85);
    for (const ms of found) assert.ok(clickDistance(ms) <= 60, `clock ${clock}: heard at ${ms}`);
  }
});

test('a new source, and one that counts from elsewhere, is heard where it came', () => {
  const first = arrivalsOf({ channel: 0, fromMs: 0, ms: 3000, level: clicks });
  const second = arrivalsOf({ channel: 0, fromMs: 3000, ms: 3000, level: clicks, ssrc: 77, timestamp: 12_345, sequence: 9 });
  const third = arrivalsOf({
    channel: 0,
    fromMs: 6500,
    ms: 3000,
    level: clicks,
    ssrc: 77,
    timestamp: 2_000_000_000,
    sequence: 30_000,
  });
  const { sides, rate } = record([...first, ...second, ...third], 10_000);
  checkClicks([sides[0]], rate, 0, 6000);
  checkClicks([sides[0]], rate, 7000, 9400);
});

test('the timestamps of telephone events, which stand still, do not move what is said after them', () => {
  const speech = arrivalsOf({ channel: 0, fromMs: 0, ms: 6000, level: clicks });
  const events = speech.slice(100, 180).map(({ atMs, bytes }) => {
    const sequence = (bytes[2]! << 8) | bytes[3]!;
    const timestamp = new DataView(speech[100]!.bytes.buffer).getUint32(4);
    return {
      atMs,
      channel: 0 as const,
      bytes: rtpPacket({ payloadType: 101, sequence, timestamp, ssrc: 1000, payload: new Uint8Array(4) }),
    };
  });
  const { sides, rate } = record([...speech.slice(0, 100), ...events, ...speech.slice(180)], 6000);
  checkClicks([sides[0].subarray(0, 2000 * 8)], rate, 0, 1900);
  checkClicks([sides[0]], rate, 4000, 5900);
});

test('16 kHz when the first that is heard is wide; the other side is brought to it', () => {
  const caller = arrivalsOf({ channel: 0, fromMs: 100, ms: 4000, level: clicks, payloadType: 9 });
  const callee = arrivalsOf({ channel: 1, fromMs: 600, ms: 4000, level: clicks });
  const wide = record([...caller, ...callee], 5000);
  assert.deepEqual([wide.rate, wide.sides[0].length], [16_000, 80_000]);
  checkClicks(wide.sides, wide.rate, 1000, 4000);
  const narrow = record([...caller, ...callee.map((one) => ({ ...one, atMs: one.atMs - 550 }))], 5000);
  assert.equal(narrow.rate, 8000);
  checkClicks([narrow.sides[0]], narrow.rate, 1000, 4000);
});

test('a call in which nobody is heard is silence as long as it was', () => {
  const { rate, sides, written } = record([], 90_000);
  assert.deepEqual([rate, sides[0].length, written], [8000, 90_000 * 8, 0]);
});

test('long silence is not written at all', () => {
  const caller = [...arrivalsOf({ channel: 0, fromMs: 0, ms: 1000, level: clicks })];
  const later = arrivalsOf({ channel: 0, fromMs: 600_000, ms: 1000, level: clicks, timestamp: 99, sequence: 5 });
  const { sides, written, rate } = record([...caller, ...later], 602_000);
  assert.equal(sides[0].length, 602_000 * 8);
  assert.ok(written < 6 * 32_000, `${written} bytes were written`);
  checkClicks([sides[0]], rate, 600_000, 600_900);
});

test('a file that is gone on with keeps what is in it, and goes on by the clock', () => {
  const caller = arrivalsOf({ channel: 0, fromMs: 5000, ms: 2000, level: clicks });
  const { sides, rate } = record(caller, 7000, { rate: 16_000, frames: 4000 * 16 });
  assert.equal(rate, 16_000);
  checkClicks([sides[0]], rate, 5000, 6900);
});

test('what comes later than the sheet reaches back is left out, and nothing else is moved by it', () => {
  const written = new Int16Array(2 * 16_100);
  const write = (offset: number, bytes: Uint8Array): void => new Uint8Array(written.buffer).set(bytes, offset);
  const sheet = new WavSheet(8000, 0, write);
  sheet.put(0, 10, new Int16Array(20).fill(1), 0);
  sheet.flushTo(40);
  sheet.put(
    1,
    20,
    Int16Array.from({ length: 60 }, (_, i) => i),
    10,
  );
  sheet.put(0, 0, new Int16Array(30).fill(9), 0);
  // Two seconds later the same places of the sheet have their turn again.
  sheet.put(0, 16_090, new Int16Array(10).fill(1), 0);
  sheet.finish(16_100);
  const side = (channel: number): number[] => [...written.filter((_, i) => (i & 1) === channel)].slice(0, 100);
  assert.deepEqual(
    side(0),
    Array.from({ length: 100 }, (_, i) => (i >= 10 && i < 30 ? 1 : 0)),
  );
  assert.deepEqual(
    side(1),
    Array.from({ length: 100 }, (_, i) => (i >= 40 && i < 70 ? i - 10 : 0)),
  );
  assert.equal(sheet.frames, 16_100);
});

test('a header says what the file holds, and what we did not write is not taken for ours', () => {
  const header = stereoHeader(16_000, 640);
  assert.equal(header.length, WAV_HEADER_BYTES);
  assert.deepEqual(readWavBegun(header, 44 + 645), { rate: 16_000, frames: 161 });
  for (const at of [0, 8, 20, 22, 24, 34, 36]) {
    const other = header.slice();
    other[at]! ^= 0x11;
    assert.equal(readWavBegun(other, 1000), null, `byte ${at}`);
  }
});
