/** Our codecs against those of Debian's libraries: the same octets, the same samples. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../src/protocol/audio/g711.js';
import { type G722SampleRate, g722Decoder, g722Encoder } from '../../src/protocol/audio/g722.js';
import { gsmDecoder, gsmEncoder } from '../../src/protocol/audio/gsm.js';
import { type Library, requireLibrary } from '../rig/libraries.js';
import { requirePeer } from '../rig/peers.js';
import { noise, octets, repeated, square, tone, voice } from '../rig/signals.js';

/** Ten seconds at 16 kHz, twenty at 8 kHz. */
const LENGTH = 160_000;
const BIT_RATE = 64_000;
const [NARROW, PACKED] = [1, 2];
const GSM_SAMPLES = 160;
const GSM_BYTES = 33;

const sounds = (): [string, Int16Array][] => [
  ['silence', new Int16Array(LENGTH)],
  ['the faintest noise', noise(LENGTH, 8)],
  ['noise', noise(LENGTH, 3000)],
  ['the loudest noise', noise(LENGTH)],
  ['a tone', tone(LENGTH, 18, 20_000)],
  ['a low tone', tone(LENGTH, 163, 12_000)],
  ['a square of half scale', square(LENGTH, 37, 16_000)],
  ['the loudest square', square(LENGTH, 37)],
  ['the loudest slow square', square(LENGTH, 400)],
  ['the highest pitch', square(LENGTH, 1)],
  // Lags of 40, 80 and 120 samples do equally well here, but for what libgsm loses of large sums.
  ['the loudest repetition', repeated(LENGTH, 40, 2)],
  ['a voice', voice(LENGTH, 14_000)],
  ['the loudest voice', voice(LENGTH)],
];

const spandsp = (t: TestContext) => requireLibrary(t, 'libspandsp.so.2', 'libspandsp2');

/** Where two sequences first differ, said in words; nothing when they are the same. */
function firstDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): string | undefined {
  if (ours.length !== theirs.length) return `${ours.length} long, ${theirs.length} expected`;
  for (let i = 0; i < ours.length; i++) if (ours[i] !== theirs[i]) return `${ours[i]} at ${i}, ${theirs[i]} expected`;
  return undefined;
}

function g722Of(library: Library, rate: G722SampleRate) {
  const options = PACKED! | (rate === 8000 ? NARROW! : 0);
  const initEncoder = library.func('void *g722_encode_init(void *state, int rate, int options)');
  const encode = library.func('int g722_encode(void *state, _Out_ uint8_t *data, const int16_t *samples, int length)');
  const freeEncoder = library.func('int g722_encode_free(void *state)');
  const initDecoder = library.func('void *g722_decode_init(void *state, int rate, int options)');
  const decode = library.func('int g722_decode(void *state, _Out_ int16_t *samples, const uint8_t *data, int length)');
  const freeDecoder = library.func('int g722_decode_free(void *state)');
  return {
    encode: (samples: Int16Array): Uint8Array => {
      const state = initEncoder(null, BIT_RATE, options);
      const data = new Uint8Array(samples.length);
      const length: number = encode(state, data, samples, samples.length);
      freeEncoder(state);
      return data.subarray(0, length);
    },
    decode: (data: Uint8Array): Int16Array => {
      const state = initDecoder(null, BIT_RATE, options);
      const samples = new Int16Array(data.length * 2);
      const length: number = decode(state, samples, data, data.length);
      freeDecoder(state);
      return samples.subarray(0, length);
    },
  };
}

/** libspandsp 0.0.6 lets what is louder than full scale wrap around, where we stay at the limit: what FFmpeg does too, see below. */
function unwrapped(ours: Int16Array, theirs: Int16Array): { samples: Int16Array; wraps: number } {
  let wraps = 0;
  const samples = theirs.map((sample, i) => {
    const wrapped = sample !== ours[i] && (ours[i] === 32767 || ours[i] === -32768);
    if (wrapped) wraps++;
    return wrapped ? ours[i]! : sample;
  });
  return { samples, wraps };
}

for (const rate of [16000, 8000] as const) {
  test(`G.722 at ${rate} Hz makes of any sound the octets that libspandsp makes of it, and of those its samples`, (t) => {
    const library = spandsp(t);
    if (library === null) return;
    const theirs = g722Of(library, rate);
    for (const [name, sound] of sounds()) {
      const payload = theirs.encode(sound);
      equal(firstDifference(g722Encoder(rate).encode(sound), payload), undefined, `octets of ${name}`);
      const heard = g722Decoder(rate).decode(payload);
      const { samples, wraps } = unwrapped(heard, theirs.decode(payload));
      equal(firstDifference(heard, samples), undefined, `samples of ${name}`);
      if (wraps > 0) t.diagnostic(`${name}: libspandsp wraps ${wraps} of ${samples.length} samples around`);
      const mayWrap = rate === 16000 && /loudest|highest/.test(name);
      ok(mayWrap || wraps === 0, `${name} wraps nowhere`);
    }
  });

  test(`G.722 at ${rate} Hz makes of any octets the samples that libspandsp makes of them`, (t) => {
    const library = spandsp(t);
    if (library === null) return;
    const stuck = octets(LENGTH / 20);
    for (const data of [octets(LENGTH), Uint8Array.from({ length: LENGTH }, (_, i) => stuck[Math.floor(i / 20)]!)]) {
      const heard = g722Decoder(rate).decode(data);
      const { samples } = unwrapped(heard, g722Of(library, rate).decode(data));
      equal(firstDifference(heard, samples), undefined);
    }
  });
}

