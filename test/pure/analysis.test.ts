import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { AnalysisTable, type StreamAnalysis } from '../../src/media/stages/analyse.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { analysed, from, NOTHING, packetOf, rtp, type Sent, upTo } from './analysed.js';

/** What the sequence numbers say: sent, received, duplicates, lost. */
function counted(...sent: readonly (number | Sent)[]): readonly number[] {
  const { nsent, nrcvd, ndups, nlost } = analysed(...sent.map((one) => (typeof one === 'number' ? { sequence: one } : one)));
  return [nsent, nrcvd, ndups, nlost];
}

test('[PN-54 SY-19] a stream without packets has nothing to say', () => {
  deepEqual(new AnalysisTable(4).read(2), NOTHING);
});

test('[PN-54 SY-19] packets in sequence are sent and received', () => {
  deepEqual(counted(5), [1, 1, 0, 0]);
  deepEqual(counted(...upTo(5, 104)), [100, 100, 0, 0]);
});

test('[PN-54] dropped packets are lost, until they come late', () => {
  deepEqual(counted(1, 2, 5), [5, 3, 0, 2]);
  deepEqual(counted(1, 2, 5, 4), [5, 4, 0, 1]);
  deepEqual(counted(1, 2, 5, 4, 3), [5, 5, 0, 0]);
  deepEqual(counted(10, 9, 7), [4, 3, 0, 1], 'what came before the first was sent as well');
});

test('[PN-54] a packet that came before is a duplicate, near or far, and hides no loss', () => {
  deepEqual(counted(1, 1, 1), [1, 1, 2, 0]);
  deepEqual(counted(1, 2, 4, 2), [4, 3, 1, 1]);
  deepEqual(counted(...upTo(0, 536), 0), [537, 537, 1, 0]);
  deepEqual(counted(10, 8, 8), [3, 2, 1, 1]);
  deepEqual(counted(100, 400, 900, 600, 400, 899), [801, 5, 1, 796], 'a number that was jumped over is new when it comes');
});

test('[PN-54] a number is new again when the window of the last ones has gone round', () => {
  deepEqual(counted(...upTo(0, 5000), ...upTo(4900, 4905)), [5001, 5001, 6, 0]);
  const jumping = upTo(1, 700).map((i) => 1100 + i * 2);
  const jumpedOver = jumping.slice(-200).map((sequence) => sequence - 1);
  deepEqual(counted(...upTo(0, 1100), ...jumping, ...jumpedOver), [2501, 1101 + 700 + 200, 0, 500]);
});

test('[PN-54] numbers go on after 65535', () => {
  deepEqual(counted(65_534, 65_535, 0, 1), [4, 4, 0, 0]);
  deepEqual(counted(65_534, 1), [4, 2, 0, 2]);
  deepEqual(counted(65_535, 534), [536, 2, 0, 534]);
  const table = new AnalysisTable(4);
  for (let i = 0; i < 200_000; i++) table.take(rtp({ sequence: i & 0xffff }));
  const { nsent, nrcvd, nlost } = table.read(0);
  deepEqual([nsent, nrcvd, nlost], [200_000, 200_000, 0]);
  deepEqual(counted(65_535, 535), [2, 2, 0, 0], 'the text names a wrap only below last - 65000');
  deepEqual(counted(65_000, 0), [2, 2, 0, 0], 'and only with last above 65000');
});

test('[PN-54] a packet from before a wrap may come after it', () => {
  deepEqual(counted(65_534, 0, 65_535), [3, 3, 0, 0]);
  deepEqual(counted(65_534, 65_535, 0, 65_535), [3, 3, 1, 0]);
  deepEqual(counted(3, 65_534), [6, 2, 0, 4], 'even where no wrap was seen');
  deepEqual(counted(535, 65_535), [537, 2, 0, 535]);
  deepEqual(counted(0, 65_000), [2, 2, 0, 0], 'pre-wrap is above 65000');
  deepEqual(counted(535, 65_530), [2, 2, 0, 0], 'but not farther back than any late packet');
});

