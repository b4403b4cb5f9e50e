import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planRetention, type RetentionLimits, type StoredSegment } from '../../src/relay/events/retention.js';
import { runs } from './runs.js';

const NOW_MS = 1_000_000;

const folders: fc.Arbitrary<StoredSegment[]> = fc
  .uniqueArray(
    fc.record({
      shard: fc.nat(3),
      number: fc.integer({ min: 1, max: 30 }),
      bytes: fc.nat(100),
      closedAtMs: fc.integer({ min: NOW_MS - 1000, max: NOW_MS }),
    }),
    { selector: ({ shard, number }) => `${shard}/${number}`, maxLength: 30 },
  )
  .map((files) => files.map((file) => ({ ...file, path: `${file.shard}/${file.number}` })));

const limits: fc.Arbitrary<RetentionLimits> = fc.record({
  keepAgeMs: fc.integer({ min: 1, max: 1200 }),
  keepBytes: fc.nat(2500),
  minFreeBytes: fc.nat(2000),
});

const sum = (files: readonly StoredSegment[]): number => files.reduce((total, { bytes }) => total + bytes, 0);

/** How many of the shard are newer. */
const newer = (file: StoredSegment, files: readonly StoredSegment[]): number =>
  files.filter(({ shard, number }) => shard === file.shard && number > file.number).length;

test('the oldest segments go first, no more than the limits ask for, and never the newest two of a shard', () => {
  const property = fc.property(folders, fc.nat(1500), limits, (files, free, limits) => {
    const { remove, isShort } = planRetention(files, free, limits, NOW_MS);
    const removed = remove.map((path) => files.find((file) => file.path === path)!);
    const kept = files.filter(({ path }) => !remove.includes(path));
    const isTooMuch = (rest: readonly StoredSegment[]): boolean =>
      sum(rest) > limits.keepBytes || free + sum(files) - sum(rest) < limits.minFreeBytes;
    const isOld = ({ closedAtMs }: StoredSegment): boolean => NOW_MS - closedAtMs >= limits.keepAgeMs;
    const mayGo = (file: StoredSegment): boolean => newer(file, files) >= 2;

    equal(new Set(remove).size, remove.length);
    ok(removed.every(mayGo), 'the newest two');
    for (const [i, file] of removed.entries()) {
      if (i > 0) ok(removed[i - 1]!.closedAtMs <= file.closedAtMs, 'the oldest first');
      const rest = files.filter(({ path }) => !remove.slice(0, i).includes(path));
      ok(isOld(file) || isTooMuch(rest), 'none without need');
    }
    for (const file of kept.filter(mayGo)) {
      ok(!isOld(file), 'none is kept that is too old');
      ok(
        removed.every(({ closedAtMs }) => closedAtMs <= file.closedAtMs),
        'none is kept that is older than one that goes',
      );
    }
    equal(isShort, isTooMuch(kept));
    if (isShort) ok(!kept.some(mayGo), 'not before there is nothing left to delete');
  });
  fc.assert(property, { numRuns: runs(1000) });
});

test('where the limits ask for nothing nothing is deleted, whatever is there', () => {
  const files = [1, 2, 3, 4].map((number) => ({ path: `${number}`, shard: 0, number, bytes: 10, closedAtMs: number }));
  const limits = { keepAgeMs: 100, keepBytes: 40, minFreeBytes: 5 };
  deepEqual(planRetention(files, 5, limits, 100), { remove: [], isShort: false });
  deepEqual(planRetention(files, 5, limits, 101), { remove: ['1'], isShort: false });
  deepEqual(planRetention(files, 4, limits, 100), { remove: ['1'], isShort: false });
  deepEqual(planRetention(files, 5, { ...limits, keepBytes: 29 }, 100), { remove: ['1', '2'], isShort: false });
  deepEqual(planRetention(files, 5, { ...limits, keepBytes: 19 }, 100), { remove: ['1', '2'], isShort: true });
  deepEqual(planRetention([], 0, { ...limits, minFreeBytes: 0 }, 100), { remove: [], isShort: false });
});
