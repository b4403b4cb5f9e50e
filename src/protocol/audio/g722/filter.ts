const TAPS = 12;

/**
 * The delay lines of the quadrature mirror filter (ITU-T G.722 §3.1 and 4.4): it parts the sound into two bands of half the rate, and
 * joins them. Both directions are two sums, each over every second sample, with the same twelve coefficients, once forwards and once
 * backwards. So one line is filled upwards and the other downwards; both are rings written twice over, and the last twelve always lie in a row.
 */
export class MirrorFilter {
  /** The sum over the samples put in first of each pair, and that over those put in second. The gain for a constant is 4096 together. */
  first = 0;
  second = 0;
  #at = 0;
  readonly #firsts = new Int32Array(2 * TAPS);
  readonly #seconds = new Int32Array(2 * TAPS);

  put(first: number, second: number): void {
    const at = this.#at;
    const firsts = this.#firsts;
    const seconds = this.#seconds;
    firsts[at] = first;
    firsts[at + TAPS] = first;
    const downwards = TAPS - 1 - at;
    seconds[downwards] = second;
    seconds[downwards + TAPS] = second;
    this.first = weigh(firsts, at + 1);
    this.second = weigh(seconds, downwards);
    this.#at = at + 1 === TAPS ? 0 : at + 1;
  }
}

/** Every second coefficient of the filter, of which the others are the mirror image. Twelve samples cannot make it leave 32 bits. */
function weigh(line: Int32Array, from: number): number {
  return (
    3 * line[from]! -
    11 * line[from + 1]! +
    12 * line[from + 2]! +
    32 * line[from + 3]! -
    210 * line[from + 4]! +
    951 * line[from + 5]! +
    3876 * line[from + 6]! -
    805 * line[from + 7]! +
    362 * line[from + 8]! -
    156 * line[from + 9]! +
    53 * line[from + 10]! -
    11 * line[from + 11]!
  );
}
