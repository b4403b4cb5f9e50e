import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamAnalysis } from '../../src/media/stages/analyse.js';
import { staticClockRate } from '../../src/protocol/rtp/clockRates.js';
import { analysed, from, type Sent, upTo } from './analysed.js';

/** Packets every 20 ms by their timestamps, that arrive at these times. */
const jitterOf = (times: readonly number[], change: (i: number) => Sent = () => ({})): readonly number[] => {
  const sent = times.map((atMs, i) => ({ sequence: i, timestamp: i * 160, atMs, ...change(i) }));
  const { jitterLast, jitterMax, jitterAverage } = analysed(...sent);
  return [jitterLast, jitterMax, jitterAverage];
};

test('[PN-54] jitter is 0 for no packet, one packet, and packets that come as they were sent', () => {
  deepEqual(jitterOf([]), [0, 0, 0]);
  deepEqual(jitterOf([500]), [0, 0, 0]);
  deepEqual(jitterOf([0, 20, 40, 60]), [0, 0, 0]);
});

test('[PN-54] jitter moves by a sixteenth of the difference; the largest and the mean of its values are kept', () => {
  // 5 ms late is 40 units of 8000 Hz; the next packet is in time again, which is 40 units more.
  deepEqual(jitterOf([0, 25]), [2.5, 2.5, 2.5]);
  deepEqual(jitterOf([0, 25, 40]), [4.84375, 4.84375, (2.5 + 4.84375) / 2]);
  deepEqual(jitterOf([0, 25, 45]), [2.34375, 2.5, (2.5 + 2.34375) / 2]);
});

test('[PN-54] packets whose timestamp was among the last ten do not count for jitter', () => {
  deepEqual(
    jitterOf([0, 25, 25, 90], (i) => ({ timestamp: [0, 160, 160, 160][i]! })),
    [2.5, 2.5, 2.5],
    'an event sent three times',
  );
  const eleven = [...upTo(0, 9).map((i) => i * 20), 185];
  equal(jitterOf(eleven, (i) => ({ timestamp: i === 10 ? 0 : i * 160 }))[0], 0, 'ten packets back');
  equal(jitterOf([...eleven, 205], (i) => ({ timestamp: i === 11 ? 0 : i * 160 }))[0]! > 0, true, 'eleven packets back');
});

test('[PN-54] a timestamp that jumps or is reset gives no jitter, and the next packets are measured from it', () => {
  // 20 ms are 160 units: up to 163840 forward and 8000 backward are believed.
  const next = (timestamp: number): readonly number[] =>
    jitterOf([0, 20, 40], (i) => ({ timestamp: (100_000 + [0, timestamp, timestamp + 160][i]!) >>> 0 }));
  deepEqual(next(163_841), [0, 0, 0]);
  equal(next(163_840)[1], (163_840 - 160) / 16);
  deepEqual(next(-8_001), [0, 0, 0]);
  equal(next(-8_000)[1], (8_000 + 160) / 16);
  deepEqual(jitterOf([0, 0, 20]), [0, 0, 0], 'no time has passed: any step is too long for it');
});

test('[PN-54] timestamps wrap without a jump', () => {
  deepEqual(
    jitterOf([0, 25, 40], (i) => ({ timestamp: (2 ** 32 - 100 + i * 160) >>> 0 })),
    [4.84375, 4.84375, (2.5 + 4.84375) / 2],
  );
});

test('[PN-54] payload types without a static clock rate have no jitter and leave that of the others alone', () => {
  for (const payloadType of [1, 2, 19, 26, 34, 72, 96, 101, 127]) {
    deepEqual(
      jitterOf([0, 25, 40], () => ({ payloadType })),
      [0, 0, 0],
      `${payloadType}`,
    );
  }
  const mixed = (i: number): Sent => ({ timestamp: [0, 7_000_000, 160][i]!, payloadType: [0, 101, 0][i]! });
  deepEqual(jitterOf([0, 10, 25], mixed), [2.5, 2.5, 2.5]);
});

test('the clock rates are those of RFC 3551', () => {
  const rates = [8000, 0, 0, 8000, 8000, 8000, 16_000, 8000, 8000, 8000, 44_100, 44_100, 8000, 8000, 90_000, 8000];
  deepEqual(
    upTo(0, 127).map((payloadType) => staticClockRate(payloadType)),
    [...rates, 11_025, 22_050, 8000, ...new Array<number>(109).fill(0)],
  );
});

test('[PN-54] the jitter of other clock rates is in their units', () => {
  const at90kHz = (i: number): Sent => ({ payloadType: 14, timestamp: i * 1800 });
  equal(jitterOf([0, 21], at90kHz)[0], 90 / 16);
});

test('[PN-54] each SSRC has its own jitter, which goes on when it comes back', () => {
  const { jitterLast, jitterMax, jitterAverage } = analysed(from(1, 0, 0), from(1, 1, 25), from(2, 5000, 30), from(1, 3, 60));
  equal(jitterLast, 2.5 - 2.5 / 16 + 40 / 16);
  equal(jitterMax, jitterLast);
  equal(jitterAverage, (2.5 + jitterLast) / 2);
  const { jitterLast: ofNew, jitterMax: ofBoth } = analysed(from(1, 0, 0), from(1, 1, 25), from(2, 5000, 30));
  deepEqual([ofNew, ofBoth], [0, 2.5], 'a new SSRC has no jitter yet');
});

test('[PN-54] the jitter of the last ten SSRCs is kept', () => {
  const away = (sources: number): StreamAnalysis => {
    const others = upTo(1, sources).map((ssrc) => from(ssrc + 100, 0, 30));
    return analysed(from(1, 0, 0), from(1, 1, 25), ...others, from(1, 3, 65));
  };
  equal(away(9).jitterLast, 2.5 - 2.5 / 16);
  equal(away(10).jitterLast, 0);
  equal(away(10).jitterMax, 2.5);
});
