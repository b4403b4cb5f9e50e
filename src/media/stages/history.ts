import { AT, JITTER, LOSS, MOS, POINT, type Point, Progression, ROUND_TRIP, UNKNOWN } from './progression.js';

/** How good a stream was over some time. */
export type QualityPoint = {
  /** The end of that time, milliseconds of the thread's clock. */
  readonly atMs: number;
  /** 1.0…4.5, see `protocol/qos/eModel.ts`. */
  readonly mos: number;
  readonly jitterMs: number;
  readonly lossPercent: number;
  /** From relay to speaker and back, and on to the listener and back, microseconds, as far as both are known; null: neither is. */
  readonly roundTripUs: number | null;
};

/** One measurement. */
export type QualitySample = QualityPoint & {
  /** The part of the round trip that is the speaker's. */
  readonly roundTripLegUs: number | null;
};

export type QualityReport = {
  /** How many measurements there are. */
  readonly samples: number;
  readonly average: Omit<QualitySample, 'atMs'>;
  /** The first of the worst, and of the best. */
  readonly lowest: QualityPoint;
  readonly highest: QualityPoint;
  /** In the order of time. `samplesEach`: how many measurements an entry is the mean of; twice as many each time it gets too long. */
  readonly progression: { readonly samplesEach: number; readonly entries: readonly QualityPoint[] };
};

const MOST_ENTRIES = 60;
/** A sample of the event log is written every other second: it has the shape of the progression, not its detail. */
const MOST_SAVED_ENTRIES = 6;

const LARGEST = 2 ** 31 - 1;

/** The sums in `#sums`: of the values of all samples, in the same units, and of how many the round trips were known. */
const SUM_ROUND_TRIPS = 4;
const SUM_LEGS = 5;
const KNOWN_ROUND_TRIPS = 6;
const KNOWN_LEGS = 7;
const SUMS = 8;

/** The quality of one SSRC, in memory that is bounded however long it lasts. */
export class QualityHistory {
  samples = 0;
  #sums: number[] = new Array<number>(SUMS).fill(0);
  #beganAtMs = 0;
  #lowest: Point = [];
  #highest: Point = [];
  #progression = new Progression(MOST_ENTRIES);
  /** The same for the log, where it is made coarse only once. */
  #coarse = new Progression(MOST_SAVED_ENTRIES);

  add(sample: QualitySample): void {
    if (this.samples === 0) this.#beganAtMs = Math.round(sample.atMs);
    const point = this.#encode(sample);
    if (this.samples === 0 || point[MOS]! < this.#lowest[MOS]!) this.#lowest = point;
    if (this.samples === 0 || point[MOS]! > this.#highest[MOS]!) this.#highest = point;
    this.samples++;
    for (const place of [MOS, JITTER, LOSS]) this.#sums[place]! += point[place]!;
    this.#sumUp(SUM_ROUND_TRIPS, KNOWN_ROUND_TRIPS, sample.roundTripUs);
    this.#sumUp(SUM_LEGS, KNOWN_LEGS, sample.roundTripLegUs);
    this.#progression.add(point);
    this.#coarse.add(point);
  }

  /** Null: nothing was measured. `progression`: whether its entries are wanted. */
  read(progression = true): QualityReport | null {
    if (this.samples === 0) return null;
    const { samplesEach, count } = this.#progression;
    const of = (place: number, unit: number): number => this.#sums[place]! / this.samples / unit;
    const trip = (sum: number, known: number): number | null =>
      this.#sums[known] === 0 ? null : Math.round(this.#sums[sum]! / this.#sums[known]!);
    return {
      samples: this.samples,
      average: {
        mos: of(MOS, 1000),
        jitterMs: of(JITTER, 100),
        lossPercent: of(LOSS, 100),
        roundTripUs: trip(SUM_ROUND_TRIPS, KNOWN_ROUND_TRIPS),
        roundTripLegUs: trip(SUM_LEGS, KNOWN_LEGS),
      },
      lowest: this.#decode(this.#lowest),
      highest: this.#decode(this.#highest),
      progression: {
        samplesEach,
        entries: Array.from({ length: progression ? count : 0 }, (_, i) => this.#decode(this.#progression.entry(i))),
      },
    };
  }

  /**
   * Puts whole numbers for `restore` behind those of `into`; the progression is coarse, and without the samples that make no entry yet. Done for
   * every stream every other second, so without spreading, which took ten times as long.
   */
  save(into: number[]): void {
    into.push(this.samples);
    if (this.samples === 0) return;
    for (let i = 0; i < SUMS; i++) into.push(this.#sums[i]!);
    into.push(this.#beganAtMs);
    for (let i = 0; i < POINT; i++) into.push(this.#lowest[i]!);
    for (let i = 0; i < POINT; i++) into.push(this.#highest[i]!);
    into.push(this.#coarse.samplesEach, this.#coarse.count);
    this.#coarse.save(into);
  }

  /** `next` gives the saved numbers one by one, 0 where there are no more. */
  static restore(next: () => number): QualityHistory {
    const history = new QualityHistory();
    const take = (count: number): number[] => Array.from({ length: count }, next);
    history.samples = next();
    if (history.samples === 0) return history;
    history.#sums = take(SUMS);
    history.#beganAtMs = next();
    history.#lowest = take(POINT);
    history.#highest = take(POINT);
    const samplesEach = Math.max(1, next());
    history.#progression = new Progression(MOST_ENTRIES, samplesEach);
    history.#coarse = new Progression(MOST_SAVED_ENTRIES, samplesEach);
    const count = Math.min(MOST_SAVED_ENTRIES, next());
    for (let i = 0; i < count; i++) {
      const point = take(POINT);
      history.#progression.append(point);
      history.#coarse.append(point);
    }
    return history;
  }

  #sumUp(sum: number, known: number, roundTripUs: number | null): void {
    if (roundTripUs === null) return;
    this.#sums[sum]! += Math.round(roundTripUs);
    this.#sums[known]!++;
  }

  #encode({ atMs, mos, jitterMs, lossPercent, roundTripUs }: QualityPoint): Point {
    return [atMs - this.#beganAtMs, mos * 1000, jitterMs * 100, lossPercent * 100, roundTripUs ?? UNKNOWN].map((value) =>
      Math.min(LARGEST, Math.round(value)),
    );
  }

  #decode(point: Point): QualityPoint {
    const roundTripUs = point[ROUND_TRIP]!;
    return {
      atMs: this.#beganAtMs + point[AT]!,
      mos: point[MOS]! / 1000,
      jitterMs: point[JITTER]! / 100,
      lossPercent: point[LOSS]! / 100,
      roundTripUs: roundTripUs === UNKNOWN ? null : roundTripUs,
    };
  }
}
