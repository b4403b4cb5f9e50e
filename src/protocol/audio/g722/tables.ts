/** The tables of ITU-T G.722 §6, under the names of the recommendation where it has any. */

/** Decision levels of the 6-bit quantizer of the lower band, in units of the scale factor; level 0 is never asked for. */
const Q6 = Int16Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650],
  ...[714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
/** The interval above the last decision level. */
export const LAST_INTERVAL = Q6.length;
/** For each number up to the last decision level: the interval below the first level, from level 1 on, that is not less. */
export const INTERVALS = Uint8Array.from({ length: Q6.at(-1)! + 1 }, (_, n) => Q6.findIndex((level, m) => m > 0 && level >= n));

/** The word sent for the interval below decision level m, for a negative difference; 1 is the smallest m. */
export const ILN = Uint8Array.from({ length: 31 }, (_, m) => (m < 3 ? 64 - m : 34 - m));
/** The same for a difference that is not negative. */
export const ILP = Uint8Array.from({ length: 31 }, (_, m) => 62 - m);

/** What a word of the lower band means with all of its 6 bits, which are what is heard. */
export const QM6 = Int16Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856],
  ...[-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728],
  ...[24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
);
/** What its upper 4 bits mean, from which both ends predict. */
export const QM4 = Int16Array.of(
  ...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200],
  ...[20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
);
/** What the 2 bits of the upper band mean. */
export const QM2 = Int16Array.of(-7408, -1616, 7408, 1616);

/** WL by RIL: how the logarithm of the scale factor of the lower band moves after each 4-bit word. */
export const LOWER_STEP = Int16Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60);
/** WH by IH: the same for the upper band. */
export const UPPER_STEP = Int16Array.of(798, -214, 798, -214);

/** 2048 times the powers of two from 0 on, in steps of 1/32. */
export const ILB = Int16Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);
