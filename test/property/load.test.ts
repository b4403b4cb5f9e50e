import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LoadMeter } from '../../src/relay/supervisor/load.js';
import { runs } from './runs.js';

/** What a thread did between two samples; negative: another thread took its place. */
const samples = fc.array(
  fc.record({ elapsedMs: fc.integer({ min: -500, max: 20_000 }), part: fc.double({ min: -0.2, max: 1.3, noNaN: true }) }),
  { maxLength: 60 },
);
const limits = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([a, b]) => ({ high: Math.max(a, b), low: Math.min(a, b) }));

test('[PN-50] load stays between 0 and 1; overload begins above the high mark only and ends below the low one only', () => {
  fc.assert(
    fc.property(limits, samples, (marks, history) => {
      const meter = new LoadMeter(marks);
      let [busyMs, nowMs] = [0, 0];
      for (const { elapsedMs, part } of history) {
        const wasOverloaded = meter.overloaded;
        nowMs += elapsedMs;
        busyMs = part < 0 ? 0 : busyMs + Math.max(0, elapsedMs) * part;
        meter.sample(busyMs, nowMs);
        assert.ok(meter.load >= 0 && meter.load <= 1, `load ${meter.load}`);
        const expected = wasOverloaded ? meter.load >= marks.low : meter.load > marks.high;
        assert.equal(meter.overloaded, expected, `load ${meter.load}, overloaded before: ${wasOverloaded}`);
      }
    }),
    { numRuns: runs(500) },
  );
});

test('[PN-50] load lies between what it was and what the thread does now', () => {
  fc.assert(
    fc.property(samples, (history) => {
      const meter = new LoadMeter(null);
      let [busyMs, nowMs] = [0, 0];
      meter.sample(busyMs, nowMs);
      for (const { elapsedMs, part } of history) {
        if (elapsedMs <= 0 || part < 0) continue;
        const before = meter.load;
        nowMs += elapsedMs;
        busyMs += elapsedMs * part;
        meter.sample(busyMs, nowMs);
        const current = Math.min(1, part);
        const [low, high] = [Math.min(before, current) - 1e-9, Math.max(before, current) + 1e-9];
        assert.ok(meter.load >= low && meter.load <= high, `${meter.load} is not between ${low} and ${high}`);
      }
    }),
    { numRuns: runs(500) },
  );
});