test('G.722 that is too loud is limited exactly as FFmpeg limits it', (t) => {
  if (!requirePeer(t, ['ffmpeg'], 'apt-get install ffmpeg')) return;
  for (const data of [g722Encoder().encode(square(LENGTH, 37)), g722Encoder().encode(noise(LENGTH)), octets(LENGTH)]) {
    const raw = execFileSync('ffmpeg', ['-v', 'error', '-f', 'g722', '-i', '-', '-f', 's16le', '-'], {
      input: data,
      maxBuffer: LENGTH * 8,
      timeout: 60_000,
    });
    const theirs = new Int16Array(Uint8Array.from(raw).buffer);
    equal(firstDifference(g722Decoder().decode(data), theirs), undefined);
    ok(theirs.includes(32767) && theirs.includes(-32768));
  }
});

function gsmOf(library: Library) {
  const create = library.func('void *gsm_create()');
  const destroy = library.func('void gsm_destroy(void *state)');
  const encode = library.func('void gsm_encode(void *state, const int16_t *samples, _Out_ uint8_t *frame)');
  const decode = library.func('int gsm_decode(void *state, const uint8_t *frame, _Out_ int16_t *samples)');
  return {
    encode: (samples: Int16Array): Uint8Array => {
      const state = create();
      const frame = new Uint8Array(GSM_BYTES);
      const frames = [...Array(samples.length / GSM_SAMPLES).keys()].flatMap((n) => {
        encode(state, samples.subarray(n * GSM_SAMPLES, (n + 1) * GSM_SAMPLES), frame);
        return [...frame];
      });
      destroy(state);
      return Uint8Array.from(frames);
    },
    decode: (payload: Uint8Array): Int16Array => {
      const state = create();
      const samples = new Int16Array(GSM_SAMPLES);
      const all = [...Array(payload.length / GSM_BYTES).keys()].flatMap((n) => {
        equal(decode(state, payload.subarray(n * GSM_BYTES, (n + 1) * GSM_BYTES), samples), 0);
        return [...samples];
      });
      destroy(state);
      return Int16Array.from(all);
    },
  };
}

test('GSM makes of any sound the frames that libgsm makes of it, and of those its samples', (t) => {
  const library = requireLibrary(t, 'libgsm.so.1', 'libgsm1');
  if (library === null) return;
  const theirs = gsmOf(library);
  for (const [name, sound] of sounds()) {
    const payload = theirs.encode(sound);
    equal(firstDifference(gsmEncoder().encode(sound), payload), undefined, `frames of ${name}`);
    equal(firstDifference(gsmDecoder().decode(payload), theirs.decode(payload)), undefined, `samples of ${name}`);
  }
});

test('GSM makes of any frames the samples that libgsm makes of them', (t) => {
  const library = requireLibrary(t, 'libgsm.so.1', 'libgsm1');
  if (library === null) return;
  const frames = octets(1000 * GSM_BYTES).map((octet, i) => (i % GSM_BYTES === 0 ? 0xd0 | (octet & 15) : octet));
  equal(firstDifference(gsmDecoder().decode(frames), gsmOf(library).decode(frames)), undefined);
});

const [ALAW, MULAW] = [0, 1];
const everySample = Int16Array.from({ length: 1 << 16 }, (_, i) => i - 32768);
const everyCode = Uint8Array.from({ length: 256 }, (_, code) => code);

function g711Of(library: Library, law: number) {
  const state = library.func('void *g711_init(void *state, int mode)')(null, law);
  const encode = library.func('int g711_encode(void *state, _Out_ uint8_t *data, const int16_t *samples, int length)');
  const decode = library.func('int g711_decode(void *state, _Out_ int16_t *samples, const uint8_t *data, int length)');
  const [codes, samples] = [new Uint8Array(everySample.length), new Int16Array(everyCode.length)];
  encode(state, codes, everySample, everySample.length);
  decode(state, samples, everyCode, everyCode.length);
  library.func('int g711_free(void *state)')(state);
  return { codes, samples };
}

test('A-law has the code of every sample and the sample of every code that libspandsp has', (t) => {
  const library = spandsp(t);
  if (library === null) return;
  const { codes, samples } = g711Of(library, ALAW!);
  equal(firstDifference(encodeAlaw(everySample), codes), undefined);
  equal(firstDifference(decodeAlaw(everyCode), samples), undefined);
});

// Rtpproxy's extractaudio decodes 0x7F as -2 and 0xFF as +2, where G.711, libspandsp and we have 0 for both.
test('µ-law has the sample of every code that libspandsp has, and every code but those of samples on a negative decision value', (t) => {
  const library = spandsp(t);
  if (library === null) return;
  const { codes, samples } = g711Of(library, MULAW!);
  equal(firstDifference(decodeMulaw(everyCode), samples), undefined);
  const ours = encodeMulaw(everySample);
  const other = [...everySample.keys()].filter((i) => ours[i] !== codes[i]);
  // A decision value belongs to the larger magnitude; if negative, with us to the smaller one, by an arithmetic shift, as with rtpproxy.
  const isDecisionValue = (magnitude: number) => codes[32768 + magnitude] !== codes[32768 + magnitude - 1];
  deepEqual(
    other.map((i) => everySample[i]),
    [...everySample].filter((sample) => sample < 0 && sample > -32768 && isDecisionValue(-sample)),
  );
  equal(other.length, 127);
  ok(other.every((i) => ours[i] === codes[i]! + 1));
});
