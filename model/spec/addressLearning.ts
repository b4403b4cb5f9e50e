/** Where a packet came from, or a stream is sent to. */
export type Place = { readonly host: string; readonly port: number };

/** A datagram as the learning rules see it; `rtp` null: it cannot be read as RTP. */
export type Arrival = {
  readonly source: Place;
  readonly rtp: { readonly ssrc: number; readonly sequence: number } | null;
  readonly nowMs: number;
};

/** After signalling touched a known address, for so long any source may take the stream over. */
const UPDATE_WINDOW_MS = 10_000;
const FARTHEST_SEQUENCE = 536;
const SYNC_MS = 1000;

const isSame = (a: Place, b: Place | null): boolean => b !== null && a.host === b.host && a.port === b.port;
const nextPort = ({ host, port }: Place): Place => ({ host, port: port + 1 });

/** One stream and what it has learned: rtpproxy's rules of "latching", step by step as they are described, with no idea of events. */
export class LearningStream {
  readonly #isRtp: boolean;
  address: Place | null = null;
  latched = false;
  asymmetric = false;
  #untrusted = false;
  #previous: Place | null = null;
  #lastUpdateMs = Number.NEGATIVE_INFINITY;
  /** By what the stream is recognised when its source changes. */
  #latch: { ssrc: number; sequence: number } | null = null;
  #syncedAtMs = Number.NEGATIVE_INFINITY;
  /** The SSRC of the last packet that was accepted. */
  #analysedSsrc: number | null = null;

  constructor(isRtp: boolean) {
    this.#isRtp = isRtp;
  }

  /** Signalling gives an address. One that was learned from packets stays; the time is noted all the same. */
  prefill(address: Place, nowMs: number): void {
    if (this.address !== null) this.#lastUpdateMs = nowMs;
    if (this.#untrusted || isSame(address, this.address)) return;
    if (this.address !== null && this.latched) this.#previous = this.address;
    this.address = address;
  }

  setAsymmetric(asymmetric: boolean): void {
    this.asymmetric = asymmetric;
    if (asymmetric) this.latched = true;
  }

  /** Whether the packet is accepted, and whether its source was learned. */
  receive(packet: Arrival): { readonly accepted: boolean; readonly learned: boolean } {
    const from = packet.source;
    let learned = false;
    let isSynced = false;
    if (this.address === null) {
      learned = true;
    } else if (this.asymmetric) {
      if (from.host !== this.address.host) return { accepted: false, learned };
      isSynced = true;
    } else if (isSame(from, this.address)) {
      if (this.latched) isSynced = true;
      else this.#latchIn(packet);
    } else if (this.latched) {
      if (!this.#mayOverride(packet)) return { accepted: false, learned };
      learned = true;
    } else {
      this.#latchIn(packet);
      learned = true;
    }
    if (learned) this.#learn(from);
    this.#analyse(packet, isSynced);
    return { accepted: true, learned };
  }

  /** RTP was learned from another host: RTCP is most likely at the next port there. */
  guess(rtp: Place): void {
    if (this.address !== null && this.address.host === rtp.host) return;
    this.address = nextPort(rtp);
    this.latched = this.asymmetric;
  }

  #learn(from: Place): void {
    this.#untrusted = true;
    this.address = from;
    if (this.#previous === null || !isSame(from, this.#previous)) this.latched = true;
  }

  #isFresh(nowMs: number): boolean {
    return nowMs - this.#lastUpdateMs < UPDATE_WINDOW_MS;
  }

  #latchIn({ rtp, nowMs }: Arrival): void {
    if (this.#isFresh(nowMs)) return;
    if (this.#isRtp && rtp !== null) {
      if (rtp.ssrc === 0) return;
      this.#latch = { ...rtp };
    }
    this.latched = true;
  }

  #mayOverride({ rtp, nowMs }: Arrival): boolean {
    if (!this.#isRtp || rtp === null || this.#latch === null) return false;
    const step = (rtp.sequence - this.#latch.sequence + 65_536) % 65_536;
    const isContinued = rtp.ssrc === this.#latch.ssrc && step <= FARTHEST_SEQUENCE;
    if (!this.#isFresh(nowMs) && !isContinued) return false;
    this.#latch.sequence = rtp.sequence;
    return true;
  }

  #analyse(packet: Arrival, isSynced: boolean): void {
    const { rtp, nowMs } = packet;
    if (!this.#isRtp || rtp === null) return;
    const before = this.#analysedSsrc;
    this.#analysedSsrc = rtp.ssrc;
    if (before !== null && before !== rtp.ssrc) this.#latchIn(packet);
    if (!isSynced || this.#latch?.ssrc !== rtp.ssrc || nowMs - this.#syncedAtMs < SYNC_MS) return;
    this.#latch.sequence = rtp.sequence;
    this.#syncedAtMs = nowMs;
  }
}

/** What a U or L says of the side that sends it. `held`: an all-zero address. */
export type Description = { readonly address: Place | 'held' | null; readonly asymmetric: boolean };

/** One side of a session: its RTP and RTCP stream. */
export class LearningSide {
  readonly rtp = new LearningStream(true);
  readonly rtcp = new LearningStream(false);
  #isHeld = false;
  #lastPrefill: { readonly address: Place; readonly atMs: number } | null = null;

  describe({ address, asymmetric }: Description, nowMs: number): void {
    if (address === 'held') this.#isHeld = true;
    else if (address !== null && !this.#isRetransmitted(address, nowMs)) {
      this.#isHeld = false;
      this.#lastPrefill = { address, atMs: nowMs };
      this.rtp.prefill(address, nowMs);
      this.rtcp.prefill(nextPort(address), nowMs);
    }
    this.rtp.setAsymmetric(asymmetric);
    this.rtcp.setAsymmetric(asymmetric);
  }

  /** Answers whether the packet is accepted. */
  receive(component: 'rtp' | 'rtcp', packet: Arrival): boolean {
    const { accepted, learned } = this[component].receive(packet);
    if (learned && component === 'rtp') this.rtcp.guess(packet.source);
    return accepted;
  }

  /**
   * The one place where the relay means to differ from rtpproxy: the same address again, within ten seconds of when it was last
   * taken, is the same offer sent again, and opens no window for other sources.
   */
  #isRetransmitted(address: Place, nowMs: number): boolean {
    const last = this.#lastPrefill;
    return last !== null && !this.#isHeld && isSame(address, last.address) && nowMs - last.atMs < UPDATE_WINDOW_MS;
  }
}
