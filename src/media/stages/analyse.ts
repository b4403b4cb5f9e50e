import { TICKS_PER_MS } from '../../protocol/audio/frames.js';
import { int32At } from '../../protocol/bytes/int32.js';
import { staticClockRate } from '../../protocol/rtp/clockRates.js';
import { isRtp, RTP_MALFORMED, rtpMarker, rtpPayloadLength, rtpPayloadType, rtpSequence } from '../../protocol/rtp/header.js';
import type { Packet } from '../engine.js';
import type { Continuation } from '../player/voices.js';
import { ROWS_PER_SESSION } from '../streams.js';
import { JitterTable } from './jitter.js';

/** A number farther than this from the highest one, either way, begins the stream anew. */
const MAX_STEP = 536;
const SEQUENCE_MODULUS = 0x10000;
/** Near the end of the numbers: above, a low number is one after the wrap, and after the wrap a number above is one from before it. */
const WRAP_MARGIN = 65_000;
/**
 * The numbers whose arrival is remembered, as bits in a ring. rtpproxy remembers 131072; but a packet farther back than MAX_STEP is
 * never looked up, so a power of two above that answers the same. It divides the modulus, so that a wrap needs no care.
 */
const WINDOW = 1024;

/** Where the SSRC stands in an RTP header. */
const SSRC_AT = 8;

/** Words of a stream: the ring first. */
const SEEN_WORDS = WINDOW / 32;
const HEARD = SEEN_WORDS;
const SSRC = SEEN_WORDS + 1;
/** The highest number since the stream last began, without its wraps. */
const HIGHEST = SEEN_WORDS + 2;
/** How many numbers there are from the lowest to the highest since then; WINDOW stands for more, where no late packet reaches. */
const SPAN = SEEN_WORDS + 3;
const PAYLOAD_TYPE = SEEN_WORDS + 4;
const WORDS = 40;

/** Floats of a stream, for counts that may pass 2^32 and times. */
const SENT = 0;
const RECEIVED = 1;
const DUPLICATES = 2;
const ERRORS = 3;
const SOURCES = 4;
const FIRST_AT_MS = 5;
const LAST_AT_MS = 6;
const LONGEST_GAP_MS = 7;
const FLOATS = 8;

/**
 * What `save` answers: the floats in their order, the last SSRC (0…2^32-1) and payload type, then what the jitter saves: jitter of the
 * present SSRC, the largest, sum and count of its values. More may be added behind; what is not there reads as zero.
 */
const SAVED_SSRC = FLOATS;
const SAVED_PAYLOAD_TYPE = FLOATS + 1;
const SAVED_JITTER = FLOATS + 2;
const SAVED_JITTER_MAX = FLOATS + 3;
const SAVED_JITTER_SUM = FLOATS + 4;
const SAVED_JITTER_VALUES = FLOATS + 5;

/** In the place of the highest number: every number is farther than `MAX_STEP` from it, with and without a wrap. */
const BEFORE_ANY = -2 * SEQUENCE_MODULUS;

const RTP_STREAMS_PER_SESSION = ROWS_PER_SESSION / 2;

