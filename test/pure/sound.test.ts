import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AuEncoding, buildAu, parseAu } from '../../src/protocol/audio/au.js';
import { readChannels, SAMPLE_BYTES, type SampleEncoding, writeSamples } from '../../src/protocol/audio/samples.js';
import { readRaw, readSound, soundContainer, toInt16, toMono } from '../../src/protocol/audio/sound.js';
import { buildWav } from '../../src/protocol/audio/wav.js';

const AU_ENCODINGS = ['mulaw', 's8', 'pcm16', 'pcm24', 'pcm32', 'float32', 'float64', 'alaw'] as const satisfies AuEncoding[];
const ENCODINGS = ['u8', ...AU_ENCODINGS] as const satisfies SampleEncoding[];
/** How far a 16-bit sample may be off when it is read again: half a step of 8 bits, the largest step of G.711. */
const OFF_BY: Partial<Record<SampleEncoding, number>> = { u8: 255, s8: 255, mulaw: 644, alaw: 512 };

const shorts = fc.array(fc.integer({ min: -0x8000, max: 0x7fff }), { maxLength: 40 }).map((list) => Int16Array.from(list));

test('16-bit samples written in any encoding are read back, exactly or to the nearest step', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ENCODINGS), fc.boolean(), shorts, (encoding, littleEndian, samples) => {
      const data = writeSamples(samples, encoding, littleEndian);
      assert.equal(data.length, samples.length * SAMPLE_BYTES[encoding]);
      const [again] = readChannels(data, encoding, 1, littleEndian);
      const isFine = ['pcm24', 'pcm32', 'float32', 'float64'].includes(encoding);
      assert.ok(isFine ? again instanceof Float32Array : again instanceof Int16Array);
      const off = OFF_BY[encoding] ?? 0;
      toInt16(again!).forEach((sample, i) => {
        assert.ok(Math.abs(sample - samples[i]!) <= off, `${encoding}: ${samples[i]} came back as ${sample}`);
      });
    }),
  );
});

/** One sample each, by hand: octets, encoding, byte order, what it is. */
const KNOWN = [
  [[0x00], 'u8', true, -32_768],
  [[0x80], 'u8', true, 0],
  [[0xff], 'u8', true, 32_512],
  [[0x80], 's8', false, -32_768],
  [[0x12, 0x34], 'pcm16', false, 0x1234],
  [[0x34, 0x12], 'pcm16', true, 0x1234],
  [[0x00, 0x00, 0x80], 'pcm24', true, -1],
  [[0x01, 0x00, 0x00], 'pcm24', true, 2 ** -23],
  [[0x40, 0x00, 0x01], 'pcm24', false, 0.5 + 2 ** -23],
  [[0x00, 0x00, 0x00, 0xc0], 'pcm32', true, -0.5],
  [[0x3f, 0x00, 0x00, 0x00], 'float32', false, 0.5],
  [[0, 0, 0, 0, 0, 0, 0xf8, 0xbf], 'float64', true, -1.5],
  [[0x7f, 0xc0, 0x00, 0x00], 'float32', false, 0],
  [[0x7f, 0x80, 0x00, 0x00], 'float32', false, 0],
  [[0x7f, 0xe0, 0, 0, 0, 0, 0, 0], 'float64', false, 0],
  [[0x80], 'mulaw', false, 32_124],
  [[0xd5], 'alaw', false, 8],
] as const satisfies readonly (readonly [readonly number[], SampleEncoding, boolean, number])[];

test('octets mean what their encoding says, in both byte orders; what is no number is silence', () => {
  for (const [octets, encoding, littleEndian, sample] of KNOWN) {
    const [samples] = readChannels(Uint8Array.from(octets), encoding, 1, littleEndian);
    assert.deepEqual([...samples!], [sample], `${encoding} ${octets}`);
  }
});

test('8 bits are rounded, so that the noise of silence has no hum, and the loudest sample does not wrap', () => {
  const samples = Int16Array.of(-1, 1, 127, 128, -128, -129, 32_767, -32_768);
  assert.deepEqual([...writeSamples(samples, 's8', true)], [0, 0, 0, 1, 0, 255, 127, 128]);
  assert.deepEqual([...writeSamples(samples, 'u8', true)], [128, 128, 128, 129, 128, 127, 255, 0]);
});

const sounds = fc
  .record({
    sampleRate: fc.integer({ min: 1, max: 0xffffffff }),
    channels: fc.integer({ min: 1, max: 5 }),
    frames: fc.nat({ max: 20 }),
  })
  .chain(({ frames, ...format }) =>
    fc.constantFrom(...AU_ENCODINGS).map((encoding) => ({
      ...format,
      encoding,
      data: new Uint8Array(frames * format.channels * SAMPLE_BYTES[encoding]).map((_, i) => i * 31),
    })),
  );

test('a sound written as AU is read back the same, also when it says no length, or too much', () => {
  fc.assert(
    fc.property(sounds, fc.constantFrom(null, 0, 0xffffffff, 0xfffffff0), (sound, says) => {
      const file = buildAu(sound);
      if (says !== null) new DataView(file.buffer).setUint32(8, says);
      assert.deepEqual(parseAu(file), { ok: true, value: sound });
    }),
  );
});

