/** What extractaudio counts of a recording is what the relay counted of the stream: two implementations of one rule. */
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SequenceStatistics } from '../../src/relay/tools/sequenceStatistics.js';
import { analysed, rtp, type Sent } from '../pure/analysed.js';
import { runs } from './runs.js';

const sequence = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer({ min: -700, max: 700 }),
  fc.constantFrom(536, 537, -536, -537, 1000, 32_768),
);
const packet = fc.record({
  step: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, { weight: 3, arbitrary: sequence }),
  waitMs: fc.oneof(fc.constant(20), fc.nat(100)),
  marker: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
  ssrc: fc.oneof({ weight: 15, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(2, 0xffff_ffff) }),
  payloadType: fc.constantFrom(0, 8, 101),
});
const stream = fc.record({ first: fc.constantFrom(0, 3, 100, 65_500, 65_535), packets: fc.array(packet, { maxLength: 60 }) });

function sentBy({
  first,
  packets,
}: {
  first: number;
  packets: readonly (Omit<Sent, 'atMs'> & { step: number; waitMs: number })[];
}): Sent[] {
  let [number, atMs] = [first, 1000];
  return packets.map(({ step, waitMs, ...rest }) => {
    number = (number + step) & 0xffff;
    atMs += waitMs;
    return { ...rest, sequence: number, timestamp: (number * 160) >>> 0, atMs };
  });
}

test('[PN-15] a recording has the statistics that the relay had of the stream', () => {
  const property = fc.property(stream, (description) => {
    const sent = sentBy(description);
    const statistics = new SequenceStatistics();
    for (const one of sent) statistics.take(rtp(one).bytes, one.atMs ?? 0);
    const { nsent, nrcvd, nlost, ssrcCount, jitterLast, jitterMax, jitterAverage } = analysed(...sent);
    const { jitter } = statistics;
    deepEqual(
      {
        ...{ nsent: statistics.sent, nrcvd: statistics.received, nlost: statistics.sent - statistics.received },
        ssrcCount: statistics.sources,
        jitter: [jitter?.last ?? 0, jitter?.largest ?? 0, jitter?.average ?? 0],
      },
      { nsent, nrcvd, nlost, ssrcCount, jitter: [jitterLast, jitterMax, jitterAverage] },
    );
  });
  fc.assert(property, { numRuns: runs(2000) });
});
