import type { AudioCodec, AudioCodecs, AudioEncoder } from '../../protocol/audio/codec.js';
import { cutSpeech, joinSpeech, type Speech } from './speechDecoder.js';

/** Samples at 8000 a second of a block: 20 ms, whole frames of every codec. */
export const BLOCK_SAMPLES = 160;
/** So many are dealt with at a time. */
const STRETCH_SAMPLES = BLOCK_SAMPLES * 1000;
/** The payload types of makeann, in its order. */
export const MAKEANN_PAYLOAD_TYPES = [0, 3, 18, 8, 9] as const;
/** G.711 takes the samples there are; a frame of the others is filled up. */
const UNPADDED: readonly number[] = [0, 8];

/** Speech that is read forwards. */
export type SpeechSource = {
  /** As many samples at 8000 a second, fewer only at the end. */
  readonly read: (count: number) => Promise<Speech>;
  /** Begins again; does nothing where the input cannot. */
  readonly rewind: () => Promise<void>;
};

/**
 * The speech of an announcement, whole blocks or one that is short: up to the limit, looped if so asked. As makeann has always done it: a block
 * that the end of the input cuts short is filled up once from its beginning, so an input shorter than a block gives short blocks only.
 */
export async function* announce(source: SpeechSource, limit: number | null, loop: boolean): AsyncGenerator<Speech, void> {
  let left = limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const wanted = Math.min(STRETCH_SAMPLES, left);
    const got = await source.read(wanted);
    const length = got.narrow.length;
    const isEnd = length < wanted;
    const whole = length - (length % BLOCK_SAMPLES);
    if (whole > 0) yield cutSpeech(got, 0, whole);
    left -= whole;
    let rest = cutSpeech(got, whole, length);
    if (isEnd && loop) {
      await source.rewind();
      rest = joinSpeech([rest, await source.read(Math.min(BLOCK_SAMPLES, left) - rest.narrow.length)]);
    }
    if (rest.narrow.length > 0) yield rest;
    left -= rest.narrow.length;
    if (isEnd && (!loop || rest.narrow.length === 0)) return;
  }
}

/** The codecs of an announcement that this machine has. `hasWide`: the sound has more than 8 kHz, and G.722 is given it. */
export function announcementCodecs(installed: AudioCodecs, narrowG722: AudioCodec, hasWide: boolean): AudioCodec[] {
  return MAKEANN_PAYLOAD_TYPES.flatMap((payloadType) => {
    const codec = payloadType === narrowG722.payloadType && !hasWide ? narrowG722 : installed.get(payloadType);
    return codec === undefined ? [] : [codec];
  });
}

/** Encodes the blocks of an announcement for one codec. */
export class AnnouncementEncoder {
  readonly #codec: AudioCodec;
  readonly #encoder: AudioEncoder;

  constructor(codec: AudioCodec) {
    this.#codec = codec;
    this.#encoder = codec.encoder();
  }

  /** Whole blocks, or a short one, which counts as whole for all codecs but G.711. */
  encode({ narrow, wide }: Speech): Uint8Array {
    const { payloadType, sampleRate } = this.#codec;
    const isWide = sampleRate === 16000;
    const samples = isWide ? (wide ?? new Int16Array(narrow.length * 2)) : narrow;
    return this.#encoder.encode(UNPADDED.includes(payloadType) ? samples : padded(samples, BLOCK_SAMPLES * (isWide ? 2 : 1)));
  }
}

function padded(samples: Int16Array, unit: number): Int16Array {
  if (samples.length % unit === 0) return samples;
  const whole = new Int16Array(Math.ceil(samples.length / unit) * unit);
  whole.set(samples);
  return whole;
}
