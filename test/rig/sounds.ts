import { writeSamples } from '../../src/protocol/audio/samples.js';
import { buildWav } from '../../src/protocol/audio/wav.js';

/** A sine of 9000 of 32767, mono. */
export const tone = (length: number, rate: number, hz = 440): Int16Array =>
  Int16Array.from({ length }, (_, i) => Math.round(9000 * Math.sin((2 * Math.PI * hz * i) / rate)));

/** 16 bits little-endian, as they stand in a raw file. */
export const raw = (samples: Int16Array): Uint8Array => writeSamples(samples, 'pcm16', true);

/** A WAV file of interleaved samples. */
export const wavOf = (samples: Int16Array, sampleRate: number, channels = 1): Uint8Array =>
  buildWav({ encoding: 'pcm16', sampleRate, channels, data: raw(samples) });
