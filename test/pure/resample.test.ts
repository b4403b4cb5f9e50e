import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Resampler, resample, type SpeechRate } from '../../src/protocol/audio/resample.js';
import type { Samples } from '../../src/protocol/audio/samples.js';
import { amplitudeAt, decibels, effective, tone, toneInt16 } from '../rig/tones.js';

const PASS_BAND_DB = 0.1;
const STOP_BAND_DB = -70;
/** Ratios of small numbers, of large ones, and one with more phases than the table has rows. */
const RATIOS = [
  [8000, 16_000],
  [16_000, 8000],
  [44_100, 8000],
  [48_000, 8000],
  [8000, 44_100],
  [11_025, 16_000],
  [44_100, 48_000],
  [383_999, 8000],
  [8000, 191_999],
  [16_000, 15_999],
] as const;

function resampled<S extends Samples>(samples: S, from: number, to: number): S {
  const result = resample(samples, from, to);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value as S;
}

/** Without the edges, where there is silence outside. */
const middle = <T extends Samples>(sound: T): T => sound.slice(sound.length >> 2, sound.length - (sound.length >> 2)) as T;

for (const [from, to] of RATIOS) {
  const lower = Math.min(from, to);
  const length = Math.round((from / lower) * 2400);

  test(`from ${from} to ${to} Hz a tone below 0.45 of the lower rate keeps its frequency and its level, and is clean`, () => {
    for (const part of [0.02, 0.125, 0.3, 0.42, 0.45]) {
      const hertz = part * lower;
      const output = middle(resampled(Float32Array.from(tone(hertz, from, length, 0.5)), from, to));
      const level = amplitudeAt(output, hertz, to);
      assert.ok(Math.abs(decibels(level / 0.5)) < PASS_BAND_DB, `${hertz} Hz: ${decibels(level / 0.5)} dB`);
      const rest = residue(output, hertz, to);
      assert.ok(
        decibels(rest / effective(output)) < STOP_BAND_DB,
        `beside ${hertz} Hz: ${decibels(rest / effective(output))} dB`,
      );
    }
  });

  if (to < from) {
    test(`from ${from} to ${to} Hz a tone above half of the lower rate is gone`, () => {
      for (const part of [0.5, 0.52, 0.6, 0.75, 1, 1.5].filter((part) => part * to < from / 2)) {
        const output = middle(resampled(Float32Array.from(tone(part * to, from, length, 0.5)), from, to));
        const level = decibels(effective(output) / (0.5 * Math.SQRT1_2));
        assert.ok(level < STOP_BAND_DB, `${part * to} Hz: ${level} dB`);
      }
    });
  }
}

/** What is left of a sound when the tone is taken out of it (least squares), as an effective value. */
function residue(sound: Samples, hertz: number, sampleRate: number): number {
  const cos = Float64Array.from(sound, (_, i) => Math.cos((2 * Math.PI * hertz * i) / sampleRate));
  const sin = Float64Array.from(sound, (_, i) => Math.sin((2 * Math.PI * hertz * i) / sampleRate));
  const product = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
  const [cc, cs, ss] = [product(cos, cos), product(cos, sin), product(sin, sin)];
  const [xc, xs] = [product(sound, cos), product(sound, sin)];
  const [a, b] = [(xc * ss - xs * cs) / (cc * ss - cs * cs), (xs * cc - xc * cs) / (cc * ss - cs * cs)];
  return effective(Float64Array.from(sound, (value, i) => value - a * cos[i]! - b * sin[i]!));
}

test('16-bit samples stay 16 bits: a tone is right to the rounding, full scale is cut off and does not wrap', () => {
  const output = middle(resampled(toneInt16(1000, 44_100, 22_050), 44_100, 8000));
  assert.ok(output instanceof Int16Array);
  assert.ok(Math.abs(decibels(amplitudeAt(output, 1000, 8000) / 10_000)) < 0.01);
  assert.ok(residue(output, 1000, 8000) < 0.6);
  const square = Int16Array.from({ length: 800 }, (_, i) => (i % 80 < 40 ? 0x7fff : -0x8000));
  const wide = resampled(square, 8000, 16_000);
  for (let i = 20; i < 60; i++) assert.ok(wide[i]! > 20_000 && wide[80 + i]! < -20_000, `sample ${i}`);
});

test('the length is that of the same time, to the nearest sample', () => {
  const rate = fc.oneof(fc.constantFrom(8000, 16_000, 44_100, 48_000), fc.integer({ min: 1000, max: 384_000 }));
  fc.assert(
    fc.property(rate, rate, fc.nat({ max: 300 }), (from, to, length) => {
      const output = resampled(new Int16Array(length).fill(1), from, to);
      assert.equal(output.length, Math.round((length * to) / from));
    }),
    { numRuns: 60 },
  );
});

