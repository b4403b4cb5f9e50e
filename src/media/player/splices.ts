import { int32At } from '../../protocol/bytes/int32.js';
import { isRtp, rtpSequence } from '../../protocol/rtp/header.js';
import type { Packet, PacketEngine } from '../engine.js';
import { DROPPED, NEXT, type Stage, type Verdict } from '../path.js';
import { copyBytes } from '../stages/resizerQueue.js';
import { type Continuation, putNumbers, ticksBetween } from './voices.js';

/** A sender whose own timestamps follow what was played by no more than this keeps them, ticks: 10 s. */
const LONGEST_LEAP = 80_000;
/** A packet so many numbers before another is late, and not of a sender that has begun anew. */
const LATE_REACH = 1024;

const TIMESTAMP_AT = 4;
const SSRC_AT = 8;

/** How many numbers `save` answers; yes and no are 1 and 0. */
const SAVED_WORDS = 9;

/**
 * Where a relayed stream goes on after a prompt that was played in its SSRC. It begins open: what the listener is due is known, and with
 * the first packet it closes, which settles by how much the sender's numbers are moved from then on.
 */
class Splice {
  readonly ssrc: number;
  /** Open: of the listener's next packet. Closed: what is added to the sender's. */
  sequence: number;
  timestamp: number;
  #isClosed = false;
  /** Open: when that packet is due, and how much of the timestamp the packet before it took. */
  #atMs: number;
  #ticks: number;
  /** The sender's number of the first packet; those before it would take the numbers of what was played. */
  #first = 0;
  #isGuarded = true;
  /** The newest of the sender's numbers. */
  #newest = 0;

  constructor(next: Continuation, ticks: number) {
    this.ssrc = next.ssrc | 0;
    this.sequence = next.sequence;
    this.timestamp = next.timestamp | 0;
    this.#atMs = next.atMs;
    this.#ticks = Math.max(1, ticks);
  }

