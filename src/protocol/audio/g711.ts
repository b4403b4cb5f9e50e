/**
 * ITU-T G.711: one octet a sample, two laws. Linear samples are 16 bits, signed; the standard's own scale is 14 bits for µ-law
 * and 13 bits for A-law, so its numbers stand here times four and times eight.
 *
 *     code   S EEE MMMM     sign (1: positive), segment, step within the segment;
 *                           µ-law sends all bits inverted, A-law every second bit (0x55)
 *
 * Both encoders are tables over the widest input that can tell two codes apart: decision values are multiples of 4 (µ-law) and of
 * 16 (A-law), so lower bits are dropped by an arithmetic shift, which sends a negative sample that lies exactly on a decision
 * value to the smaller magnitude. The ITU-T software tool library (G.191) does the same.
 */

const MULAW_BIAS = 33;
const MULAW_LARGEST = 8191;
const ALAW_TOGGLED_BITS = 0x55;

const MULAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => decodeMulawCode(code));
const ALAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => decodeAlawCode(code));
const LINEAR_TO_MULAW = Uint8Array.from({ length: 1 << 14 }, (_, i) => encodeMulawStep(i - (1 << 13)));
const LINEAR_TO_ALAW = Uint8Array.from({ length: 1 << 12 }, (_, i) => encodeAlawStep(i - (1 << 11)));

/** The code of "nothing is said" in µ-law: positive zero. */
export const MULAW_SILENCE = 0xff;
/** The code nearest to "nothing is said" in A-law, which has no zero: the smallest positive step. */
export const ALAW_SILENCE = 0xd5;

/** G.711 table 2: an octet (0…255) as a linear sample, -32124…32124. */
export function mulawToLinear(code: number): number {
  return MULAW_TO_LINEAR[code & 0xff]!;
}

/** G.711 table 2: a linear sample (-32768…32767) as an octet. Magnitudes above 32124 take the largest code. */
export function linearToMulaw(sample: number): number {
  return LINEAR_TO_MULAW[((sample + 0x8000) & 0xffff) >> 2]!;
}

/** G.711 table 1: an octet (0…255) as a linear sample, -32256…32256. */
export function alawToLinear(code: number): number {
  return ALAW_TO_LINEAR[code & 0xff]!;
}

/** G.711 table 1: a linear sample (-32768…32767) as an octet. */
export function linearToAlaw(sample: number): number {
  return LINEAR_TO_ALAW[((sample + 0x8000) & 0xffff) >> 4]!;
}

/** A run of µ-law octets as linear samples, one each. */
export function decodeMulaw(codes: Uint8Array): Int16Array {
  const made = new Int16Array(codes.length);
  for (let i = 0; i < made.length; i++) made[i] = mulawToLinear(codes[i]!);
  return made;
}

/** A run of linear samples as µ-law octets, one each. */
export function encodeMulaw(samples: Int16Array): Uint8Array {
  const made = new Uint8Array(samples.length);
  for (let i = 0; i < made.length; i++) made[i] = linearToMulaw(samples[i]!);
  return made;
}

/** A run of A-law octets as linear samples, one each. */
export function decodeAlaw(codes: Uint8Array): Int16Array {
  const made = new Int16Array(codes.length);
  for (let i = 0; i < made.length; i++) made[i] = alawToLinear(codes[i]!);
  return made;
}

/** A run of linear samples as A-law octets, one each. */
export function encodeAlaw(samples: Int16Array): Uint8Array {
  const made = new Uint8Array(samples.length);
  for (let i = 0; i < made.length; i++) made[i] = linearToAlaw(samples[i]!);
  return made;
}

function decodeMulawCode(code: number): number {
  const bits = ~code;
  const segment = (bits >> 4) & 7;
  const magnitude = ((((bits & 15) << 1) + MULAW_BIAS) << segment) - MULAW_BIAS;
  return ((bits & 0x80) === 0 ? magnitude : -magnitude) * 4;
}

/** `step`: the sample on the 14-bit scale. The bias makes every segment begin at a power of two. */
function encodeMulawStep(step: number): number {
  const biased = Math.min((step < 0 ? ~step : step) + MULAW_BIAS, MULAW_LARGEST);
  const segment = 26 - Math.clz32(biased);
  const bits = (step < 0 ? 0x80 : 0) | (segment << 4) | ((biased >> (segment + 1)) & 15);
  return ~bits & 0xff;
}

function decodeAlawCode(code: number): number {
  const bits = code ^ ALAW_TOGGLED_BITS;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 15) << 1) + 1;
  // The first two segments are one straight line; from then on the step doubles.
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1);
  return ((bits & 0x80) === 0 ? -magnitude : magnitude) * 8;
}

/** `step`: the sample on a 12-bit scale, half of the standard's 13, because no A-law decision value is odd there. */
function encodeAlawStep(step: number): number {
  const magnitude = step < 0 ? ~step : step;
  const segment = Math.max(0, 28 - Math.clz32(magnitude));
  const bits = (step < 0 ? 0 : 0x80) | (segment << 4) | ((segment === 0 ? magnitude : magnitude >> (segment - 1)) & 15);
  return bits ^ ALAW_TOGGLED_BITS;
}
