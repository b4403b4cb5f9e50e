import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_TARGET_MS } from '../../src/media/stages/resizer.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import * as rtp from '../../src/protocol/rtp/header.js';
import {
  audio,
  G722,
  G723,
  G729,
  GSM,
  msOf,
  nth,
  numbersOf,
  PCMA,
  PCMU,
  payloadsOf,
  pcmu,
  ResizedStream,
  timestampsOf,
} from './resizedStream.js';

const CODECS = { PCMU, PCMA, G722, G729, GSM, G723 };
const IP_AND_UDP_BYTES = 28;
const SECOND_MS = 1000;

/** Sends `forMs` of audio in packets of `packetMs`, each when its time has come, and lets the resizer run out. */
function play(stream: ResizedStream, payloadType: number, packetMs: number, forMs: number): Uint8Array[] {
  const sent: Uint8Array[] = [];
  for (let n = 0; n * packetMs < forMs; n++) {
    const timestamp = n * packetMs * 8;
    const header = { payloadType, marker: n === 0, sequence: 100 + n, timestamp, ssrc: 1 };
    const packet = buildRtp(header, audio(payloadType, timestamp, packetMs));
    assert.equal(stream.take(packet, n * packetMs), 'taken');
    sent.push(packet);
  }
  stream.runOut();
  return sent;
}

const bytesOf = (packets: readonly Uint8Array[]): number =>
  packets.reduce((sum, packet) => sum + packet.length + IP_AND_UDP_BYTES, 0);
test('[PN-04] with z40, packets of 20 ms leave in pairs as soon as the second has come', () => {
  const stream = new ResizedStream(40);
  play(stream, PCMU, 20, 200);
  assert.deepEqual(msOf(stream.outputs), [40, 40, 40, 40, 40]);
  assert.deepEqual(
    stream.outputs.map(({ atMs }) => atMs),
    [20, 60, 100, 140, 180],
  );
  assert.deepEqual(numbersOf(stream.outputs), [100, 101, 102, 103, 104]);
  assert.deepEqual(timestampsOf(stream.outputs), [0, 320, 640, 960, 1280]);
  assert.deepEqual(
    stream.outputs.map(({ marker }) => marker),
    [true, false, false, false, false],
  );
});

test('[PN-04] with z20, a packet of 60 ms leaves at once as three, with timestamps that go on and one marker', () => {
  const stream = new ResizedStream(20);
  play(stream, PCMU, 60, 120);
  assert.deepEqual(msOf(stream.outputs), [20, 20, 20, 20, 20, 20]);
  assert.deepEqual(
    stream.outputs.map(({ atMs }) => atMs),
    [0, 0, 0, 60, 60, 60],
  );
  assert.deepEqual(numbersOf(stream.outputs), [100, 101, 102, 103, 104, 105]);
  assert.deepEqual(timestampsOf(stream.outputs), [0, 160, 320, 480, 640, 800]);
  assert.deepEqual(
    stream.outputs.map(({ marker }) => marker),
    [true, false, false, false, false, false],
  );
});

/** The shortest packet of a codec, ms, and the steps in which its packets grow. */
const unitMsOf = (payloadType: number): number => ({ [GSM]: 20, [G723]: 30 })[payloadType] ?? 10;

for (const [name, payloadType] of Object.entries(CODECS)) {
  test(`[PN-04 KM-54] ${name} in packets of 10, 20, 30 and 60 ms leaves in packets of 10 to 200 ms`, () => {
    const unitMs = unitMsOf(payloadType);
    for (const inputMs of [10, 20, 30, 60].filter((ms) => ms % unitMs === 0)) {
      for (const askedMs of [10, 20, 30, 40, 60, 100, 200]) checkRefit(payloadType, inputMs, askedMs);
    }
  });
}

