import { int32At } from '../../protocol/bytes/int32.js';
import { rtpHeaderLength, rtpPayloadLength, rtpPayloadType, rtpSequence } from '../../protocol/rtp/header.js';
import { digitOf, eventCode, eventEnds, TELEPHONE_EVENT_BYTES } from '../../protocol/rtp/telephoneEvent.js';
import type { Packet } from '../engine.js';
import { ROWS_PER_SESSION } from '../streams.js';
import type { CodecTable, PayloadTypes } from './codecTable.js';
import { FormerSources } from './formerSources.js';
import * as layout from './sourceWords.js';
import { type SavedSource, type SourcePlace, writeSource } from './sourceWords.js';

/** Looked up once: V8 folds the constants of a module into its code, but loads imported ones for every packet, which took 4 ns. */
const {
  BYTES,
  COUNTING,
  CYCLES,
  DIGITS,
  DUPLICATES,
  EMPTY,
  EVENT_TIMESTAMP,
  EXPECTED_BEFORE,
  EXPECTED_NEXT,
  FIRST_AT,
  FLOATS,
  HIGHEST,
  JITTER,
  LAST_AT,
  LONGEST_GAP,
  LOWEST,
  MAX_SOURCES,
  MAX_TYPES,
  MS_PER_TICK,
  REORDERED,
  SEEN,
  SSRC,
  STATE,
  SUSPECTS,
  TIMESTAMP,
  TYPE_COUNTS,
  TYPE_PLACE,
  TYPES,
  WINDOW,
  WORDS,
} = layout;

/** RFC 3550 A.1: a step forward of fewer numbers than this is loss; a number behind by fewer than this is late or a copy. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const SEQUENCE_MODULUS = 0x10000;

/** A sender that stops its clock while it is silent, or begins a new one, is not measured by it: such a difference is no jitter. */
const LEAP_MS = 1000;

const TIMESTAMP_AT = 4;
const SSRC_AT = 8;

/**
 * What is known of every SSRC of every RTP row of a shard, as RFC 3550 counts (A.1, A.3, A.8), where `AnalysisTable` counts a row as
 * rtpproxy does. The present SSRC of a row stands in arrays, 256 bytes, all zero as long as nothing came; those before it are put away
 * in an object that only rows with several SSRCs have. As with the analysis a packet leaves no garbage behind.
 *
 * Two things differ from the text of A.1, as in `protocol/rtp/reception.ts`: there is no probation, and copies do not count as received.
 */
export class SourceTable {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #codecs: CodecTable;
  readonly #former = new Map<number, FormerSources>();

  constructor(rows: number, codecs: CodecTable) {
    const streams = Math.ceil(rows / ROWS_PER_SESSION) * 2;
    this.#words = new Int32Array(streams * WORDS);
    this.#floats = new Float64Array(streams * FLOATS);
    this.#codecs = codecs;
  }

