import { int32At } from '../../protocol/bytes/int32.js';
import { staticClockRate } from '../../protocol/rtp/clockRates.js';
import { rtpPayloadType } from '../../protocol/rtp/header.js';
import type { Packet } from '../engine.js';

/** A packet whose timestamp is among so many last ones is not measured: redundant copies of an event or of a frame. */
const RECENT = 10;
/** A timestamp may go back by so many times what has passed, and forward by so many times; farther is a new start of the sender's clock. */
const MAX_BACKWARD = 50;
const MAX_FORWARD = 1024;
/** The SSRCs of a stream whose jitter is kept: the present one and those before it. */
const KEPT_SOURCES = 10;
const FORMER_SOURCES = KEPT_SOURCES - 1;

/** Where the timestamp stands in an RTP header. */
const TIMESTAMP_AT = 4;
/** A timestamp that is ahead of a later one by so much or less belongs to a packet that was overtaken, ticks. */
const LONGEST_DISORDER = 8000;
/** Two packets in a row are not farther apart, ticks: 120 ms at 8 kHz. */
const LONGEST_STEP = 960;

/** Floats of a stream. The first two belong to its present SSRC. */
const JITTER = 0;
const MEASURED_AT_MS = 1;
const SOURCE_FLOATS = 2;
const MAX = 2;
const SUM = 3;
const VALUES = 4;
const FLOATS = 8;

/** What `save` answers, in this order. */
const SAVED = [JITTER, MAX, SUM, VALUES] as const;

/**
 * Words of a stream, all of its present SSRC: the ring of recent timestamps, and how many packets were measured, which tells the next
 * place in the ring. It is counted up to twice the ring and on from once, so that no stream is long enough to overflow it.
 */
const MEASURED = RECENT;
const SOURCE_WORDS = RECENT + 1;
const WORDS = 16;

/**
 * Interarrival jitter (RFC 3550 §6.4.1, A.8) of every stream: J += (|D| - J) / 16 in RTP timestamp units, per SSRC, D being how much
 * the spacing at arrival differs from that of the timestamps. What would only measure the sender's whims is left out, as rtpproxy
 * does: repeated timestamps, jumps of the timestamp, payload types whose clock rate only the session description knows.
 */
export class JitterTable {
  readonly #floats: Float64Array;
  readonly #words: Int32Array;
  /** Only of streams that had more than one SSRC. */
  readonly #former = new Map<number, FormerSources>();

  constructor(streams: number) {
    this.#floats = new Float64Array(streams * FLOATS);
    this.#words = new Int32Array(streams * WORDS);
  }

  /** Measures an RTP packet of the stream's present SSRC. */
  take(packet: Packet, stream: number): void {
    const { bytes, start } = packet;
    const rate = staticClockRate(rtpPayloadType(bytes, start));
    if (rate === 0) return;
    const at = stream * WORDS;
    const words = this.#words;
    const timestamp = int32At(bytes, start + TIMESTAMP_AT);
    const measured = words[at + MEASURED]!;
    const known = Math.min(measured, RECENT);
    for (let i = 0; i < known; i++) if (words[at + i] === timestamp) return;
    const base = stream * FLOATS;
    const floats = this.#floats;
    if (measured > 0) {
      const elapsed = ((packet.nowMs - floats[base + MEASURED_AT_MS]!) * rate) / 1000;
      const step = (timestamp - words[at + ((measured - 1) % RECENT)]!) | 0;
      if (step >= -MAX_BACKWARD * elapsed && step <= MAX_FORWARD * elapsed) {
        const jitter = floats[base + JITTER]! + (Math.abs(elapsed - step) - floats[base + JITTER]!) / 16;
        floats[base + JITTER] = jitter;
        if (jitter > floats[base + MAX]!) floats[base + MAX] = jitter;
        floats[base + SUM]! += jitter;
        floats[base + VALUES]!++;
      }
    }
    words[at + (measured % RECENT)] = timestamp;
    words[at + MEASURED] = measured + 1 < RECENT * 2 ? measured + 1 : RECENT;
    floats[base + MEASURED_AT_MS] = packet.nowMs;
  }