  /** Null: it is closed, and what comes next stands with the sender. */
  get next(): Continuation | null {
    if (this.#isClosed) return null;
    return { ssrc: this.ssrc >>> 0, sequence: this.sequence, timestamp: this.timestamp >>> 0, atMs: this.#atMs };
  }

  /** The sender's numbers are the listener's. */
  get isPlain(): boolean {
    return this.sequence === 0 && this.timestamp === 0;
  }

  isOf({ bytes, start, length }: Packet): boolean {
    return isRtp(bytes, start, length) && int32At(bytes, start + SSRC_AT) === this.ssrc;
  }

  /** Takes note of a packet of its source. False: it is too late to be heard. */
  take({ bytes, start, nowMs }: Packet): boolean {
    const sequence = rtpSequence(bytes, start);
    if (!this.#isClosed) this.#close(sequence, int32At(bytes, start + TIMESTAMP_AT), nowMs);
    if (this.#isGuarded) {
      if (isBehind(this.#first, sequence)) return false;
      this.#isGuarded = ((sequence - this.#first) & 0xffff) <= LATE_REACH;
    }
    if (!isBehind(this.#newest, sequence)) this.#newest = sequence;
    return true;
  }

  /** The listener's numbers for a packet that follows the newest, with the sender's timestamp. */
  following(next: Continuation): Continuation {
    const sequence = (this.#newest + 1 + this.sequence) & 0xffff;
    return { ...next, sequence, timestamp: (next.timestamp + this.timestamp) >>> 0 };
  }

  #close(sequence: number, timestamp: number, nowMs: number): void {
    const ahead = (timestamp - this.timestamp + this.#ticks) | 0;
    const isFollowing = ahead > 0 && ahead <= LONGEST_LEAP;
    this.timestamp = isFollowing ? 0 : (this.timestamp + ticksBetween(this.#atMs, nowMs) - timestamp) | 0;
    this.sequence = (this.sequence - sequence) & 0xffff;
    this.#first = sequence;
    this.#newest = sequence;
    this.#isClosed = true;
  }

  save(): readonly number[] {
    const { ssrc, sequence, timestamp } = this;
    const flags = [this.#isClosed ? 1 : 0, this.#isGuarded ? 1 : 0];
    return [ssrc >>> 0, sequence, timestamp >>> 0, ...flags, this.#first, this.#atMs, this.#ticks, this.#newest];
  }

  static restore(saved: readonly number[]): Splice {
    const at = (place: number): number => saved[place] ?? 0;
    const next = { ssrc: at(0), sequence: at(1) & 0xffff, timestamp: at(2), atMs: at(6) };
    const splice = new Splice(next, at(7) | 0);
    splice.#isClosed = at(3) === 1;
    splice.#isGuarded = at(4) === 1;
    splice.#first = at(5) & 0xffff;
    splice.#newest = at(8) & 0xffff;
    return splice;
  }
}

/** What `Splices.save` would say of a stream that is to go on with `next`. */
export const saveOpen = (next: Continuation, ticks: number): readonly number[] => new Splice(next, ticks).save();

/** Whether a packet was overtaken by another. */
const isBehind = (newest: number, sequence: number): boolean => {
  const behind = (newest - sequence) & 0xffff;
  return behind > 0 && behind <= LATE_REACH;
};

/**
 * The streams of a thread that were interrupted by a prompt in their own SSRC: their packets get other numbers, so that the listener finds no
 * gap. Rows are those of the streams that are relayed, not of the listener. What comes in another SSRC is left alone, and so is RTCP.
 */
export class Splices {
  readonly #splices = new Map<number, Splice>();
  readonly #engine: PacketEngine;
  readonly #send: Stage;

  /** `send`: what a packet would meet next. */
  constructor(engine: PacketEngine, send: Stage) {
    this.#engine = engine;
    this.#send = send;
  }

  has(row: number): boolean {
    return this.#splices.has(row);
  }

  /** The stream is to go on with `next`. `ticks`: how much of the timestamp the packets took that were played. */
  open(row: number, next: Continuation, ticks: number): void {
    this.#splices.set(row, new Splice(next, ticks));
  }

  delete(row: number): void {
    this.#splices.delete(row);
  }

  /** Whether it is this source that goes on elsewhere. */
  isOf(row: number, ssrc: number): boolean {
    return this.#splices.get(row)?.ssrc === (ssrc | 0);
  }

  /** What the listener is due, if nothing was relayed since the prompt. */
  nextOf(row: number): Continuation | null {
    return this.#splices.get(row)?.next ?? null;
  }

  /** The listener's numbers for a packet that its sender would send next. */
  moved(row: number, next: Continuation): Continuation {
    const splice = this.#splices.get(row);
    return splice === undefined || splice.next !== null || !this.isOf(row, next.ssrc) ? next : splice.following(next);
  }

  /** Null: the numbers are the sender's. */
  save(row: number): readonly number[] | null {
    return this.#splices.get(row)?.save() ?? null;
  }

  /** What is no splice is left alone. */
  restore(row: number, saved: readonly number[]): void {
    if (saved.length >= SAVED_WORDS) this.#splices.set(row, Splice.restore(saved));
  }

  readonly stage: Stage = (packet) => {
    const splice = this.#splices.get(packet.row);
    if (splice === undefined || !splice.isOf(packet)) return NEXT;
    if (!splice.take(packet)) return DROPPED;
    return splice.isPlain ? NEXT : this.#sendMoved(packet, splice);
  };

  /** In a packet of its own: the one in hand may have been queued already for others, who hear it as it came. */
  #sendMoved(packet: Packet, splice: Splice): Verdict {
    const { bytes, start, length, row, nowMs } = packet;
    const sequence = rtpSequence(bytes, start);
    const timestamp = int32At(bytes, start + TIMESTAMP_AT);
    const draft = this.#engine.draft();
    const at = draft.start;
    copyBytes(bytes, start, draft.bytes, at, length);
    putNumbers(draft.bytes, at, sequence + splice.sequence, timestamp + splice.timestamp);
    draft.row = row;
    draft.length = length;
    draft.nowMs = nowMs;
    const verdict = this.#send(draft);
    // A packet that was made by resizing is a draft itself, and an engine may have just one, in the same memory or elsewhere.
    if (draft === packet) packet.start = start;
    if (draft.bytes === bytes && at === start) putNumbers(bytes, start, sequence, timestamp);
    return verdict;
  }
}