test('an AU file is cut to whole frames, and samples begin where it says', () => {
  const file = Uint8Array.from([...header([0x2e736e64, 28, 7, 3, 8000, 1]), 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(parseAu(file), {
    ok: true,
    value: { encoding: 'pcm16', sampleRate: 8000, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
  });
});

function header(words: readonly number[]): number[] {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word);
  return [...new Uint8Array(view.buffer)];
}

test('an AU file that is not what we read is refused with the value found and the value expected', () => {
  const cases: readonly (readonly [readonly number[], RegExp])[] = [
    [[0x2e736e64, 24], /of 8 bytes: at least 24 expected/],
    [[0x00646e73, 24, 0, 1, 8000, 1], /begins with 0x00646e73: 0x2e736e64 \("\.snd"\) expected/],
    [[0x2e736e64, 20, 0, 1, 8000, 1], /offset 20: 24 to 24 expected/],
    [[0x2e736e64, 25, 0, 1, 8000, 1], /offset 25: 24 to 24 expected/],
    [[0x2e736e64, 24, 0, 23, 8000, 1], /encoding 23: 1 \(u-law\)/],
    [[0x2e736e64, 24, 0, 1, 0, 1], /rate 0 Hz: at least 1 expected/],
    [[0x2e736e64, 24, 0, 1, 8000, 0], /0 channels: at least 1 expected/],
  ];
  for (const [words, message] of cases) {
    const parsed = parseAu(Uint8Array.from(header(words)));
    assert.ok(!parsed.ok, String(message));
    assert.match(parsed.error, message);
  }
});

test('a WAV and an AU file of the same sound are the same sound, told apart by how they begin', () => {
  const left = Int16Array.of(0, 1000, -1000, 32_767, -32_768);
  const right = Int16Array.of(1, 2, 3, 4, 5);
  const both = Int16Array.from({ length: 10 }, (_, i) => (i % 2 ? right : left)[i >> 1]!);
  const format = { encoding: 'pcm16', sampleRate: 11_025, channels: 2 } as const;
  const wav = buildWav({ ...format, data: writeSamples(both, 'pcm16', true) });
  const au = buildAu({ ...format, data: writeSamples(both, 'pcm16', false) });
  assert.equal(soundContainer(wav), 'wav');
  assert.equal(soundContainer(au), 'au');
  for (const file of [wav, au]) {
    const sound = readSound(file, 'greeting');
    assert.deepEqual(sound, { ok: true, value: { sampleRate: 11_025, channels: [left, right] } });
  }
});

test('24 bits keep what 16 bits would lose', () => {
  const data = Uint8Array.of(0x01, 0x00, 0x00, 0xff, 0xff, 0xff);
  const sound = readSound(buildWav({ encoding: 'pcm24', sampleRate: 48_000, channels: 1, data }), 'quiet.wav');
  assert.ok(sound.ok);
  assert.deepEqual([...sound.value.channels[0]!], [2 ** -23, -(2 ** -23)]);
});

test('what is no sound of ours is refused in a sentence that begins with the name of the file', () => {
  const wav = (sampleRate: number, channels: number) =>
    buildWav({ encoding: 'alaw', sampleRate, channels, data: new Uint8Array(channels) });
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(0), /^a\.wav: neither WAV nor AU: a file that begins with "RIFF" or "\.snd" expected$/],
    [Uint8Array.of(0x4f, 0x67, 0x67, 0x53, 0), /^a\.wav: neither WAV nor AU/],
    [wav(8000, 1).subarray(0, 20), /^a\.wav: WAV chunk "fmt " says 18 bytes: at most 0 expected/],
    [wav(999, 1), /^a\.wav: 999 Hz: 1000 to 384000 expected$/],
    [wav(384_001, 1), /^a\.wav: 384001 Hz: 1000 to 384000 expected$/],
    [wav(8000, 257), /^a\.wav: 257 channels: 1 to 256 expected$/],
  ];
  for (const [file, message] of cases) {
    const sound = readSound(file, 'a.wav');
    assert.ok(!sound.ok, String(message));
    assert.match(sound.error, message);
  }
});

test('raw samples are 16 bits little-endian in one channel', () => {
  assert.deepEqual(readRaw(Uint8Array.of(1, 0, 0xff, 0xff, 7), 8000), { sampleRate: 8000, channels: [Int16Array.of(1, -1)] });
});

test('one channel of several is their mean, and of one the channel itself', () => {
  const channels = [Int16Array.of(100, 32_767, -32_768), Int16Array.of(-50, 32_767, -32_768)];
  assert.deepEqual(toMono({ sampleRate: 8000, channels }), Int16Array.of(25, 32_767, -32_768));
  assert.equal(toMono({ sampleRate: 8000, channels: [channels[0]!] }), channels[0]);
  const fine = [Float32Array.of(0.5), Float32Array.of(-0.25), Float32Array.of(0.5)];
  assert.deepEqual(toMono({ sampleRate: 8000, channels: fine }), Float32Array.of(0.25));
});

test('floats become the nearest 16 bits, cut off at full scale', () => {
  const floats = Float32Array.of(0, 0.5, -0.5, 1, -1, 17, -17, Number.NaN, 1.4 / 32_768, 1.6 / 32_768);
  assert.deepEqual([...toInt16(floats)], [0, 16_384, -16_384, 32_767, -32_768, 32_767, -32_768, 0, 1, 2]);
  const samples = Int16Array.of(3);
  assert.equal(toInt16(samples), samples);
});
