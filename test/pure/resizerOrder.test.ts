import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JITTER_SLACK_MS, LONGEST_TARGET_MS, MOST_HELD_PACKETS } from '../../src/media/stages/resizer.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import {
  audio,
  G729,
  msOf,
  nth,
  numbersOf,
  PCMU,
  payloadsOf,
  pcmu,
  ResizedStream,
  TELEPHONE_EVENT,
  timestampsOf,
} from './resizedStream.js';

test('[PN-04] the last packet of a spurt is not kept: it leaves when its companion is overdue by more than jitter explains', () => {
  const stream = new ResizedStream(40);
  for (const n of [0, 1, 2]) stream.send(1000 + n * 20, nth(n), pcmu(n));
  assert.equal(stream.resizer.held, 1);
  assert.equal(stream.resizer.dueAtMs, 1040 + 20 + JITTER_SLACK_MS);
  stream.runTo(1040 + 20 + JITTER_SLACK_MS - 1);
  assert.equal(stream.outputs.length, 1);
  stream.runTo(1040 + 20 + JITTER_SLACK_MS);
  assert.deepEqual(msOf(stream.outputs), [40, 20]);
  assert.equal(stream.resizer.dueAtMs, Number.POSITIVE_INFINITY);
  assert.equal(stream.resizer.held, 0);
});

test('what waits for packets of 60 ms waits as long as they take, so that a rest of 20 ms is not sent alone', () => {
  const stream = new ResizedStream(40);
  for (const n of [0, 1]) {
    const late = n * (JITTER_SLACK_MS - 1);
    stream.send(n * 60 + late, { sequence: n, timestamp: n * 480 }, audio(PCMU, n * 480, 60));
  }
  assert.deepEqual(msOf(stream.outputs), [40, 40, 40]);
});

test('no packet is cut short by jitter below the slack, and nothing is put off by what comes early', () => {
  const stream = new ResizedStream(100);
  const jitter = [0, 29, 7, 22, 29, 1, 15, 29, 0, 12];
  for (let n = 0; n < 100; n++) stream.send(n * 20 + jitter[n % jitter.length]!, nth(n), pcmu(n));
  assert.deepEqual(msOf(stream.outputs), new Array<number>(20).fill(100));
});

test('[PN-04] a packet that was overtaken goes to its place while that is held, and is discarded after it was emitted', () => {
  const stream = new ResizedStream(60);
  const takings = [0, 2, 1, 4, 3, 3, 5, 4].map((n, i) => stream.send(i * 10, nth(n), pcmu(n)));
  assert.deepEqual(takings, ['taken', 'taken', 'taken', 'taken', 'taken', 'discarded', 'taken', 'discarded']);
  assert.deepEqual(
    payloadsOf(stream.outputs),
    [0, 1, 2, 3, 4, 5].flatMap((n) => [...pcmu(n)]),
  );
  assert.deepEqual(msOf(stream.outputs), [60, 60]);
  assert.deepEqual([stream.resizer.taken, stream.resizer.emitted, stream.resizer.discarded], [8, 2, 2]);
});

test('what has the target size goes through at once, and a copy of it is discarded', () => {
  const stream = new ResizedStream(20);
  assert.deepEqual(
    [0, 0, 1, 0].map((n) => stream.send(n * 20, nth(n), pcmu(n))),
    ['taken', 'discarded', 'taken', 'discarded'],
  );
  assert.deepEqual(numbersOf(stream.outputs), [100, 101]);
});

test('an output ends at a loss, waits there no longer than for jitter, and the next one begins behind the loss', () => {
  const stream = new ResizedStream(60);
  for (const n of [0, 1, 3, 4, 5]) stream.send(n * 20, nth(n), pcmu(n));
  assert.deepEqual(msOf(stream.outputs), [40, 60]);
  assert.deepEqual(timestampsOf(stream.outputs), [0, 480]);
  assert.deepEqual(numbersOf(stream.outputs), [100, 101]);
  assert.equal(stream.outputs[0]!.atMs, 40 + JITTER_SLACK_MS);
});

