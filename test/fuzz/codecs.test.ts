/** Any octets and any samples to the codecs: nothing throws, takes long, or has another length than it must. */
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AudioCodec } from '../../src/protocol/audio/codec.js';
import { g722Narrowband, plainCodecs } from '../../src/protocol/audio/codecs.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';

/** For a few payloads of at most 1,500 octets. */
const LIMIT_MS = 50;

/** Of a payload of so many octets, and of so many samples. */
const LENGTHS = {
  each: { samples: (octets: number) => octets, octets: (samples: number) => samples },
  pairs: { samples: (octets: number) => octets * 2, octets: (samples: number) => Math.ceil(samples / 2) },
  frames: {
    samples: (octets: number) => Math.ceil(octets / 33) * 160,
    octets: (samples: number) => Math.ceil(samples / 160) * 33,
  },
};

const extreme = fc.constantFrom(-32768, -32767, -1, 0, 1, 32767);
const samples = fc.oneof(
  fc.int16Array({ maxLength: 1000 }),
  fc.array(fc.oneof(extreme, fc.integer({ min: -32768, max: 32767 })), { maxLength: 500 }).map((them) => Int16Array.from(them)),
  fc.tuple(extreme, extreme, fc.nat(1000)).map(([a, b, length]) => Int16Array.from({ length }, (_, i) => (i % 2 ? a : b))),
);
const octet = fc.constantFrom(0x00, 0xff, 0xd0, 0xdf, 0x3f, 0xc0, 0x80);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.tuple(octet, fc.nat(1500)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
);

const codecs = [...plainCodecs().values(), g722Narrowband].map((codec) => ({ codec, lengths: lengthsOf(codec) }));

function lengthsOf({ payloadType, sampleRate }: AudioCodec) {
  return payloadType === 3 ? LENGTHS.frames : sampleRate === 16000 ? LENGTHS.pairs : LENGTHS.each;
}

test('any octets are as many samples as they must be, in every codec', FUZZ_BOUND, async (t) => {
  const real = fc.tuple(fc.constantFrom(...codecs), samples).map(([{ codec }, them]) => codec.encoder().encode(them));
  const harmed = fc.tuple(real, damages(40)).map(([octets, harm]) => damaged(octets, harm));
  await search(t, fc.array(fc.oneof(payload, harmed), { maxLength: 4 }), (stream) => {
    for (const { codec, lengths } of codecs) {
      isQuick(LIMIT_MS, () => {
        const decoder = codec.decoder();
        for (const octets of stream) equal(decoder.decode(octets).length, lengths.samples(octets.length), codec.name);
      });
    }
  });
});

test('any samples are as many octets as they must be, in every codec, and those can be decoded', FUZZ_BOUND, async (t) => {
  await search(t, fc.array(samples, { maxLength: 4 }), (stream) => {
    for (const { codec, lengths } of codecs) {
      isQuick(LIMIT_MS, () => {
        const encoder = codec.encoder();
        const decoder = codec.decoder();
        for (const sound of stream) {
          const octets = encoder.encode(sound);
          equal(octets.length, lengths.octets(sound.length), codec.name);
          equal(decoder.decode(octets).length, lengths.samples(octets.length), codec.name);
        }
      });
    }
  });
});
