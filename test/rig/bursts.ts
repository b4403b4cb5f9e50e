/** Speech of which it is known when everything was said: a tone that begins anew twice a second, always at the beginning of a packet. */
import { FRAME_MS } from './soundPhone.js';
import { amplitudeAt } from './tones.js';

const PERIOD_MS = 500;
const TONE_FROM_MS = 100;
const TONE_TO_MS = 400;
const AMPLITUDE = 9000;
/** GSM makes a noise of 2000 of the silence behind a tone. */
const LOUD = 2500;
/** After so long without a loud sample the next one begins a burst. Losses of several packets in a row are shorter. */
const SILENCE_MS = 90;
const WINDOW_MS = 100;

const isTone = (ms: number): boolean => ms % PERIOD_MS >= TONE_FROM_MS && ms % PERIOD_MS < TONE_TO_MS;

/** Bursts of a tone, by the milliseconds since the first of their periods began. */
export const bursts =
  (hz: number) =>
  (ms: number): number =>
    isTone(ms) ? Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * ms) / 1000)) : 0;

/** When a burst began, milliseconds. `isSure`: nothing was lost there, and a decoder that remembers what came before begins with it, too. */
export type Onset = { readonly ms: number; readonly isSure: boolean };

/** When each burst of so many packets begins to be heard by somebody to whom some of them do not come. */
export function onsetsSaid(packets: number, isLost: (packet: number) => boolean, fromMs = 0): Onset[] {
  const onsets: Onset[] = [];
  let last = -1;
  for (let i = 0; i < packets; i++) {
    const ms = fromMs + i * FRAME_MS;
    const period = Math.floor(ms / PERIOD_MS);
    if (!isTone(ms) || isLost(i) || period === last) continue;
    onsets.push({ ms, isSure: ms % PERIOD_MS === TONE_FROM_MS && !isLost(i - 1) });
    last = period;
  }
  return onsets;
}

/** When bursts begin in a sound, milliseconds since its beginning. */
export function onsetsHeard(samples: Int16Array, sampleRate: number): number[] {
  const found: number[] = [];
  let loudMs = Number.NEGATIVE_INFINITY;
  samples.forEach((sample, i) => {
    if (Math.abs(sample) < LOUD) return;
    const ms = (i * 1000) / sampleRate;
    if (ms - loudMs > SILENCE_MS) found.push(ms);
    loudMs = ms;
  });
  return found;
}

/** The amplitude of a tone in each tenth of a second of a sound. */
export function levelsOf(samples: Int16Array, hz: number, sampleRate: number): number[] {
  const window = (WINDOW_MS * sampleRate) / 1000;
  const levels: number[] = [];
  for (let at = 0; at + window <= samples.length; at += window)
    levels.push(amplitudeAt(samples.subarray(at, at + window), hz, sampleRate));
  return levels;
}

/** The mean of these. */
export function levelOf(samples: Int16Array, hz: number, sampleRate: number): number {
  const levels = levelsOf(samples, hz, sampleRate);
  return levels.reduce((sum, level) => sum + level, 0) / Math.max(1, levels.length);
}