test('[PN-54] a jump of more than 536 either way begins anew and keeps the totals', () => {
  deepEqual(counted(1000, 1536), [537, 2, 0, 535]);
  deepEqual(counted(1000, 1537), [2, 2, 0, 0]);
  deepEqual(counted(1000, 464), [537, 2, 0, 535]);
  deepEqual(counted(1000, 463), [2, 2, 0, 0]);
  deepEqual(counted(1, 2, 2, 4, 30_000, 30_003, 30_003, 30_002), [4 + 4, 3 + 3, 2, 1 + 1]);
  deepEqual(counted(1000, 3000, 1000), [3, 3, 0, 0], 'nothing of before is remembered');
});

test('[PN-54] the marker with a lower number begins anew, with a higher or the same one it does not', () => {
  deepEqual(counted(100, 101, { sequence: 50, marker: true }, 51), [4, 4, 0, 0]);
  deepEqual(counted(100, 101, { sequence: 103, marker: true }), [4, 3, 0, 1]);
  deepEqual(counted(100, 101, { sequence: 101, marker: true }), [2, 2, 1, 0]);
  deepEqual(counted({ sequence: 65_535 }, { sequence: 0, marker: true }), [2, 2, 0, 0]);
  deepEqual(counted(2, { sequence: 65_535, marker: true }, 0), [1 + 2, 3, 0, 0], 'lower is meant of the number with its wraps');
});

test('[PN-54] another SSRC begins anew and is counted, each time', () => {
  const { nsent, nrcvd, ndups, nlost, ssrcCount, ssrcLast } = analysed(
    ...[1, 2, 4].map((sequence) => ({ sequence, ssrc: 0xffff_fff0 })),
    ...[3, 3].map((sequence) => ({ sequence, ssrc: 0 })),
    { sequence: 4, ssrc: 0xffff_fff0 },
  );
  deepEqual([nsent, nrcvd, ndups, nlost], [4 + 1 + 1, 3 + 1 + 1, 1, 1]);
  deepEqual([ssrcCount, ssrcLast], [3, 0xffff_fff0]);
});

test('[SY-19] SSRC and payload type are those of the last packet, and 0 is a value', () => {
  equal(analysed({ ssrc: 0 }).ssrcLast, 0);
  equal(analysed({ payloadType: 0 }).payloadTypeLast, 0);
  equal(analysed({ payloadType: 0 }, { sequence: 1, payloadType: 127, marker: true }).payloadTypeLast, 127);
});

test('[PN-54] what is no RTP of version 2, too short for itself or RTCP is a parse error and nothing else', () => {
  const whole = buildRtp({ payloadType: 0, marker: false, sequence: 1, timestamp: 0, ssrc: 7 }, new Uint8Array(20));
  const changed = (at: number, value: number): Uint8Array => Uint8Array.from(whole, (byte, i) => (i === at ? value : byte));
  const wrong = [
    ...[new Uint8Array(0), Uint8Array.of(0x80), whole.subarray(0, 11)],
    ...[0x00, 0x40, 0xc0].map((first) => changed(0, first)),
    ...[200, 201, 202, 207, 213].map((second) => changed(1, second)),
    ...[changed(0, 0x8f), changed(0, 0xa0)],
  ];
  for (const bytes of wrong) {
    const table = new AnalysisTable(4);
    table.take(packetOf(bytes, 0, 40));
    deepEqual(table.read(0), { ...NOTHING, perrs: 1, firstAtMs: 40, lastAtMs: 40 }, `${bytes.subarray(0, 12)}`);
  }
  for (const bytes of [whole, whole.subarray(0, 12), changed(1, 199), changed(1, 214), changed(1, 0x80 | 71)]) {
    const table = new AnalysisTable(4);
    table.take(packetOf(bytes, 0, 40));
    equal(table.read(0).perrs, 0, `${bytes.subarray(0, 12)}`);
    equal(table.read(0).nrcvd, 1);
  }
});