test('a pause in which nothing was sent ends an output at once, because no number is missing', () => {
  const stream = new ResizedStream(60);
  stream.send(0, nth(0), pcmu(0));
  stream.send(25, { sequence: 101, timestamp: 480, marker: true }, pcmu(3));
  assert.deepEqual(msOf(stream.outputs), [20]);
  assert.equal(stream.outputs[0]!.atMs, 25);
  stream.runOut();
  assert.deepEqual(
    stream.outputs.map(({ timestamp, marker }) => [timestamp, marker]),
    [
      [0, false],
      [480, true],
    ],
  );
});

test('another codec right behind ends an output at once, even if its number is further on', () => {
  const stream = new ResizedStream(60);
  stream.send(0, nth(0), pcmu(0));
  stream.send(20, { sequence: 105, timestamp: 160, payloadType: 8 }, pcmu(1));
  assert.deepEqual([stream.outputs.length, stream.resizer.held], [1, 1]);
});

test('telephone events leave at once, in order, as they are but for the number, behind what was held', () => {
  const stream = new ResizedStream(40);
  for (const n of [0, 1, 2]) stream.send(n * 20, nth(n), pcmu(n));
  const event = (n: number) =>
    buildRtp({ payloadType: TELEPHONE_EVENT, marker: n === 3, sequence: 100 + n, timestamp: 480, ssrc: 1 }, Uint8Array.of(5, n));
  for (const n of [3, 4, 6, 5, 5]) assert.equal(stream.take(event(n), 60), 'taken');
  for (const n of [7, 8]) stream.send(n * 20, nth(n), pcmu(n));
  // The events keep their distances: the receiver must see what is lost of them, what came late, and what came twice.
  assert.deepEqual(
    stream.outputs.map(({ sequence, payloadType, timestamp }) => [sequence, payloadType, timestamp]),
    [
      [100, PCMU, 0],
      [101, PCMU, 320],
      [102, TELEPHONE_EVENT, 480],
      [103, TELEPHONE_EVENT, 480],
      [105, TELEPHONE_EVENT, 480],
      [104, TELEPHONE_EVENT, 480],
      [104, TELEPHONE_EVENT, 480],
      [106, PCMU, 1120],
    ],
  );
  const expected = event(3);
  expected.set([0, 102], 2);
  assert.deepEqual(stream.outputs[2]!.packet, expected);
  assert.deepEqual([stream.resizer.taken, stream.resizer.emitted], [10, 8]);
});

test('an event from before a run of events, or from far away, takes the next number', () => {
  const stream = new ResizedStream(20);
  const event = (sequence: number) => stream.send(0, { payloadType: TELEPHONE_EVENT, sequence }, Uint8Array.of(1));
  stream.send(0, { sequence: 50 }, pcmu(0));
  for (const sequence of [52, 51, 52, 40_000, 3000]) event(sequence);
  stream.send(0, { sequence: 3001, timestamp: 160 }, pcmu(1));
  event(52);
  assert.deepEqual(numbersOf(stream.outputs), [50, 51, 52, 53, 54, 55, 56, 57]);
});

test('a late event keeps its number only as long as RFC 3550 calls it late; further back the source began anew', () => {
  const stream = new ResizedStream(20);
  stream.send(0, { sequence: 50 }, pcmu(0));
  for (const sequence of [51, 151, 51, 152, 51]) {
    stream.send(0, { payloadType: TELEPHONE_EVENT, sequence }, Uint8Array.of(1));
  }
  assert.deepEqual(numbersOf(stream.outputs), [50, 51, 151, 51, 152, 153]);
});

