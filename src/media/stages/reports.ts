import { parseRtcp, type ReportBlock, type SenderInformation } from '../../protocol/rtcp/report.js';
import type { Packet } from '../engine.js';
import { type LegIndex, legOf, slotOf } from '../streams.js';

/** The SSRCs of a leg that something is known of by RTCP; the one that was heard of longest ago gives way. */
const MAX_SOURCES = 8;
/** The sender reports of a leg that a receiver may still refer to. */
const MAX_SENT = 16;
/** A round trip that is longer was not one: clocks that leap, numbers that are made up. */
const LONGEST_ROUND_TRIP_MS = 30_000;
/** Packets are given the time of their batch: a round trip may seem to end a little before it began. */
const CLOCK_SLACK_MS = 20;
const DELAY_UNITS_A_SECOND = 65_536;

/** What a source said of itself last (RFC 3550 §6.4.1). */
export type SenderNote = SenderInformation & { readonly atMs: number };

/** What a receiver said of a source last (RFC 3550 §6.4.1). Time in milliseconds of the thread's clock. */
export type ReceiverNote = {
  readonly atMs: number;
  /** Between its last two reports. */
  readonly lossPercent: number;
  /** Since it began; negative where copies outnumber the losses. */
  readonly packetsLost: number;
  /** Units of the RTP timestamp. */
  readonly jitter: number;
  /** From the relay to the receiver and back, by this report, microseconds; null: it tells none. */
  readonly roundTripUs: number | null;
};

/** A sender report that went through: by what a receiver will refer to it. */
type Sent = { readonly ssrc: number; readonly stamp: number; readonly atMs: number };

type LegNotes = {
  readonly senders: Map<number, SenderNote>;
  /** Of the sources of this leg, by whoever hears them. */
  readonly receivers: Map<number, ReceiverNote>;
  readonly goodbyes: Map<number, number>;
  readonly sent: Sent[];
  roundTripUs: number | null;
};

const newLegNotes = (): LegNotes => ({
  ...{ senders: new Map(), receivers: new Map(), goodbyes: new Map() },
  ...{ sent: [], roundTripUs: null },
});

/**
 * What the RTCP of the sessions of a shard says. Such packets are rare, so each is read whole and leaves objects behind, a bounded number a
 * session. What does not parse, as what is encrypted (SRTCP) does not, is left out.
 */
export class ReportTable {
  readonly #legs = new Map<number, readonly [LegNotes, LegNotes]>();

  /** Takes note of a packet of RTCP that the latching rule has accepted, on whichever row of its leg it came. */
  take(packet: Packet): void {
    const { bytes, start, length, row, nowMs } = packet;
    const compound = parseRtcp(bytes.subarray(start, start + length));
    if (compound === null) return;
    const legs = this.#legsOf(slotOf(row));
    const leg = legOf(row);
    const [own, other] = leg === 0 ? legs : [legs[1], legs[0]];
    for (const { ssrc, sender, blocks } of compound.reports) {
      if (sender !== null) noteSender(own, ssrc, sender, nowMs);
      for (const block of blocks) noteReceiver(own, other, block, nowMs);
    }
    for (const ssrc of compound.goodbyes) remember(own.goodbyes, ssrc, nowMs);
  }

  /** From the relay to a leg and back, as it was last measured, microseconds; null: never. */
  roundTripUs(slot: number, leg: LegIndex): number | null {
    return this.#legs.get(slot)?.[leg].roundTripUs ?? null;
  }

  senderNote(row: number, ssrc: number): SenderNote | null {
    return this.#notesOf(row)?.senders.get(ssrc) ?? null;
  }

  receiverNote(row: number, ssrc: number): ReceiverNote | null {
    return this.#notesOf(row)?.receivers.get(ssrc) ?? null;
  }

  /** When a source said that it has ended; null: it did not. */
  goodbyeAtMs(row: number, ssrc: number): number | null {
    return this.#notesOf(row)?.goodbyes.get(ssrc) ?? null;
  }

  clear(slot: number): void {
    this.#legs.delete(slot);
  }

  #notesOf(row: number): LegNotes | undefined {
    return this.#legs.get(slotOf(row))?.[legOf(row)];
  }

  #legsOf(slot: number): readonly [LegNotes, LegNotes] {
    const known = this.#legs.get(slot);
    if (known !== undefined) return known;
    const legs = [newLegNotes(), newLegNotes()] as const;
    this.#legs.set(slot, legs);
    return legs;
  }
}

function noteSender(own: LegNotes, ssrc: number, sender: SenderInformation, nowMs: number): void {
  remember(own.senders, ssrc, { ...sender, atMs: nowMs });
  const stamp = (((sender.ntpSeconds & 0xffff) << 16) | (sender.ntpFraction >>> 16)) >>> 0;
  // A copy of a report would make its round trip look shorter.
  if (own.sent.some((sent) => sent.ssrc === ssrc && sent.stamp === stamp)) return;
  own.sent.push({ ssrc, stamp, atMs: nowMs });
  if (own.sent.length > MAX_SENT) own.sent.shift();
}

function noteReceiver(own: LegNotes, other: LegNotes, block: ReportBlock, nowMs: number): void {
  const roundTripUs = roundTripOf(other.sent, block, nowMs);
  if (roundTripUs !== null) own.roundTripUs = roundTripUs;
  const { fractionLost, packetsLost, jitter } = block;
  remember(other.receivers, block.source, {
    ...{ atMs: nowMs, lossPercent: (fractionLost * 100) / 256, packetsLost, jitter, roundTripUs },
  });
}

/** How long the report took there and its answer back, without the time it lay there (RFC 3550 §6.4.1). */
function roundTripOf(
  sent: readonly Sent[],
  { source, lastSenderReport, delaySinceLast }: ReportBlock,
  nowMs: number,
): number | null {
  if (lastSenderReport === 0) return null;
  const report = sent.findLast(({ ssrc, stamp }) => ssrc === source && stamp === lastSenderReport);
  if (report === undefined) return null;
  const ms = nowMs - report.atMs - (delaySinceLast * 1000) / DELAY_UNITS_A_SECOND;
  return ms < -CLOCK_SLACK_MS || ms > LONGEST_ROUND_TRIP_MS ? null : Math.round(Math.max(0, ms) * 1000);
}

function remember<T>(notes: Map<number, T>, ssrc: number, note: T): void {
  notes.delete(ssrc);
  notes.set(ssrc, note);
  if (notes.size <= MAX_SOURCES) return;
  const [oldest] = notes.keys();
  notes.delete(oldest!);
}
