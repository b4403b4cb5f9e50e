/** What is told of a packet to the oracle. Null: bytes that are no RTP. */
export type Heard = {
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadType: number;
} | null;

const REACH = 536;
const NEAR_END = 65_000;

/** Packets of one SSRC whose numbers hang together: each number, with its wraps, and how often it came. */
class Run {
  readonly times = new Map<number, number>();
  #wraps = 0;

  constructor(sequence: number) {
    this.times.set(sequence, 1);
  }

  get last(): number {
    return Math.max(...this.times.keys());
  }

  /** False: the packet does not belong here. */
  take(sequence: number, marker: boolean): boolean {
    const { last } = this;
    let number = sequence + this.#wraps * 65_536;
    let wraps = this.#wraps;
    if (last > NEAR_END && number < last - NEAR_END) {
      number += 65_536;
      wraps++;
    } else if (last % 65_536 < REACH && sequence > NEAR_END) {
      number -= 65_536;
    }
    if (Math.abs(number - last) > REACH || (marker && number < last)) return false;
    this.#wraps = wraps;
    this.times.set(number, (this.times.get(number) ?? 0) + 1);
    return true;
  }

  get sent(): number {
    return this.last - Math.min(...this.times.keys()) + 1;
  }

  get received(): number {
    return this.times.size;
  }

  get duplicates(): number {
    return [...this.times.values()].reduce((sum, times) => sum + times - 1, 0);
  }
}

const AUDIO_RATES: Readonly<Record<number, number>> = {
  ...{ 0: 8000, 3: 8000, 4: 8000, 5: 8000, 6: 16_000, 7: 8000, 8: 8000, 9: 8000, 10: 44_100, 11: 44_100 },
  ...{ 12: 8000, 13: 8000, 14: 90_000, 15: 8000, 16: 11_025, 17: 22_050, 18: 8000 },
};

type Measured = { readonly timestamp: number; readonly atMs: number };

/** The jitter of one SSRC: every packet that was measured, and every J. */
class Source {
  readonly ssrc: number;
  readonly measured: Measured[] = [];
  jitter = 0;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /** The new J, or null: the packet gives none. */
  take(timestamp: number, atMs: number, rate: number): number | null {
    if (this.measured.slice(-10).some((earlier) => earlier.timestamp === timestamp)) return null;
    const before = this.measured.at(-1);
    this.measured.push({ timestamp, atMs });
    if (before === undefined) return null;
    const elapsed = ((atMs - before.atMs) * rate) / 1000;
    let step = (timestamp - before.timestamp + 2 ** 32) % 2 ** 32;
    if (step >= 2 ** 31) step -= 2 ** 32;
    if (step < 0 && -step > 50 * elapsed) return null;
    if (step > 0 && step > 1024 * elapsed) return null;
    this.jitter += (Math.abs(elapsed - step) - this.jitter) / 16;
    return this.jitter;
  }
}

/**
 * A second, slow account of what the analysis of a stream says: the rules as they are written, over lists of everything that came.
 */
export class AnalysisOracle {
  readonly #runs: Run[] = [];
  readonly #times: number[] = [];
  readonly #jitters: number[] = [];
  readonly #ssrcs: number[] = [];
  /** The SSRCs whose jitter is kept, the present one last. */
  #sources: Source[] = [];
  #errors = 0;
  #payloadType = -1;

  take(packet: Heard, atMs: number): void {
    this.#times.push(atMs);
    if (packet === null) {
      this.#errors++;
      return;
    }
    const { ssrc, sequence, marker, timestamp, payloadType } = packet;
    const isSame = this.#ssrcs.at(-1) === ssrc;
    if (!isSame) this.#ssrcs.push(ssrc);
    if (!isSame || !this.#runs.at(-1)!.take(sequence, marker)) this.#runs.push(new Run(sequence));
    this.#payloadType = payloadType;
    const source = this.#sources.find((known) => known.ssrc === ssrc) ?? new Source(ssrc);
    this.#sources = [...this.#sources.filter((other) => other !== source), source].slice(-10);
    const rate = AUDIO_RATES[payloadType];
    const jitter = rate === undefined ? null : source.take(timestamp, atMs, rate);
    if (jitter !== null) this.#jitters.push(jitter);
  }

  /** What must be equal, all whole numbers or taken as they came. */
  get counts() {
    const sum = (of: (run: Run) => number): number => this.#runs.reduce((total, run) => total + of(run), 0);
    const nsent = sum((run) => run.sent);
    const nrcvd = sum((run) => run.received);
    return {
      ...{ nsent, nrcvd, ndups: sum((run) => run.duplicates), nlost: nsent - nrcvd, perrs: this.#errors },
      ...{ ssrcLast: this.#ssrcs.at(-1) ?? null, ssrcCount: this.#ssrcs.length, payloadTypeLast: this.#payloadType },
      ...{ firstAtMs: this.#times[0] ?? 0, lastAtMs: this.#times.at(-1) ?? 0 },
    };
  }

  /** What may differ by rounding. */
  get measures() {
    return {
      jitterLast: this.#sources.at(-1)?.jitter ?? 0,
      jitterMax: Math.max(0, ...this.#jitters),
      jitterAverage: this.#jitters.reduce((sum, jitter) => sum + jitter, 0) / Math.max(1, this.#jitters.length),
      longestIpiS: Math.max(0, ...this.#times.slice(1).map((atMs, i) => atMs - this.#times[i]!)) / 1000,
    };
  }
}
