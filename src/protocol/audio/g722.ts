import type { AudioDecoder, AudioEncoder } from './codec.js';
import { Band, LOWER_SCALE, saturate, UPPER_SCALE } from './g722/band.js';
import { MirrorFilter } from './g722/filter.js';
import { ILN, ILP, INTERVALS, LAST_INTERVAL, LOWER_STEP, QM2, QM4, QM6, UPPER_STEP } from './g722/tables.js';

/**
 * ITU-T G.722 at 64 kbit/s: two bands of 8000 samples a second, each as what differs from its prediction.
 *
 *     octet   HH LLLLLL     upper band 2 bits, lower band 6 bits
 *
 * At 8000 Hz only the lower band is coded and heard: an octet is one sample then, and any phone can still decode it, because the word
 * of the upper band is that of silence.
 */
export type G722SampleRate = 8000 | 16000;

/** Word 3 of the upper band: a small positive step, the nearest to nothing. */
const UPPER_SILENCE = 0xc0;
/** Decision level of the upper band, in units of its scale factor. */
const UPPER_LEVEL = 564;

/** A decoder of one stream: of each octet two samples at 16000 Hz, or one at 8000 Hz. Takes any octets. */
export function g722Decoder(sampleRate: G722SampleRate = 16000): AudioDecoder {
  return sampleRate === 8000 ? new NarrowDecoder() : new WideDecoder();
}

/** An encoder of one stream: an octet of two samples at 16000 Hz (a last odd one is followed by silence), or of one at 8000 Hz. */
export function g722Encoder(sampleRate: G722SampleRate = 16000): AudioEncoder {
  return sampleRate === 8000 ? new NarrowEncoder() : new WideEncoder();
}

class WideDecoder implements AudioDecoder {
  readonly #lower = new Band(LOWER_SCALE);
  readonly #upper = new Band(UPPER_SCALE);
  readonly #filter = new MirrorFilter();

  decode(payload: Uint8Array): Int16Array {
    const samples = new Int16Array(payload.length * 2);
    const filter = this.#filter;
    for (let i = 0; i < payload.length; i++) {
      const code = payload[i]!;
      const low = decodeLower(this.#lower, code & 0x3f);
      const high = decodeUpper(this.#upper, code >> 6);
      filter.put(low + high, low - high);
      // The bands have 15 bits, and each sum has half of the gain of 4096. A loud sound passes full scale here and is limited, as
      // by FFmpeg and libg722; libspandsp 0.0.6 lets it wrap around, which is heard as a crack.
      samples[2 * i] = saturate(filter.second >> 11);
      samples[2 * i + 1] = saturate(filter.first >> 11);
    }
    return samples;
  }
}

class NarrowDecoder implements AudioDecoder {
  readonly #lower = new Band(LOWER_SCALE);

  decode(payload: Uint8Array): Int16Array {
    const samples = new Int16Array(payload.length);
    for (let i = 0; i < payload.length; i++) samples[i] = decodeLower(this.#lower, payload[i]! & 0x3f) << 1;
    return samples;
  }
}

class WideEncoder implements AudioEncoder {
  readonly #lower = new Band(LOWER_SCALE);
  readonly #upper = new Band(UPPER_SCALE);
  readonly #filter = new MirrorFilter();

  encode(samples: Int16Array): Uint8Array {
    const payload = new Uint8Array((samples.length + 1) >> 1);
    const filter = this.#filter;
    for (let i = 0; i < payload.length; i++) {
      filter.put(samples[2 * i]!, samples[2 * i + 1] ?? 0);
      // The gain of 4096, two sums, and bands of 15 bits.
      const low = (filter.first + filter.second) >> 14;
      const high = (filter.second - filter.first) >> 14;
      payload[i] = encodeLower(this.#lower, low) | (encodeUpper(this.#upper, high) << 6);
    }
    return payload;
  }
}

class NarrowEncoder implements AudioEncoder {
  readonly #lower = new Band(LOWER_SCALE);

  encode(samples: Int16Array): Uint8Array {
    const payload = new Uint8Array(samples.length);
    for (let i = 0; i < samples.length; i++) payload[i] = UPPER_SILENCE | encodeLower(this.#lower, samples[i]! >> 1);
    return payload;
  }
}

/** A 6-bit word as a sample of 15 bits (INVQBL, RECONS, LIMIT). */
function decodeLower(band: Band, word: number): number {
  const sample = limitTo15Bits(band.predicted + ((band.det * QM6[word]!) >> 15));
  followLower(band, word);
  return sample;
}

/** A 2-bit word as a sample of 15 bits (INVQAH, RECONS, LIMIT). */
function decodeUpper(band: Band, word: number): number {
  const difference = (band.det * QM2[word]!) >> 15;
  const sample = limitTo15Bits(band.predicted + difference);
  band.rescale(UPPER_STEP[word]!);
  band.adapt(difference);
  return sample;
}

/** A sample of 15 bits as a 6-bit word (SUBTRA, QUANTL). */
function encodeLower(band: Band, sample: number): number {
  const difference = saturate(sample - band.predicted);
  const interval = lowerInterval(difference < 0 ? ~difference : difference, band.det);
  const word = difference < 0 ? ILN[interval]! : ILP[interval]!;
  followLower(band, word);
  return word;
}

/** The first decision level, times `det`, above the magnitude: 1…30, found by turning the question round: which level is that, at least? */
function lowerInterval(magnitude: number, det: number): number {
  const level = ((((magnitude + 1) << 12) + det - 1) / det) | 0;
  return level < INTERVALS.length ? INTERVALS[level]! : LAST_INTERVAL;
}

/** A sample of 15 bits as a 2-bit word (SUBTRA, QUANTH). */
function encodeUpper(band: Band, sample: number): number {
  const difference = saturate(sample - band.predicted);
  const magnitude = difference < 0 ? ~difference : difference;
  const isLarge = magnitude >= (UPPER_LEVEL * band.det) >> 12;
  const word = (difference < 0 ? 0 : 2) | (isLarge ? 0 : 1);
  const sent = (band.det * QM2[word]!) >> 15;
  band.rescale(UPPER_STEP[word]!);
  band.adapt(sent);
  return word;
}

/** Only the upper 4 bits of a word teach the predictor: the other two may be taken for data on the way (INVQAL). */
function followLower(band: Band, word: number): void {
  const upper = word >> 2;
  const difference = (band.det * QM4[upper]!) >> 15;
  band.rescale(LOWER_STEP[upper]!);
  band.adapt(difference);
}

function limitTo15Bits(value: number): number {
  return Math.min(Math.max(value, -16384), 16383);
}
