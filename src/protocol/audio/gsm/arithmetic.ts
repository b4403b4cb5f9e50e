/** The 16-bit fixed-point operations that ETSI EN 300 961 §5.1 defines, as far as plain operators do not say the same. */

/** To the nearest that 16 bits can hold: every sum of two words goes through this. */
export function saturate(value: number): number {
  return Math.min(Math.max(value, -32768), 32767);
}

/** `mult_r`: the rounded product of two fractions of 2^15. */
export function multiply(a: number, b: number): number {
  return saturate((Math.imul(a, b) + 16384) >> 15);
}

/** `abs`: that of -32768 is 32767. */
export function magnitude(value: number): number {
  return value < 0 ? (value === -32768 ? 32767 : -value) : value;
}

/** `norm`: by how many bits a positive 32-bit number may be shifted up until it would lose its sign. */
export function headroom(positive: number): number {
  return Math.clz32(positive) - 1;
}

/** `div`: 0 ≤ `numerator` ≤ `denominator` as a fraction of 2^15, cut off; 32767 for 1. */
export function divide(numerator: number, denominator: number): number {
  return numerator === denominator ? 32767 : Math.trunc((numerator * 32768) / denominator);
}