test('silence stays silence, a constant stays the same, and at the same rate nothing changes', () => {
  assert.ok(resampled(new Int16Array(900), 44_100, 8000).every((sample) => sample === 0));
  assert.deepEqual(new Set(middle(resampled(new Int16Array(4000).fill(12_345), 11_025, 16_000))), new Set([12_345]));
  const sound = toneInt16(440, 8000, 100);
  assert.equal(resampled(sound, 8000, 8000), sound);
});

test('an impulse stays where it was, and sounds the same before and after', () => {
  for (const [from, to] of RATIOS) {
    const input = new Float32Array(Math.ceil((from / Math.min(from, to)) * 400));
    // At a place that is a whole sample at both rates, where there is one.
    const at = Number.isInteger((200 * from) / to) && from > to ? (200 * from) / to : 100;
    input[at] = 1;
    const output = resampled(input, from, to);
    const peak = output.indexOf(Math.max(...output));
    assert.equal(peak, Math.round((at * to) / from), `${from} to ${to}`);
    if (!Number.isInteger((at * to) / from)) continue;
    for (let k = 1; k < 50; k++) assert.ok(Math.abs(output[peak - k]! - output[peak + k]!) < 1e-7, `${from} to ${to}: ${k}`);
  }
});

test('a rate that is none, and a sound that gets too long, are refused by name', () => {
  const cases = [
    [0, 8000, /rate 0 Hz: a whole number, 1000 to 384000 expected/],
    [8000, 999, /rate 999 Hz/],
    [8000, 384_001, /rate 384001 Hz/],
    [8000.5, 8000, /rate 8000.5 Hz/],
    [Number.NaN, 8000, /rate NaN Hz/],
  ] as const;
  for (const [from, to, message] of cases) {
    const result = resample(new Int16Array(10), from, to);
    assert.ok(!result.ok);
    assert.match(result.error, message);
  }
  const long = resample(new Int16Array(1_500_000), 1000, 384_000);
  assert.ok(!long.ok);
  assert.match(long.error, /576000000 samples at 384000 Hz: at most 536870912 expected/);
});

const DIRECTIONS: readonly (readonly [SpeechRate, SpeechRate])[] = [
  [8000, 16_000],
  [16_000, 8000],
];

for (const [from, to] of DIRECTIONS) {
  test(`live from ${from} to ${to} Hz: a tone comes out 3 ms later with the same level`, () => {
    const resampler = new Resampler(from, to);
    assert.equal(resampler.delayMs, 3);
    const delay = (to * 3) / 1000;
    for (const hertz of [100, 1000, 3000, 3600]) {
      const fresh = new Resampler(from, to);
      const output = fresh.take(toneInt16(hertz, from, from / 4));
      assert.equal(output.length, to / 4);
      const expected = tone(hertz, to, to / 4);
      const level = decibels(amplitudeAt(output.subarray(delay + 100), hertz, to) / 10_000);
      assert.ok(Math.abs(level) < PASS_BAND_DB, `${hertz} Hz: ${level} dB`);
      const error = Float64Array.from(output.subarray(delay + 100), (sample, i) => sample - expected[i + 100]!);
      assert.ok(decibels(effective(error) / 10_000) < -50, `${hertz} Hz: the wave is off by ${effective(error)}`);
    }
  });

  test(`live from ${from} to ${to} Hz: how the sound is cut into pieces makes no difference`, () => {
    const sound = toneInt16(700, from, 1000).map((sample, i) => sample + ((i * 7919) % 900));
    const whole = [...new Resampler(from, to).take(sound)];
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 330 }), { maxLength: 12 }), (lengths) => {
        const resampler = new Resampler(from, to);
        const output: number[] = [];
        let at = 0;
        for (const length of [...lengths, sound.length]) {
          output.push(...resampler.take(sound.subarray(at, at + length)));
          at = Math.min(at + length, sound.length);
          assert.equal(output.length, Math.floor((at * to) / from));
        }
        assert.deepEqual(output, whole);
      }),
      { numRuns: 50 },
    );
  });
}

test('live from 16 to 8 kHz what lies above 4.4 kHz is gone, and going up there is nothing above it', () => {
  for (const hertz of [4400, 5000, 6500, 7900]) {
    const output = new Resampler(16_000, 8000).take(toneInt16(hertz, 16_000, 4000, 30_000)).subarray(100);
    assert.ok(decibels(effective(output) / (30_000 * Math.SQRT1_2)) < STOP_BAND_DB, `${hertz} Hz: ${effective(output)}`);
  }
  for (const hertz of [100, 1000, 3000, 3600]) {
    const output = new Resampler(8000, 16_000).take(toneInt16(hertz, 8000, 4000, 30_000)).subarray(100);
    assert.ok(decibels(amplitudeAt(output, 8000 - hertz, 16_000) / 30_000) < STOP_BAND_DB, `image of ${hertz} Hz`);
  }
});

test('live at the same rate samples come out as they are, at once, and are not the caller’s array', () => {
  const sound = toneInt16(440, 8000, 100);
  const resampler = new Resampler(8000, 8000);
  const output = resampler.take(sound);
  assert.deepEqual(output, sound);
  assert.notEqual(output, sound);
  assert.equal(resampler.delayMs, 0);
});
