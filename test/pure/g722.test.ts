/** G.722 against octets and samples that Debian's libspandsp2 made (0.0.6+dfsg), and against what sound is. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type G722SampleRate, g722Decoder, g722Encoder } from '../../src/protocol/audio/g722.js';
import { fingerprint, noise, octets, pieces, signalToNoise, square, tone, voice } from '../rig/signals.js';

const LENGTH = 16_000;
/** How late sound comes out of the filters of both ends, in samples. */
const DELAY = 22;

const sounds: Record<string, Int16Array> = {
  noise: noise(LENGTH, 3000),
  voice: voice(LENGTH, 14_000),
  tone: tone(LENGTH, 18, 20_000),
  square: square(LENGTH, 37, 16_000),
};

/** Of each sound: the octets, and what they are decoded to. */
const FINGERPRINTS: Record<G722SampleRate, Record<string, [string, string]>> = {
  16000: {
    noise: ['2a4a7023d40503c0', '770fa4ec6fd7d387'],
    voice: ['fb0aa8331c3b8ec0', 'b67636176dab2cf2'],
    tone: ['153352a6366ce550', '2b87dfd87ab797c2'],
    square: ['7ad7f40c75a7e1ac', '6da7b724563f0f32'],
  },
  8000: {
    noise: ['b6cbaad3280f9eb8', '5238d154422e93fc'],
    voice: ['d78edce0077c20a5', '5d7239085a4f263f'],
    tone: ['80c81dafd71eab61', '8ff9fa3aa0cb95fa'],
    square: ['b44805da1a70e18e', '560dd2e374bcb627'],
  },
};

for (const rate of [16000, 8000] as const) {
  test(`G.722 at ${rate} Hz makes the octets and the samples that libspandsp made`, () => {
    for (const [name, sound] of Object.entries(sounds)) {
      const payload = g722Encoder(rate).encode(sound);
      deepEqual([fingerprint(payload), fingerprint(g722Decoder(rate).decode(payload))], FINGERPRINTS[rate][name], name);
    }
  });

  test(`G.722 at ${rate} Hz makes the same of a stream however it is cut into payloads`, () => {
    const sound = sounds['voice']!;
    const whole = g722Encoder(rate).encode(sound);
    const encoder = g722Encoder(rate);
    deepEqual(
      pieces(sound, [2, 320, 0, 640, 46]).flatMap((piece) => [...encoder.encode(piece)]),
      [...whole],
    );
    const decoder = g722Decoder(rate);
    deepEqual(
      pieces(whole, [1, 160, 0, 7, 320]).flatMap((piece) => [...decoder.decode(piece)]),
      [...g722Decoder(rate).decode(whole)],
    );
  });

  test(`streams of G.722 at ${rate} Hz know nothing of each other`, () => {
    const [first, second] = [sounds['voice']!, sounds['noise']!];
    const encoders = [g722Encoder(rate), g722Encoder(rate)] as const;
    const decoders = [g722Decoder(rate), g722Decoder(rate)] as const;
    const heard = pieces(first, [320]).map((piece, n) => {
      const [mine, other] = [encoders[0].encode(piece), encoders[1].encode(second.subarray(n * 320, n * 320 + 320))];
      decoders[1].decode(other);
      return [...decoders[0].decode(mine)];
    });
    deepEqual(heard.flat(), [...g722Decoder(rate).decode(g722Encoder(rate).encode(first))]);
  });
}

test('G.722 at 16000 Hz: silence and the first octets of a voice are as libspandsp has them', () => {
  deepEqual(g722Encoder().encode(new Int16Array(32)), new Uint8Array(16).fill(0xfa));
  equal(hex(g722Encoder().encode(sounds['voice']!.subarray(0, 32))), 'de379624852020a3aeb4b4b4f4b7fc3b');
  const samples = g722Decoder().decode(Uint8Array.from({ length: 12 }, (_, i) => i * 21));
  deepEqual([...samples], [0, 0, -1, -1, 0, 0, -1, 0, -1, -1, 0, -2, -1, -18, -2, 7, 23, -11, -4, -29, 6, 6, 30, -9]);
});

test('G.722 at 8000 Hz: silence and the first octets of a voice are as libspandsp has them, one octet a sample', () => {
  deepEqual(g722Encoder(8000).encode(new Int16Array(32)), new Uint8Array(32).fill(0xfa));
  equal(hex(g722Encoder(8000).encode(sounds['voice']!.subarray(0, 16))), 'e0e0e0e0ecebf0f4f9f2fbf4f6f5f7f6');
  const samples = g722Decoder(8000).decode(Uint8Array.from({ length: 12 }, (_, i) => i * 21));
  deepEqual([...samples], [-2, -10, 16, -8, -12, 20, -8, -18, 32, -6, -28, 46]);
});

test('what G.722 makes of a sound is that sound', () => {
  const wide = (sound: Int16Array) => signalToNoise(sound, g722Decoder().decode(g722Encoder().encode(sound)), DELAY);
  const narrow = (sound: Int16Array) => signalToNoise(sound, g722Decoder(8000).decode(g722Encoder(8000).encode(sound)), 0);
  const voiced = sounds['voice']!;
  const measured = { tone: [wide(sounds['tone']!), narrow(sounds['tone']!)], voice: [wide(voiced), narrow(voiced)] };
  const limits = { tone: 30, voice: 15 };
  for (const name of ['tone', 'voice'] as const) {
    for (const decibels of measured[name]) ok(decibels > limits[name], `${name}: ${decibels.toFixed(1)} dB`);
  }
});

test('what the 8000 Hz encoder made of a sound is that sound for a decoder of 16000 Hz, at twice the rate', () => {
  const sound = tone(LENGTH, 18, 12_000);
  const heard = g722Decoder(16000).decode(g722Encoder(8000).encode(sound));
  const twice = tone(LENGTH * 2, 36, 12_000);
  // Half the delay: only the receiving filter is in the way.
  ok(signalToNoise(twice, heard, DELAY / 2) > 20);
});

test('a last odd sample is followed by silence', () => {
  const sound = noise(321);
  deepEqual(g722Encoder().encode(sound), g722Encoder().encode(Int16Array.of(...sound, 0)));
  equal(g722Encoder().encode(sound).length, 161);
});

test('what is louder than full scale stays at the limit and does not crack', () => {
  const sound = square(LENGTH, 400);
  const heard = g722Decoder().decode(g722Encoder().encode(sound));
  for (let i = 0; i + DELAY < LENGTH; i++) {
    const isSettled = i % 400 > 60 && i % 400 < 340;
    if (isSettled) ok(sound[i]! > 0 === heard[i + DELAY]! > 0, `${heard[i + DELAY]} at ${i + DELAY} for ${sound[i]}`);
  }
  ok(heard.includes(32767) && heard.includes(-32768));
});

test('an empty payload is no samples, and no samples are an empty payload', () => {
  for (const rate of [16000, 8000] as const) {
    equal(g722Decoder(rate).decode(new Uint8Array()).length, 0);
    equal(g722Encoder(rate).encode(new Int16Array()).length, 0);
  }
});

test('any number of octets is twice as many samples at 16000 Hz and as many at 8000 Hz', () => {
  for (const length of [1, 2, 3, 79, 80, 161, 1400]) {
    equal(g722Decoder().decode(octets(length)).length, length * 2);
    equal(g722Decoder(8000).decode(octets(length)).length, length);
  }
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
