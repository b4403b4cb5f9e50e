import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ALAW_SILENCE,
  alawToLinear,
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
  linearToAlaw,
  linearToMulaw,
  MULAW_SILENCE,
  mulawToLinear,
} from '../../src/protocol/audio/g711.js';

const MULAW_MINUS_ZERO = 0x7f;
const allCodes = Array.from({ length: 256 }, (_, code) => code);

/** G.711 table 2a: where each µ-law segment begins (decision value), the code there and the value it decodes to, 14-bit scale. */
const MULAW_BORDERS = [
  [0, 0xff, 0],
  [31, 0xef, 33],
  [95, 0xdf, 99],
  [223, 0xcf, 231],
  [479, 0xbf, 495],
  [991, 0xaf, 1023],
  [2015, 0x9f, 2079],
  [4063, 0x8f, 4191],
] as const;

/** G.711 table 1a, 13-bit scale; codes before and after the inversion of every second bit. */
const ALAW_BORDERS = [
  [0, 0b1000_0000, 1],
  [32, 0b1001_0000, 33],
  [64, 0b1010_0000, 66],
  [128, 0b1011_0000, 132],
  [256, 0b1100_0000, 264],
  [512, 0b1101_0000, 528],
  [1024, 0b1110_0000, 1056],
  [2048, 0b1111_0000, 2112],
] as const;

test('µ-law has the codes and values of G.711 table 2 where each segment begins, for both signs', () => {
  for (const [decision, code, value] of MULAW_BORDERS) {
    assert.equal(linearToMulaw(decision * 4), code, `code at ${decision}`);
    assert.equal(mulawToLinear(code), value * 4, `value of ${code}`);
    assert.equal(linearToMulaw(-decision * 4 - 1), code & 0x7f, `code below ${-decision}`);
    assert.equal(mulawToLinear(code & 0x7f), 0 - value * 4, `value of ${code & 0x7f}`);
    if (decision > 0) assert.equal(linearToMulaw(decision * 4 - 1), code + 1, `code just under ${decision}`);
  }
});

test('A-law has the codes and values of G.711 table 1 where each segment begins, for both signs', () => {
  for (const [decision, character, value] of ALAW_BORDERS) {
    const code = character ^ 0x55;
    assert.equal(linearToAlaw(decision * 8), code, `code at ${decision}`);
    assert.equal(alawToLinear(code), value * 8, `value of ${character}`);
    assert.equal(linearToAlaw(-decision * 8 - 1), code ^ 0x80, `code below ${-decision}`);
    assert.equal(alawToLinear(code ^ 0x80), -value * 8, `value of the negative of ${character}`);
    if (decision > 0) assert.equal(linearToAlaw(decision * 8 - 1), (character - 1) ^ 0x55, `code just under ${decision}`);
  }
});

test('the loudest samples take the outermost codes of G.711', () => {
  assert.deepEqual([mulawToLinear(0x80), mulawToLinear(0x00)], [8031 * 4, -8031 * 4]);
  assert.deepEqual([linearToMulaw(32767), linearToMulaw(-32768)], [0x80, 0x00]);
  assert.deepEqual([alawToLinear(0xaa), alawToLinear(0x2a)], [4032 * 8, -4032 * 8]);
  assert.deepEqual([linearToAlaw(32767), linearToAlaw(-32768)], [0xaa, 0x2a]);
});

test('silence is the code of the sample zero', () => {
  assert.equal(linearToMulaw(0), MULAW_SILENCE);
  assert.equal(linearToAlaw(0), ALAW_SILENCE);
});

test('every code survives decoding and encoding, except that µ-law minus zero becomes zero', () => {
  for (const code of allCodes) {
    assert.equal(linearToMulaw(mulawToLinear(code)), code === MULAW_MINUS_ZERO ? MULAW_SILENCE : code);
    assert.equal(linearToAlaw(alawToLinear(code)), code);
  }
});

test('a louder sample never decodes to a softer one', () => {
  for (const law of [(x: number) => mulawToLinear(linearToMulaw(x)), (x: number) => alawToLinear(linearToAlaw(x))]) {
    let before = law(-32768);
    for (let sample = -32767; sample <= 32767; sample++) {
      const after = law(sample);
      assert.ok(after >= before, `${sample} decodes to ${after}, its neighbour below to ${before}`);
      before = after;
    }
  }
});

test('a sample comes back within half a step of its segment', () => {
  const halfStep = (value: number, values: readonly number[]) => {
    const above = Math.min(...values.filter((other) => other > value));
    const below = Math.max(...values.filter((other) => other < value));
    const gaps = [above - value, value - below].filter(Number.isFinite);
    return Math.max(...gaps) / 2;
  };
  const mulawValues = allCodes.map(mulawToLinear);
  const alawValues = allCodes.map(alawToLinear);
  // Beyond its last decision value, 8159 on the scale of the standard, µ-law clips.
  fc.assert(
    fc.property(fc.integer({ min: -8159 * 4, max: 8159 * 4 }), (sample) => {
      const mulaw = mulawToLinear(linearToMulaw(sample));
      const alaw = alawToLinear(linearToAlaw(sample));
      assert.ok(Math.abs(mulaw - sample) <= halfStep(mulaw, mulawValues), `${sample} came back as ${mulaw} by µ-law`);
      assert.ok(Math.abs(alaw - sample) <= halfStep(alaw, alawValues), `${sample} came back as ${alaw} by A-law`);
    }),
  );
});

test('a run of samples is coded sample by sample', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (codes) => {
      assert.deepEqual(
        [...decodeMulaw(codes)],
        [...codes].map((code) => mulawToLinear(code) + 0),
      );
      assert.deepEqual([...decodeAlaw(codes)], [...codes].map(alawToLinear));
      assert.deepEqual(
        encodeMulaw(decodeMulaw(codes)),
        codes.map((code) => (code === MULAW_MINUS_ZERO ? MULAW_SILENCE : code)),
      );
      assert.deepEqual(encodeAlaw(decodeAlaw(codes)), codes);
    }),
  );
});