/** What was found out about a stream since it was cleared. */
export type StreamAnalysis = {
  /** As the sequence numbers tell: all from the lowest to the highest, summed over every time the stream began anew. */
  readonly nsent: number;
  /** Each number once. */
  readonly nrcvd: number;
  readonly ndups: number;
  readonly nlost: number;
  /** Packets that are no RTP. They count in the times below, and nowhere else. */
  readonly perrs: number;
  /** RTP timestamp units: of the present SSRC; the largest of all; the mean over all packets that were measured. */
  readonly jitterLast: number;
  readonly jitterMax: number;
  readonly jitterAverage: number;
  /** The largest gap between two consecutive packets, seconds. */
  readonly longestIpiS: number;
  /** Null: there was no RTP. */
  readonly ssrcLast: number | null;
  /** How often an SSRC began to send: one that comes back counts again. */
  readonly ssrcCount: number;
  /** -1: there was no RTP. */
  readonly payloadTypeLast: number;
  /** Milliseconds of the thread's clock; 0: no packet. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
};

/**
 * What the RTP headers of every stream of a shard tell: loss, duplicates, jitter, gaps. Rows as in `streams.ts`; the RTCP row of a
 * stream is never given. A stream takes 352 bytes, all zero as long as nothing came, so memory that no call has used yet is not
 * touched. Numbers that are no small integers stay in typed arrays and are not handed from function to function, where they would
 * be boxed: a packet leaves no garbage behind.
 */
export class AnalysisTable {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #jitter: JitterTable;

  constructor(rows: number) {
    const streams = Math.ceil(rows / ROWS_PER_SESSION) * RTP_STREAMS_PER_SESSION;
    this.#words = new Int32Array(streams * WORDS);
    this.#floats = new Float64Array(streams * FLOATS);
    this.#jitter = new JitterTable(streams);
  }

  /** Takes note of a packet that the latching rule has accepted on an RTP row. Whether it is RTP whose parts fit together. */
  take(packet: Packet): boolean {
    const { bytes, start, length } = packet;
    const stream = packet.row >> 1;
    this.#followTime(packet, stream);
    if (!isRtp(bytes, start, length) || rtpPayloadLength(bytes, start, length) === RTP_MALFORMED) {
      this.#floats[stream * FLOATS + ERRORS]!++;
      return false;
    }
    this.#followSource(packet, stream);
    this.#words[stream * WORDS + PAYLOAD_TYPE] = rtpPayloadType(bytes, start);
    this.#jitter.take(packet, stream);
    return true;
  }

  /** Whether no packet of a stream came, nor was restored. */
  isSilent(row: number): boolean {
    return this.#words[(row >> 1) * WORDS + HEARD] === 0;
  }

  /** When the last packet of a stream came, milliseconds of the thread's clock; 0: none did. */
  lastAtMs(row: number): number {
    return this.#floats[(row >> 1) * FLOATS + LAST_AT_MS]!;
  }

  read(row: number): StreamAnalysis {
    return readSavedAnalysis(this.#numbersOf(row >> 1));
  }

  /** Whether the present SSRC of a stream is this one. */
  isSource(row: number, ssrc: number): boolean {
    const stream = row >> 1;
    return this.#floats[stream * FLOATS + SOURCES]! > 0 && this.#words[stream * WORDS + SSRC] === (ssrc | 0);
  }

  /**
   * The packet that a stream would send next, if it goes on as before. Null: no RTP came (since it was restored, either), or its clock is not
   * known to run at 8 kHz. Not for every packet: it allocates.
   */
  next(row: number): Continuation | null {
    const stream = row >> 1;
    const at = stream * WORDS;
    const highest = this.#words[at + HIGHEST]!;
    const rate = staticClockRate(this.#words[at + PAYLOAD_TYPE]!);
    const newest = this.#jitter.newest(stream);
    // The rate of a dynamic type is not known; it may be that of events between packets of audio.
    const isFast = rate !== 0 && rate !== TICKS_PER_MS * 1000;
    if (this.#floats[stream * FLOATS + SOURCES] === 0 || highest < 0 || newest === null || isFast) return null;
    return {
      ssrc: this.#words[at + SSRC]! >>> 0,
      sequence: (highest + 1) & 0xffff,
      timestamp: (newest.timestamp + newest.step) >>> 0,
      atMs: newest.atMs + newest.step / TICKS_PER_MS,
    };
  }

  /** What is known of a stream, as numbers for `restore` and `readSavedAnalysis`; null: no packet came. */
  save(row: number): readonly number[] | null {
    const stream = row >> 1;
    return this.isSilent(row) ? null : this.#numbersOf(stream);
  }

  /**
   * Goes on from what was saved: what is counted stays. With the next packet the numbers begin anew, as after a jump: what passed unheard
   * is not lost. The silence until then is a gap. The jitter of SSRCs before the present one is forgotten.
   */
  restore(row: number, saved: readonly number[]): void {
    this.clear(row);
    const stream = row >> 1;
    const at = stream * WORDS;
    for (let i = 0; i < FLOATS; i++) this.#floats[stream * FLOATS + i] = saved[i] ?? 0;
    this.#words[at + HEARD] = 1;
    this.#words[at + SSRC] = saved[SAVED_SSRC] ?? 0;
    this.#words[at + PAYLOAD_TYPE] = saved[SAVED_PAYLOAD_TYPE] ?? 0;
    this.#words[at + HIGHEST] = BEFORE_ANY;
    this.#jitter.restore(stream, saved.slice(SAVED_JITTER));
  }

  #numbersOf(stream: number): readonly number[] {
    const words = this.#words;
    const at = stream * WORDS;
    const floats = this.#floats.subarray(stream * FLOATS, (stream + 1) * FLOATS);
    return [...floats, words[at + SSRC]! >>> 0, words[at + PAYLOAD_TYPE]!, ...this.#jitter.save(stream)];
  }

  /** A new session starts knowing nothing. */
  clear(row: number): void {
    const stream = row >> 1;
    this.#words.fill(0, stream * WORDS, (stream + 1) * WORDS);
    this.#floats.fill(0, stream * FLOATS, (stream + 1) * FLOATS);
    this.#jitter.clear(stream);
  }

  #followTime(packet: Packet, stream: number): void {
    const base = stream * FLOATS;
    const floats = this.#floats;
    const { nowMs } = packet;
    if (this.#words[stream * WORDS + HEARD] === 0) {
      this.#words[stream * WORDS + HEARD] = 1;
      floats[base + FIRST_AT_MS] = nowMs;
    } else {
      const gap = nowMs - floats[base + LAST_AT_MS]!;
      if (gap > floats[base + LONGEST_GAP_MS]!) floats[base + LONGEST_GAP_MS] = gap;
    }
    floats[base + LAST_AT_MS] = nowMs;
  }

  #followSource(packet: Packet, stream: number): void {
    const { bytes, start } = packet;
    const at = stream * WORDS;
    const sources = stream * FLOATS + SOURCES;
    const sequence = rtpSequence(bytes, start);
    const ssrc = int32At(bytes, start + SSRC_AT);
    const isFirst = this.#floats[sources] === 0;
    if (!isFirst && ssrc === this.#words[at + SSRC]) {
      this.#followSequence(stream, sequence, rtpMarker(bytes, start));
      return;
    }
    if (!isFirst) this.#jitter.changeSource(stream, this.#words[at + SSRC]!, ssrc);
    this.#words[at + SSRC] = ssrc;
    this.#floats[sources]!++;
    this.#begin(stream, sequence);
  }

  #followSequence(stream: number, sequence: number, marker: boolean): void {
    const at = stream * WORDS;
    const highest = this.#words[at + HIGHEST]!;
    let step = sequence - highest;
    if (highest > WRAP_MARGIN && sequence < highest - WRAP_MARGIN) step += SEQUENCE_MODULUS;
    else if (highest < MAX_STEP && sequence > WRAP_MARGIN) step -= SEQUENCE_MODULUS;
    if (step > MAX_STEP || step < -MAX_STEP || (marker && step < 0)) this.#begin(stream, sequence);
    else if (step > 0) this.#advance(stream, sequence, step);
    else this.#arriveLate(stream, sequence, step);
  }

  /** The first packet, or the first of a new count: what is counted so far stays, what is known of the numbers does not. */
  #begin(stream: number, sequence: number): void {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    const words = this.#words;
    words.fill(0, at, at + SEEN_WORDS);
    words[at + seenWord(sequence)] = seenBit(sequence);
    words[at + HIGHEST] = sequence;
    words[at + SPAN] = 1;
    this.#floats[base + SENT]!++;
    this.#floats[base + RECEIVED]!++;
  }

  #advance(stream: number, sequence: number, step: number): void {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    const words = this.#words;
    // The numbers jumped over get the places of those that are now out of reach.
    for (let over = sequence - step + 1; over < sequence; over++) words[at + seenWord(over)]! &= ~seenBit(over);
    words[at + seenWord(sequence)]! |= seenBit(sequence);
    words[at + HIGHEST] = sequence;
    words[at + SPAN] = Math.min(words[at + SPAN]! + step, WINDOW);
    this.#floats[base + SENT]! += step;
    this.#floats[base + RECEIVED]!++;
  }

  /** `step`: 0 or less. */
  #arriveLate(stream: number, sequence: number, step: number): void {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    const words = this.#words;
    const floats = this.#floats;
    if ((words[at + seenWord(sequence)]! & seenBit(sequence)) !== 0) {
      floats[base + DUPLICATES]!++;
      return;
    }
    words[at + seenWord(sequence)]! |= seenBit(sequence);
    floats[base + RECEIVED]!++;
    const lower = 1 - step - words[at + SPAN]!;
    if (lower <= 0) return;
    words[at + SPAN]! += lower;
    floats[base + SENT]! += lower;
  }
}

