import { resample, type SpeechRate } from '../../protocol/audio/resample.js';
import { readChannels, type Samples } from '../../protocol/audio/samples.js';
import { type Sound, toInt16, toMono } from '../../protocol/audio/sound.js';
import { frameBytesOf, type SoundLayout } from './soundLayout.js';

/** One stretch of speech at 8000 samples a second, and the same at 16000 where that is wanted too: then twice as many. */
export type Speech = { readonly narrow: Int16Array; readonly wide: Int16Array | null };

export const NO_SPEECH: Speech = { narrow: new Int16Array(0), wide: null };

/** Samples that are converted at a time: as many whole seconds as fit. */
const BLOCK_SAMPLES = 1_500_000;
const LEAST_BLOCK_S = 4;
/** The filters of `resample` reach over 57 samples of the lower rate, which is never below 1000 Hz. */
const MARGIN_S = 1;

/**
 * Changes the rate of a sound that comes in pieces: what comes out is, sample by sample, what `resample` makes of all of it at once. The whole
 * seconds of a sound come out as whole seconds, because there is no rate at which they are no whole number of samples.
 */
export class BlockResampler {
  readonly #from: number;
  readonly #to: SpeechRate;
  readonly #block: number;
  /** What stands before what is to be converted next, for the filter. */
  #margin: Samples = new Int16Array(0);
  #waiting: Samples[] = [];
  #waits = 0;

  /** `from`: 1000…384000. `blockS`: seconds that are converted at a time. */
  constructor(from: number, to: SpeechRate, blockS = Math.max(LEAST_BLOCK_S, Math.floor(BLOCK_SAMPLES / from))) {
    this.#from = from;
    this.#to = to;
    this.#block = blockS * from;
  }

  /** The next samples, all of one kind; answers what can be told by them. */
  take(samples: Samples): Int16Array {
    this.#waiting.push(samples);
    this.#waits += samples.length;
    const after = MARGIN_S * this.#from;
    const blocks = Math.floor((this.#waits - after) / this.#block);
    if (blocks <= 0) return new Int16Array(0);
    const line = joinSamples([this.#margin, ...this.#waiting]);
    const end = this.#margin.length + blocks * this.#block;
    const converted = this.#convert(line.subarray(0, end + after), blocks * this.#block);
    this.#margin = line.slice(end - after, end);
    this.#waiting = [line.slice(end)];
    this.#waits = line.length - end;
    return converted;
  }

  /** There is no more: the rest. */
  end(): Int16Array {
    const rest = this.#convert(joinSamples([this.#margin, ...this.#waiting]), this.#waits);
    this.#margin = new Int16Array(0);
    this.#waiting = [];
    this.#waits = 0;
    return rest;
  }

  /** `count` samples of the line behind the margin. */
  #convert(line: Samples, count: number): Int16Array {
    const converted = resample(line, this.#from, this.#to);
    // Rates are checked where a sound is opened, and no line gets too long.
    if (!converted.ok) return new Int16Array(0);
    const at = (this.#margin.length / this.#from) * this.#to;
    return toInt16(converted.value).subarray(at, at + Math.round((count * this.#to) / this.#from));
  }
}

/** Makes speech of the octets of a sound file as they come, behind its header: all channels mixed, at the rates of telephony. */
export class SpeechDecoder {
  readonly #layout: SoundLayout;
  readonly #frameBytes: number;
  readonly #narrow: BlockResampler;
  readonly #wide: BlockResampler | null;
  /** A piece of a frame. */
  #cut = new Uint8Array(0);

  constructor(layout: SoundLayout, hasWide: boolean) {
    this.#layout = layout;
    this.#frameBytes = frameBytesOf(layout);
    this.#narrow = new BlockResampler(layout.sampleRate, 8000);
    this.#wide = hasWide ? new BlockResampler(layout.sampleRate, 16000) : null;
  }

  take(data: Uint8Array): Speech {
    const mono = this.#decode(data);
    return { narrow: this.#narrow.take(mono), wide: this.#wide?.take(mono) ?? null };
  }

  /** There is no more: the rest. Half a frame at the end is left out. */
  end(): Speech {
    const narrow = this.#narrow.end();
    const wide = this.#wide?.end() ?? null;
    // Both are rounded, and may differ by half a sample.
    return { narrow, wide: wide === null ? null : fitted(wide, narrow.length * 2) };
  }

  #decode(data: Uint8Array): Samples {
    const bytes = this.#cut.length === 0 ? data : joinInto(new Uint8Array(this.#cut.length + data.length), [this.#cut, data]);
    const whole = bytes.length - (bytes.length % this.#frameBytes);
    this.#cut = bytes.slice(whole);
    const { container, encoding, channels, sampleRate } = this.#layout;
    const sound: Sound = {
      sampleRate,
      channels: readChannels(bytes.subarray(0, whole), encoding, channels, container !== 'au'),
    };
    return toMono(sound);
  }
}

/** The stretches one behind the other; all of them with the higher rate, or none. */
export function joinSpeech(parts: readonly Speech[]): Speech {
  const wides = parts.flatMap(({ wide }) => (wide === null ? [] : [wide]));
  return { narrow: joinShorts(parts.map(({ narrow }) => narrow)), wide: wides.length === 0 ? null : joinShorts(wides) };
}

/** The samples from `from` up to `to`, counted at 8000 a second. */
export const cutSpeech = ({ narrow, wide }: Speech, from: number, to: number): Speech => ({
  narrow: narrow.subarray(from, to),
  wide: wide?.subarray(from * 2, to * 2) ?? null,
});

const joinShorts = (parts: readonly Int16Array[]): Int16Array => joinInto(new Int16Array(totalLength(parts)), parts);

/** All that are not empty are of one kind. */
function joinSamples(parts: readonly Samples[]): Samples {
  const length = totalLength(parts);
  const isFloat = parts.some((part) => part instanceof Float32Array && part.length > 0);
  return isFloat ? joinInto(new Float32Array(length), parts) : joinInto(new Int16Array(length), parts);
}

const totalLength = (parts: readonly { readonly length: number }[]): number => parts.reduce((sum, { length }) => sum + length, 0);

function joinInto<T extends Samples | Uint8Array>(whole: T, parts: readonly ArrayLike<number>[]): T {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fitted(samples: Int16Array, length: number): Int16Array {
  return samples.length >= length ? samples.subarray(0, length) : joinInto(new Int16Array(length), [samples]);
}
