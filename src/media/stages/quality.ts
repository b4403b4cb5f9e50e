import { estimateMos } from '../../protocol/qos/eModel.js';
import { rowOf, slotOf } from '../streams.js';
import type { CodecTable, PayloadTypes } from './codecTable.js';
import { QualityHistory } from './history.js';
import type { ReportTable } from './reports.js';
import type { SourceTable } from './sources.js';
import {
  BYTES,
  expectedAt,
  FIRST_AT,
  JITTER,
  MAX_TYPES,
  receivedAt,
  type SourcePlace,
  SSRC,
  TYPE_COUNTS,
  TYPE_PLACE,
  TYPES,
} from './sourceWords.js';

/** An interval that is shorter has too few packets to tell. */
const SHORTEST_INTERVAL_MS = 1000;

/** What an SSRC had come to when it was last looked at. */
class SourceQuality {
  readonly ssrc: number;
  readonly history: QualityHistory;
  /** Of the last interval, bits a second of UDP payload; null: none has passed. */
  bitrate: number | null = null;
  expected = 0;
  received = 0;
  bytes = 0;
  atMs: number;

  constructor(ssrc: number, atMs: number, history = new QualityHistory()) {
    this.ssrc = ssrc;
    this.atMs = atMs;
    this.history = history;
  }

  noteAt(place: SourcePlace, nowMs: number): void {
    this.expected = expectedAt(place);
    this.received = receivedAt(place);
    this.bytes = place.floats[place.base + BYTES]!;
    this.atMs = nowMs;
  }
}

export type QualityWorld = { readonly sources: SourceTable; readonly codecs: CodecTable; readonly reports: ReportTable };

/** How good the streams of a shard are, from one look to the next: measured on what comes in, whether or not anybody sends RTCP. */
export class QualityTable {
  readonly #world: QualityWorld;
  /** RTP row → its SSRCs. */
  readonly #rows = new Map<number, SourceQuality[]>();

  constructor(world: QualityWorld) {
    this.#world = world;
  }

  /** Looks at both RTP rows of a slot, as every one or two seconds somebody should. Whether there is a new measurement. */
  turn(slot: number, nowMs: number): boolean {
    let isNew = false;
    for (const leg of [0, 1] as const) {
      const row = rowOf(slot, leg, 0);
      const count = this.#world.sources.count(row);
      if (count > 0 && this.#look(row, count, nowMs)) isNew = true;
    }
    return isNew;
  }

  /** Null: nobody has looked yet. */
  of(row: number, ssrc: number): { readonly history: QualityHistory; readonly bitrate: number | null } | null {
    return this.#rows.get(row)?.find((source) => source.ssrc === ssrc) ?? null;
  }

  /** Goes on with a source that stands in `sources` again. */
  restore(row: number, ssrc: number, place: SourcePlace, lastAtMs: number, history: QualityHistory): void {
    const source = new SourceQuality(ssrc, lastAtMs, history);
    source.noteAt(place, lastAtMs);
    this.#rows.set(row, [...(this.#rows.get(row) ?? []), source]);
  }

  clear(row: number): void {
    this.#rows.delete(row);
  }

  #look(row: number, count: number, nowMs: number): boolean {
    const before = this.#rows.get(row) ?? [];
    const now: SourceQuality[] = [];
    let isNew = false;
    for (let i = 0; i < count; i++) {
      const place = this.#world.sources.place(row, i);
      const ssrc = place.words[place.at + SSRC]! >>> 0;
      const known = before.find((source) => source.ssrc === ssrc);
      const source = known ?? new SourceQuality(ssrc, place.floats[place.base + FIRST_AT]!);
      if (this.#measure(row, source, place, nowMs)) isNew = true;
      now.push(source);
    }
    this.#rows.set(row, now);
    return isNew;
  }

  #measure(row: number, source: SourceQuality, place: SourcePlace, nowMs: number): boolean {
    const elapsedMs = nowMs - source.atMs;
    if (elapsedMs < SHORTEST_INTERVAL_MS) return false;
    const expected = expectedAt(place) - source.expected;
    const received = receivedAt(place) - source.received;
    source.bitrate = Math.round(((place.floats[place.base + BYTES]! - source.bytes) * 8000) / elapsedMs);
    source.noteAt(place, nowMs);
    // Who says nothing may be silent, or on hold: of a bad line there is no sign.
    if (received <= 0) return false;
    const sample = sampleOf(this.#world, row, place, lossPercentOf(expected, received));
    if (sample !== null) source.history.add({ ...sample, atMs: nowMs });
    return sample !== null;
  }
}

/** What packets came of those that the numbers tell of, 0…100. One that was late belongs to an interval before. */
export const lossPercentOf = (expected: number, received: number): number =>
  expected <= 0 ? 0 : Math.max(0, ((expected - received) * 100) / expected);

/** How a source sounds now; null where its codec is not known, or none of speech. */
export function sampleOf({ codecs, reports }: QualityWorld, row: number, place: SourcePlace, lossPercent: number) {
  const codec = voiceOf(codecs.of(row), place);
  if (codec === null) return null;
  const jitterMs = place.floats[place.base + JITTER]!;
  const slot = slotOf(row);
  const roundTripLegUs = reports.roundTripUs(slot, row & 2 ? 1 : 0);
  const beyondUs = reports.roundTripUs(slot, row & 2 ? 0 : 1);
  const roundTripUs = roundTripLegUs === null && beyondUs === null ? null : (roundTripLegUs ?? 0) + (beyondUs ?? 0);
  const mos = estimateMos({ codec, roundTripMs: roundTripUs === null ? null : roundTripUs / 1000, jitterMs, lossPercent });
  return mos === null ? null : { mos, jitterMs, lossPercent, roundTripUs, roundTripLegUs };
}

/** The name of the codec that is talked in: that of the last packet, or else the most frequent one. */
function voiceOf(types: PayloadTypes, { words, at }: SourcePlace): string | null {
  let voice = -1;
  let most = 0;
  const last = words[at + TYPE_PLACE]!;
  for (let i = 0; i < MAX_TYPES && words[at + TYPES + i] !== 0; i++) {
    const payloadType = words[at + TYPES + i]! - 1;
    if (types.isVoice[payloadType] === 0) continue;
    const packets = i === last ? Number.POSITIVE_INFINITY : words[at + TYPE_COUNTS + i]! >>> 0;
    if (packets <= most) continue;
    most = packets;
    voice = payloadType;
  }
  return types.codecs.get(voice)?.name ?? null;
}