test('what cannot be resized is passed as long as the source has sent nothing else, what is no RTP always', () => {
  const stream = new ResizedStream(40);
  const opus = { payloadType: 111, sequence: 5 };
  assert.equal(stream.send(0, opus, new Uint8Array(70)), 'passed');
  assert.equal(stream.send(0, { ...opus, payloadType: G729 }, new Uint8Array(15)), 'passed');
  assert.equal(stream.send(0, { ...nth(0) }, pcmu(0)), 'taken');
  const noRtp = [
    Uint8Array.of(),
    new Uint8Array(11).fill(0x80),
    Uint8Array.of(0x80, 200, ...new Array<number>(30).fill(0)),
    Uint8Array.of(0x00, 1, ...new Array<number>(18).fill(0)),
    // Its CSRC list does not fit; its padding does not fit; one byte longer than any datagram.
    Uint8Array.of(0x8f, 0, ...new Array<number>(18).fill(0)),
    Uint8Array.of(0xa0, 0, ...new Array<number>(18).fill(0)),
    buildRtp({ payloadType: PCMU, marker: false, sequence: 1, timestamp: 0, ssrc: 1 }, new Uint8Array(8181)),
  ];
  for (const packet of noRtp) assert.equal(stream.take(packet, 10), 'passed', `${packet.length} bytes`);
  assert.deepEqual(stream.outputs, []);
  assert.deepEqual([stream.resizer.taken, stream.resizer.held], [1, 1]);
  stream.send(20, nth(1), pcmu(1));
  assert.deepEqual(msOf(stream.outputs), [40]);
});

test('another SSRC ends what is held and begins anew: its own numbers, its own time', () => {
  const stream = new ResizedStream(40);
  for (const n of [0, 1, 2]) stream.send(n * 20, nth(n), pcmu(n));
  for (const n of [0, 1]) stream.send(60 + n * 20, { ssrc: 2, sequence: 7 + n, timestamp: 90 + n * 160 }, pcmu(n));
  assert.deepEqual(
    stream.outputs.map(({ ssrc, sequence, timestamp, samples }) => [ssrc, sequence, timestamp, samples]),
    [
      [1, 100, 0, 320],
      [1, 101, 320, 160],
      [2, 7, 90, 320],
    ],
  );
});

test('what the last source sent says nothing about what is late of the next', () => {
  const stream = new ResizedStream(40);
  stream.send(0, { sequence: 100 }, pcmu(0));
  const takings = [5000, 0].map((timestamp, n) => stream.send(n, { ssrc: 2, sequence: 50 + n, timestamp }, pcmu(n)));
  assert.deepEqual(takings, ['taken', 'taken']);
  stream.runOut();
  assert.deepEqual(timestampsOf(stream.outputs), [0, 5000, 0]);
});

test('sequence numbers and timestamps wrap without a seam where packets are joined out of order', () => {
  const stream = new ResizedStream(40);
  const base = 0xffff_ffff - 400;
  for (const n of [0, 2, 1, 3, 4, 5]) stream.send(n * 20, { sequence: 65_534 + n, timestamp: base + n * 160 }, pcmu(n));
  assert.deepEqual(numbersOf(stream.outputs), [65_534, 65_535, 0]);
  assert.deepEqual(timestampsOf(stream.outputs), [base, base + 320, 239]);
  const payload = [0, 1, 2, 3, 4, 5].flatMap((n) => [...pcmu(n)]);
  assert.deepEqual(payloadsOf(stream.outputs), payload);
});

test('sequence numbers and timestamps wrap without a seam within one packet that is split', () => {
  const stream = new ResizedStream(10);
  stream.send(0, { sequence: 65_534, timestamp: 0xffff_ffff - 100 }, audio(PCMU, 0, 40));
  stream.send(40, { sequence: 65_535, timestamp: 219 }, audio(PCMU, 320, 20));
  assert.deepEqual(numbersOf(stream.outputs), [65_534, 65_535, 0, 1, 2, 3]);
  assert.deepEqual(timestampsOf(stream.outputs), [0xffff_ffff - 100, 0xffff_ffff - 20, 59, 139, 219, 299]);
});

test('a sender that sets its clock back is heard at once, and its numbers go on', () => {
  const stream = new ResizedStream(40);
  for (const n of [0, 1, 2]) stream.send(n * 20, { sequence: n, timestamp: 80_000 + n * 160 }, pcmu(n));
  for (const n of [3, 4]) stream.send(n * 20, { sequence: n, timestamp: (n - 3) * 160 }, pcmu(n));
  for (const n of [5, 6]) stream.send(n * 20, { sequence: 40_000 + n, timestamp: (n - 5) * 160 }, pcmu(n));
  assert.deepEqual(timestampsOf(stream.outputs), [80_000, 80_320, 0, 0]);
  assert.deepEqual(numbersOf(stream.outputs), [0, 1, 2, 3]);
  assert.equal(stream.resizer.discarded, 0);
});

