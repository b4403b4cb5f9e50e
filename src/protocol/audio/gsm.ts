import type { AudioDecoder, AudioEncoder } from './codec.js';
import { multiply, saturate } from './gsm/arithmetic.js';
import * as frame from './gsm/frame.js';
import { encodeRatios } from './gsm/logAreaRatios.js';
import { foretell, LagSearch, LONGEST_LAG, SHORTEST_LAG } from './gsm/longTerm.js';
import { decodePulses, PulseEncoder } from './gsm/pulses.js';
import { LinearPrediction } from './gsm/reflections.js';
import { ShortTermAnalysis, ShortTermSynthesis } from './gsm/shortTerm.js';

const { FRAME_BYTES, FRAME_SAMPLES, GAIN, LAG, PARAMETERS, QUARTER, RATIOS, SUBFRAME_SAMPLES, SUBFRAMES } = frame;

/** How much of the last sample emphasis takes away before the encoder, and gives back after the decoder. */
const EMPHASIS = 28180;
/** By how much the offset of the sound is remembered from sample to sample. */
const OFFSET_MEMORY = 32735;

/**
 * A decoder of one stream in GSM full rate, ETSI EN 300 961 (GSM 06.10): of each frame of 33 octets (RFC 3551 §4.5.8) 160 samples of
 * 8000 a second. A frame with another signature than 0xD, or cut short, is 160 samples of silence, and the next one is
 * decoded as if it had not been. Takes any octets.
 */
export function gsmDecoder(): AudioDecoder {
  return new GsmDecoder();
}

/** An encoder of one stream in GSM full rate: of each 160 samples a frame of 33 octets; the last is filled up with silence. */
export function gsmEncoder(): AudioEncoder {
  return new GsmEncoder();
}

class GsmDecoder implements AudioDecoder {
  readonly #parameters = new Int32Array(PARAMETERS);
  readonly #synthesis = new ShortTermSynthesis();
  readonly #excitation = new Int32Array(SUBFRAME_SAMPLES);
  readonly #foretold = new Int32Array(SUBFRAME_SAMPLES);
  /** The residual of what was heard: 120 samples of the past, then the frame. */
  readonly #residual = new Int32Array(LONGEST_LAG + FRAME_SAMPLES);
  readonly #sound = new Int32Array(FRAME_SAMPLES);
  #lag = SHORTEST_LAG;
  #emphasized = 0;

  decode(payload: Uint8Array): Int16Array {
    const frames = Math.ceil(payload.length / FRAME_BYTES);
    const samples = new Int16Array(frames * FRAME_SAMPLES);
    for (let i = 0; i < frames; i++) {
      if (!frame.unpackFrame(payload, i * FRAME_BYTES, this.#parameters)) continue;
      this.#decodeResidual();
      this.#synthesis.filter(this.#parameters, this.#sound);
      this.#deemphasize(samples, i * FRAME_SAMPLES);
    }
    return samples;
  }

  /** Pulses, and what the past foretells (§5.3.1 and 5.3.2). */
  #decodeResidual(): void {
    const parameters = this.#parameters;
    const residual = this.#residual;
    const excitation = this.#excitation;
    const foretold = this.#foretold;
    for (let n = 0, quarter = RATIOS, at = LONGEST_LAG; n < SUBFRAMES; n++, quarter += QUARTER, at += SUBFRAME_SAMPLES) {
      decodePulses(parameters, quarter, excitation);
      const lag = parameters[quarter + LAG]!;
      // No encoder sends another lag; damage on the way is answered with the last one.
      if (lag >= SHORTEST_LAG && lag <= LONGEST_LAG) this.#lag = lag;
      foretell(residual, at, this.#lag, parameters[quarter + GAIN]!, foretold);
      for (let k = 0; k < SUBFRAME_SAMPLES; k++) residual[at + k] = saturate(excitation[k]! + foretold[k]!);
    }
    for (let k = 0; k < FRAME_SAMPLES; k++) this.#sound[k] = residual[LONGEST_LAG + k]!;
    residual.copyWithin(0, FRAME_SAMPLES);
  }

  /** To 13 bits, in the upper part of 16 (§5.3.5 to 5.3.7). */
  #deemphasize(samples: Int16Array, at: number): void {
    const sound = this.#sound;
    let emphasized = this.#emphasized;
    for (let k = 0; k < FRAME_SAMPLES; k++) {
      emphasized = saturate(sound[k]! + multiply(emphasized, EMPHASIS));
      samples[at + k] = saturate(2 * emphasized) & ~7;
    }
    this.#emphasized = emphasized;
  }
}

class GsmEncoder implements AudioEncoder {
  readonly #parameters = new Int32Array(PARAMETERS);
  readonly #prediction = new LinearPrediction();
  readonly #analysis = new ShortTermAnalysis();
  readonly #lagSearch = new LagSearch();
  readonly #pulses = new PulseEncoder();
  readonly #sound = new Int32Array(FRAME_SAMPLES);
  /** The residual as the decoder will have it: 120 samples of the past, then the frame. */
  readonly #residual = new Int32Array(LONGEST_LAG + FRAME_SAMPLES);
  readonly #foretold = new Int32Array(SUBFRAME_SAMPLES);
  readonly #left = new Int32Array(SUBFRAME_SAMPLES);
  readonly #excitation = new Int32Array(SUBFRAME_SAMPLES);
  #last = 0;
  #offset = 0;
  #emphasized = 0;

