import { type AuEncoding, buildAu } from './au.js';
import { type SampleEncoding, writeSamples } from './samples.js';
import type { DataFormat, SoundFormat } from './soundFormats.js';
import { buildWav, type WavEncoding } from './wav.js';

/** What can stand in a WAV file, of what we write ourselves: there is no signed octet in it. */
const IN_WAV: Partial<Record<DataFormat, WavEncoding>> = {
  pcm_u8: 'u8',
  pcm_16: 'pcm16',
  pcm_24: 'pcm24',
  pcm_32: 'pcm32',
  float: 'float32',
  double: 'float64',
  ulaw: 'mulaw',
  alaw: 'alaw',
};

/** An AU file has no unsigned octet. */
const IN_AU: Partial<Record<DataFormat, AuEncoding>> = {
  pcm_s8: 's8',
  pcm_16: 'pcm16',
  pcm_24: 'pcm24',
  pcm_32: 'pcm32',
  float: 'float32',
  double: 'float64',
  ulaw: 'mulaw',
  alaw: 'alaw',
};

const IN_RAW: Partial<Record<DataFormat, SampleEncoding>> = { ...IN_AU, pcm_u8: 'u8' };

/** Largest sizes that the headers hold: 32 bits, in WAV for the whole file with less than 100 bytes of header. */
const MOST_DATA_BYTES = 0xffffffff - 100;

/**
 * The file of 16-bit samples (channels interleaved, whole frames) in a format that needs no library: WAV, AU or raw little-endian, with linear
 * samples, floats (full scale ±1) or G.711. Null for all other formats, and for a sound that is too long for the container.
 */
export function writeSound(
  { fileFormat, dataFormat, sampleRate, channels }: SoundFormat,
  samples: Int16Array,
): Uint8Array | null {
  if (samples.length * 8 > MOST_DATA_BYTES) return null;
  if (fileFormat === 'wav') {
    const encoding = IN_WAV[dataFormat];
    return encoding === undefined
      ? null
      : buildWav({ encoding, sampleRate, channels, data: writeSamples(samples, encoding, true) });
  }
  if (fileFormat === 'au') {
    const encoding = IN_AU[dataFormat];
    return encoding === undefined
      ? null
      : buildAu({ encoding, sampleRate, channels, data: writeSamples(samples, encoding, false) });
  }
  const encoding = fileFormat === 'raw' ? IN_RAW[dataFormat] : undefined;
  return encoding === undefined ? null : writeSamples(samples, encoding, true);
}