function checkRefit(payloadType: number, inputMs: number, askedMs: number): void {
  const which = `${inputMs} ms to ${askedMs} ms`;
  const outputMs = Math.ceil(askedMs / unitMsOf(payloadType)) * unitMsOf(payloadType);
  const stream = new ResizedStream(askedMs);
  // A whole number of packets on both sides, and one packet more, which may leave a rest.
  const forMs = outputMs * inputMs + inputMs;
  const sent = play(stream, payloadType, inputMs, forMs);
  const { outputs, resizer } = stream;
  const rest = forMs % outputMs === 0 ? [] : [forMs % outputMs];
  assert.deepEqual(msOf(outputs), [...new Array<number>(Math.floor(forMs / outputMs)).fill(outputMs), ...rest], which);
  const payload = sent.flatMap((packet) => [...packet.subarray(rtp.RTP_FIXED_HEADER_BYTES)]);
  assert.deepEqual(payloadsOf(outputs), payload, which);
  outputs.forEach((output, n) => {
    assert.equal(output.timestamp, n * outputMs * 8, which);
    assert.equal(output.sequence, 100 + n, which);
    assert.equal(output.payloadType, payloadType, which);
    assert.equal(output.marker, n === 0, which);
  });
  assert.deepEqual([resizer.taken, resizer.emitted, resizer.discarded], [sent.length, outputs.length, 0], which);
}

test('[PN-05 KM-56] G.729 from 10 to 100 ms: a tenth of the packets, less than a third of the bytes', () => {
  const stream = new ResizedStream(100);
  const sent = play(stream, G729, 10, 10 * SECOND_MS);
  const leaving = stream.outputs.map(({ packet }) => packet);
  assert.deepEqual([sent.length, leaving.length], [1000, 100]);
  // 10 bytes of speech and 40 of headers, against 100 and 40.
  assert.deepEqual([bytesOf(sent), bytesOf(leaving)], [50_000, 14_000]);
});

test('[PN-05 KM-56] G.729 from 20 to 60 ms and G.723.1 from 30 to 60 ms: packets and bytes fall as computed', () => {
  for (const [payloadType, packetMs, before, after] of [
    [G729, 20, 60, 100],
    [G723, 30, 64, 88],
  ] as const) {
    const stream = new ResizedStream(60);
    const sent = play(stream, payloadType, packetMs, 6 * SECOND_MS);
    assert.equal(bytesOf(sent), (6 * SECOND_MS * before) / packetMs);
    assert.equal(bytesOf(stream.outputs.map(({ packet }) => packet)), 100 * after);
  }
});

test('[KM-55] what a codec cannot send is rounded up to the next duration that it can', () => {
  const askedAndSent: readonly (readonly [number, number, number, number])[] = [
    [PCMU, 10, 25, 30],
    [PCMU, 10, 1, 10],
    [PCMA, 20, 11, 20],
    [G722, 10, 25, 30],
    [G729, 10, 25, 30],
    [GSM, 20, 30, 40],
    [GSM, 20, 10, 20],
    [G723, 30, 20, 30],
    [G723, 30, 40, 60],
    [PCMU, 20, 999, 1000],
  ];
  for (const [payloadType, packetMs, askedMs, sentMs] of askedAndSent) {
    const stream = new ResizedStream(askedMs);
    play(stream, payloadType, packetMs, sentMs * packetMs);
    assert.deepEqual(msOf(stream.outputs), new Array<number>(packetMs).fill(sentMs), `z${askedMs} of ${payloadType}`);
  }
});

test('[KM-54] the longest packets that can be asked for still fit into a datagram, with a header of fifteen sources', () => {
  const stream = new ResizedStream(LONGEST_TARGET_MS + 500);
  const csrc = Array.from({ length: 15 }, (_, n) => n);
  for (let n = 0; n < 50; n++) stream.send(n * 20, { ...nth(n), csrc }, pcmu(n));
  assert.deepEqual(
    stream.outputs.map(({ packet }) => packet.length),
    [8072],
  );
});

