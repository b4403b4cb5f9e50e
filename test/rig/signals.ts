/** Sounds to try codecs with. Whole numbers only, so that they are the same on any machine. */
import { createHash } from 'node:crypto';

export const FULL_SCALE = 32767;

/** Numbers 0…65535 as if by chance, the same for the same seed. */
function* chances(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 16;
  }
}

/** White noise with every value as likely, up to `peak`. */
export function noise(length: number, peak = FULL_SCALE, seed = 1): Int16Array {
  const chance = chances(seed);
  return Int16Array.from({ length }, () => Math.round(((chance.next().value - 32768) * peak) / 32768));
}

/** Octets as if by chance. */
export function octets(length: number, seed = 2): Uint8Array {
  const chance = chances(seed);
  return Uint8Array.from({ length }, () => chance.next().value >> 8);
}

/** `half` samples up, `half` samples down. */
export function square(length: number, half: number, peak = FULL_SCALE): Int16Array {
  return Int16Array.from({ length }, (_, i) => (Math.floor(i / half) % 2 === 0 ? peak : -peak - 1));
}

/** Up and down as if by chance, as loud as can be, the same again after each `period` samples. */
export function repeated(length: number, period: number, seed: number): Int16Array {
  const pattern = noise(period, FULL_SCALE, seed);
  return Int16Array.from({ length }, (_, i) => (pattern[i % period]! < 0 ? -FULL_SCALE - 1 : FULL_SCALE));
}

/** A tone of `period` samples, of two parabolas: it differs from a sine by less than a sixteenth. */
export function tone(length: number, period: number, peak = FULL_SCALE): Int16Array {
  return Int16Array.from({ length }, (_, i) => {
    const phase = (i % period) / period;
    const half = (phase * 2) % 1;
    return Math.trunc((phase < 0.5 ? 4 : -4) * half * (1 - half) * peak);
  });
}

/** Buzzes with breath and pauses: every 0.4 s another pitch and loudness, up to `peak`. */
export function voice(length: number, peak = FULL_SCALE): Int16Array {
  const breath = noise(length, 1000, 3);
  const syllable = 3200;
  return Int16Array.from({ length }, (_, i) => {
    const n = Math.floor(i / syllable);
    const period = 53 + ((n * 17) % 61);
    const loudness = [1, 6, 0, 3, 10, 2][n % 6]!;
    const buzz = 1000 - Math.floor((2000 * (i % period)) / period);
    return Math.round(((buzz + breath[i]! / 4) * loudness * peak) / 12_500);
  });
}

/** How much louder the sound is than what came of it differs from it, in dB; what came is `delay` samples late. */
export function signalToNoise(sound: Int16Array, came: Int16Array, delay: number): number {
  let signal = 0;
  let error = 0;
  for (let i = 0; i + delay < came.length && i < sound.length; i++) {
    signal += sound[i]! ** 2;
    error += (sound[i]! - came[i + delay]!) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

/** The bytes of samples or octets, short enough to stand in a test; samples with the low byte first. */
export function fingerprint(data: Int16Array | Uint8Array): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** The sound in pieces of the lengths given, over and over. */
export function pieces<T extends Int16Array | Uint8Array>(data: T, lengths: readonly number[]): T[] {
  const cut: T[] = [];
  for (let at = 0, n = 0; at < data.length; n++) {
    const to = Math.min(data.length, at + lengths[n % lengths.length]!);
    cut.push(data.subarray(at, to) as T);
    at = to;
  }
  return cut;
}
