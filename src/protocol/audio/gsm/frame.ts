/**
 * A full-rate frame as RFC 3551 §4.5.8.1 packs it: the signature 0xD, then 76 parameters, each with its most significant bit first,
 * in the order of ETSI EN 300 961 §1.7. 260 bits stand for 160 samples.
 */

export const FRAME_BYTES = 33;
export const FRAME_SAMPLES = 160;
export const SUBFRAMES = 4;
export const SUBFRAME_SAMPLES = 40;
export const SIGNATURE = 0xd;

/** Eight log-area ratios come first, then four times what a quarter of the frame needs. */
export const RATIOS = 8;
export const QUARTER = 17;
/** Where parameters of a quarter stand from its beginning: lag, gain, grid, block maximum, thirteen pulses. */
export const LAG = 0;
export const GAIN = 1;
export const GRID = 2;
export const BLOCK_MAXIMUM = 3;
export const PULSES = 4;
export const PULSE_COUNT = 13;
export const PARAMETERS = RATIOS + SUBFRAMES * QUARTER;

const QUARTER_BITS = [7, 2, 2, 6, ...Array<number>(PULSE_COUNT).fill(3)];
const BITS = Uint8Array.of(6, 6, 5, 5, 4, 4, 3, 3, ...QUARTER_BITS, ...QUARTER_BITS, ...QUARTER_BITS, ...QUARTER_BITS);

/** Reads the frame at `at` into `parameters` (76 of them). False, and nothing read: it is cut short, or its signature is another. */
export function unpackFrame(payload: Uint8Array, at: number, parameters: Int32Array): boolean {
  if (at + FRAME_BYTES > payload.length || payload[at]! >> 4 !== SIGNATURE) return false;
  let held = payload[at]! & 15;
  let bits = 4;
  let next = at + 1;
  for (let i = 0; i < PARAMETERS; i++) {
    const width = BITS[i]!;
    if (bits < width) {
      held = (held << 8) | payload[next++]!;
      bits += 8;
    }
    bits -= width;
    parameters[i] = held >> bits;
    held &= (1 << bits) - 1;
  }
  return true;
}

/** Writes 76 parameters, none wider than it may be, as the frame at `at`; there must be room for 33 octets. */
export function packFrame(parameters: Int32Array, payload: Uint8Array, at: number): void {
  let held = SIGNATURE;
  let bits = 4;
  let next = at;
  for (let i = 0; i < PARAMETERS; i++) {
    held = (held << BITS[i]!) | parameters[i]!;
    bits += BITS[i]!;
    if (bits >= 8) {
      bits -= 8;
      payload[next++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
}
