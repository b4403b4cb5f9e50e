/** GSM full rate against frames and samples that Debian's libgsm1 made (1.0.22), and against what sound is. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { gsmDecoder, gsmEncoder } from '../../src/protocol/audio/gsm.js';
import { fingerprint, noise, octets, pieces, repeated, signalToNoise, square, tone, voice } from '../rig/signals.js';

const LENGTH = 16_000;
const SAMPLES = 160;
const BYTES = 33;

const sounds: Record<string, Int16Array> = {
  noise: noise(LENGTH, 3000),
  voice: voice(LENGTH, 14_000),
  tone: tone(LENGTH, 18, 20_000),
  square: square(LENGTH, 37, 16_000),
  // Lags of 40, 80 and 120 samples do equally well here, but for what libgsm loses of large sums.
  repetition: repeated(LENGTH, 40, 2),
};

/** Of each sound: the frames, and what they are decoded to. */
const FINGERPRINTS: Record<string, [string, string]> = {
  noise: ['be5e8e69b7c3464b', '7412de35c5a02017'],
  voice: ['62a21cf752ef5763', 'c5b587812d976df1'],
  tone: ['03b5e81653ff6a68', '8c533aaebf1565ea'],
  square: ['32fbf3e472aee5a8', '85b116a4b34a0187'],
  repetition: ['f557919f7d512411', 'cea342b2770e35e8'],
};

test('GSM makes the frames and the samples that libgsm made', () => {
  for (const [name, sound] of Object.entries(sounds)) {
    const payload = gsmEncoder().encode(sound);
    deepEqual([fingerprint(payload), fingerprint(gsmDecoder().decode(payload))], FINGERPRINTS[name], name);
  }
});

test('the first frames of silence and of a voice are as libgsm has them', () => {
  const silence = 'd820a2e15a50004924924924500049249249245000492492492450004924924924';
  equal(hex(gsmEncoder().encode(new Int16Array(SAMPLES))), silence);
  const payload = gsmEncoder().encode(sounds['voice']!.subarray(0, SAMPLES));
  equal(hex(payload), 'd920a2e11a5008fb246dc8936bc8a49f6e49236be3ce47315598d5a476f1ed2921');
  deepEqual([...gsmDecoder().decode(payload).subarray(0, 8)], [1120, 904, 776, 1152, 960, 832, 888, 768]);
});

test('GSM makes the same of a stream however many frames a payload has', () => {
  const sound = sounds['voice']!;
  const whole = gsmEncoder().encode(sound);
  const encoder = gsmEncoder();
  deepEqual(
    pieces(sound, [SAMPLES, 0, 3 * SAMPLES]).flatMap((piece) => [...encoder.encode(piece)]),
    [...whole],
  );
  const decoder = gsmDecoder();
  deepEqual(
    pieces(whole, [BYTES, 0, 4 * BYTES]).flatMap((piece) => [...decoder.decode(piece)]),
    [...gsmDecoder().decode(whole)],
  );
});

test('streams of GSM know nothing of each other', () => {
  const [first, second] = [sounds['voice']!, sounds['noise']!];
  const encoders = [gsmEncoder(), gsmEncoder()] as const;
  const decoders = [gsmDecoder(), gsmDecoder()] as const;
  const heard = pieces(first, [SAMPLES]).map((piece, n) => {
    const [mine, other] = [encoders[0].encode(piece), encoders[1].encode(second.subarray(n * SAMPLES, (n + 1) * SAMPLES))];
    decoders[1].decode(other);
    return [...decoders[0].decode(mine)];
  });
  deepEqual(heard.flat(), [...gsmDecoder().decode(gsmEncoder().encode(first))]);
});

test('what GSM makes of a sound is like that sound', () => {
  const limits = { tone: 14, voice: 8, square: 8 };
  for (const [name, limit] of Object.entries(limits)) {
    const sound = sounds[name]!;
    const decibels = signalToNoise(sound, gsmDecoder().decode(gsmEncoder().encode(sound)), 0);
    ok(decibels > limit, `${name}: ${decibels.toFixed(1)} dB`);
  }
});

test('a last frame that is not full is filled up with silence', () => {
  const sound = noise(SAMPLES + 1);
  const filled = new Int16Array(2 * SAMPLES);
  filled.set(sound);
  const payload = gsmEncoder().encode(sound);
  equal(payload.length, 2 * BYTES);
  deepEqual(payload, gsmEncoder().encode(filled));
});

test('a frame of another signature or cut short is 20 ms of silence, and those after it sound as if it had not been', () => {
  const good = gsmEncoder().encode(sounds['voice']!);
  const expected = gsmDecoder().decode(good);
  const strange = good.slice(0, BYTES).fill(0xc0, 0, 1);
  const silence = [...new Int16Array(SAMPLES)];
  for (const broken of [strange, good.subarray(0, 1), good.subarray(0, BYTES - 1), octets(20)]) {
    const decoder = gsmDecoder();
    const before = decoder.decode(good.subarray(0, 40 * BYTES));
    deepEqual([...decoder.decode(broken)], silence);
    const after = decoder.decode(good.subarray(40 * BYTES));
    deepEqual([...before, ...after], [...expected]);
  }
});

test('a broken frame among others in one payload is silent alone', () => {
  const good = gsmEncoder().encode(sounds['voice']!.subarray(0, 3 * SAMPLES));
  const [first, second, third] = pieces(good, [BYTES]) as [Uint8Array, Uint8Array, Uint8Array];
  const heard = gsmDecoder().decode(Uint8Array.of(...first, 0x5d, ...second.subarray(1), ...third, 0xd0));
  const expected = gsmDecoder().decode(Uint8Array.of(...first, ...third));
  const silence = new Int16Array(SAMPLES);
  deepEqual([...heard], [...expected.subarray(0, SAMPLES), ...silence, ...expected.subarray(SAMPLES), ...silence]);
});

test('an empty payload is no samples, and no samples are an empty payload', () => {
  equal(gsmDecoder().decode(new Uint8Array()).length, 0);
  equal(gsmEncoder().encode(new Int16Array()).length, 0);
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