  /**
   * Of the present SSRC, the newest timestamp that was measured, when the last of them came, and by how much the newest is ahead of the one
   * before it, 0 where that is not known. Null: none was measured. Not for every packet: it allocates.
   */
  newest(stream: number): { readonly timestamp: number; readonly atMs: number; readonly step: number } | null {
    const at = stream * WORDS;
    const words = this.#words;
    const measured = words[at + MEASURED]!;
    if (measured === 0) return null;
    const last = words[at + ((measured - 1) % RECENT)]!;
    const known = Math.min(measured, RECENT);
    let ahead = 0;
    for (let i = 0; i < known; i++) {
      const distance = (words[at + i]! - last) | 0;
      if (distance > ahead && distance <= LONGEST_DISORDER) ahead = distance;
    }
    const timestamp = (last + ahead) >>> 0;
    let step = 0;
    for (let i = 0; i < known; i++) {
      const distance = (timestamp - words[at + i]!) | 0;
      if (distance > 0 && distance <= LONGEST_STEP && (step === 0 || distance < step)) step = distance;
    }
    return { timestamp, atMs: this.#floats[stream * FLOATS + MEASURED_AT_MS]!, step };
  }

  /** The stream goes on with another SSRC, both as signed numbers. One that comes back finds its jitter as it left it. */
  changeSource(stream: number, from: number, to: number): void {
    let former = this.#former.get(stream);
    if (former === undefined) {
      former = new FormerSources();
      this.#former.set(stream, former);
    }
    former.exchange(from, to, this.#floats, stream * FLOATS, this.#words, stream * WORDS);
  }

  /**
   * In RTP timestamp units: the jitter of the present SSRC, 0 until two packets were measured; the largest that any SSRC of the stream has
   * had; the sum of the values after each measured packet of any SSRC; how many there are.
   */
  save(stream: number): readonly number[] {
    return SAVED.map((place) => this.#floats[stream * FLOATS + place]!);
  }

  /** Of a cleared stream: goes on with what was saved. The next packet has nothing before it that it could be measured against. */
  restore(stream: number, saved: readonly number[]): void {
    for (const [i, place] of SAVED.entries()) this.#floats[stream * FLOATS + place] = saved[i] ?? 0;
  }

  clear(stream: number): void {
    this.#floats.fill(0, stream * FLOATS, (stream + 1) * FLOATS);
    this.#words.fill(0, stream * WORDS, (stream + 1) * WORDS);
    this.#former.delete(stream);
  }
}

/** What is known of the SSRCs that a stream had before the present one. Allocated once, so that alternating SSRCs cost no garbage. */
class FormerSources {
  readonly #ssrcs = new Int32Array(FORMER_SOURCES);
  /** When each was left, counted in changes from 1; 0: the place is free. */
  readonly #leftAt = new Float64Array(FORMER_SOURCES);
  readonly #floats = new Float64Array(FORMER_SOURCES * SOURCE_FLOATS);
  readonly #words = new Int32Array(FORMER_SOURCES * SOURCE_WORDS);
  #changes = 0;

  /** Puts the present SSRC (`from`) away and takes `to` out, new if it is not here; the one left longest ago makes room. */
  exchange(from: number, to: number, floats: Float64Array, floatsAt: number, words: Int32Array, wordsAt: number): void {
    const place = this.#placeOf(to);
    const ownFloats = place * SOURCE_FLOATS;
    for (let i = 0; i < SOURCE_FLOATS; i++) {
      const kept = this.#floats[ownFloats + i]!;
      this.#floats[ownFloats + i] = floats[floatsAt + i]!;
      floats[floatsAt + i] = kept;
    }
    const ownWords = place * SOURCE_WORDS;
    for (let i = 0; i < SOURCE_WORDS; i++) {
      const kept = this.#words[ownWords + i]!;
      this.#words[ownWords + i] = words[wordsAt + i]!;
      words[wordsAt + i] = kept;
    }
    this.#ssrcs[place] = from;
    this.#leftAt[place] = ++this.#changes;
  }

  /** Where this SSRC is kept, or, emptied, the place of the one that was left first. */
  #placeOf(ssrc: number): number {
    let oldest = 0;
    for (let place = 0; place < FORMER_SOURCES; place++) {
      if (this.#leftAt[place] !== 0 && this.#ssrcs[place] === ssrc) return place;
      if (this.#leftAt[place]! < this.#leftAt[oldest]!) oldest = place;
    }
    this.#floats.fill(0, oldest * SOURCE_FLOATS, (oldest + 1) * SOURCE_FLOATS);
    this.#words.fill(0, oldest * SOURCE_WORDS, (oldest + 1) * SOURCE_WORDS);
    return oldest;
  }
}
