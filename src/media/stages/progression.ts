/** A point as whole numbers: milliseconds since the first, MOS in thousandths, jitter in hundredths of a millisecond, loss in hundredths. */
export const AT = 0;
export const MOS = 1;
export const JITTER = 2;
export const LOSS = 3;
/** Microseconds; `UNKNOWN`: not known. */
export const ROUND_TRIP = 4;
export const POINT = 5;
export const UNKNOWN = -1;

export type Point = readonly number[];

const FIRST_ENTRIES = 4;

/**
 * How values went on, in memory that is bounded however long that lasts: entries are means of so many samples, twice as many whenever there
 * are too many entries.
 */
export class Progression {
  samplesEach: number;
  count = 0;
  readonly #most: number;
  #entries = new Int32Array(FIRST_ENTRIES * POINT);
  /** The sum of the samples that make no entry yet, but the last one's time; how many they are, and how many round trips. */
  readonly #pending = new Float64Array(POINT);
  #samples = 0;
  #roundTrips = 0;

  /** `most`: an even number of entries. */
  constructor(most: number, samplesEach = 1) {
    this.#most = most;
    this.samplesEach = samplesEach;
  }

  add(point: Point): void {
    const pending = this.#pending;
    pending[AT] = point[AT]!;
    for (const place of [MOS, JITTER, LOSS]) pending[place]! += point[place]!;
    if (point[ROUND_TRIP] !== UNKNOWN) {
      pending[ROUND_TRIP]! += point[ROUND_TRIP]!;
      this.#roundTrips++;
    }
    if (++this.#samples < this.samplesEach) return;
    const of = (place: number): number => Math.round(pending[place]! / this.#samples);
    const roundTrip = this.#roundTrips === 0 ? UNKNOWN : Math.round(pending[ROUND_TRIP]! / this.#roundTrips);
    this.append([pending[AT]!, of(MOS), of(JITTER), of(LOSS), roundTrip]);
    pending.fill(0);
    this.#samples = 0;
    this.#roundTrips = 0;
  }

  /** An entry as it is. */
  append(entry: Point): void {
    if (this.count === this.#most) this.#halve();
    if ((this.count + 1) * POINT > this.#entries.length) {
      const entries = new Int32Array(Math.min(this.#entries.length * 2, this.#most * POINT));
      entries.set(this.#entries);
      this.#entries = entries;
    }
    this.#entries.set(entry, this.count * POINT);
    this.count++;
  }

  entry(index: number): Point {
    const entries = this.#entries;
    const at = index * POINT;
    return [entries[at + AT]!, entries[at + MOS]!, entries[at + JITTER]!, entries[at + LOSS]!, entries[at + ROUND_TRIP]!];
  }

  /** Puts all entries behind the numbers of `into`. */
  save(into: number[]): void {
    for (let i = 0; i < this.count * POINT; i++) into.push(this.#entries[i]!);
  }

  #halve(): void {
    for (let i = 0; i * 2 < this.count; i++) this.#entries.set(between(this.entry(i * 2), this.entry(i * 2 + 1)), i * POINT);
    this.count /= 2;
    this.samplesEach *= 2;
  }
}

function between(a: Point, b: Point): Point {
  const of = (place: number): number => Math.round((a[place]! + b[place]!) / 2);
  const [first, second] = [a[ROUND_TRIP]!, b[ROUND_TRIP]!];
  const roundTrip = first === UNKNOWN ? second : second === UNKNOWN ? first : of(ROUND_TRIP);
  return [b[AT]!, of(MOS), of(JITTER), of(LOSS), roundTrip];
}
