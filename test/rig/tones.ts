/** Tones, and how loud they are in a sound. */

/** A sine of `amplitude` (in samples), beginning at phase 0. */
export function tone(hertz: number, sampleRate: number, samples: number, amplitude = 10_000): Float64Array {
  return Float64Array.from({ length: samples }, (_, i) => amplitude * Math.sin((2 * Math.PI * hertz * i) / sampleRate));
}

/** The same, rounded to 16 bits. */
export function toneInt16(hertz: number, sampleRate: number, samples: number, amplitude = 10_000): Int16Array {
  return Int16Array.from(tone(hertz, sampleRate, samples, amplitude), Math.round);
}

/** The amplitude of a tone within a sound, by a least squares fit of a sine at that frequency under a Hann window. */
export function amplitudeAt(sound: ArrayLike<number>, hertz: number, sampleRate: number): number {
  let [re, im, weight] = [0, 0, 0];
  for (let i = 0; i < sound.length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / sound.length);
    const angle = (2 * Math.PI * hertz * i) / sampleRate;
    re += window * sound[i]! * Math.cos(angle);
    im += window * sound[i]! * Math.sin(angle);
    weight += window;
  }
  return (2 * Math.hypot(re, im)) / weight;
}

/** Root mean square. */
export function effective(sound: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < sound.length; i++) sum += sound[i]! ** 2;
  return Math.sqrt(sum / sound.length);
}

/** A ratio of amplitudes in decibels. */
export const decibels = (ratio: number): number => 20 * Math.log10(ratio);
