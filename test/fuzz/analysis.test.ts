/** Bad input to the analysis of streams: whatever the latching rule accepts on an RTP port, which is any bytes. */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnalysisTable } from '../../src/media/stages/analyse.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { isRtp } from '../../src/protocol/rtp/header.js';
import { damaged, damages, FUZZ_BOUND, search } from './budget.js';

const rtp = fc
  .record({
    payloadType: fc.nat({ max: 127 }),
    marker: fc.boolean(),
    sequence: fc.nat({ max: 65_535 }),
    timestamp: fc.nat({ max: 2 ** 32 - 1 }),
    ssrc: fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 12 })),
    csrc: fc.array(fc.nat({ max: 2 ** 32 - 1 }), { maxLength: 15 }),
    padding: fc.boolean(),
  })
  .chain((header) => fc.uint8Array({ maxLength: 30 }).map((payload) => buildRtp(header, payload)));
const nearly = fc.tuple(rtp, damages()).map(([bytes, harm]) => damaged(bytes, harm));

test('any packets at any times on any rows are counted once each, and every reading is a sound number', FUZZ_BOUND, async (t) => {
  const SESSIONS = 2;
  const datagram = fc.record({
    bytes: fc.oneof(rtp, nearly, fc.uint8Array({ maxLength: 40 })),
    row: fc.constantFrom(0, 2, 4, 6),
    // A clock that stands still, goes back, or leaps by a month.
    ms: fc.oneof(fc.double({ min: 0, max: 50, noNaN: true }), fc.constantFrom(0, -1000, 2.6e9)),
    start: fc.nat({ max: 5 }),
  });
  await search(t, fc.array(datagram, { maxLength: 120 }), (datagrams) => {
    const table = new AnalysisTable(SESSIONS * 4);
    let nowMs = 0;
    for (const { bytes, row, ms, start } of datagrams) {
      nowMs += ms;
      const memory = new Uint8Array(start + bytes.length + 20).fill(0x80);
      memory.set(bytes, start);
      table.take({ row, bytes: memory, start, length: bytes.length, words: new Uint32Array(8), source: 0, nowMs });
    }
    for (const row of [0, 2, 4, 6])
      isSound(
        table,
        row,
        datagrams.filter((one) => one.row === row).map(({ bytes }) => bytes),
      );
  });
});

function isSound(table: AnalysisTable, row: number, taken: readonly Uint8Array[]): void {
  const reading = table.read(row);
  const { nsent, nrcvd, ndups, nlost, perrs, jitterLast, jitterMax, jitterAverage, longestIpiS, ssrcLast, ssrcCount } = reading;
  const seen = JSON.stringify(reading);
  equal(nrcvd + ndups + perrs, taken.length, seen);
  ok(perrs >= taken.filter((bytes) => !isRtp(bytes, 0, bytes.length)).length, seen);
  ok(nlost >= 0 && nlost === nsent - nrcvd && nlost <= nrcvd * 536, seen);
  ok(jitterLast >= 0 && jitterLast <= jitterMax && jitterAverage >= 0 && jitterAverage <= jitterMax * (1 + 1e-9), seen);
  ok(longestIpiS >= 0 && ssrcCount >= 0 && ssrcCount <= nrcvd, seen);
  equal(ssrcLast === null, ssrcCount === 0, seen);
  for (const value of Object.values(reading)) ok(value === null || (Number.isFinite(value) && !Object.is(value, -0)), seen);
  table.clear(row);
  equal(JSON.stringify(table.read(row)), JSON.stringify(new AnalysisTable(4).read(0)), 'nothing is left');
}

test('a stream of one sender who restarts at will never has more received than sent', FUZZ_BOUND, async (t) => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -1200, max: 1200 }), fc.boolean()), { minLength: 200, maxLength: 2000 });
  await search(t, fc.tuple(steps, fc.nat({ max: 65_535 })), ([list, first]) => {
    const table = new AnalysisTable(4);
    const bytes = buildRtp({ payloadType: 0, marker: false, sequence: 0, timestamp: 0, ssrc: 1 }, new Uint8Array(0));
    const view = new DataView(bytes.buffer);
    let sequence = first;
    for (const [i, [step, marker]] of list.entries()) {
      sequence = (sequence + (step % (i % 7 === 0 ? 1200 : 3))) & 0xffff;
      view.setUint8(1, marker ? 0x80 : 0);
      view.setUint16(2, sequence);
      table.take({ row: 0, bytes, start: 0, length: 12, words: new Uint32Array(8), source: 0, nowMs: i * 20 });
    }
    const { nsent, nrcvd, ndups } = table.read(0);
    equal(nrcvd + ndups, list.length);
    ok(nsent >= nrcvd, `${nsent} sent, ${nrcvd} received`);
  });
});
