/** The codecs that need no library, as the rest of rtpbridge takes them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { g722Narrowband, plainCodecs } from '../../src/protocol/audio/codecs.js';
import { packetShape } from '../../src/protocol/audio/frames.js';
import { signalToNoise, voice } from '../rig/signals.js';

test('the plain codecs are PCMU, GSM, PCMA and G722, each under its payload type of RFC 3551', () => {
  deepEqual(
    [...plainCodecs()].map(([key, { name, payloadType, sampleRate }]) => [key, name, payloadType, sampleRate]),
    [
      [0, 'PCMU', 0, 8000],
      [3, 'GSM', 3, 8000],
      [8, 'PCMA', 8, 8000],
      [9, 'G722', 9, 16000],
    ],
  );
  deepEqual([g722Narrowband.name, g722Narrowband.payloadType, g722Narrowband.sampleRate], ['G722', 9, 8000]);
});

test('20 ms of each codec are as many octets as a packet of it has, and 20 ms again', () => {
  for (const codec of [...plainCodecs().values(), g722Narrowband]) {
    const samples = codec.sampleRate / 50;
    const payload = codec.encoder().encode(voice(samples));
    equal(payload.length, packetShape(codec.payloadType, 20)?.bytes, codec.name);
    equal(codec.decoder().decode(payload).length, samples, codec.name);
  }
});

test('what each codec makes of a voice is like that voice', () => {
  for (const codec of [...plainCodecs().values(), g722Narrowband]) {
    const sound = voice(codec.sampleRate, 14_000);
    const heard = codec.decoder().decode(codec.encoder().encode(sound));
    const decibels = signalToNoise(sound, heard, codec.sampleRate === 16000 ? 22 : 0);
    ok(decibels > 6, `${codec.name} at ${codec.sampleRate} Hz: ${decibels.toFixed(1)} dB`);
  }
});
