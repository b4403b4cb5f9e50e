import { alawToLinear, linearToAlaw, linearToMulaw, mulawToLinear } from './g711.js';

/**
 * How one sample stands in a file: linear, unsigned (128 is silence) or signed, of 8 to 32 bits; IEEE 754, where 1 is full scale; or by a law
 * of G.711. More than an octet: little-endian or big-endian, as the container says.
 */
export type SampleEncoding = 'u8' | 's8' | 'pcm16' | 'pcm24' | 'pcm32' | 'float32' | 'float64' | 'alaw' | 'mulaw';

/** Samples of one channel, in time order: 16 bits linear, or where that would lose something, floats with full scale ±1. */
export type Samples = Int16Array | Float32Array;

export const SAMPLE_BYTES: Readonly<Record<SampleEncoding, number>> = {
  u8: 1,
  s8: 1,
  pcm16: 2,
  pcm24: 3,
  pcm32: 4,
  float32: 4,
  float64: 8,
  alaw: 1,
  mulaw: 1,
};

/** What full scale of a float is in 16 bits. */
export const FULL_SCALE = 0x8000;
const LARGEST = 0x7fff;

type ReadSample = (view: DataView, at: number, littleEndian: boolean) => number;
type WriteSample = (view: DataView, at: number, sample: number, littleEndian: boolean) => void;

/** What 16 bits hold. */
const READ_SHORT: Partial<Record<SampleEncoding, ReadSample>> = {
  u8: (view, at) => (view.getUint8(at) - 128) * 256,
  s8: (view, at) => view.getInt8(at) * 256,
  pcm16: (view, at, littleEndian) => view.getInt16(at, littleEndian),
  alaw: (view, at) => alawToLinear(view.getUint8(at)),
  mulaw: (view, at) => mulawToLinear(view.getUint8(at)),
};

/** What takes a float. */
const READ_FLOAT: Partial<Record<SampleEncoding, ReadSample>> = {
  pcm24: (view, at, littleEndian) => {
    const [high, low] = littleEndian ? [view.getInt8(at + 2), view.getUint8(at)] : [view.getInt8(at), view.getUint8(at + 2)];
    return ((high << 16) | (view.getUint8(at + 1) << 8) | low) / 2 ** 23;
  },
  pcm32: (view, at, littleEndian) => view.getInt32(at, littleEndian) / 2 ** 31,
  float32: (view, at, littleEndian) => finite(view.getFloat32(at, littleEndian)),
  float64: (view, at, littleEndian) => finite(view.getFloat64(at, littleEndian)),
};

const WRITE: Readonly<Record<SampleEncoding, WriteSample>> = {
  u8: (view, at, sample) => view.setUint8(at, to8Bits(sample) + 128),
  s8: (view, at, sample) => view.setInt8(at, to8Bits(sample)),
  pcm16: (view, at, sample, littleEndian) => view.setInt16(at, sample, littleEndian),
  pcm24: (view, at, sample, littleEndian) => {
    view.setInt16(at + (littleEndian ? 1 : 0), sample, littleEndian);
    view.setUint8(at + (littleEndian ? 0 : 2), 0);
  },
  pcm32: (view, at, sample, littleEndian) => view.setInt32(at, sample << 16, littleEndian),
  float32: (view, at, sample, littleEndian) => view.setFloat32(at, sample / FULL_SCALE, littleEndian),
  float64: (view, at, sample, littleEndian) => view.setFloat64(at, sample / FULL_SCALE, littleEndian),
  alaw: (view, at, sample) => view.setUint8(at, linearToAlaw(sample)),
  mulaw: (view, at, sample) => view.setUint8(at, linearToMulaw(sample)),
};

/**
 * Takes interleaved samples apart, one array a channel. Octets that are no whole frame at the end are left out. A float that is no number
 * is silence, one beyond ±1 stays what it is.
 */
export function readChannels(data: Uint8Array, encoding: SampleEncoding, channels: number, littleEndian: boolean): Samples[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const step = SAMPLE_BYTES[encoding];
  const frames = Math.floor(data.length / (step * channels));
  const short = READ_SHORT[encoding];
  const read = short ?? READ_FLOAT[encoding]!;
  return Array.from({ length: channels }, (_, channel) => {
    const samples = short === undefined ? new Float32Array(frames) : new Int16Array(frames);
    for (let i = 0, at = channel * step; i < frames; i++, at += channels * step) samples[i] = read(view, at, littleEndian);
    return samples;
  });
}

/** 16-bit samples, channels interleaved as they come, in the encoding of a file. */
export function writeSamples(samples: Int16Array, encoding: SampleEncoding, littleEndian: boolean): Uint8Array {
  const step = SAMPLE_BYTES[encoding];
  const write = WRITE[encoding];
  const data = new Uint8Array(samples.length * step);
  const view = new DataView(data.buffer);
  for (let i = 0; i < samples.length; i++) write(view, i * step, samples[i]!, littleEndian);
  return data;
}

/** The nearest 16-bit sample; what is beyond full scale is cut off there, what is no number is silence. */
export function nearestShort(value: number): number {
  if (value >= LARGEST) return LARGEST;
  return value <= -FULL_SCALE ? -FULL_SCALE : Math.round(value);
}

/** Rounded, not cut off: dropping the low bits would make a small hum of the noise around silence. */
function to8Bits(sample: number): number {
  return Math.min((sample + 128) >> 8, 127);
}

/** A file may hold infinities and "not a number", and doubles that no float holds. */
function finite(value: number): number {
  const single = Math.fround(value);
  return Number.isFinite(single) ? single : 0;
}
