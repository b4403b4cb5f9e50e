import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { SAMPLE_BYTES, type SampleEncoding } from './samples.js';

/** How the octets of a Sun or NeXT sound are meant: all of it big-endian, linear samples of one octet signed. */
export type AuEncoding = Exclude<SampleEncoding, 'u8'>;

/** A sound in a Sun AU file. `data` holds the samples as they stand in the file, channels interleaved. */
export type Au = {
  readonly encoding: AuEncoding;
  /** Samples a second and channel. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly data: Uint8Array;
};

/** The numbers of the encodings (Sun's audio(4), `audio_filehdr`). */
const CODES: Readonly<Record<AuEncoding, number>> = {
  mulaw: 1,
  s8: 2,
  pcm16: 3,
  pcm24: 4,
  pcm32: 5,
  float32: 6,
  float64: 7,
  alaw: 27,
};

/** Begins every AU file: ".snd". */
export const AU_MAGIC = 0x2e736e64;
const HEADER_BYTES = 24;
/** Stands for the size of the samples where it was not known. */
const UNKNOWN_SIZE = 0xffffffff;

/**
 * Reads a Sun AU file: µ-law, A-law, linear 8 to 32 bits or float, any rate and number of channels. Of samples that end too early, or that are
 * still being written (size 0 or unknown), what is there is taken, in whole frames. The error is one sentence that names the value found and
 * the value expected; input never throws. `data` is a view, not a copy.
 */
export function parseAu(file: Uint8Array): Result<Au, string> {
  if (file.length < HEADER_BYTES) return refuse(`AU file of ${file.length} bytes: at least ${HEADER_BYTES} expected`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = view.getUint32(0);
  if (magic !== AU_MAGIC)
    return refuse(`AU file begins with 0x${magic.toString(16).padStart(8, '0')}: 0x2e736e64 (".snd") expected`);
  const dataAt = view.getUint32(4);
  if (dataAt < HEADER_BYTES || dataAt > file.length) {
    return refuse(`AU samples at offset ${dataAt}: ${HEADER_BYTES} to ${file.length} expected, the size of the file`);
  }
  const code = view.getUint32(12);
  const encoding = (Object.keys(CODES) as AuEncoding[]).find((name) => CODES[name] === code);
  if (encoding === undefined)
    return refuse(`AU encoding ${code}: 1 (u-law), 2 to 5 (linear), 6, 7 (float) or 27 (A-law) expected`);
  const sampleRate = view.getUint32(16);
  const channels = view.getUint32(20);
  if (sampleRate === 0) return refuse('AU sample rate 0 Hz: at least 1 expected');
  if (channels === 0) return refuse('AU file of 0 channels: at least 1 expected');
  const says = view.getUint32(8);
  const room = file.length - dataAt;
  const length = says === 0 ? room : Math.min(says, room);
  const whole = length - (length % (SAMPLE_BYTES[encoding] * channels));
  return ok({ encoding, sampleRate, channels, data: file.subarray(dataAt, dataAt + whole) });
}

/** A Sun AU file of these samples. `data` must hold whole frames; what `parseAu` reads comes back the same. */
export function buildAu({ encoding, sampleRate, channels, data }: Au): Uint8Array {
  const file = new Uint8Array(HEADER_BYTES + data.length);
  const view = new DataView(file.buffer);
  const words = [AU_MAGIC, HEADER_BYTES, Math.min(data.length, UNKNOWN_SIZE), CODES[encoding], sampleRate, channels];
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word);
  file.set(data, HEADER_BYTES);
  return file;
}