test('[SY-19] the longest gap is between any two consecutive packets, in seconds; the first and last time are kept', () => {
  const spaced = (...times: number[]): StreamAnalysis => analysed(...times.map((atMs, sequence) => ({ sequence, atMs })));
  equal(spaced(1000).longestIpiS, 0);
  equal(spaced(1000, 1020, 1270.5, 1290).longestIpiS, 0.2505);
  equal(spaced(0, 20).longestIpiS, 0.02, 'a clock may begin at 0');
  const table = new AnalysisTable(4);
  table.take(rtp({ atMs: 1000.25 }));
  table.take(packetOf(Uint8Array.of(1), 0, 1500.25));
  table.take(rtp({ atMs: 1700, sequence: 1 }));
  const { firstAtMs, lastAtMs, longestIpiS } = table.read(0);
  deepEqual([firstAtMs, lastAtMs, longestIpiS], [1000.25, 1700, 0.5]);
  deepEqual([table.lastAtMs(0), table.lastAtMs(2)], [1700, 0]);
});

test('[PN-54 SY-19] streams do not touch each other, and a cleared one starts from nothing', () => {
  const table = new AnalysisTable(8);
  for (const row of [0, 2, 4, 6]) {
    for (const i of upTo(0, row)) table.take(rtp(from(row, i, 10 + i * 21), row));
    if (row === 4) table.take(rtp(from(99, 1, 500), row));
  }
  const wanted = [0, 2, 4, 6].map((row) => table.read(row));
  deepEqual(
    wanted.map(({ nrcvd, ssrcCount }) => [nrcvd, ssrcCount]),
    [
      [1, 1],
      [3, 1],
      [6, 2],
      [7, 1],
    ],
  );
  table.clear(4);
  deepEqual(table.read(4), NOTHING);
  for (const [i, row] of [0, 2, 6].entries()) deepEqual(table.read(row), wanted[row === 6 ? 3 : i]);
  table.take(rtp(from(4, 1, 100), 4));
  table.take(rtp(from(4, 2, 125), 4));
  const { nsent, nrcvd, ssrcCount, jitterLast, longestIpiS, firstAtMs } = table.read(4);
  deepEqual([nsent, nrcvd, ssrcCount, jitterLast, longestIpiS, firstAtMs], [2, 2, 1, 2.5, 0.025, 100]);
});

test('every reading is a plain number: neither NaN nor -0', () => {
  const readings = [NOTHING, analysed({}), analysed({}, { sequence: 1, timestamp: 160 }), analysed({ atMs: 5 }, { atMs: 3 })];
  for (const reading of readings) {
    for (const [name, value] of Object.entries(reading)) {
      ok(value === null || (Number.isFinite(value) && !Object.is(value, -0)), `${name} ${value}`);
    }
  }
});

test('a packet leaves no garbage behind', () => {
  const table = new AnalysisTable(4);
  const packet = rtp({});
  const { bytes } = packet;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const PACKETS = 20_000;
  let sent = 0;
  /** How much the heap has grown by so many packets; negative when it was swept meanwhile. */
  const growth = (): number => {
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < PACKETS; i++) {
      sent++;
      view.setUint16(2, sent);
      // Timestamps beyond 2^31, which are no small integers, and times with fractions.
      view.setUint32(4, 0xc000_0000 + ((sent * 160) & 0xfff_ffff));
      packet.nowMs += 19.5 + (sent & 1);
      table.take(packet);
    }
    return process.memoryUsage().heapUsed - before;
  };
  // Three rounds running, because a sweep may once hide what was made; later ones, because only compiled code keeps its floats unboxed.
  const grown: number[] = [];
  const isQuiet = (): boolean => grown.length > 2 && grown.slice(-3).every((bytes) => bytes >= 0 && bytes < PACKETS * 2);
  for (let round = 0; round < 150 && !isQuiet(); round++) grown.push(growth());
  ok(isQuiet(), `heap growth by ${PACKETS} packets: ${grown.slice(-10).join(', ')}`);
  equal(table.read(0).nrcvd, sent);
  ok(table.read(0).jitterLast > 0);
});
