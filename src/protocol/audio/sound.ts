import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { AU_MAGIC, parseAu } from './au.js';
import { RATE_RANGE } from './resample.js';
import { FULL_SCALE, nearestShort, readChannels, type SampleEncoding, type Samples } from './samples.js';
import { parseWav } from './wav.js';

/** A sound as it is worked with. All channels have the same length and the same kind of samples: floats only where the file had more than 16 bits. */
export type Sound = {
  /** Samples a second, 1000…384000. */
  readonly sampleRate: number;
  /** At least one. */
  readonly channels: readonly Samples[];
};

/** The containers that can be told by how they begin. */
export type SoundContainer = 'wav' | 'au';

const RIFF_MAGIC = 0x52494646;
/** More are no speech but a file that makes us allocate arrays. */
const MOST_CHANNELS = 256;

type Parsed = {
  readonly encoding: SampleEncoding;
  readonly sampleRate: number;
  readonly channels: number;
  readonly data: Uint8Array;
};

/** Which container a file is, by its first four bytes; null for all others, raw samples among them. */
export function soundContainer(file: Uint8Array): SoundContainer | null {
  if (file.length < 4) return null;
  const magic = new DataView(file.buffer, file.byteOffset).getUint32(0);
  if (magic === RIFF_MAGIC) return 'wav';
  return magic === AU_MAGIC ? 'au' : null;
}

/** Reads a WAV or AU file, told apart by how it begins. The error is one sentence that begins with `name`, the file's name. */
export function readSound(file: Uint8Array, name: string): Result<Sound, string> {
  const container = soundContainer(file);
  if (container === null) return refuse(`${name}: neither WAV nor AU: a file that begins with "RIFF" or ".snd" expected`);
  const parsed: Result<Parsed, string> = container === 'wav' ? parseWav(file) : parseAu(file);
  if (!parsed.ok) return refuse(`${name}: ${parsed.error}`);
  const { encoding, sampleRate, channels, data } = parsed.value;
  const { lowest, highest } = RATE_RANGE;
  if (sampleRate < lowest || sampleRate > highest) return refuse(`${name}: ${sampleRate} Hz: ${lowest} to ${highest} expected`);
  if (channels > MOST_CHANNELS) return refuse(`${name}: ${channels} channels: 1 to ${MOST_CHANNELS} expected`);
  return ok({ sampleRate, channels: readChannels(data, encoding, channels, container === 'wav') });
}

/** Raw samples as makeann takes them: 16 bits signed, little-endian, one channel. Half a sample at the end is left out. */
export function readRaw(file: Uint8Array, sampleRate: number): Sound {
  return { sampleRate, channels: readChannels(file, 'pcm16', 1, true) };
}

/** The mean of all channels; the only channel itself where there is one. */
export function toMono({ channels }: Sound): Samples {
  const [first, ...others] = channels;
  if (first === undefined) return new Int16Array(0);
  if (others.length === 0) return first;
  const mono = first instanceof Int16Array ? new Int16Array(first.length) : new Float32Array(first.length);
  for (let i = 0; i < mono.length; i++) {
    let sum = first[i]!;
    for (const other of others) sum += other[i]!;
    // Never beyond what one of them was, so that nothing has to be cut off.
    mono[i] = mono instanceof Int16Array ? Math.round(sum / channels.length) : sum / channels.length;
  }
  return mono;
}

/** As 16 bits: the nearest value, what is beyond full scale cut off. Samples that are so already are handed back, not copied. */
export function toInt16(samples: Samples): Int16Array {
  if (samples instanceof Int16Array) return samples;
  const shorts = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) shorts[i] = nearestShort(samples[i]! * FULL_SCALE);
  return shorts;
}
