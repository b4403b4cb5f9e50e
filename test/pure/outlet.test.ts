/** What leaves a media thread while somebody watches, and what does not. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CREDIT, Outlet, type OutletLimits } from '../../src/relay/events/outlet.js';
import type { RecordBatch } from '../../src/relay/events/told.js';
import { vitalsOf } from '../rig/toldRecords.js';

/** An outlet, and what it has sent: of each batch the numbers of its records, and in front of them, negative, how many were lost. */
function outletWith(limits: OutletLimits) {
  const batches: RecordBatch[] = [];
  const outlet = new Outlet((batch) => batches.push(batch), limits);
  let seq = 0;
  return {
    outlet,
    batches,
    happen: (records: number) => {
      for (let i = 0; i < records; i++) outlet.take(vitalsOf({ seq: ++seq }));
    },
    sent: () =>
      batches.splice(0).map(({ records, lost }) => [...(lost > 0 ? [-lost] : []), ...records.map((record) => record.seq)]),
  };
}

test('nothing leaves while nobody watches, whatever is granted', () => {
  const { outlet, happen, sent } = outletWith({});
  equal(outlet.isOpen, false);
  outlet.grant(10);
  happen(3);
  equal(outlet.isDue, false);
  outlet.flush();
  outlet.start();
  equal(outlet.isOpen, true);
  outlet.flush();
  deepEqual(sent(), [], 'nor is it kept, nor was the credit');
  happen(1);
  equal(outlet.isDue, false);
});

test('what happens between two flushes goes as one batch, in its order', () => {
  const { outlet, happen, sent } = outletWith({});
  outlet.start();
  outlet.grant(CREDIT);
  happen(3);
  ok(outlet.isDue);
  deepEqual(sent(), [], 'not before the turn');
  outlet.flush();
  happen(1);
  outlet.flush();
  outlet.flush();
  deepEqual(sent(), [[1, 2, 3], [4]]);
  equal(outlet.isDue, false);
});

test('what exceeds the credit waits for more of it', () => {
  const { outlet, happen, sent } = outletWith({});
  outlet.start();
  outlet.grant(2);
  happen(5);
  outlet.flush();
  deepEqual(sent(), [[1, 2]]);
  equal(outlet.isDue, false);
  happen(1);
  outlet.grant(3);
  ok(outlet.isDue);
  outlet.flush();
  deepEqual(sent(), [[3, 4, 5]], 'the oldest first');
  outlet.grant(3);
  happen(1);
  outlet.flush();
  deepEqual(sent(), [[6, 7]]);
});

test('what exceeds the queue is dropped, oldest first, and counted in front of what follows', () => {
  const { outlet, happen, sent } = outletWith({ waiting: 3 });
  outlet.start();
  outlet.grant(2);
  happen(9);
  outlet.flush();
  deepEqual(sent(), [[1, 2]], 'these went before');
  outlet.grant(2);
  outlet.flush();
  deepEqual(sent(), [[-4, 7, 8]]);
  outlet.grant(2);
  outlet.flush();
  deepEqual(sent(), [[9]], 'what was lost is said once');
});

test('where a grant comes before the turn, what was lost still stands in its place', () => {
  const { outlet, happen, sent } = outletWith({ waiting: 2 });
  outlet.start();
  outlet.grant(1);
  happen(5);
  outlet.grant(10);
  outlet.flush();
  deepEqual(sent(), [[1], [-2, 4, 5]]);
  outlet.stop();
  outlet.start();
  outlet.grant(1);
  happen(3);
  outlet.grant(10);
  outlet.flush();
  deepEqual(sent(), [[6, 7, 8]], 'and one batch is enough where nothing was');
});

test('the end of a watch forgets what waits, what was lost, and the credit', () => {
  const { outlet, happen, sent } = outletWith({ waiting: 1 });
  outlet.start();
  outlet.grant(1);
  happen(4);
  outlet.stop();
  equal(outlet.isOpen, false);
  equal(outlet.isDue, false);
  outlet.flush();
  outlet.start();
  happen(1);
  outlet.flush();
  deepEqual(sent(), []);
  outlet.grant(1);
  outlet.flush();
  deepEqual(sent(), [[5]]);
});

test('credit of an earlier watch that comes late does not add up', () => {
  const { outlet, happen, sent } = outletWith({ credit: 3 });
  outlet.start();
  for (let i = 0; i < 5; i++) outlet.grant(3);
  happen(10);
  outlet.flush();
  deepEqual(sent(), [[1, 2, 3]]);
});

test('whatever happens in whatever order: nothing twice, nothing out of order, and what is missing is counted where it is missing', () => {
  const happening = fc.oneof(
    fc.record({ kind: fc.constant('happen' as const), count: fc.nat({ max: 12 }) }),
    fc.record({ kind: fc.constant('grant' as const), count: fc.nat({ max: 12 }) }),
    fc.record({ kind: fc.constant('flush' as const), count: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (story, waiting) => {
      const { outlet, happen, sent } = outletWith({ waiting, credit: 1000 });
      outlet.start();
      let [happened, granted] = [0, 0];
      for (const { kind, count } of story) {
        if (kind === 'happen') happen(count);
        if (kind === 'happen') happened += count;
        if (kind === 'grant') outlet.grant(count);
        if (kind === 'grant') granted += count;
        if (kind === 'flush') outlet.flush();
      }
      outlet.flush();
      const numbers = sent().flat();
      let next = 1;
      for (const number of numbers) {
        if (number < 0) next -= number;
        else equal(number, next++, numbers.join(' '));
      }
      ok(numbers.filter((number) => number > 0).length <= granted, 'no more than was granted');
      ok(next <= happened + 1);
      outlet.grant(1000);
      outlet.flush();
      const rest = sent().flat();
      ok(rest.filter((number) => number > 0).length <= waiting, 'no more than may wait');
      for (const number of rest) {
        if (number < 0) next -= number;
        else equal(number, next++, rest.join(' '));
      }
      equal(next, happened + 1, 'every record was sent or counted');
    }),
  );
});
