import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { parseAu } from '../../protocol/audio/au.js';
import { RATE_RANGE } from '../../protocol/audio/resample.js';
import { SAMPLE_BYTES, type SampleEncoding } from '../../protocol/audio/samples.js';
import { type SoundContainer, soundContainer } from '../../protocol/audio/sound.js';
import { parseWav, type WavFormat } from '../../protocol/audio/wav.js';

/** Where the samples of a sound stand in its file, and how. */
export type SoundLayout = {
  readonly container: SoundContainer | 'raw';
  readonly encoding: SampleEncoding;
  /** Samples a second and channel, 1000…384000. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Offset of the first sample, bytes. */
  readonly dataAt: number;
  /** Of all samples; infinite: up to the end of the file. */
  readonly dataBytes: number;
};

/** What makeann has always taken: 16 bits signed, little-endian, 8 kHz, one channel. */
export const RAW_LAYOUT: SoundLayout = {
  ...{ container: 'raw', encoding: 'pcm16', sampleRate: 8000, channels: 1 },
  ...{ dataAt: 0, dataBytes: Number.POSITIVE_INFINITY },
};

/** More are no speech but a file that makes us allocate arrays. */
const MOST_CHANNELS = 256;
/** Where a header says so the size of the samples was not known when it was written. */
const UNKNOWN_SIZES = [0, 0xffffffff];
const WAVE_MAGIC = 0x57415645;

/** Whether a file that begins so is to be taken for a sound with a header, and for which. Eight bytes more than `RIFF` must fit. */
export function containerOf(head: Uint8Array): SoundContainer | null {
  const container = soundContainer(head);
  if (container !== 'wav') return container;
  return head.length >= 12 && new DataView(head.buffer, head.byteOffset).getUint32(8) === WAVE_MAGIC ? 'wav' : null;
}

/** How files begin that people take for sound files, and that nobody would want to hear as raw samples. */
const FOREIGN_MAGIC = {
  fLaC: 'FLAC',
  OggS: 'Ogg',
  ID3: 'MP3',
  FORM: 'AIFF',
  RIFX: 'big-endian WAV',
  RF64: 'RF64',
  caff: 'CAF',
} as const;
const MP4_MAGIC = 'ftyp';

/** The kind of sound file that this is, if it is one that cannot be read here; null for all others. */
export function foreignKind(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head.subarray(0, 8));
  if (text.slice(4) === MP4_MAGIC) return 'MP4';
  return Object.entries(FOREIGN_MAGIC).find(([magic]) => text.startsWith(magic))?.[1] ?? null;
}

/**
 * Reads the header of a WAV or AU file. `head`: how the file begins, up to the first samples at least; `isWhole`: that is all of it. The error
 * is one sentence without the file's name.
 */
export function readLayout(head: Uint8Array, isWhole: boolean): Result<SoundLayout, string> {
  const container = containerOf(head);
  if (container === null)
    return refuse('neither WAV nor AU: a file that begins with "RIFF" and "WAVE", or with ".snd", expected');
  const parsed: Result<Omit<WavFormat, 'encoding'> & { readonly encoding: SampleEncoding; readonly data: Uint8Array }, string> =
    container === 'wav' ? parseWav(head) : parseAu(head);
  if (!parsed.ok) return parsed;
  const { encoding, sampleRate, channels, data } = parsed.value;
  const { lowest, highest } = RATE_RANGE;
  if (sampleRate < lowest || sampleRate > highest) return refuse(`${sampleRate} Hz: ${lowest} to ${highest} expected`);
  if (channels > MOST_CHANNELS) return refuse(`${channels} channels: 1 to ${MOST_CHANNELS} expected`);
  const dataAt = data.byteOffset - head.byteOffset;
  const dataBytes = isWhole ? data.length : saidBytes(head, container, dataAt);
  return ok({ container, encoding, sampleRate, channels, dataAt, dataBytes });
}

/** How long the samples are by the header, where the file goes on behind what we have of it. */
function saidBytes(head: Uint8Array, container: SoundContainer, dataAt: number): number {
  const view = new DataView(head.buffer, head.byteOffset);
  const says = container === 'wav' ? view.getUint32(dataAt - 4, true) : view.getUint32(8);
  return UNKNOWN_SIZES.includes(says) ? Number.POSITIVE_INFINITY : says;
}

/** Bytes of one sample of every channel. */
export const frameBytesOf = ({ encoding, channels }: SoundLayout): number => SAMPLE_BYTES[encoding] * channels;