/** What `AnalysisTable.read` said of a stream when these numbers were saved. */
export function readSavedAnalysis(saved: readonly number[]): StreamAnalysis {
  const at = (place: number): number => saved[place] ?? 0;
  const hasSource = at(SOURCES) > 0;
  const values = at(SAVED_JITTER_VALUES);
  return {
    nsent: at(SENT),
    nrcvd: at(RECEIVED),
    ndups: at(DUPLICATES),
    nlost: at(SENT) - at(RECEIVED),
    perrs: at(ERRORS),
    jitterLast: at(SAVED_JITTER),
    jitterMax: at(SAVED_JITTER_MAX),
    jitterAverage: values === 0 ? 0 : at(SAVED_JITTER_SUM) / values,
    longestIpiS: at(LONGEST_GAP_MS) / 1000,
    ssrcLast: hasSource ? at(SAVED_SSRC) : null,
    ssrcCount: at(SOURCES),
    payloadTypeLast: hasSource ? at(SAVED_PAYLOAD_TYPE) : -1,
    firstAtMs: at(FIRST_AT_MS),
    lastAtMs: at(LAST_AT_MS),
  };
}

/** Where the bit of a sequence number stands; a number below 0, from before a wrap, has its place too. */
const seenWord = (sequence: number): number => (sequence & (WINDOW - 1)) >> 5;
const seenBit = (sequence: number): number => 1 << (sequence & 31);
