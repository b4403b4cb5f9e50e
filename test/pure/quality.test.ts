import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { QualityHistory } from '../../src/media/stages/history.js';
import { StreamSources } from '../../src/media/streamSources.js';
import { rtp } from './analysed.js';
import { block, heard, receiverReport, rtcp, second, senderReport } from './sourcesGiven.js';

const near = (is: number, wanted: number, by = 0.01): void => ok(Math.abs(is - wanted) <= by, `${is}, wanted ${wanted}`);
const qualityOf = (sources: StreamSources, index = 0) => sources.read(0).sources[index]!.quality!;

/** Two seconds of a voice of which so many packets in a hundred are lost, and a look at it. */
function twoSeconds(sources: StreamSources, n: number, lostOf100 = 0): void {
  const packets = [...second(7, n * 100, n * 2000), ...second(7, n * 100 + 50, n * 2000 + 1000)];
  heard(sources, ...packets.slice(lostOf100));
  sources.turn(0, (n + 1) * 2000);
}

test('[NG-37] quality is measured on what comes, without any RTCP: average, lowest, highest, and how it went on', () => {
  const sources = new StreamSources(4);
  for (const [n, lost] of [0, 0, 10, 0, 30].entries()) twoSeconds(sources, n, lost);
  const { samples, average, lowest, highest, progression } = qualityOf(sources);
  equal(samples, 5);
  near(highest.mos, 4.39);
  deepEqual([highest.atMs, highest.lossPercent, highest.roundTripUs], [2000, 0, null]);
  deepEqual([lowest.atMs, lowest.lossPercent], [10_000, 30]);
  ok(lowest.mos < 2.6);
  near(average.lossPercent, 8);
  near(average.mos, progression.entries.reduce((sum, { mos }) => sum + mos, 0) / 5, 0.001);
  deepEqual([average.roundTripUs, average.roundTripLegUs], [null, null]);
  equal(progression.samplesEach, 1);
  deepEqual(
    progression.entries.map(({ atMs, lossPercent }) => [atMs, lossPercent]),
    [
      [2000, 0],
      [4000, 0],
      [6000, 10],
      [8000, 0],
      [10_000, 30],
    ],
  );
});

test('[NG-37] the bit rate is that of the last interval', () => {
  const sources = new StreamSources(4);
  equal(heard(sources, ...second(7, 0, 0)).read(0).sources[0]!.bitrate, null);
  sources.turn(0, 500);
  equal(sources.read(0).sources[0]!.bitrate, null, 'too soon to tell');
  sources.turn(0, 1000);
  equal(sources.read(0).sources[0]!.bitrate, 50 * 32 * 8);
  sources.turn(0, 3000);
  deepEqual([sources.read(0).sources[0]!.bitrate, qualityOf(sources).samples], [0, 1], 'silence has no quality');
});

test('the round trips of both legs count, as far as they are known', () => {
  const sources = new StreamSources(4);
  const measure = (row: number, other: number, ms: number): void => {
    sources.reports.take(rtcp(senderReport(row, 5), other, 0));
    sources.reports.take(rtcp(receiverReport(1, [block({ source: row, stamp: 5 })]), row, ms));
  };
  measure(1, 3, 40);
  twoSeconds(sources, 0);
  deepEqual(
    [qualityOf(sources).lowest.roundTripUs, sources.read(0).roundTripUs, sources.read(2).roundTripUs],
    [40_000, 40_000, null],
  );
  measure(3, 1, 300);
  twoSeconds(sources, 1);
  const { average, lowest, progression } = qualityOf(sources);
  deepEqual([lowest.roundTripUs, average.roundTripUs, average.roundTripLegUs], [340_000, 190_000, 40_000]);
  ok(progression.entries[1]!.mos < progression.entries[0]!.mos - 0.1);
});

