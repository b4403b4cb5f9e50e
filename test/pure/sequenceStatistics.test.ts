import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { formatStatistics, type Segment, SequenceStatistics } from '../../src/relay/tools/sequenceStatistics.js';
import { from, rtp, type Sent, upTo } from './analysed.js';

function statisticsOf(...sent: readonly Sent[]): SequenceStatistics {
  const statistics = new SequenceStatistics();
  for (const one of sent) statistics.take(rtp(one).bytes, one.atMs ?? 0);
  return statistics;
}

const numbers = (...sequences: readonly number[]): Sent[] => sequences.map((sequence) => ({ sequence }));
const segmentOf = (...sent: readonly Sent[]): Partial<Segment> => {
  const { ssrc, ...segment } = statisticsOf(...sent).segment;
  return segment;
};
const totalsOf = (...sent: readonly Sent[]): number[] => {
  const { sources, sent: all, received } = statisticsOf(...sent);
  return [sources, all, received];
};

test('[PN-15] the lines of a recording without packets are all zero, and say nothing of jitter', () => {
  deepEqual(formatStatistics(new SequenceStatistics()), [
    'pcount=0, min_seq=0, max_seq=0, seq_offset=0, ssrc=0x00000000, duplicates=0',
    'ssrc_changes=0, psent=0, precvd=0, plost=0',
  ]);
});

test('[PN-15] the lines of a stream are byte for byte those of rtpproxy, jitter with six digits and no blanks', () => {
  const sent = [0, 25, 40, 60].map((atMs, i) => from(0xab12, i === 3 ? 4 : i, atMs + (i === 3 ? 20 : 0)));
  deepEqual(formatStatistics(statisticsOf(...sent)), [
    'pcount=4, min_seq=0, max_seq=4, seq_offset=0, ssrc=0x0000AB12, duplicates=0',
    'ssrc_changes=1, psent=5, precvd=4, plost=1',
    'last_jitter=4.541016,average_jitter=3.961589,max_jitter=4.843750',
  ]);
  equal(formatStatistics(statisticsOf(from(7, 0, 0))).length, 2, 'one packet has no jitter');
});

test('[PN-15] late packets and duplicates are told apart, and numbers lower than the first were sent as well', () => {
  deepEqual(segmentOf(...numbers(10, 12, 11, 12, 9, 9)), { packets: 4, lowest: 9, highest: 12, offset: 0, duplicates: 2 });
});

test('[PN-15] numbers wrap: the offset grows, and packets from before the wrap find their place', () => {
  const around = numbers(65_534, 0, 65_535, 1, 65_535);
  deepEqual(segmentOf(...around), { packets: 4, lowest: 65_534, highest: 65_537, offset: 65_536, duplicates: 1 });
  const after = numbers(2, 65_535, 3);
  deepEqual(segmentOf(...after), { packets: 3, lowest: 65_535, highest: 65_539, offset: 65_536, duplicates: 0 });
  const thrice = upTo(0, 400).map((i) => ({ sequence: (i * 500) & 0xffff }));
  deepEqual(segmentOf(...thrice), { packets: 401, lowest: 0, highest: 200_000, offset: 196_608, duplicates: 0 });
});

test('[PN-15] a jump of more than 536, a marked packet that goes back and another SSRC begin a segment; totals add up', () => {
  deepEqual(segmentOf(...numbers(1, 537)), { packets: 2, lowest: 1, highest: 537, offset: 0, duplicates: 0 });
  deepEqual(totalsOf(...numbers(1, 537)), [1, 537, 2]);
  deepEqual(segmentOf(...numbers(1, 538, 539)), { packets: 2, lowest: 538, highest: 539, offset: 0, duplicates: 0 });
  deepEqual(totalsOf(...numbers(1, 538, 539)), [1, 3, 3]);
  deepEqual(segmentOf(...numbers(9, 9), { sequence: 8, marker: true }), {
    packets: 1,
    lowest: 8,
    highest: 8,
    offset: 0,
    duplicates: 0,
  });
  const changed = statisticsOf(
    { ssrc: 1, sequence: 65_535 },
    { ssrc: 1, sequence: 0 },
    { ssrc: 2, sequence: 5 },
    { ssrc: 1, sequence: 9 },
  );
  deepEqual(changed.segment, { packets: 1, lowest: 9, highest: 9, offset: 0, ssrc: 1, duplicates: 0 });
  deepEqual([changed.sources, changed.sent, changed.received], [3, 4, 4]);
});
