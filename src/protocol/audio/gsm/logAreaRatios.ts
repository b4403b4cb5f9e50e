import { magnitude, multiply, saturate } from './arithmetic.js';
import { RATIOS } from './frame.js';

/** The eight quantizers (ETSI EN 300 961 §5.4), each a slope, an offset and a range; and the inverse of each slope. */
const SLOPE = Int16Array.of(20480, 20480, 20480, 20480, 13964, 15360, 8534, 9036);
const OFFSET = Int16Array.of(0, 0, 2048, -2560, 94, -1792, -341, -1144);
const LEAST = Int16Array.of(-32, -32, -16, -16, -8, -8, -4, -4);
const MOST = Int16Array.of(31, 31, 15, 15, 7, 7, 3, 3);
const INVERSE_SLOPE = Int16Array.of(13107, 13107, 13107, 13107, 19223, 17476, 31454, 29708);

/** Reflection coefficients as the codes of their log-area ratios, at the front of `parameters` (§5.2.6 and 5.2.7). */
export function encodeRatios(reflections: Int32Array, parameters: Int32Array): void {
  for (let i = 0; i < RATIOS; i++) {
    const ratio = logAreaRatio(reflections[i]!);
    const scaled = saturate(saturate(((SLOPE[i]! * ratio) >> 15) + OFFSET[i]!) + 256) >> 9;
    parameters[i] = Math.min(Math.max(scaled, LEAST[i]!), MOST[i]!) - LEAST[i]!;
  }
}

/** The log-area ratios that the codes at the front of `parameters` stand for (§5.2.8). */
export function decodeRatios(parameters: Int32Array, ratios: Int32Array): void {
  for (let i = 0; i < RATIOS; i++) {
    const code = saturate(((parameters[i]! + LEAST[i]!) << 10) - (OFFSET[i]! << 1));
    ratios[i] = saturate(2 * multiply(INVERSE_SLOPE[i]!, code));
  }
}

/** Where each part of a frame begins whose filter has coefficients of its own, and where the last ends (§5.2.9.1). */
export const PART_BORDERS = [0, 13, 27, 40, 160] as const;
export const PARTS = PART_BORDERS.length - 1;

/** The reflection coefficients for one part of a frame: the first three lead over from the last frame's ratios (§5.2.9). */
export function reflectionsOfPart(part: number, last: Int32Array, now: Int32Array, reflections: Int32Array): void {
  for (let i = 0; i < RATIOS; i++) reflections[i] = reflectionOf(ratioOfPart(part, last[i]!, now[i]!));
}

function ratioOfPart(part: number, last: number, now: number): number {
  switch (part) {
    case 0:
      return saturate(saturate((last >> 2) + (now >> 2)) + (last >> 1));
    case 1:
      return saturate((last >> 1) + (now >> 1));
    case 2:
      return saturate(saturate((last >> 2) + (now >> 2)) + (now >> 1));
    default:
      return now;
  }
}

/** The logarithm by three straight lines. */
function logAreaRatio(reflection: number): number {
  const size = magnitude(reflection);
  const ratio = size < 22118 ? size >> 1 : size < 31130 ? size - 11059 : (size - 26112) << 2;
  return reflection < 0 ? -ratio : ratio;
}

/** The same three lines backwards. */
function reflectionOf(ratio: number): number {
  const size = magnitude(ratio);
  const reflection = size < 11059 ? size << 1 : size < 20070 ? size + 11059 : saturate((size >> 2) + 26112);
  return ratio < 0 ? -reflection : reflection;
}
