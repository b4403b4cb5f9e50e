import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceReport } from '../../src/media/streamReport.js';
import { StreamSources } from '../../src/media/streamSources.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { packetOf, rtp, type Sent } from './analysed.js';
import { EVENTS, heard, second } from './sourcesGiven.js';

const only = (sources: StreamSources): SourceReport => {
  const { sources: list } = sources.read(0);
  equal(list.length, 1);
  return list[0]!;
};
const of = (...sent: readonly Sent[]): SourceReport => only(heard(new StreamSources(4), ...sent));

test('of a row that nothing came on nothing is known', () => {
  const sources = new StreamSources(4);
  deepEqual(sources.read(0), { sources: [], forgotten: 0, roundTripUs: null });
  equal(sources.save(0), null);
});

test('[NG-37 NG-36] a source tells its packets, bytes, times, numbers and codecs', () => {
  const sent = second(0xffff_fff1, 65_500, 1000);
  const report = of(...sent, { ...sent[49]!, payloadType: 8, sequence: 14, timestamp: 65_550 * 160, atMs: 2000 });
  equal(report.ssrc, 0xffff_fff1);
  deepEqual([report.packets, report.bytes, report.firstAtMs, report.lastAtMs], [51, 51 * 32, 1000, 2000]);
  deepEqual([report.lastSequence, report.lastTimestamp, report.lastPayloadType], [14, 65_550 * 160, 8]);
  deepEqual([report.expected, report.received, report.lost, report.duplicates, report.reordered], [51, 51, 0, 0, 0]);
  deepEqual(report.payloadTypes, [
    { payloadType: 0, packets: 50, codec: 'PCMU', clockRate: 8000 },
    { payloadType: 8, packets: 1, codec: 'PCMA', clockRate: 8000 },
  ]);
  deepEqual([report.longestGapMs, report.jitterMs, report.digits, report.otherTypes], [20, 0, 0, 0]);
});

const numbered = (...sequences: readonly number[]): SourceReport =>
  of(...sequences.map((sequence, i) => ({ sequence: sequence & 0xffff, timestamp: sequence * 160, atMs: i * 20 })));
const counts = ({ expected, received, lost, duplicates, reordered }: SourceReport) => [
  expected,
  received,
  lost,
  duplicates,
  reordered,
];

test('loss, copies and disorder are told apart', () => {
  deepEqual(counts(numbered(10, 11, 13, 14)), [5, 4, 1, 0, 0]);
  deepEqual(counts(numbered(10, 11, 13, 12, 14)), [5, 5, 0, 0, 1]);
  deepEqual(counts(numbered(10, 11, 11, 12, 10)), [3, 3, 0, 2, 0]);
  deepEqual(counts(numbered(10, 9, 8, 9)), [3, 3, 0, 1, 2], 'the first that came was not the first that was sent');
  deepEqual(counts(numbered(65_534, 65_535, 65_537, 65_536)), [4, 4, 0, 0, 1]);
  deepEqual(counts(numbered(0, -1, 1)), [3, 3, 0, 0, 1]);
  deepEqual(counts(numbered(100, 199, 101)), [100, 3, 97, 0, 1], '98 numbers late');
  deepEqual(counts(numbered(100, 200, 101, 100)), [101, 3, 98, 0, 1], '99 numbers late; one of 100 belongs nowhere');
  deepEqual(counts(numbered(100, 3099)), [3000, 2, 2998, 0, 0], 'as much as may be lost at once');
});

test('a jump is not loss: two packets in sequence begin anew, one alone belongs nowhere', () => {
  deepEqual(counts(numbered(10, 11, 5000, 12)), [3, 3, 0, 0, 0]);
  deepEqual(counts(numbered(10, 12, 5000, 5001, 5003)), [7, 5, 2, 0, 0]);
  deepEqual(counts(numbered(10, 11, 40_000, 50_000, 60_000)), [2, 2, 0, 0, 0]);
  deepEqual(counts(numbered(10, 11, 40_001 - 1, 40_001, 40_000)), [4, 4, 0, 1, 0], 'the first of a new beginning is known');
  deepEqual(counts(numbered(40_000, 65_535, 65_536, 65_537)), [4, 4, 0, 0, 0], 'over the wrap');
  equal(numbered(10, 11, 5000).packets, 3);
});

