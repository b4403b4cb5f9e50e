/** RFC 3550 A.1: a step forward of up to this many packets is loss, not a new start. */
const MAX_DROPOUT = 3000;
/** RFC 3550 A.1: a packet up to this many behind the highest is late or a duplicate, not a new start. */
const MAX_MISORDER = 100;
const SEQUENCE_MODULUS = 0x10000;
/**
 * Sequence numbers whose arrival is remembered, to tell a late packet from a duplicate. More than MAX_MISORDER, a power of two.
 */
const WINDOW = 128;

/** What a packet was to the sequence of its source. */
export type Arrival = 'first' | 'next' | 'late' | 'duplicate' | 'restart' | 'suspect';

/**
 * What one synchronisation source (SSRC) sent, as its receiver sees it: RFC 3550 A.1 (sequence numbers), A.3 (loss), A.8
 * (jitter).
 *
 * Two things differ from the text of A.1. There is no probation: the source counts from its first packet, because whoever asks
 * has already decided to listen to it. And a duplicate is told from a late packet and does not count as received, so that a
 * duplicate cannot hide a loss. When the numbers start anew (two packets in sequence after a jump) the counts so far are kept.
 */
export class Reception {
  /** Packets received, each sequence number once. */
  received = 0;
  duplicates = 0;
  /** Packets after a jump that no second packet confirmed; they count neither as received nor as expected. */
  suspects = 0;
  restarts = 0;

  #begun = false;
  #baseSequence = 0;
  #highest = 0;
  #badSequence = -1;
  #expectedBefore = 0;
  #jitter = 0;
  #lastTimestamp = 0;
  #lastArrival = Number.NaN;
  readonly #seen = new Uint8Array(WINDOW);

  /**
   * Counts a packet. `sequence`: its 16 bits; `timestamp`: its 32 bits; `arrival`: when it came, on any clock that runs in units
   * of the RTP timestamp (8000 a second for G.711), whole or fractional.
   */
  count(sequence: number, timestamp: number, arrival: number): Arrival {
    const kind = this.#placeOf(sequence);
    if (kind === 'duplicate' || kind === 'suspect') return kind;
    this.received++;
    this.#followJitter(timestamp, arrival, kind === 'restart');
    return kind;
  }

  /** Highest sequence number seen, extended by the number of wraps (A.1: cycles + max_seq). -1 before the first packet. */
  get extendedHighest(): number {
    return this.#begun ? this.#highest : -1;
  }

  /**
   * The extended number that these 16 bits stand for: the nearest to the highest. Negative for a packet from before the first
   * wrap.
   */
  extend(sequence: number): number {
    const behind = (this.#highest - sequence) & 0xffff;
    return this.#highest - (behind < SEQUENCE_MODULUS / 2 ? behind : behind - SEQUENCE_MODULUS);
  }

  /** Packets that were sent as far as the numbers tell (A.3). */
  get expected(): number {
    return this.#expectedBefore + (this.#begun ? this.#highest - this.#baseSequence + 1 : 0);
  }

  /** Packets expected that have not come. */
  get lost(): number {
    return this.expected - this.received;
  }

  /** Interarrival jitter (§6.4.1, A.8), in units of the RTP timestamp. */
  get jitter(): number {
    return this.#jitter;
  }

  #placeOf(sequence: number): Arrival {
    if (!this.#begun) {
      this.#begin(sequence);
      return 'first';
    }
    const ahead = (sequence - this.#highest) & 0xffff;
    if (ahead > 0 && ahead < MAX_DROPOUT) {
      for (let i = 1; i < Math.min(ahead, WINDOW + 1); i++) this.#seen[(this.#highest + i) & (WINDOW - 1)] = 0;
      this.#highest += ahead;
      this.#seen[this.#highest & (WINDOW - 1)] = 1;
      return 'next';
    }
    if (ahead === 0 || ahead > SEQUENCE_MODULUS - MAX_MISORDER) return this.#placeOfLate(this.extend(sequence));
    return sequence === this.#badSequence ? this.#restartAt(sequence) : this.#suspect(sequence);
  }

  #placeOfLate(extended: number): Arrival {
    if (this.#seen[extended & (WINDOW - 1)] === 1) {
      this.duplicates++;
      return 'duplicate';
    }
    this.#seen[extended & (WINDOW - 1)] = 1;
    // A packet overtaken by the one we began with was expected as well.
    this.#baseSequence = Math.min(this.#baseSequence, extended);
    return 'late';
  }

  #suspect(sequence: number): Arrival {
    this.#badSequence = (sequence + 1) & 0xffff;
    this.suspects++;
    return 'suspect';
  }

  /** Two in sequence after a jump: the other side has begun anew without telling us (A.1). The suspect was its first packet. */
  #restartAt(sequence: number): Arrival {
    this.#expectedBefore = this.expected;
    this.suspects--;
    this.received++;
    this.restarts++;
    this.#begin(sequence);
    this.#placeOfLate(sequence - 1);
    return 'restart';
  }

  #begin(sequence: number): void {
    this.#begun = true;
    this.#baseSequence = sequence;
    this.#highest = sequence;
    this.#badSequence = -1;
    this.#seen.fill(0);
    this.#seen[sequence & (WINDOW - 1)] = 1;
  }

  /** A.8: J += (|D| - J) / 16, D being how much the spacing at arrival differs from the spacing of the timestamps. */
  #followJitter(timestamp: number, arrival: number, restarted: boolean): void {
    if (!restarted && !Number.isNaN(this.#lastArrival)) {
      const spacing = (timestamp - this.#lastTimestamp) | 0;
      const difference = Math.abs(arrival - this.#lastArrival - spacing);
      this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#lastTimestamp = timestamp;
    this.#lastArrival = arrival;
  }
}