  /** Counts a packet that is RTP and whose parts fit together. */
  take(packet: Packet): void {
    const { bytes, start } = packet;
    const stream = packet.row >> 1;
    const at = stream * WORDS;
    const words = this.#words;
    const types = this.#codecs.of(packet.row);
    // One of SSRC 0 that comes first is told by the state, where its numbers begin.
    if (words[at + SSRC] !== int32At(bytes, start + SSRC_AT)) this.#turnTo(packet, stream);
    this.#floats[stream * FLOATS + BYTES]! += packet.length;
    const payloadType = rtpPayloadType(bytes, start);
    // Types stand there by one more than their number: 0 is a free place.
    if (words[at + TYPES + words[at + TYPE_PLACE]!] !== payloadType + 1) this.#changeType(stream, payloadType);
    words[at + TYPE_COUNTS + words[at + TYPE_PLACE]!]!++;
    if (this.#followSequence(packet, stream)) this.#followTime(packet, stream, types);
  }

  /** How many SSRCs of a row are known; those that gave way to others are not. */
  count(row: number): number {
    const stream = row >> 1;
    if (this.#words[stream * WORDS + STATE] === EMPTY) return 0;
    return 1 + (this.#former.get(stream)?.count ?? 0);
  }

  /** How many SSRCs of a row gave way to others and are forgotten. */
  forgotten(row: number): number {
    return this.#former.get(row >> 1)?.forgotten ?? 0;
  }

  /** Where one of the `count` SSRCs stands, the present one first. Good until the next packet. */
  place(row: number, index: number): SourcePlace {
    const stream = row >> 1;
    if (index > 0) return this.#former.get(stream)!.place(index - 1);
    return { words: this.#words, at: stream * WORDS, floats: this.#floats, base: stream * FLOATS };
  }

  /** Puts SSRCs where `place` finds them: on a row that was cleared. The first one is the present one. */
  restore(row: number, sources: readonly SavedSource[], forgotten: number): void {
    const stream = row >> 1;
    this.clear(row);
    const kept = sources.slice(0, MAX_SOURCES);
    if (kept.length > 1 || forgotten > 0) this.#former.set(stream, new FormerSources(forgotten));
    // The last one that was left is put away last.
    for (const source of kept.toReversed()) {
      if (this.count(row) > 0) this.#exchange(stream, source.ssrc | 0);
      writeSource(this.place(row, 0), source);
    }
  }

  /** A new session starts knowing nothing. */
  clear(row: number): void {
    const stream = row >> 1;
    this.#words.fill(0, stream * WORDS, (stream + 1) * WORDS);
    this.#floats.fill(0, stream * FLOATS, (stream + 1) * FLOATS);
    this.#former.delete(stream);
  }

  #turnTo(packet: Packet, stream: number): void {
    const at = stream * WORDS;
    const words = this.#words;
    const ssrc = int32At(packet.bytes, packet.start + SSRC_AT);
    if (words[at + STATE] !== EMPTY) this.#exchange(stream, ssrc);
    words[at + SSRC] = ssrc;
  }

  #exchange(stream: number, ssrc: number): void {
    let former = this.#former.get(stream);
    if (former === undefined) {
      former = new FormerSources(0);
      this.#former.set(stream, former);
    }
    former.exchange(ssrc, this.#words, stream * WORDS, this.#floats, stream * FLOATS);
  }

  /**
   * Jitter by A.8, in milliseconds, so that codecs of different clocks may take turns: J += (|D| - J) / 16. Parts of one frame have one
   * timestamp and are sent at once: their spacing is the sender's whim.
   */
  #followTime(packet: Packet, stream: number, types: PayloadTypes): void {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    const words = this.#words;
    const floats = this.#floats;
    const { nowMs } = packet;
    const msPerTick = types.msPerTick[rtpPayloadType(packet.bytes, packet.start)]!;
    const timestamp = int32At(packet.bytes, packet.start + TIMESTAMP_AT);
    const step = (timestamp - words[at + TIMESTAMP]!) | 0;
    const gap = nowMs - floats[base + LAST_AT]!;
    if (gap > floats[base + LONGEST_GAP]!) floats[base + LONGEST_GAP] = gap;
    if (floats[base + MS_PER_TICK] !== msPerTick) floats[base + MS_PER_TICK] = msPerTick;
    else if (step !== 0 && msPerTick !== 0) {
      const difference = Math.abs(gap - step * msPerTick);
      if (difference < LEAP_MS) floats[base + JITTER]! += (difference - floats[base + JITTER]!) / 16;
    }
    words[at + TIMESTAMP] = timestamp;
    floats[base + LAST_AT] = nowMs;
    if (msPerTick === 0) this.#followEvent(packet, stream, types);
  }

  #changeType(stream: number, payloadType: number): void {
    const at = stream * WORDS;
    const words = this.#words;
    let place = 0;
    while (place < MAX_TYPES && words[at + TYPES + place] !== 0 && words[at + TYPES + place] !== payloadType + 1) place++;
    if (place < MAX_TYPES) words[at + TYPES + place] = payloadType + 1;
    words[at + TYPE_PLACE] = place;
  }

  /** A key counts with the first end of its event; the end is sent three times, with one timestamp. */
  #followEvent(packet: Packet, stream: number, types: PayloadTypes): void {
    const { bytes, start, length } = packet;
    if (types.isEvent[rtpPayloadType(bytes, start)] !== 1) return;
    const payload = start + rtpHeaderLength(bytes, start, length);
    if (rtpPayloadLength(bytes, start, length) < TELEPHONE_EVENT_BYTES) return;
    if (!eventEnds(bytes, payload) || digitOf(eventCode(bytes, payload)) === null) return;
    const at = stream * WORDS;
    const words = this.#words;
    const base = stream * FLOATS;
    const timestamp = int32At(bytes, start + TIMESTAMP_AT);
    if (this.#floats[base + DIGITS]! > 0 && ((timestamp - words[at + EVENT_TIMESTAMP]!) | 0) <= 0) return;
    words[at + EVENT_TIMESTAMP] = timestamp;
    this.#floats[base + DIGITS]!++;
  }

  /** Whether it is a packet whose arrival may be measured: no copy, and not from nowhere. */
  #followSequence(packet: Packet, stream: number): boolean {
    const at = stream * WORDS;
    const words = this.#words;
    const sequence = rtpSequence(packet.bytes, packet.start);
    if (words[at + STATE] !== COUNTING) {
      this.#begin(stream, sequence);
      this.#beginTime(packet, stream);
      return true;
    }
    const highest = words[at + HIGHEST]!;
    const ahead = (sequence - highest) & 0xffff;
    if (ahead > 0 && ahead < MAX_DROPOUT) {
      // The place of the highest so far belongs to one of those jumped over, if there are many.
      const skipped = Math.min(ahead, WINDOW + 1);
      for (let i = 1; i < skipped; i++) words[at + seenWord(highest + i)]! &= ~seenBit(highest + i);
      words[at + seenWord(sequence)]! |= seenBit(sequence);
      words[at + HIGHEST] = sequence;
      if (sequence < highest) this.#floats[stream * FLOATS + CYCLES]! += SEQUENCE_MODULUS;
      return true;
    }
    if (ahead === 0 || ahead > SEQUENCE_MODULUS - MAX_MISORDER) return this.#arriveLate(stream, sequence);
    return this.#leap(packet, stream, sequence);
  }

