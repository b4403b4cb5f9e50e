import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildWav, parseWav, type Wav, type WavEncoding } from '../../src/protocol/audio/wav.js';

const bytesASample = { pcm16: 2, alaw: 1, mulaw: 1 } as const satisfies Record<WavEncoding, number>;

const wavs: fc.Arbitrary<Wav> = fc
  .record({
    encoding: fc.constantFrom<WavEncoding>('pcm16', 'alaw', 'mulaw'),
    sampleRate: fc.integer({ min: 1, max: 192_000 }),
    channels: fc.integer({ min: 1, max: 8 }),
    frames: fc.integer({ min: 0, max: 60 }),
    seed: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ frames, seed, ...format }) => ({
    ...format,
    data: Uint8Array.from({ length: frames * format.channels * bytesASample[format.encoding] }, (_, i) => i * 7 + seed),
  }));

const ascii = (text: string) => [...text].map((c) => c.charCodeAt(0));
const u16 = (value: number) => [value & 255, value >> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
const chunk = (id: string, body: readonly number[], says = body.length) => [
  ...ascii(id),
  ...u32(says),
  ...body,
  ...(body.length % 2 ? [0] : []),
];
const fmt = (tag: number, channels: number, rate: number, align: number, bits: number) => [
  ...u16(tag),
  ...u16(channels),
  ...u32(rate),
  ...u32(rate * align),
  ...u16(align),
  ...u16(bits),
];
const riff = (...chunks: readonly (readonly number[])[]) => {
  const body = chunks.flat();
  return Uint8Array.from([...ascii('RIFF'), ...u32(body.length + 4), ...ascii('WAVE'), ...body]);
};
const MULAW_FMT = chunk('fmt ', fmt(7, 1, 8000, 1, 8));

test('a sound written as WAV is read back the same', () => {
  fc.assert(
    fc.property(wavs, (wav) => {
      assert.deepEqual(parseWav(buildWav(wav)), { ok: true, value: wav });
    }),
  );
});

test('a linear file has the 44 bytes of header that every program knows', () => {
  const file = buildWav({ encoding: 'pcm16', sampleRate: 8000, channels: 1, data: Uint8Array.of(1, 2, 3, 4) });
  const expected = riff(chunk('fmt ', fmt(1, 1, 8000, 2, 16)), chunk('data', [1, 2, 3, 4]));
  assert.deepEqual(file, expected);
  assert.equal(file.length, 48);
});

test('a µ-law file says format 7, an empty extension and the number of samples', () => {
  const file = buildWav({ encoding: 'mulaw', sampleRate: 8000, channels: 1, data: Uint8Array.of(9, 8, 7) });
  assert.deepEqual(file, riff(chunk('fmt ', [...fmt(7, 1, 8000, 1, 8), 0, 0]), chunk('fact', u32(3)), chunk('data', [9, 8, 7])));
});

test('unknown chunks are skipped, odd ones with their pad byte, and what follows the samples is not read', () => {
  const file = riff(chunk('LIST', [1, 2, 3]), MULAW_FMT, chunk('junk', [5]), chunk('data', [10, 11, 12]), ascii('rest'));
  assert.deepEqual(parseWav(file), {
    ok: true,
    value: { encoding: 'mulaw', sampleRate: 8000, channels: 1, data: Uint8Array.of(10, 11, 12) },
  });
});

test('the extensible format is read by the format inside it', () => {
  const extension = [...u16(22), ...u16(8), ...u32(4), ...u16(6), ...new Array<number>(14).fill(0)];
  const parsed = parseWav(riff(chunk('fmt ', [...fmt(0xfffe, 1, 8000, 1, 8), ...extension]), chunk('data', [1])));
  assert.ok(parsed.ok);
  assert.equal(parsed.value.encoding, 'alaw');
});

test('a file that is not what we read is refused in one sentence with the value found and the value expected', () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(3), /of 3 bytes: at least 12 expected/],
    [Uint8Array.from(ascii('OggS........')), /"OggS": "RIFF" expected/],
    [Uint8Array.from(ascii('RIFF....AVI ')), /"AVI ": "WAVE" expected/],
    [riff(), /without a "fmt " chunk/],
    [riff(MULAW_FMT), /without a "data" chunk/],
    [riff(chunk('data', [1, 2])), /"data" chunk first: a "fmt " chunk expected/],
    [riff(MULAW_FMT, [1, 2, 3]), /3 stray bytes at offset 36: a chunk header of 8 expected/],
    [riff(MULAW_FMT, chunk('data', [1, 2], 4000)), /"data" says 4000 bytes: at most 2 expected/],
    [riff(chunk('fmt ', [7, 0])), /chunk of 2 bytes: at least 16 expected/],
    [riff(chunk('fmt ', fmt(85, 1, 8000, 1, 0))), /format 85: 1 \(PCM\), 6 \(A-law\) or 7 \(µ-law\) expected/],
    [riff(chunk('fmt ', fmt(0xfffe, 1, 8000, 1, 8))), /chunk of 16 bytes: 40 expected/],
    [riff(chunk('fmt ', fmt(1, 1, 8000, 3, 24))), /24 bits: 16 expected for format 1/],
    [riff(chunk('fmt ', fmt(7, 0, 8000, 1, 8))), /0 channels: at least 1 expected/],
    [riff(chunk('fmt ', fmt(7, 1, 0, 1, 8))), /rate 0 Hz: at least 1 expected/],
    [riff(chunk('fmt ', fmt(7, 2, 8000, 1, 8))), /block align 1: 2 expected for 2 channels/],
    [riff(chunk('fmt ', fmt(1, 1, 8000, 2, 16)), chunk('data', [1, 2, 3])), /data of 3 bytes: a multiple of 2 expected/],
  ];
  for (const [file, message] of cases) {
    const parsed = parseWav(file);
    assert.ok(!parsed.ok, `read although ${message} was to be said`);
    assert.match(parsed.error, message);
    assert.doesNotMatch(parsed.error, /[\n\r]/);
  }
});

test('no input makes the reader throw or print a raw control byte', () => {
  const damaged = fc.tuple(wavs, fc.nat(200), fc.integer({ min: 0, max: 255 }), fc.nat(200)).map(([wav, at, value, cut]) => {
    const file = buildWav(wav);
    if (at < file.length) file[at] = value;
    return file.subarray(0, Math.max(0, file.length - Math.max(0, cut - 100)));
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), damaged), (file) => {
      const parsed = parseWav(file);
      if (!parsed.ok) assert.match(parsed.error, /^[ -~µ]+ expected.*$/);
    }),
    { numRuns: 500 },
  );
});