const arrived = (...steps: readonly (readonly [ticks: number, ms: number, payloadType?: number])[]): SourceReport => {
  let [timestamp, atMs] = [2 ** 32 - 100, 0];
  return of(
    ...steps.map(([ticks, ms, payloadType = 0], sequence) => {
      timestamp = (timestamp + ticks) % 2 ** 32;
      atMs += ms;
      return { sequence, timestamp, atMs, payloadType };
    }),
  );
};

test('jitter is that of RFC 3550 A.8 in milliseconds', () => {
  equal(arrived([0, 0], [160, 36]).jitterMs, 1);
  equal(arrived([0, 0], [160, 4], [160, 36]).jitterMs, 1 + (16 - 1) / 16);
  equal(arrived([0, 0], [160, 20], [320, 40], [160, 20]).jitterMs, 0);
  equal(arrived([0, 0, 6], [320, 36, 6]).jitterMs, 1, 'DVI4 at 16 kHz');
  equal(arrived([0, 0, 9], [160, 36, 9]).jitterMs, 1, 'G.722 by the clock that its RTP has');
});

test('what is only a whim of the sender is no jitter', () => {
  equal(arrived([0, 0], [0, 30], [160, 20]).jitterMs, 0, 'parts of a frame');
  equal(arrived([0, 0], [160, 2000], [160, 20]).jitterMs, 0, 'a clock that stood still');
  equal(arrived([0, 0], [2 ** 31, 20], [160, 20]).jitterMs, 0, 'a clock that began anew');
  equal(arrived([0, 0], [160, 1019]).jitterMs > 60, true, 'but a packet that comes nearly a second late is late');
  equal(arrived([0, 0], [160, 36, 96], [160, 20, 96]).jitterMs, 0, 'a clock that nobody has told');
  equal(arrived([0, 0], [160, 36, 6], [320, 20, 6]).jitterMs, 0, 'another clock');
});

test('a copy neither hides nor makes jitter', () => {
  const twice = [0, 1, 2, 3].flatMap((i) => [0, 1].map((copy) => ({ sequence: i, timestamp: i * 160, atMs: i * 36 + copy * 5 })));
  const once = twice.filter((_, i) => i % 2 === 0);
  equal(of(...twice).jitterMs, of(...once).jitterMs);
  ok(of(...once).jitterMs > 2);
});

test('dynamic types are measured and named as the description of the stream says', () => {
  const sources = new StreamSources(8);
  sources.setCodecs(0, new Map([[96, { name: 'opus', clockRate: 48_000 }]]));
  sources.setCodecs(4, new Map([[96, { name: 'H264', clockRate: 90_000 }]]));
  heard(sources, { payloadType: 96 }, { payloadType: 96, sequence: 1, timestamp: 960, atMs: 36 });
  equal(only(sources).jitterMs, 1);
  deepEqual(only(sources).payloadTypes, [{ payloadType: 96, packets: 2, codec: 'opus', clockRate: 48_000 }]);
  equal(only(sources).quality?.samples, 1);
  sources.setCodecs(0, null);
  equal(only(sources).payloadTypes[0]!.codec, null);
  sources.clear(0);
  deepEqual(sources.read(0).sources, []);
});

test('eight payload types have a place, further ones are counted together', () => {
  const types = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 0];
  const report = of(...types.map((payloadType, sequence) => ({ payloadType, sequence })));
  deepEqual(
    report.payloadTypes.map(({ payloadType, packets }) => [payloadType, packets]),
    [0, 1, 2, 3, 4, 5, 6, 7].map((type) => [type, type === 0 || type === 7 ? 2 : 1]),
  );
  deepEqual([report.otherTypes, report.packets, report.lastPayloadType], [3, 13, 0]);
  equal(of(...types.slice(0, 9).map((payloadType, sequence) => ({ payloadType, sequence }))).lastPayloadType, null);
});

