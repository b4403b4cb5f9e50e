import { Resampler, type SpeechRate } from '../../protocol/audio/resample.js';
import type { Track } from './track.js';

/** Sound of one codec without a gap, on its way to a track: brought to the rate of the track, without the delay that this takes. */
export class Spell {
  /** Samples a second of what is heard. */
  readonly from: SpeechRate;
  readonly #track: Track;
  readonly #resampler: Resampler;
  /** What the resampler needs to give out what it holds. */
  readonly #tail: number;
  /** Samples of silence with which the resampler begins. */
  #early: number;

  /** `position`: where the track hears it from, samples of its rate `to`; behind what it holds, or else right after that. */
  constructor(track: Track, position: number, from: SpeechRate, to: SpeechRate) {
    this.from = from;
    this.#track = track;
    this.#resampler = new Resampler(from, to);
    this.#tail = (this.#resampler.delayMs * from) / 1000;
    this.#early = (this.#resampler.delayMs * to) / 1000;
    track.beginPiece(track.pieces === 0 ? position : Math.max(position, track.end));
  }

  hear(samples: Int16Array): void {
    const heard = this.#resampler.take(samples);
    const skipped = Math.min(this.#early, heard.length);
    this.#early -= skipped;
    this.#track.append(heard.subarray(skipped));
  }

  end(): void {
    if (this.#tail > 0) this.hear(new Int16Array(this.#tail));
  }
}