  #arriveLate(stream: number, sequence: number): boolean {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    const words = this.#words;
    const floats = this.#floats;
    if ((words[at + seenWord(sequence)]! & seenBit(sequence)) !== 0) {
      floats[base + DUPLICATES]!++;
      return false;
    }
    words[at + seenWord(sequence)]! |= seenBit(sequence);
    floats[base + REORDERED]!++;
    const highest = words[at + HIGHEST]!;
    const number = floats[base + CYCLES]! + highest - ((highest - sequence) & 0xffff);
    // One that was overtaken by the first that came was expected as well.
    if (number < floats[base + LOWEST]!) floats[base + LOWEST] = number;
    return true;
  }

  /** Two in sequence after a jump: the sender has begun anew, with the one before (A.1). One alone belongs nowhere. */
  #leap(packet: Packet, stream: number, sequence: number): boolean {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    const words = this.#words;
    const floats = this.#floats;
    if (words[at + EXPECTED_NEXT] !== sequence + 1) {
      words[at + EXPECTED_NEXT] = ((sequence + 1) & 0xffff) + 1;
      floats[base + LAST_AT] = packet.nowMs;
      floats[base + SUSPECTS]!++;
      return false;
    }
    floats[base + SUSPECTS]!--;
    floats[base + EXPECTED_BEFORE]! += floats[base + CYCLES]! + words[at + HIGHEST]! - floats[base + LOWEST]! + 1;
    floats[base + MS_PER_TICK] = 0;
    this.#begin(stream, sequence);
    const first = (sequence - 1) & 0xffff;
    words[at + seenWord(first)]! |= seenBit(first);
    floats[base + LOWEST] = sequence - 1;
    return true;
  }

  /** The first packet, or the first since the source was restored: the silence before that is a gap. */
  #beginTime({ nowMs }: Packet, stream: number): void {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    if (this.#words[at + STATE] === EMPTY) {
      this.#floats[base + FIRST_AT] = nowMs;
      this.#floats[base + LAST_AT] = nowMs;
    }
    this.#words[at + STATE] = COUNTING;
  }

  #begin(stream: number, sequence: number): void {
    const at = stream * WORDS;
    const base = stream * FLOATS;
    const words = this.#words;
    words.fill(0, at + SEEN, at + SEEN + WINDOW / 32);
    words[at + seenWord(sequence)] = seenBit(sequence);
    words[at + HIGHEST] = sequence;
    words[at + EXPECTED_NEXT] = 0;
    this.#floats[base + CYCLES] = 0;
    this.#floats[base + LOWEST] = sequence;
  }
}

const seenWord = (sequence: number): number => SEEN + ((sequence & (WINDOW - 1)) >> 5);
const seenBit = (sequence: number): number => 1 << (sequence & 31);