test('a sender whose timestamps stand still, or fall behind its samples, loses nothing', () => {
  for (const step of [0, 100]) {
    const stream = new ResizedStream(40);
    for (const n of [0, 1, 2, 3]) stream.send(n * 20, { sequence: n, timestamp: n * step }, pcmu(n));
    stream.runOut();
    assert.deepEqual(
      payloadsOf(stream.outputs),
      [0, 1, 2, 3].flatMap((n) => [...pcmu(n)]),
    );
    assert.deepEqual(timestampsOf(stream.outputs), [0, step, step * 2, step * 3]);
  }
});

test('a new target counts from the next packet on, and what is held may be due at once', () => {
  const stream = new ResizedStream(100);
  for (const n of [0, 1, 2]) stream.send(n * 20, nth(n), pcmu(n));
  assert.equal(stream.resizer.dueAtMs, 80 + JITTER_SLACK_MS);
  stream.resizer.setTarget(200);
  assert.equal(stream.resizer.dueAtMs, 180 + JITTER_SLACK_MS);
  stream.resizer.setTarget(40);
  assert.ok(stream.resizer.dueAtMs <= 40);
  stream.runTo(41);
  assert.deepEqual(msOf(stream.outputs), [40]);
  stream.send(60, nth(3), pcmu(3));
  assert.deepEqual(msOf(stream.outputs), [40, 40]);
});

test('everything that is held can be asked for, and packets in part count as held', () => {
  const stream = new ResizedStream(100);
  stream.send(0, nth(0), pcmu(0));
  stream.send(0, nth(2), pcmu(2));
  stream.send(0, { sequence: 104, timestamp: 480 }, audio(PCMU, 480, 60));
  assert.equal(stream.resizer.held, 3);
  const sent: number[] = [];
  stream.resizer.flush(Number.POSITIVE_INFINITY, (_, length) => sent.push(length));
  assert.deepEqual(sent, [172, 652]);
  assert.deepEqual([stream.resizer.held, stream.resizer.dueAtMs], [0, Number.POSITIVE_INFINITY]);
  const split = new ResizedStream(40);
  split.send(0, nth(0), audio(PCMU, 0, 60));
  assert.deepEqual([split.outputs.length, split.resizer.held], [1, 1]);
});

test('no more is held than two outputs, or 40 ms, and no more packets than the bound', () => {
  const gaps = new ResizedStream(40);
  for (const n of [0, 2, 4, 6]) gaps.send(0, nth(n), pcmu(n));
  assert.deepEqual([gaps.outputs.length, gaps.resizer.held], [0, 4]);
  gaps.send(0, nth(8), pcmu(8));
  assert.deepEqual([gaps.outputs.length, gaps.resizer.held], [1, 4]);
  const short = new ResizedStream(15);
  for (const n of [0, 2, 4, 6, 8]) short.send(0, { sequence: n, timestamp: n * 80 }, audio(PCMU, n * 80, 10));
  assert.deepEqual([short.outputs.length, short.resizer.held], [1, 4]);
  const shortest = new ResizedStream(10);
  for (const n of [0, 2, 4, 6, 8, 10]) shortest.send(0, { sequence: n, timestamp: n * 70 }, new Uint8Array(70));
  assert.deepEqual([shortest.outputs.length, shortest.resizer.held], [2, 4]);
  const tiny = new ResizedStream(LONGEST_TARGET_MS);
  for (let n = 0; n < MOST_HELD_PACKETS; n++) tiny.send(0, { sequence: n, timestamp: n }, Uint8Array.of(n));
  assert.deepEqual([tiny.outputs.length, tiny.resizer.held], [0, MOST_HELD_PACKETS]);
  tiny.send(0, { sequence: MOST_HELD_PACKETS, timestamp: MOST_HELD_PACKETS }, Uint8Array.of(0));
  assert.deepEqual([tiny.outputs.length, tiny.resizer.held], [1, 0]);
});