test('another codec ends an output, and the samples go on', () => {
  const stream = new ResizedStream(60);
  stream.send(0, nth(0), pcmu(0));
  stream.send(20, { ...nth(1), payloadType: PCMA }, pcmu(1));
  assert.deepEqual(
    stream.outputs.map(({ payloadType, samples }) => [payloadType, samples]),
    [[PCMU, 160]],
  );
  stream.send(40, { ...nth(2), payloadType: PCMA }, pcmu(2));
  stream.send(60, { ...nth(3), payloadType: PCMA }, pcmu(3));
  assert.deepEqual(
    stream.outputs.map(({ payloadType, samples }) => [payloadType, samples]),
    [
      [PCMU, 160],
      [PCMA, 480],
    ],
  );
});

test('comfort noise at the end of G.729 ends its output at once; split, it is the tail of the last part', () => {
  const joined = new ResizedStream(60);
  joined.send(0, { payloadType: G729, timestamp: 0, sequence: 1 }, audio(G729, 0, 20));
  joined.send(20, { payloadType: G729, timestamp: 160, sequence: 2 }, Uint8Array.of(...audio(G729, 160, 10), 7, 7));
  joined.send(40, { payloadType: G729, timestamp: 320, sequence: 3 }, Uint8Array.of(8, 8));
  assert.deepEqual(
    joined.outputs.map(({ atMs, samples, payload }) => [atMs, samples, payload.length]),
    [
      [20, 320, 32],
      [40, 80, 2],
    ],
  );
  const split = new ResizedStream(20);
  split.send(0, { payloadType: G729, timestamp: 0, sequence: 1 }, Uint8Array.of(...audio(G729, 0, 40), 7, 7));
  assert.deepEqual(
    split.outputs.map(({ timestamp, samples, payload }) => [timestamp, samples, payload.length]),
    [
      [0, 160, 20],
      [160, 160, 20],
      [320, 80, 2],
    ],
  );
});

test('frames of G.723.1 of all sizes are cut where they end', () => {
  const frames = [24, 4, 20, 4, 24, 20].map((size) => new Uint8Array(size).fill({ 24: 0xfc, 20: 0xfd, 4: 0xfe }[size]!));
  const stream = new ResizedStream(60);
  frames.forEach((frame, n) => {
    stream.send(n * 30, { payloadType: G723, sequence: n, timestamp: n * 240 }, frame);
  });
  stream.send(180, { payloadType: G723, sequence: 6, timestamp: 1440 }, Uint8Array.from(frames.flatMap((frame) => [...frame])));
  assert.deepEqual(
    stream.outputs.map(({ payload, samples }) => [payload.length, samples]),
    [28, 24, 44, 28, 24, 44].map((length) => [length, 480]),
  );
});

test('CSRC list and marker are those of the first piece; padding and header extensions do not go into joined packets', () => {
  const stream = new ResizedStream(40);
  const extension = { profile: 0xbede, content: Uint8Array.of(1, 2, 3, 4) };
  stream.send(0, { ...nth(0), marker: true, csrc: [5, 6], extension, padding: true }, Uint8Array.of(...pcmu(0), 0, 0, 3));
  stream.send(20, { ...nth(1), csrc: [7], padding: true }, Uint8Array.of(...pcmu(1), 1));
  const expected = { payloadType: PCMU, marker: true, sequence: 100, timestamp: 0, ssrc: 1, csrc: [5, 6] };
  assert.deepEqual(stream.outputs[0]!.packet, buildRtp(expected, Uint8Array.of(...pcmu(0), ...pcmu(1))));
  assert.equal(stream.outputs.length, 1);
});

test('a packet that has the target size keeps its header extension, and loses its padding', () => {
  const stream = new ResizedStream(20);
  const header = { payloadType: PCMU, marker: true, ...nth(0), ssrc: 1, csrc: [9] };
  const extension = { profile: 0xbede, content: Uint8Array.of(1, 2, 3, 4) };
  stream.send(0, { ...header, extension, padding: true }, Uint8Array.of(...pcmu(0), 0, 2));
  assert.deepEqual(stream.outputs[0]!.packet, buildRtp({ ...header, extension }, pcmu(0)));
});
