/** Bad input to what reads sound: files of any kind, rates, and payloads of G.729. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadG729 } from '../../src/io/audio/bcg729.js';
import { type AuEncoding, buildAu, parseAu } from '../../src/protocol/audio/au.js';
import { Resampler, resample } from '../../src/protocol/audio/resample.js';
import { SAMPLE_BYTES } from '../../src/protocol/audio/samples.js';
import { readSound, toInt16, toMono } from '../../src/protocol/audio/sound.js';
import { DATA_FORMATS, type DataFormat, parseDataFormat, parseFileFormat } from '../../src/protocol/audio/soundFormats.js';
import { buildWav, parseWav, type WavEncoding } from '../../src/protocol/audio/wav.js';
import { writeSound } from '../../src/protocol/audio/writeSound.js';
import { requireLibrary } from '../rig/libraries.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';

const LIMIT_MS = 10;
const WAV_ENCODINGS = ['u8', 'pcm16', 'pcm24', 'pcm32', 'float32', 'float64', 'alaw', 'mulaw'] as const satisfies WavEncoding[];
const AU_ENCODINGS = ['s8', 'pcm16', 'pcm24', 'pcm32', 'float32', 'float64', 'alaw', 'mulaw'] as const satisfies AuEncoding[];

const soundsOf = <E extends WavEncoding | AuEncoding>(encodings: readonly E[]) =>
  fc
    .record({
      encoding: fc.constantFrom(...encodings),
      sampleRate: fc.oneof(fc.constantFrom(8000, 44_100, 384_000), fc.integer({ min: 1, max: 0xffffffff })),
      channels: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(255, 256, 257, 0xffff)),
      octets: fc.uint8Array({ maxLength: 200 }),
    })
    .map(({ octets, ...format }) => {
      const frame = SAMPLE_BYTES[format.encoding] * format.channels;
      return { ...format, data: octets.slice(0, octets.length - (octets.length % frame)) };
    });

const harm = fc.oneof(damages(), fc.constant([]));
const noise = (magic: string) =>
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Uint8Array.from([...Buffer.from(magic), ...bytes]));
const files = fc.oneof(
  fc.tuple(soundsOf(WAV_ENCODINGS), harm).map(([sound, list]) => damaged(buildWav(sound), list)),
  fc.tuple(soundsOf(AU_ENCODINGS), harm).map(([sound, list]) => damaged(buildAu(sound), list)),
  noise('RIFF'),
  noise('.snd'),
  noise(''),
);

test('any bytes are a WAV, an AU or are refused in one sentence, and no sample comes from nowhere', FUZZ_BOUND, async (t) => {
  await search(t, files, (file) => {
    for (const parse of [parseWav, parseAu]) {
      isQuick(LIMIT_MS, () => parse(file));
      const parsed = parse(file);
      if (!parsed.ok) {
        match(parsed.error, /^[ -~µ]+ expected.*$/);
        continue;
      }
      const { encoding, channels, sampleRate, data } = parsed.value;
      ok(channels > 0 && sampleRate > 0 && data.length <= file.length);
      equal(data.length % (SAMPLE_BYTES[encoding] * channels), 0);
      equal(data.buffer, file.buffer, 'a view');
    }
  });
});

test('any file of sound becomes 16 bits at 8 kHz, no longer than its time, or is refused by name', FUZZ_BOUND, async (t) => {
  await search(t, files, (file) => {
    isQuick(LIMIT_MS, () => readSound(file, 'x'));
    const sound = readSound(file, 'x');
    if (!sound.ok) return match(sound.error, /^x: [ -~µ]+ expected.*$/);
    const { sampleRate, channels } = sound.value;
    ok(channels.length > 0 && channels.length <= 256);
    ok(new Set(channels.map((channel) => channel.length)).size === 1, 'all of one length');
    const mono = toMono(sound.value);
    equal(mono.length, channels[0]?.length);
    // A table of taps takes its time, so only where it is the same for all.
    if (![8000, 44_100].includes(sampleRate)) return;
    const speech = resample(mono, sampleRate, 8000);
    ok(speech.ok);
    equal(toInt16(speech.value).length, Math.round((mono.length * 8000) / sampleRate));
    ok(speech.value.every((sample) => !Number.isNaN(sample)));
  });
});

test('what we write is what we read, whatever the samples are', FUZZ_BOUND, async (t) => {
  const samples = fc.array(fc.integer({ min: -0x8000, max: 0x7fff }), { maxLength: 60 }).map((list) => Int16Array.from(list));
  const dataFormats = fc.constantFrom(...(Object.keys(DATA_FORMATS) as DataFormat[]));
  const fileFormats = fc.constantFrom('wav' as const, 'au' as const, 'raw' as const, 'flac' as const);
  await search(t, fc.tuple(fileFormats, dataFormats, samples), ([fileFormat, dataFormat, list]) => {
    const file = writeSound({ fileFormat, dataFormat, sampleRate: 8000, channels: 1 }, list);
    if (file === null || fileFormat === 'raw') return;
    const sound = readSound(file, 'x');
    ok(sound.ok, sound.ok ? '' : sound.error);
    const again = toInt16(sound.value.channels[0]!);
    equal(again.length, list.length);
    if (!/8|law/.test(dataFormat)) deepEqual(again, list);
  });
});

test('any name of a format is one that is known or is refused', FUZZ_BOUND, async (t) => {
  const names = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', 'WAV', 'Gsm610', 'wav '));
  await search(t, names, (name) => {
    for (const parse of [parseFileFormat, parseDataFormat]) {
      const parsed = parse(name);
      if (parsed.ok) equal(parsed.value, name.toLowerCase());
      else ok(parsed.error.endsWith(' expected') && !parsed.error.includes('\n'));
    }
  });
});

test('live sound of any pieces keeps its length', FUZZ_BOUND, async (t) => {
  const piece = fc.array(fc.integer({ min: -0x8000, max: 0x7fff }), { maxLength: 40 }).map((list) => Int16Array.from(list));
  await search(t, fc.tuple(fc.boolean(), fc.array(piece, { maxLength: 8 })), ([up, pieces]) => {
    const resampler = up ? new Resampler(8000, 16_000) : new Resampler(16_000, 8000);
    const taken = pieces.reduce((sum, samples) => sum + resampler.take(samples).length, 0);
    const given = pieces.reduce((sum, samples) => sum + samples.length, 0);
    equal(taken, up ? given * 2 : Math.floor(given / 2));
  });
});

test('any octets are decoded as G.729, whole frames of them, and any samples are encoded', FUZZ_BOUND, async (t) => {
  if (requireLibrary(t, 'libbcg729.so.0', 'libbcg729-0') === null) return;
  const codec = await loadG729();
  ok(codec.ok);
  const [decoder, encoder] = [codec.value.decoder(), codec.value.encoder()];
  const samples = fc.array(fc.constantFrom(0, 1, -1, 0x7fff, -0x8000, 12_345), { maxLength: 200 });
  await search(t, fc.tuple(fc.uint8Array({ maxLength: 60 }), samples), ([payload, list]) => {
    const frames = Math.floor(payload.length / 10) + (payload.length % 10 === 2 ? 1 : 0);
    equal(decoder.decode(payload).length, frames * 80);
    equal(encoder.encode(Int16Array.from(list)).length, Math.ceil(list.length / 80) * 10);
  });
});