test('a call that ends before anybody looked has a quality all the same; of what is no voice there is none', () => {
  near(qualityOf(heard(new StreamSources(4), ...second(7, 0, 0))).average.mos, 4.39);
  const dynamic = second(7, 0, 0).map((sent) => ({ ...sent, payloadType: 96 }));
  const sources = heard(new StreamSources(4), ...dynamic);
  sources.turn(0, 2000);
  equal(sources.read(0).sources[0]!.quality, null);
  // Comfort noise between what is said is no other codec.
  heard(sources, ...second(8, 0, 0), { ssrc: 8, sequence: 50, payloadType: 13 });
  sources.turn(0, 4000);
  equal(qualityOf(sources).samples, 1);
});

test('each SSRC has a quality of its own, and loses it with its place', () => {
  const sources = heard(new StreamSources(4), ...second(1, 0, 0), ...second(2, 0, 1000));
  sources.turn(0, 2500);
  deepEqual(
    sources.read(0).sources.map(({ ssrc, quality }) => [ssrc, quality?.samples]),
    [
      [2, 1],
      [1, 1],
    ],
  );
  for (let ssrc = 10; ssrc < 17; ssrc++) sources.table.take(rtp({ ssrc }));
  sources.turn(0, 5000);
  heard(sources, ...second(1, 0, 6000));
  equal(sources.read(0).sources[0]!.bitrate, null, 'a stranger now');
});

const sampled = (count: number): QualityHistory => {
  const history = new QualityHistory();
  for (let i = 0; i < count; i++) {
    const roundTripUs = i % 2 === 0 ? null : 1000;
    history.add({
      atMs: 10_000 + i * 2000,
      mos: 4 - (i % 4) / 10,
      jitterMs: i,
      lossPercent: i / 100,
      roundTripUs,
      roundTripLegUs: null,
    });
  }
  return history;
};

test('a progression never has more than sixty entries: they stand for twice as long when there are more', () => {
  for (const [count, entries, samplesEach] of [
    [60, 60, 1],
    [61, 31, 2],
    [62, 31, 2],
    [120, 60, 2],
    [124, 31, 4],
    [5000, 39, 128],
  ] as const) {
    const { progression, samples } = sampled(count).read()!;
    deepEqual([samples, progression.samplesEach], [count, samplesEach]);
    ok(
      Math.abs(progression.entries.length - entries) <= 1 && progression.entries.length <= 60,
      `${count}: ${progression.entries.length}`,
    );
  }
  const [first, second] = sampled(64).read()!.progression.entries;
  deepEqual(first, { atMs: 12_000, mos: 3.95, jitterMs: 0.5, lossPercent: 0.01, roundTripUs: 1000 });
  equal(second!.atMs, 16_000);
});

test('averages are of all samples, the lowest and highest of any', () => {
  const { average, lowest, highest } = sampled(400).read()!;
  near(average.mos, 3.85, 0.0001);
  near(average.jitterMs, 199.5, 0.0001);
  deepEqual([average.roundTripUs, average.roundTripLegUs], [1000, null]);
  deepEqual([lowest.mos, lowest.atMs, highest.mos, highest.atMs], [3.7, 16_000, 4, 10_000]);
});

test('what is saved of a quality is short, and all but the detail of its progression', () => {
  for (const count of [0, 1, 6, 7, 100, 5000]) {
    const before = sampled(count);
    const saved: number[] = [];
    before.save(saved);
    ok(saved.length <= 52, `${saved.length} numbers`);
    ok(saved.every(Number.isInteger));
    let at = 0;
    const after = QualityHistory.restore(() => saved[at++] ?? 0);
    equal(at, saved.length);
    const again: number[] = [];
    after.save(again);
    deepEqual(again, saved);
    const [was, is] = [before.read(), after.read()];
    deepEqual([is?.samples, is?.average, is?.lowest, is?.highest], [was?.samples, was?.average, was?.lowest, was?.highest]);
    ok((is?.progression.entries.length ?? 0) <= 6);
  }
});
