import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimingWheel } from '../../src/relay/timers/timingWheel.js';
import { runs } from '../property/runs.js';

const TICK_MS = 100;
const START_MS = 1_700_000_000_050;
/** One round of the wheel, and more. */
const ROUND_MS = 512 * TICK_MS;

function rung(wheel: TimingWheel, nowMs: number): number[] {
  const keys: number[] = [];
  wheel.advance(nowMs, (key) => keys.push(key));
  return keys.sort((a, b) => a - b);
}

/** When a wheel may ring at the earliest: timers are rounded up to a tick, and one that is due already rings at the next. */
const dueAt = (atMs: number, nowMs: number): number =>
  Math.max(Math.ceil(atMs / TICK_MS), Math.floor(nowMs / TICK_MS) + 1) * TICK_MS;

test('a timer rings at its time, not before, and once', () => {
  const wheel = new TimingWheel(START_MS, TICK_MS);
  wheel.arm(1, START_MS + 950);
  assert.equal(wheel.nextDeadlineMs(), START_MS + 950);
  assert.deepEqual(rung(wheel, START_MS + 949), []);
  assert.deepEqual(rung(wheel, START_MS + 950), [1]);
  assert.deepEqual(rung(wheel, START_MS + 10_000), []);
  assert.equal(wheel.size, 0);
  assert.equal(wheel.nextDeadlineMs(), Number.POSITIVE_INFINITY);
});

test('it is late by less than a tick', () => {
  const wheel = new TimingWheel(START_MS, TICK_MS);
  wheel.arm(1, START_MS + 901);
  assert.deepEqual(rung(wheel, START_MS + 949), []);
  assert.deepEqual(rung(wheel, START_MS + 1000), [1]);
});

test('arming again moves the timer, cancelling stops it', () => {
  const wheel = new TimingWheel(START_MS, TICK_MS);
  for (const key of [1, 2]) wheel.arm(key, START_MS + 500);
  wheel.arm(1, START_MS + 4950);
  wheel.cancel(2);
  wheel.cancel(3);
  assert.deepEqual(rung(wheel, START_MS + 4900), []);
  assert.deepEqual(rung(wheel, START_MS + 4950), [1]);
});

test('timers of several rounds ahead ring in their round, also after a long sleep', () => {
  const wheel = new TimingWheel(START_MS, TICK_MS);
  for (const round of [0, 1, 2, 5]) wheel.arm(round, START_MS + 950 + round * ROUND_MS);
  assert.deepEqual(rung(wheel, START_MS + 1000), [0]);
  assert.deepEqual(rung(wheel, START_MS + 900 + ROUND_MS), []);
  assert.deepEqual(rung(wheel, START_MS + 1000 + 3 * ROUND_MS), [1, 2]);
  assert.deepEqual(rung(wheel, START_MS + 1000 + 50 * ROUND_MS), [5]);
});

test('what rings may arm and cancel others, itself included', () => {
  const wheel = new TimingWheel(START_MS, TICK_MS);
  for (const key of [1, 2, 3]) wheel.arm(key, START_MS + 950);
  const keys: number[] = [];
  wheel.advance(START_MS + 1000, (key) => {
    keys.push(key);
    for (const other of [1, 2, 3]) if (other !== key) wheel.cancel(other);
    wheel.arm(key, START_MS + 1000);
  });
  assert.equal(keys.length, 1);
  assert.deepEqual(rung(wheel, START_MS + 1100), keys);
});

type Act =
  | { readonly kind: 'arm'; readonly key: number; readonly inMs: number }
  | { readonly kind: 'cancel'; readonly key: number }
  | { readonly kind: 'advance'; readonly byMs: number }
  | { readonly kind: 'to the deadline' };

const key = fc.nat(7);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('arm' as const),
      key,
      inMs: fc.oneof(fc.integer({ min: -500, max: 3000 }), fc.integer({ min: 0, max: 3 * ROUND_MS }), fc.constant(ROUND_MS)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      byMs: fc.oneof(fc.nat(150), fc.nat(3000), fc.nat(3 * ROUND_MS), fc.constant(ROUND_MS)),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'to the deadline' as const }) },
);

test('a wheel rings as a plain list of deadlines does, and names no deadline later than the first', () => {
  const property = fc.property(fc.array(act, { maxLength: 80, size: 'max' }), (acts) => {
    let nowMs = START_MS;
    const wheel = new TimingWheel(nowMs, TICK_MS);
    const list = new Map<number, number>();
    for (const one of acts) {
      if (one.kind === 'arm') {
        wheel.arm(one.key, nowMs + one.inMs);
        list.set(one.key, dueAt(nowMs + one.inMs, nowMs));
      } else if (one.kind === 'cancel') {
        wheel.cancel(one.key);
        list.delete(one.key);
      } else {
        const deadlineMs = wheel.nextDeadlineMs();
        if (one.kind === 'advance') nowMs += one.byMs;
        else if (deadlineMs !== Number.POSITIVE_INFINITY) {
          assert.ok(deadlineMs > nowMs, 'time goes on');
          nowMs = deadlineMs;
        }
        const due = [...list].filter(([, at]) => at <= nowMs).map(([name]) => name);
        assert.deepEqual(
          rung(wheel, nowMs),
          due.sort((a, b) => a - b),
        );
        for (const name of due) list.delete(name);
      }
      assert.equal(wheel.size, list.size);
      const first = Math.min(Number.POSITIVE_INFINITY, ...list.values());
      assert.ok(wheel.nextDeadlineMs() <= first);
    }
  });
  fc.assert(property, { numRuns: runs(500) });
});

test('whoever sleeps until the deadline that is named meets every timer at its tick', () => {
  const property = fc.property(fc.array(fc.nat(5 * ROUND_MS), { minLength: 1, maxLength: 40 }), (spans) => {
    const wheel = new TimingWheel(START_MS, TICK_MS);
    for (const [name, span] of spans.entries()) wheel.arm(name, START_MS + span);
    const rungAt = new Map<number, number>();
    for (let turn = 0; wheel.size > 0; turn++) {
      assert.ok(turn < 10_000, 'it never comes to an end');
      const nowMs = wheel.nextDeadlineMs();
      wheel.advance(nowMs, (name) => rungAt.set(name, nowMs));
    }
    for (const [name, span] of spans.entries()) assert.equal(rungAt.get(name), dueAt(START_MS + span, START_MS));
  });
  fc.assert(property, { numRuns: runs(100) });
});