  encode(samples: Int16Array): Uint8Array {
    const frames = Math.ceil(samples.length / FRAME_SAMPLES);
    const payload = new Uint8Array(frames * FRAME_BYTES);
    for (let i = 0; i < frames; i++) {
      this.#prepare(samples, i * FRAME_SAMPLES);
      this.#prediction.analyse(this.#sound);
      encodeRatios(this.#prediction.reflections, this.#parameters);
      this.#analysis.filter(this.#parameters, this.#sound);
      this.#encodeResidual();
      frame.packFrame(this.#parameters, payload, i * FRAME_BYTES);
    }
    return payload;
  }

  /** Down to 13 bits; what does not sound is taken out, and treble is lifted (§5.2.1 to 5.2.3). */
  #prepare(samples: Int16Array, at: number): void {
    for (let k = 0; k < FRAME_SAMPLES; k++) {
      const sample = at + k < samples.length ? (samples[at + k]! >> 3) << 2 : 0;
      const rise = sample - this.#last;
      this.#last = sample;
      // The product of 32 bits and 16 is made of two: that of the upper half, and the rounded one of the lower 15 bits.
      const upper = this.#offset >> 15;
      const lower = this.#offset & 0x7fff;
      this.#offset = upper * OFFSET_MEMORY + (rise << 15) + multiply(lower, OFFSET_MEMORY);
      const centred = Math.min(this.#offset + 16384, 0x7fff_ffff) >> 15;
      this.#sound[k] = saturate(centred + multiply(this.#emphasized, -EMPHASIS));
      this.#emphasized = centred;
    }
  }

  /** Lag, gain and pulses of each quarter, and the residual that the decoder will make of them (§5.2.11 to 5.2.18). */
  #encodeResidual(): void {
    const parameters = this.#parameters;
    const residual = this.#residual;
    for (let n = 0, quarter = RATIOS; n < SUBFRAMES; n++, quarter += QUARTER) {
      const from = n * SUBFRAME_SAMPLES;
      const at = LONGEST_LAG + from;
      const short = this.#sound.subarray(from, from + SUBFRAME_SAMPLES);
      this.#lagSearch.search(short, residual, at, parameters, quarter);
      foretell(residual, at, parameters[quarter + LAG]!, parameters[quarter + GAIN]!, this.#foretold);
      for (let k = 0; k < SUBFRAME_SAMPLES; k++) this.#left[k] = saturate(short[k]! - this.#foretold[k]!);
      this.#pulses.encode(this.#left, parameters, quarter);
      decodePulses(parameters, quarter, this.#excitation);
      for (let k = 0; k < SUBFRAME_SAMPLES; k++) residual[at + k] = saturate(this.#excitation[k]! + this.#foretold[k]!);
    }
    residual.copyWithin(0, FRAME_SAMPLES);
  }
}
