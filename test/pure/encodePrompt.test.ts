import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAu } from '../../src/protocol/audio/au.js';
import type { AudioCodec } from '../../src/protocol/audio/codec.js';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { encodeAlaw, encodeMulaw } from '../../src/protocol/audio/g711.js';
import { resample } from '../../src/protocol/audio/resample.js';
import { type Samples, writeSamples } from '../../src/protocol/audio/samples.js';
import { encodePrompt } from '../../src/relay/tools/encodePrompt.js';
import { containerOf, readLayout } from '../../src/relay/tools/soundLayout.js';
import { BlockResampler, SpeechDecoder } from '../../src/relay/tools/speechDecoder.js';
import { tone, wavOf } from '../rig/sounds.js';

const codecs = plainCodecs();
const codec = (payloadType: number): AudioCodec => codecs.get(payloadType)!;
function frames(file: Uint8Array, payloadType: number): Uint8Array {
  const made = encodePrompt(file, codec(payloadType));
  assert.ok(made.ok, made.ok ? '' : made.error);
  return made.value;
}

test('[PN-13] a WAV or AU file of 8 kHz is encoded sample by sample, into shared memory', () => {
  const samples = tone(1234, 8000);
  const au = buildAu({ encoding: 'pcm16', sampleRate: 8000, channels: 1, data: writeSamples(samples, 'pcm16', false) });
  for (const file of [wavOf(samples, 8000), au]) {
    assert.deepEqual(Uint8Array.from(frames(file, 0)), encodeMulaw(samples));
    assert.deepEqual(Uint8Array.from(frames(file, 8)), encodeAlaw(samples));
  }
  assert.ok(frames(au, 0).buffer instanceof SharedArrayBuffer);
});

test('[PN-13] stereo is mixed, and any rate becomes that of the codec', () => {
  const left = tone(44_100, 44_100, 300);
  const both = Int16Array.from({ length: left.length * 2 }, (_, i) => (i % 2 === 0 ? left[i >> 1]! : 0));
  const half = left.map((sample) => Math.round(sample / 2));
  for (const [payloadType, rate, encode] of [
    [0, 8000, encodeMulaw],
    [9, 16000, (samples: Int16Array) => codec(9).encoder().encode(samples)],
  ] as const) {
    const expected = resample(half, 44_100, rate);
    assert.ok(expected.ok);
    assert.deepEqual(Uint8Array.from(frames(wavOf(both, 44_100, 2), payloadType)), Uint8Array.from(encode(expected.value)));
  }
  assert.equal(frames(wavOf(tone(11_025, 11_025), 11_025), 0).length, 8000);
  assert.equal(frames(wavOf(tone(24_006, 48_000), 48_000), 3).length, 26 * 33, 'half a second and one sample: 26 frames');
});

test('a sound that comes in pieces becomes what it becomes at once, at rates that have few and many phases', () => {
  for (const [rate, seconds] of [
    [8000, 7.3],
    [11_025, 6.2],
    [44_100, 5.01],
    [44_056, 4.9],
    [47_999, 4.1],
    [1000, 9.7],
  ] as const) {
    const samples = tone(Math.round(rate * seconds), rate, rate / 20);
    const floats = Float32Array.from(samples, (sample) => sample / 0x8000);
    for (const to of [8000, 16_000] as const) {
      assert.deepEqual(inPieces(samples, rate, to), whole(samples, rate, to), `${rate} to ${to}`);
    }
    assert.equal(inPieces(floats, rate, 8000).length, whole(samples, rate, 8000).length);
  }
});

function whole(samples: Int16Array, from: number, to: number): Int16Array {
  const converted = resample(samples, from, to);
  assert.ok(converted.ok);
  return converted.value;
}

function inPieces(samples: Samples, from: number, to: 8000 | 16000): Int16Array {
  const resampler = new BlockResampler(from, to, 2);
  const parts: Int16Array[] = [];
  for (let at = 0, length = 1; at < samples.length; at += length, length = (length * 7 + 11) % 40_000) {
    parts.push(resampler.take(samples.subarray(at, at + length)));
  }
  parts.push(resampler.end());
  assert.ok(parts.filter(({ length }) => length > 0).length > 1, 'it came out in several pieces');
  for (const part of parts.slice(0, -1)) assert.equal(part.length % to, 0, 'whole seconds');
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

test('a decoder puts frames together that a piece has cut, and gives both rates the same length', () => {
  const layout = readLayout(wavOf(tone(2 * 22_051, 22_050), 22_050, 2), true);
  assert.ok(layout.ok);
  const data = wavOf(tone(2 * 22_051, 22_050), 22_050, 2).subarray(layout.value.dataAt);
  const results = [data.length, 1001].map((step) => {
    const decoder = new SpeechDecoder(layout.value, true);
    for (let at = 0; at < data.length; at += step) {
      assert.equal(decoder.take(data.subarray(at, at + step)).narrow.length, 0, 'too short for a block');
    }
    return decoder.end();
  });
  assert.deepEqual(results[0], results[1]);
  assert.equal(results[0]!.wide!.length, results[0]!.narrow.length * 2);
});

test('what is no sound, and what would be no prompt, is told in one sentence', () => {
  const rows: readonly (readonly [Uint8Array, string])[] = [
    [new Uint8Array(0), 'neither WAV nor AU: a file that begins with "RIFF" and "WAVE", or with ".snd", expected'],
    [wavOf(tone(100, 999), 999), '999 Hz: 1000 to 384000 expected'],
    [wavOf(tone(300, 8000), 8000, 300), '300 channels: 1 to 256 expected'],
    [wavOf(tone(100, 8000), 8000).subarray(0, 30), 'WAV chunk "fmt " says 16 bytes: at most 10 expected, the file ends there'],
  ];
  for (const [file, error] of rows) assert.deepEqual(encodePrompt(file, codec(0)), { ok: false, error });
  assert.deepEqual(encodePrompt(wavOf(tone(1000, 8000), 8000), codec(0), 999), {
    ok: false,
    error: 'PCMU of more than 999 bytes: at most that much expected',
  });
});

test('[PN-13] a raw file is taken for WAV only if it begins with RIFF and WAVE, for AU only with .snd', () => {
  const begins = (text: string): Uint8Array => Uint8Array.from(text.padEnd(20, '\0'), (letter) => letter.charCodeAt(0));
  assert.equal(containerOf(begins('RIFF....WAVE')), 'wav');
  assert.equal(containerOf(begins('RIFF....AVI ')), null);
  assert.equal(containerOf(begins('RIFF....WAVE').subarray(0, 11)), null);
  assert.equal(containerOf(begins('.snd')), 'au');
  assert.equal(containerOf(begins('.sn')), null);
});

test('of a file that goes on behind what is known of it the header says how long the samples are', () => {
  const file = wavOf(tone(1000, 8000), 8000);
  assert.deepEqual(readLayout(file, true), readLayout(file.subarray(0, 100), false));
  const unknown = Uint8Array.from(file);
  unknown.fill(0xff, 40, 44);
  const layout = readLayout(unknown.subarray(0, 100), false);
  assert.equal(layout.ok && layout.value.dataBytes, Number.POSITIVE_INFINITY);
});