test('[NG-37] a key counts once, however often its end is sent', () => {
  const sources = new StreamSources(4);
  sources.setCodecs(0, EVENTS);
  let sequence = 0;
  const press = (timestamp: number, code: number, ends: boolean, times = 1): void => {
    for (let i = 0; i < times; i++) {
      const header = { payloadType: 101, marker: false, sequence: sequence++, timestamp, ssrc: 7 };
      sources.table.take(packetOf(buildRtp(header, Uint8Array.of(code, ends ? 0x8a : 0x0a, 0, 160)), 0, sequence * 20));
    }
  };
  press(1000, 5, false, 4);
  equal(only(sources).digits, 0);
  press(1000, 5, true, 3);
  equal(only(sources).digits, 1);
  press(2000, 11, true, 3);
  press(1000, 5, true);
  equal(only(sources).digits, 2, 'a late copy');
  press(3000, 200, true);
  equal(only(sources).digits, 2, 'no key');
  sources.table.take(
    packetOf(buildRtp({ payloadType: 101, marker: false, sequence, timestamp: 4000, ssrc: 7 }, Uint8Array.of(1)), 0, 0),
  );
  equal(only(sources).digits, 2, 'no room for an event');
  equal(only(sources).payloadTypes[0]!.packets, 13);
});

test('each SSRC counts for itself, and one that comes back goes on', () => {
  const sources = heard(new StreamSources(4), ...second(1, 100, 0), ...second(2, 500, 1000), ...second(1, 150, 2000));
  const [present, former] = sources.read(0).sources;
  deepEqual([present!.ssrc, present!.packets, present!.lost, present!.longestGapMs], [1, 100, 0, 1020]);
  deepEqual([former!.ssrc, former!.packets, former!.firstAtMs, former!.lastAtMs], [2, 50, 1000, 1980]);
});

test('eight SSRCs are kept: the one that was left longest ago gives way, and how many did is counted', () => {
  const sources = heard(
    new StreamSources(4),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 1, 9, 0].map((ssrc, i) => ({ ssrc, sequence: 1, atMs: i })),
  );
  const { sources: list, forgotten } = sources.read(0);
  deepEqual([list.map(({ ssrc }) => ssrc), forgotten], [[0, 9, 1, 8, 7, 6, 5, 4], 2]);
  deepEqual([list[0]!.packets, list[2]!.packets], [1, 2]);
});

test('an SSRC of 0 is one like others', () => {
  const report = of({ ssrc: 0, sequence: 4, atMs: 9 }, { ssrc: 0, sequence: 5, atMs: 10 });
  deepEqual([report.ssrc, report.packets, report.firstAtMs, report.expected], [0, 2, 9, 2]);
});

test('packets leave no garbage behind, whether of one SSRC or of ones that take turns', () => {
  for (const isTurning of [false, true]) {
    const { table } = new StreamSources(4);
    const packet = rtp({});
    const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset);
    const PACKETS = 20_000;
    let sent = 0;
    const growth = (): number => {
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < PACKETS; i++) {
        sent++;
        view.setUint16(2, sent);
        view.setUint32(4, 0xc000_0000 + ((sent * 160) & 0xfff_ffff));
        if (isTurning) view.setUint32(8, 0xf000_0000 + (sent % 3));
        packet.nowMs += 19.5 + (sent & 1);
        table.take(packet);
      }
      return process.memoryUsage().heapUsed - before;
    };
    const grown: number[] = [];
    const isQuiet = (): boolean => grown.length > 2 && grown.slice(-3).every((bytes) => bytes >= 0 && bytes < PACKETS * 2);
    for (let round = 0; round < 150 && !isQuiet(); round++) grown.push(growth());
    ok(isQuiet(), `heap growth by ${PACKETS} packets: ${grown.slice(-10).join(', ')}`);
  }
});
