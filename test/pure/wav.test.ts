import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SAMPLE_BYTES } from '../../src/protocol/audio/samples.js';
import { buildWav, parseWav, type Wav, type WavEncoding, wavHeader } from '../../src/protocol/audio/wav.js';

const ENCODINGS = ['u8', 'pcm16', 'pcm24', 'pcm32', 'float32', 'float64', 'alaw', 'mulaw'] as const satisfies WavEncoding[];

const wavs: fc.Arbitrary<Wav> = fc
  .record({
    encoding: fc.constantFrom(...ENCODINGS),
    sampleRate: fc.integer({ min: 1, max: 192_000 }),
    channels: fc.integer({ min: 1, max: 8 }),
    frames: fc.integer({ min: 0, max: 60 }),
    seed: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ frames, seed, ...format }) => ({
    ...format,
    data: Uint8Array.from({ length: frames * format.channels * SAMPLE_BYTES[format.encoding] }, (_, i) => i * 7 + seed),
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

test('every kind of samples is told by format and bits, 12 and 20 bits by the octets they stand in', () => {
  const kinds: readonly (readonly [tag: number, bits: number, WavEncoding])[] = [
    [1, 8, 'u8'],
    [1, 12, 'pcm16'],
    [1, 16, 'pcm16'],
    [1, 20, 'pcm24'],
    [1, 24, 'pcm24'],
    [1, 32, 'pcm32'],
    [3, 32, 'float32'],
    [3, 64, 'float64'],
    [6, 8, 'alaw'],
    [7, 8, 'mulaw'],
  ];
  for (const [tag, bits, encoding] of kinds) {
    const frame = Array.from({ length: 6 * Math.ceil(bits / 8) }, (_, i) => i);
    const parsed = parseWav(riff(chunk('fmt ', fmt(tag, 6, 384_000, frame.length, bits)), chunk('data', frame)));
    const value = { encoding, sampleRate: 384_000, channels: 6, data: Uint8Array.from(frame) };
    assert.deepEqual(parsed, { ok: true, value });
  }
});

/** A stereo file of 16 bits that says `says` bytes of samples, and `all` for the whole of it. */
const unfinished = (says: number, all: number, body: readonly number[]) =>
  Uint8Array.from([
    ...ascii('RIFF'),
    ...u32(all),
    ...ascii('WAVE'),
    ...chunk('fmt ', fmt(1, 2, 8000, 4, 16)),
    ...ascii('data'),
    ...u32(says),
    ...body,
  ]);
const SIX_BYTES = [1, 2, 3, 4, 5, 6];
const ONE_FRAME = Uint8Array.of(1, 2, 3, 4);

test('of samples that end too early, or of a size not known yet, what is there is taken in whole frames', () => {
  const sizes = [
    [4000, 4036],
    [0xffffffff, 0xffffffff],
    [0x7ffff000, 0x7ffff024],
    [0, 36],
    [0, 0],
    [0, 0xffffffff],
    [6, 42],
  ];
  for (const [says, all] of sizes) {
    const parsed = parseWav(unfinished(says!, all!, SIX_BYTES));
    assert.ok(parsed.ok, `${says} of ${all}`);
    assert.deepEqual(parsed.value.data, ONE_FRAME, `${says} of ${all}`);
  }
});

test('a sound that is empty stays empty, though something follows it', () => {
  const parsed = parseWav(unfinished(0, 36 + 14, chunk('LIST', SIX_BYTES)));
  assert.ok(parsed.ok);
  assert.equal(parsed.value.data.length, 0);
});

test('a header alone lets a file be read while it grows, and another of the same size ends it', () => {
  fc.assert(
    fc.property(wavs, (wav) => {
      const first = wavHeader(wav, 0);
      const last = wavHeader(wav, wav.data.length);
      assert.equal(first.length, last.length);
      for (const header of [first, last]) {
        assert.deepEqual(parseWav(Uint8Array.from([...header, ...wav.data])), { ok: true, value: wav });
      }
    }),
  );
  assert.equal(wavHeader({ encoding: 'pcm16', sampleRate: 8000, channels: 2 }, 0).length, 44);
});

test('more than 4 GiB of samples have the size that says "unknown"', () => {
  const header = wavHeader({ encoding: 'pcm16', sampleRate: 8000, channels: 1 }, 2 ** 32 + 2);
  const view = new DataView(header.buffer);
  assert.equal(view.getUint32(4, true), 0xffffffff);
  assert.equal(view.getUint32(40, true), 0xffffffff);
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
    [riff(MULAW_FMT, chunk('LIST', [1, 2], 4000)), /"LIST" says 4000 bytes: at most 2 expected/],
    [riff(chunk('fmt ', [7, 0])), /chunk of 2 bytes: at least 16 expected/],
    [riff(chunk('fmt ', fmt(85, 1, 8000, 1, 0))), /format 85: 1 \(PCM\), 3 \(float\), 6 \(A-law\) or 7 \(u-law\) expected/],
    [riff(chunk('fmt ', fmt(0xfffe, 1, 8000, 1, 8))), /chunk of 16 bytes: 40 expected/],
    [riff(chunk('fmt ', fmt(1, 1, 8000, 5, 40))), /40 bits: 8 or 16 or 24 or 32 expected for format 1/],
    [riff(chunk('fmt ', fmt(1, 1, 8000, 0, 0))), /0 bits: 8 or 16 or 24 or 32 expected for format 1/],
    [riff(chunk('fmt ', fmt(3, 1, 8000, 2, 16))), /16 bits: 32 or 64 expected for format 3/],
    [riff(chunk('fmt ', fmt(7, 0, 8000, 1, 8))), /0 channels: at least 1 expected/],
    [riff(chunk('fmt ', fmt(7, 1, 0, 1, 8))), /rate 0 Hz: at least 1 expected/],
    [riff(chunk('fmt ', fmt(7, 2, 8000, 1, 8))), /block align 1: 2 expected for 2 channels/],
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
      if (!parsed.ok) assert.match(parsed.error, /^[ -~]+ expected.*$/);
    }),
    { numRuns: 500 },
  );
});
