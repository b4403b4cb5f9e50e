/** Bad input to the statistics of sources: whatever comes on the ports of a call, and whatever a log says of it. */
import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { QualityHistory } from '../../src/media/stages/history.js';
import { StreamSources } from '../../src/media/streamSources.js';
import { parseRtcp } from '../../src/protocol/rtcp/report.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { isRtp, RTP_MALFORMED, rtpPayloadLength } from '../../src/protocol/rtp/header.js';
import { packetOf } from '../pure/analysed.js';
import { block, EVENTS, receiverReport, senderReport } from '../pure/sourcesGiven.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';

const uint32 = fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 12 }));
const rtp = fc
  .record({
    payloadType: fc.oneof(fc.constantFrom(0, 101), fc.nat({ max: 127 })),
    ...{ marker: fc.boolean(), sequence: fc.nat({ max: 65_535 }), timestamp: uint32, ssrc: uint32 },
  })
  .chain((header) => fc.uint8Array({ maxLength: 12 }).map((payload) => buildRtp(header, payload)));
const blocks = fc.array(fc.record({ source: uint32, stamp: uint32, lost: uint32, delay: fc.nat({ max: 60_000 }) }).map(block), {
  maxLength: 3,
});
const rtcp = fc.oneof(
  fc.tuple(uint32, uint32, blocks).map(([ssrc, stamp, list]) => senderReport(ssrc, stamp, list)),
  fc.tuple(uint32, blocks).map(([ssrc, list]) => receiverReport(ssrc, list)),
);
const nearly = fc.tuple(fc.oneof(rtp, rtcp), damages()).map(([bytes, harm]) => damaged(bytes, harm));

/** Every number of a report, however deep, is one. */
function isSound(value: unknown, path = ''): void {
  if (typeof value === 'number') ok(Number.isFinite(value), `${path} is ${value}`);
  else if (value !== null && typeof value === 'object')
    for (const [name, part] of Object.entries(value)) isSound(part, `${path}.${name}`);
}

test('whatever comes, every source is counted once and all its numbers are sound', FUZZ_BOUND, async (t) => {
  const step = fc.record({
    bytes: fc.oneof(rtp, rtcp, nearly, fc.uint8Array({ maxLength: 40 })),
    row: fc.constantFrom(0, 1, 2, 3),
    ms: fc.oneof(fc.double({ min: 0, max: 50, noNaN: true }), fc.constantFrom(0, -1000, 3000, 2.6e9)),
    looks: fc.nat({ max: 5 }).map((n) => n === 0),
  });
  await search(t, fc.array(step, { maxLength: 100 }), (steps) => {
    const sources = new StreamSources(4);
    sources.setCodecs(0, EVENTS);
    let nowMs = 1e12;
    let taken = 0;
    for (const { bytes, row, ms, looks } of steps) {
      nowMs += ms;
      const packet = packetOf(bytes, row, nowMs);
      const isWhole = isRtp(bytes, 0, bytes.length) && rtpPayloadLength(bytes, 0, bytes.length) !== RTP_MALFORMED;
      if ((row & 1) === 1) sources.reports.take(packet);
      else if (isWhole) sources.table.take(packet);
      else sources.takeOther(packet);
      if (row === 0 && isWhole) taken++;
      if (looks) sources.turn(0, nowMs);
    }
    const report = sources.read(0);
    isSound([report, sources.read(2)]);
    for (const { lost, reordered, digits, packets } of report.sources) ok(lost >= 0 && reordered <= packets && digits <= packets);
    const counted = report.sources.reduce((sum, { packets }) => sum + packets, 0);
    ok(report.forgotten > 0 ? counted <= taken : counted === taken, `${counted} of ${taken}`);
    const saved = sources.save(0);
    if (saved !== null) {
      const after = new StreamSources(4);
      after.restore(0, saved);
      deepEqual(after.save(0), saved);
    }
  });
});

test('whatever a log says is taken up without harm, and packets go on being counted', FUZZ_BOUND, async (t) => {
  const number = fc.oneof(fc.nat({ max: 20 }), fc.integer(), fc.double(), fc.constantFrom(-1, 2 ** 53, 1e300));
  await search(t, fc.array(number, { maxLength: 120 }), (saved) => {
    const sources = new StreamSources(4);
    sources.restore(0, saved);
    const bytes = buildRtp({ payloadType: 0, marker: false, sequence: 1, timestamp: 1, ssrc: 5 }, new Uint8Array(4));
    for (let i = 0; i < 3; i++) sources.table.take(packetOf(bytes, 0, 1e12 + i * 2000));
    sources.turn(0, 1e12 + 9000);
    ok(sources.read(0).sources.length <= 8);
    sources.save(0);
    let at = 0;
    QualityHistory.restore(() => saved[at++] ?? 0).read();
  });
});

test('the longest packet of RTCP is read in no time', () => {
  const goodbyes = new Uint8Array(8192);
  for (let at = 0; at < goodbyes.length; at += 4) goodbyes.set([0x9f, 203, 0, 0], at);
  isQuick(20, () => ok(parseRtcp(goodbyes)?.goodbyes.length === 0));
});
