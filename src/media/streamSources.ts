import { isRtcp } from '../protocol/rtcp/report.js';
import type { StreamCodec } from '../protocol/rtp/payloadTypes.js';
import type { Packet } from './engine.js';
import { CodecTable } from './stages/codecTable.js';
import { QualityHistory, type QualityReport } from './stages/history.js';
import { lossPercentOf, QualityTable, sampleOf } from './stages/quality.js';
import { ReportTable } from './stages/reports.js';
import { SourceTable } from './stages/sources.js';
import { readSource, type SavedSource, type SourcePlace, SSRC, savedSource, saveSource } from './stages/sourceWords.js';
import type { SourceReport, StreamReport } from './streamReport.js';
import { legOf, slotOf } from './streams.js';

/** What is known of the SSRCs of a thread's streams: counted from packets, told by RTCP, and how good that is. Rows are RTP rows. */
export class StreamSources {
  readonly codecs: CodecTable;
  readonly table: SourceTable;
  readonly reports = new ReportTable();
  readonly #quality: QualityTable;

  constructor(rows: number) {
    this.codecs = new CodecTable(rows);
    this.table = new SourceTable(rows, this.codecs);
    this.#quality = new QualityTable({ sources: this.table, codecs: this.codecs, reports: this.reports });
  }

  /**
   * What the payload types stand for of what comes in on a row, as its session description says; null: only the static ones are known.
   * Jitter, quality and digits of dynamic types need it. Costs little if it is the same as before.
   */
  setCodecs(row: number, codecs: ReadonlyMap<number, StreamCodec> | null): void {
    this.codecs.set(row, codecs);
  }

  /** Takes a packet of an RTP row that is no RTP: RTCP on the same port (RFC 5761), or anything. */
  takeOther(packet: Packet): void {
    if (isRtcp(packet.bytes, packet.start, packet.length)) this.reports.take(packet);
  }

  /** Measures the quality of a slot's streams since the last turn. Whether `save` has something new to tell of it. */
  turn(slot: number, nowMs: number): boolean {
    return this.#quality.turn(slot, nowMs);
  }

  /** `progression`: with how the quality went on, which takes as long as all the rest. */
  read(row: number, progression = true): StreamReport {
    const sources: SourceReport[] = [];
    const count = this.table.count(row);
    for (let i = 0; i < count; i++) sources.push(this.#reportOf(row, this.table.place(row, i), progression));
    return { sources, forgotten: this.table.forgotten(row), roundTripUs: this.reports.roundTripUs(slotOf(row), legOf(row)) };
  }

  /** What is known of a row, as numbers for `restore`; null: nothing came. RTCP will be told again. */
  save(row: number): readonly number[] | null {
    const count = this.table.count(row);
    if (count === 0) return null;
    const saved = [this.table.forgotten(row), count];
    for (let i = 0; i < count; i++) {
      const place = this.table.place(row, i);
      saveSource(place, saved);
      const quality = this.#quality.of(row, place.words[place.at + SSRC]! >>> 0);
      if (quality === null) saved.push(0);
      else quality.history.save(saved);
    }
    return saved;
  }

  /** Goes on from what was saved: what is counted stays. Numbers that are missing count as 0. What codecs there are is kept. */
  restore(row: number, saved: readonly number[]): void {
    let at = 0;
    const next = (): number => saved[at++] ?? 0;
    const forgotten = next();
    const count = next();
    const sources: SavedSource[] = [];
    const histories: QualityHistory[] = [];
    while (sources.length < count && at < saved.length) {
      sources.push(savedSource(next));
      histories.push(QualityHistory.restore(next));
    }
    this.table.restore(row, sources, forgotten);
    this.#quality.clear(row);
    for (let i = 0; i < this.table.count(row); i++) {
      const place = this.table.place(row, i);
      const which = sources.findIndex(({ ssrc }) => (ssrc | 0) === place.words[place.at + SSRC]);
      const { ssrc, lastAtMs } = sources[which]!;
      this.#quality.restore(row, ssrc >>> 0, place, lastAtMs, histories[which]!);
    }
  }

  clear(row: number): void {
    this.table.clear(row);
    this.#quality.clear(row);
    this.codecs.set(row, null);
    this.reports.clear(slotOf(row));
  }

  #reportOf(row: number, place: SourcePlace, progression: boolean): SourceReport {
    const source = readSource(place);
    const { ssrc, lastType, expected, received } = source;
    const { codecs } = this.codecs.of(row);
    const quality = this.#quality.of(row, ssrc);
    // Written out, as in `readSource`.
    return {
      ssrc,
      packets: source.packets,
      bytes: source.bytes,
      firstAtMs: source.firstAtMs,
      lastAtMs: source.lastAtMs,
      lastSequence: source.lastSequence,
      lastTimestamp: source.lastTimestamp,
      expected,
      received,
      duplicates: source.duplicates,
      reordered: source.reordered,
      jitterMs: source.jitterMs,
      longestGapMs: source.longestGapMs,
      digits: source.digits,
      otherTypes: source.otherTypes,
      lost: expected - received,
      bitrate: quality?.bitrate ?? null,
      payloadTypes: source.payloadTypes.map(([payloadType, packets]) => {
        const codec = codecs.get(payloadType);
        return { payloadType, packets, codec: codec?.name ?? null, clockRate: codec?.clockRate ?? 0 };
      }),
      lastPayloadType: lastType < 0 ? null : lastType,
      quality: quality?.history.read(progression) ?? this.#qualitySoFar(row, place, source),
      sender: this.reports.senderNote(row, ssrc),
      receiver: this.reports.receiverNote(row, ssrc),
      goodbyeAtMs: this.reports.goodbyeAtMs(row, ssrc),
    };
  }

  /** Of a source that was not looked at yet: a call may be that short. */
  #qualitySoFar(
    row: number,
    place: SourcePlace,
    source: { expected: number; received: number; lastAtMs: number },
  ): QualityReport | null {
    const loss = lossPercentOf(source.expected, source.received);
    const sample = sampleOf({ sources: this.table, codecs: this.codecs, reports: this.reports }, row, place, loss);
    if (sample === null) return null;
    const history = new QualityHistory();
    history.add({ ...sample, atMs: source.lastAtMs });
    return history.read();
  }
}
