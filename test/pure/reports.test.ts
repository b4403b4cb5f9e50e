import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ReportTable } from '../../src/media/stages/reports.js';
import { isRtcp, parseRtcp } from '../../src/protocol/rtcp/report.js';
import { block, receiverReport, rtcp, senderReport } from './sourcesGiven.js';

const [CALLER_RTCP, CALLEE_RTCP, CALLER, CALLEE] = [1, 3, 0, 2] as const;
const STAMP = 0x1234_5678;

test('[NG-37] the round trip of a leg is from a report that was sent there to its answer, without the time it lay there', () => {
  const table = new ReportTable();
  table.take(rtcp(senderReport(7, STAMP), CALLER_RTCP, 10_000));
  table.take(rtcp(receiverReport(9, [block({ source: 7, stamp: STAMP, delay: 2000 })]), CALLEE_RTCP, 12_060));
  equal(table.roundTripUs(0, 1), 60_000, 'to the callee, who answered');
  equal(table.roundTripUs(0, 0), null);
  equal(table.receiverNote(CALLER, 7)?.roundTripUs, 60_000);
  table.take(rtcp(senderReport(9, STAMP + 1, [block({ source: 7 })]), CALLEE_RTCP, 12_100));
  table.take(rtcp(senderReport(7, STAMP + 2, [block({ source: 9, stamp: STAMP + 1, delay: 125 })]), CALLER_RTCP, 12_250));
  deepEqual([table.roundTripUs(0, 0), table.roundTripUs(0, 1)], [25_000, 60_000]);
});

test('an answer may be to any of the last sixteen reports, and to nothing else', () => {
  const trip = (stamp: number, source: number, delay: number, atMs = 20_000): number | null => {
    const table = new ReportTable();
    for (let i = 1; i <= 17; i++) table.take(rtcp(senderReport(7, i), CALLER_RTCP, 10_000 + i));
    table.take(rtcp(senderReport(7, 17), CALLER_RTCP, 15_000));
    table.take(rtcp(receiverReport(9, [block({ source, stamp, delay })]), CALLEE_RTCP, atMs));
    return table.roundTripUs(0, 1);
  };
  equal(trip(2, 7, 9875), 123_000);
  equal(trip(1, 7, 9875), null, 'too long ago');
  equal(trip(17, 7, 9875), 108_000, 'a copy is no new report');
  equal(trip(17, 8, 9875), null, 'of another source');
  equal(trip(18, 7, 9875), null, 'that was never sent');
  equal(trip(0, 7, 0), null, 'that tells of none');
  equal(trip(17, 7, 10_000, 20_010), 0, 'answered in the same batch, by the clock a little before');
  equal(trip(17, 7, 11_000), null, 'answered before it came');
  equal(trip(17, 7, 0, 50_000), null, 'half a minute is no round trip');
});

test('[NG-37] what sender and hearer said last of a source is known', () => {
  const table = new ReportTable();
  table.take(rtcp(senderReport(7, STAMP), CALLER_RTCP, 1000));
  const about = { source: 7, fraction: 64, lost: -3 & 0xff_ffff, jitter: 80 };
  table.take(rtcp(receiverReport(9, [block({ source: 5 }), block(about)]), CALLEE_RTCP, 2000));
  deepEqual(table.receiverNote(CALLER, 7), { atMs: 2000, lossPercent: 25, packetsLost: -3, jitter: 80, roundTripUs: null });
  const { atMs, packets, octets, rtpTimestamp } = table.senderNote(CALLER, 7)!;
  deepEqual([atMs, packets, octets, rtpTimestamp], [1000, 50, 8000, 8000]);
  deepEqual([table.receiverNote(CALLEE, 7), table.senderNote(CALLEE, 7), table.senderNote(CALLER, 9)], [null, null, null]);
  equal(table.goodbyeAtMs(CALLER, 7), null);
  table.take(rtcp(Uint8Array.of(0x82, 203, 0, 2, 0, 0, 0, 6, 0, 0, 0, 7), CALLER_RTCP, 3000));
  deepEqual([table.goodbyeAtMs(CALLER, 7), table.goodbyeAtMs(CALLER, 6), table.goodbyeAtMs(CALLEE, 7)], [3000, 3000, null]);
  table.clear(0);
  deepEqual([table.receiverNote(CALLER, 7), table.roundTripUs(0, 1)], [null, null]);
});

test('of each leg eight sources are known, however many are reported', () => {
  const table = new ReportTable();
  for (let source = 0; source < 31; source++) table.take(rtcp(receiverReport(9, [block({ source })]), CALLEE_RTCP, source));
  table.take(rtcp(receiverReport(9, [block({ source: 23 }), block({ source: 99 })]), CALLEE_RTCP, 50));
  const known = [...Array(31).keys(), 99].filter((source) => table.receiverNote(CALLER, source) !== null);
  deepEqual(known, [23, 25, 26, 27, 28, 29, 30, 99], 'the one that was heard of longest ago gave way');
});

test('encrypted RTCP is not taken for what it looks like', () => {
  const plain = senderReport(7, STAMP, [block({ source: 9, lost: 77 })]);
  for (const tagBytes of [4, 10, 16]) {
    for (const index of [0, 1, 2]) {
      const trailer = [0x80, 0, 0, index, ...Array.from({ length: tagBytes }, (_, i) => i * 37)];
      const bytes = Uint8Array.from([...plain, ...trailer]);
      equal(parseRtcp(bytes), null, `tag of ${tagBytes}, index ${index}`);
      const table = new ReportTable();
      table.take(rtcp(bytes, CALLER_RTCP, 0));
      equal(table.senderNote(CALLER, 7), null);
    }
  }
});

test('goodbyes are read as far as they are there; a type that RTCP does not have is none', () => {
  deepEqual(parseRtcp(Uint8Array.of(0x9f, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2))?.goodbyes, [1, 2]);
  deepEqual(parseRtcp(Uint8Array.of(0x80, 203, 0, 1, 0, 0, 0, 1))?.goodbyes, []);
  for (const [type, isKnown] of [
    [191, false],
    [192, true],
    [223, true],
    [224, false],
    [0, false],
  ] as const) {
    equal(parseRtcp(Uint8Array.of(0x80, type, 0, 1, 0, 0, 0, 1)) !== null, isKnown, `${type}`);
    equal(isRtcp(Uint8Array.of(9, 0x80, type, 0, 1, 0, 0, 0, 1), 1, 8), isKnown);
  }
  equal(isRtcp(Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0), 0, 7), false, 'too short');
  equal(isRtcp(Uint8Array.of(0x40, 200, 0, 1, 0, 0, 0, 0), 0, 8), false, 'of version 1');
});
