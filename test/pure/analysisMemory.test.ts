import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { AnalysisTable, readSavedAnalysis } from '../../src/media/stages/analyse.js';
import { from, NOTHING, packetOf, rtp, type Sent, upTo } from './analysed.js';

function tableOf(...sent: readonly Sent[]): AnalysisTable {
  const table = new AnalysisTable(4);
  for (const one of sent) table.take(rtp(one));
  return table;
}

/** A new table that goes on from what another saved; it had another call's stream before. */
function restored(before: AnalysisTable): AnalysisTable {
  const after = tableOf(...upTo(1, 30).map((i) => from(i % 3, i, i * 21)));
  // It crosses threads and processes as text or bytes.
  after.restore(0, JSON.parse(JSON.stringify(before.save(0))) as number[]);
  return after;
}

const counts = (table: AnalysisTable): readonly number[] => {
  const { nsent, nrcvd, ndups, nlost } = table.read(0);
  return [nsent, nrcvd, ndups, nlost];
};

/** Of two SSRCs, with a loss, a duplicate, a late packet, what is no RTP, and jitter. */
const lively = (): AnalysisTable => {
  const table = tableOf(
    ...[from(7, 1, 0), from(7, 2, 25), from(7, 5, 80), from(7, 4, 81), from(7, 5, 82)],
    ...[from(0xffff_fff1, 9, 100), from(0xffff_fff1, 10, 127.5)],
  );
  table.take(packetOf(Uint8Array.of(1), 0, 900.25));
  return table;
};

test('a stream that nothing came of saves nothing', () => {
  equal(new AnalysisTable(4).save(0), null);
  const cleared = lively();
  cleared.clear(0);
  equal(cleared.save(0), null);
  deepEqual(readSavedAnalysis([]), NOTHING);
});

test('what was saved reads as it did, from the numbers alone and from a table that goes on from them', () => {
  const before = lively();
  const saved = before.save(0)!;
  deepEqual(readSavedAnalysis(saved), before.read(0));
  deepEqual(restored(before).read(0), before.read(0));
  deepEqual(restored(before).save(0), saved, 'and is saved the same again');
  equal(before.read(0).ssrcLast, 0xffff_fff1);
  equal(before.read(0).jitterLast > 0 && before.read(0).jitterAverage > 0, true);
  equal(
    saved.every((value) => typeof value === 'number'),
    true,
  );
});

test('only what is no RTP came: that is known afterwards, and an SSRC that comes then is the first', () => {
  const before = new AnalysisTable(4);
  before.take(packetOf(Uint8Array.of(1), 0, 40));
  const after = restored(before);
  deepEqual(after.read(0), { ...NOTHING, perrs: 1, firstAtMs: 40, lastAtMs: 40 });
  after.take(rtp(from(7, 1, 60)));
  equal(after.read(0).ssrcCount, 1);
});

test('packets that nobody was there to hear are not lost, and what came before is no duplicate', () => {
  const before = tableOf(...upTo(1, 100).map((i) => from(7, i, i * 20)));
  for (const first of [101, 250, 100, 90, 60_000, 64_999, 65_001, 65_400, 65_535, 0]) {
    const after = restored(before);
    for (const i of upTo(first, first + 9)) after.take(rtp({ ...from(7, i & 0xffff, 9000 + i * 20) }));
    deepEqual(counts(after), [110, 110, 0, 0], `goes on with ${first}`);
    equal(after.read(0).ssrcCount, 1, 'the same SSRC');
  }
});

test('losses and duplicates of before stay, those of afterwards are added', () => {
  const after = restored(tableOf(...[1, 2, 2, 5].map((sequence) => ({ sequence }))));
  deepEqual(counts(after), [5, 3, 1, 2]);
  for (const sequence of [200, 201, 201, 204]) after.take(rtp({ sequence }));
  deepEqual(counts(after), [10, 6, 2, 4]);
});

test('another SSRC than the last is a new one, and the last one is not', () => {
  const before = lively();
  const same = restored(before);
  same.take(rtp(from(0xffff_fff1, 11, 1000)));
  equal(same.read(0).ssrcCount, 2);
  const other = restored(before);
  other.take(rtp(from(8, 11, 1000)));
  deepEqual([other.read(0).ssrcCount, other.read(0).ssrcLast], [3, 8]);
});

test('the silence is a gap like any other', () => {
  const after = restored(tableOf({ atMs: 1000 }, { atMs: 1020, sequence: 1 }));
  equal(after.read(0).longestIpiS, 0.02);
  after.take(rtp({ sequence: 90, atMs: 3020 }));
  equal(after.read(0).longestIpiS, 2);
  equal(after.read(0).firstAtMs, 1000);
});

test('jitter goes on from its last value, and the silence is not measured', () => {
  const after = restored(tableOf({ timestamp: 0, atMs: 0 }, { sequence: 1, timestamp: 160, atMs: 25 }));
  equal(after.read(0).jitterLast, 2.5);
  after.take(rtp({ sequence: 2, timestamp: 320, atMs: 5000 }));
  equal(after.read(0).jitterLast, 2.5);
  after.take(rtp({ sequence: 3, timestamp: 480, atMs: 5025 }));
  equal(after.read(0).jitterLast, 2.5 + (40 - 2.5) / 16);
  equal(after.read(0).jitterAverage, (2.5 + 2.5 + (40 - 2.5) / 16) / 2);
});

test('numbers that are missing at the end read as zero', () => {
  deepEqual(readSavedAnalysis([5, 4]), { ...NOTHING, nsent: 5, nrcvd: 4, nlost: 1 });
  const table = new AnalysisTable(4);
  table.restore(2, [5, 4]);
  deepEqual(table.read(2), { ...NOTHING, nsent: 5, nrcvd: 4, nlost: 1 });
  deepEqual(table.read(0), NOTHING, 'other rows are left alone');
  const longer = [...lively().save(0)!, 1, 2, 3];
  deepEqual(readSavedAnalysis(longer), lively().read(0), 'and what a later version adds is not minded');
});
