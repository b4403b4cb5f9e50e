import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Framing, framingOf, SAMPLES_PER_MS } from '../../src/protocol/rtp/framing.js';

const PCMU = 0;
const GSM = 3;
const G723 = 4;
const PCMA = 8;
const G722 = 9;
const G729 = 18;

const framing = (payloadType: number): Framing => framingOf(payloadType) ?? assert.fail(`${payloadType} is not known`);
const samplesOf = (payloadType: number, payload: readonly number[] | Uint8Array): number | null =>
  framing(payloadType).samplesOf(Uint8Array.from(payload), 0, payload.length);
const zeros = (length: number): Uint8Array => new Uint8Array(length);
/** G.723.1 frames of the given types: the type is in the two lowest bits of the first byte, the rest is noise that says otherwise. */
const g723 = (...types: number[]): number[] =>
  types.flatMap((type) => [0xfc | type, ...new Array<number>([24, 20, 4, 1][type]! - 1).fill(0xff)]);

test('the static codecs with a known duration are those of RFC 3551 with frames, and no others', () => {
  const known = Array.from({ length: 128 }, (_, payloadType) => payloadType).filter((it) => framingOf(it) !== null);
  assert.deepEqual(known, [PCMU, GSM, G723, PCMA, G722, G729]);
});

test('20 ms of each codec have the bytes that RFC 3551 says, 30 ms of G.723.1', () => {
  const bytes = { [PCMU]: 160, [PCMA]: 160, [G722]: 160, [G729]: 20, [GSM]: 33 };
  for (const [payloadType, length] of Object.entries(bytes)) {
    assert.equal(samplesOf(Number(payloadType), zeros(length)), 20 * SAMPLES_PER_MS, payloadType);
  }
  assert.equal(samplesOf(G723, g723(0)), 30 * SAMPLES_PER_MS);
});

test('a byte of G.711 and of G.722 is one tick of the RTP clock, also at odd lengths', () => {
  for (const payloadType of [PCMU, PCMA, G722]) {
    assert.deepEqual(
      [1, 7, 160, 8180].map((length) => samplesOf(payloadType, zeros(length))),
      [1, 7, 160, 8180],
    );
    assert.equal(framing(payloadType).bytesFor(zeros(200), 0, 200, 7), 7);
  }
});

test('a payload that is empty or not of whole frames has no duration', () => {
  for (const payloadType of [PCMU, GSM, G723, PCMA, G722, G729]) assert.equal(samplesOf(payloadType, []), null, `${payloadType}`);
  for (const length of [1, 32, 34, 65, 67]) assert.equal(samplesOf(GSM, zeros(length)), null, `GSM ${length}`);
  for (const length of [1, 3, 9, 11, 13, 19, 21]) assert.equal(samplesOf(G729, zeros(length)), null, `G.729 ${length}`);
  for (const length of [1, 23, 25, 47]) assert.equal(samplesOf(G723, zeros(length)), null, `G.723.1 ${length}`);
});

test('two bytes behind the frames of G.729, or alone, are a frame of comfort noise, and nothing may follow it', () => {
  assert.deepEqual(
    [2, 10, 12, 20, 22].map((length) => samplesOf(G729, zeros(length))),
    [80, 80, 160, 160, 240],
  );
  assert.deepEqual([2, 10, 12, 20, 22].map(framing(G729).mayAppend), [false, true, false, true, false]);
  assert.deepEqual(
    [80, 160, 239, 240, 400].map((samples) => framing(G729).bytesFor(zeros(22), 0, 22, samples)),
    [10, 20, 20, 22, 22],
  );
});

test('frames of G.723.1 have 24, 20 or 4 bytes by their lowest bits, mixed at will; type 3 does not exist', () => {
  assert.equal(samplesOf(G723, g723(0, 1, 2, 2, 1, 0)), 6 * 240);
  assert.equal(samplesOf(G723, g723(0, 3)), null);
  assert.equal(samplesOf(G723, [...g723(2), 0, 0, 0]), null);
  const payload = Uint8Array.from([9, 9, ...g723(1, 2, 0, 2)]);
  assert.deepEqual(
    [239, 240, 480, 719, 720, 960, 2000].map((samples) => framing(G723).bytesFor(payload, 2, payload.length - 2, samples)),
    [0, 20, 24, 24, 48, 52, 52],
  );
  assert.equal(framing(G723).mayAppend(4), true);
});

test('a payload is read only within its bounds', () => {
  // Behind the payload lies what would make it whole frames.
  const bytes = Uint8Array.from([...g723(1, 1)]);
  assert.equal(framing(G723).samplesOf(bytes, 0, 39), null);
  assert.equal(framing(G723).samplesOf(bytes, 0, 20), 240);
});

const frames: fc.Arbitrary<readonly [number, Uint8Array]> = fc.oneof(
  fc.tuple(fc.constantFrom(PCMU, PCMA, G722), fc.integer({ min: 1, max: 400 }).map(zeros)),
  fc.tuple(
    fc.constant(GSM),
    fc.integer({ min: 1, max: 9 }).map((count) => zeros(33 * count)),
  ),
  fc.tuple(
    fc.constant(G729),
    fc.tuple(fc.nat(9), fc.boolean()).map(([count, noise]) => zeros(10 * count + (noise || count === 0 ? 2 : 0))),
  ),
  fc.tuple(
    fc.constant(G723),
    fc.array(fc.nat(2), { minLength: 1, maxLength: 9 }).map((types) => Uint8Array.from(g723(...types))),
  ),
);

test('cut anywhere, a payload gives two that last as long together, and the first is the longest that fits', () => {
  fc.assert(
    fc.property(frames, fc.nat(4000), ([payloadType, payload], wanted) => {
      const { samplesOf: measure, bytesFor } = framing(payloadType);
      const total = measure(payload, 0, payload.length) ?? assert.fail('a payload of whole frames');
      const cut = bytesFor(payload, 0, payload.length, wanted);
      const [first, rest] = [measure(payload, 0, cut) ?? 0, measure(payload, cut, payload.length - cut) ?? 0];
      assert.equal(first + rest, total);
      assert.ok(first <= wanted);
      if (cut === payload.length) return;
      const frameSamples = { [GSM]: 160, [G723]: 240, [G729]: 80 }[payloadType] ?? 1;
      assert.ok(first + frameSamples > wanted, `${first} of ${wanted} samples`);
    }),
  );
});
