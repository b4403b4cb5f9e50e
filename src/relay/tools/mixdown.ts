import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { Track } from './track.js';

/** How the tracks of both sides become one sound. */
export type MixOptions = {
  /** Left the answering side, right the originating one; otherwise both in one channel at half their level. */
  readonly stereo: boolean;
  /** Whether silence is kept. Otherwise the senders of a side are heard one after the other, and both sides from the beginning. */
  readonly keepsSilence: boolean;
  /** Samples a second of the tracks. */
  readonly sampleRate: number;
};

export type Mix = {
  /** Frames of one sample, or of two: answering side, originating side. */
  readonly samples: Int16Array;
  readonly frames: number;
  /** Samples of each side, with the silence between its first and its last sound; those of several senders added up. */
  readonly answer: number;
  readonly originate: number;
  /** Seconds of silence left out, because a recording says that there was more than anybody would listen to. */
  readonly leftOutS: number;
};

/** So much is mixed at a time, frames. */
const BLOCK = 8000;
/** Silence of both sides together, seconds: a call on hold. More is what a broken clock writes. */
const MOST_SILENCE_S = 2 * 3600;
/** If there is more, no gap is longer than this, seconds: the first of these that makes it short enough. */
const LONGEST_GAPS_S = [3600, 600, 300, 60, 10, 1, 0];
/** Samples of a mix: 18 hours in stereo. */
const MOST_SAMPLES = 2 ** 30;

/**
 * Mixes the tracks of both sides, each in the order in which its senders began. Where several senders of a side are heard at once, each is averaged
 * with what was there before. Moves the tracks, and empties them: they are not to be used again. Refuses a sound that is too long to be held.
 */
export function mixDown(answer: readonly Track[], originate: readonly Track[], options: MixOptions): Result<Mix, string> {
  const sides = [answer, originate].map((tracks) => tracks.filter(({ samples }) => samples > 0));
  const all = sides.flat();
  if (!options.keepsSilence) for (const tracks of sides) queueUp(tracks);
  const leftOut = options.keepsSilence ? shorten(all, options.sampleRate) : 0;
  const start = all.reduce((first, track) => Math.min(first, track.start), Number.POSITIVE_INFINITY);
  const frames = all.length === 0 ? 0 : all.reduce((last, track) => Math.max(last, track.end), start) - start;
  const channels = options.stereo ? 2 : 1;
  if (frames * channels > MOST_SAMPLES) {
    return refuse(
      `${Math.round(frames / options.sampleRate)} s of sound: at most ${Math.floor(MOST_SAMPLES / channels / options.sampleRate)} s expected`,
    );
  }
  const samples = new Int16Array(frames * channels);
  mixInto(samples, sides, start, options.stereo);
  const [ofAnswer = 0, ofOriginate = 0] = sides.map((tracks) =>
    tracks.reduce((sum, { start: from, end }) => sum + end - from, 0),
  );
  return ok({ samples, frames, answer: ofAnswer, originate: ofOriginate, leftOutS: leftOut / options.sampleRate });
}

function mixInto(samples: Int16Array, sides: readonly (readonly Track[])[], start: number, stereo: boolean): void {
  const frames = samples.length / (stereo ? 2 : 1);
  const heard = [new Int16Array(BLOCK), new Int16Array(BLOCK)];
  for (let from = 0; from < frames; from += BLOCK) {
    const length = Math.min(BLOCK, frames - from);
    for (const [side, tracks] of sides.entries()) {
      hearSide(tracks, start + from, start + from + length, heard[side]!);
      for (const track of tracks) track.forget(start + from + length);
    }
    const [answer, originate] = heard as [Int16Array, Int16Array];
    if (stereo) {
      for (let i = 0; i < length; i++) {
        samples[(from + i) * 2] = answer[i]!;
        samples[(from + i) * 2 + 1] = originate[i]!;
      }
    } else for (let i = 0; i < length; i++) samples[from + i] = (answer[i]! + originate[i]!) / 2;
  }
}

/** What a side is heard to say from one position up to another, averaged where several senders speak at once. */
function hearSide(tracks: readonly Track[], from: number, to: number, sound: Int16Array): void {
  sound.fill(0);
  let isTaken: Uint8Array | null = null;
  for (const track of tracks) {
    if (track.end <= from || track.start >= to) continue;
    const taken: Uint8Array = isTaken ?? new Uint8Array(BLOCK);
    isTaken = taken;
    track.hear(from, to, (position, sample) => {
      const i = position - from;
      sound[i] = taken[i] === 1 ? (sound[i]! + sample) / 2 : sample;
      taken[i] = 1;
    });
  }
}

/** One behind the other, the first at position 0. Each track holds nothing but sound. */
function queueUp(tracks: readonly Track[]): void {
  let end = 0;
  for (const track of tracks) {
    const shift = end - track.start;
    track.move((piece) => track.positionOf(piece) + shift);
    end = track.end;
  }
}

type Piece = { readonly track: Track; readonly piece: number };

/** Leaves out silence of all tracks at once, so that they stay together; answers how much, in samples. */
function shorten(tracks: readonly Track[], sampleRate: number): number {
  const pieces = tracks.flatMap((track) => Array.from({ length: track.pieces }, (_, piece): Piece => ({ track, piece })));
  pieces.sort((a, b) => a.track.positionOf(a.piece) - b.track.positionOf(b.piece));
  const gaps = gapsBefore(pieces);
  const silence = gaps.reduce((sum, gap) => sum + gap, 0);
  if (silence <= MOST_SILENCE_S * sampleRate) return 0;
  const kept = (longestS: number): number => gaps.reduce((sum, gap) => sum + Math.min(gap, longestS * sampleRate), 0);
  const longestS = LONGEST_GAPS_S.find((limit) => kept(limit) <= MOST_SILENCE_S * sampleRate) ?? 0;
  const positions = new Map<Track, number[]>(tracks.map((track) => [track, []]));
  let shift = 0;
  for (const [i, { track, piece }] of pieces.entries()) {
    shift += Math.max(0, gaps[i]! - longestS * sampleRate);
    positions.get(track)!.push(track.positionOf(piece) - shift);
  }
  for (const [track, moved] of positions) track.move((piece) => moved[piece]!);
  return shift;
}

/** For each piece, in the order of time, how long it was silent on all tracks before it. */
function gapsBefore(pieces: readonly Piece[]): Float64Array {
  const gaps = new Float64Array(pieces.length);
  let end = Number.POSITIVE_INFINITY;
  for (const [i, { track, piece }] of pieces.entries()) {
    gaps[i] = Math.max(0, track.positionOf(piece) - end);
    end = i === 0 ? track.endOf(piece) : Math.max(end, track.endOf(piece));
  }
  return gaps;
}
