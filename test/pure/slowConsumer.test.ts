/** A consumer that cannot always take more: what waits for it, and what it is told it has missed. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { BoundedQueue, SlowConsumer } from '../../src/relay/events/boundedQueue.js';
import type { Told } from '../../src/relay/events/told.js';
import { lost, told, vitalsOf } from '../rig/toldRecords.js';

const RECORDS: Readonly<Record<string, Told>> = Object.fromEntries(
  [...'abcdefghij'].map((name, i) => [name, told(vitalsOf({ seq: i + 1, shard: i >= 5 ? 1 : 0 }))]),
);
/** Records a…e are of shard 0, f…j of shard 1; L2 is spelt `2`: two records of shard 0 are missing; `7`: two of shard 1. */
const VALUES = { ...RECORDS, '1': lost(1), '2': lost(2), '3': lost(3), '7': lost(2, 1) };

/** What a consumer sees that takes `at once` so many, then one more with each tick of `drain`. */
function slowly(source: Observable<Told>, drain: Observable<unknown>, capacity: number, atOnce = 1): Observable<Told> {
  return new Observable((subscriber) => {
    let room = atOnce;
    const consumer = new SlowConsumer(capacity, (each) => {
      subscriber.next(each);
      return --room > 0;
    });
    subscriber.add(source.subscribe((each) => consumer.take(each)));
    subscriber.add(
      drain.subscribe(() => {
        room = 1;
        consumer.resume();
      }),
    );
  });
}

function marbles(run: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => deepEqual(actual, expected)).run(run);
}

test('whoever keeps up is told everything when it happens', () => {
  marbles(({ hot, expectObservable }) => {
    const source = hot('a-b-(cd)-e', VALUES);
    expectObservable(slowly(source, hot('-----'), 1, 100)).toBe('a-b-(cd)-e', VALUES);
  });
});

test('what comes while it cannot take more waits, in its order', () => {
  marbles(({ hot, expectObservable }) => {
    const source = hot('abc------', VALUES);
    const drain = hot(' ----x--xx');
    expectObservable(slowly(source, drain, 2)).toBe('a---b--c-', VALUES);
  });
});

test('beyond that the oldest are lost, and it is told how many, where they would have stood', () => {
  marbles(({ hot, expectObservable }) => {
    const source = hot('abcde------', VALUES);
    const drain = hot(' -----x-x-x');
    expectObservable(slowly(source, drain, 2)).toBe('a----2-d-e', VALUES);
  });
});

test('what is lost while the marker waits is in the marker; what is lost later gets another one', () => {
  marbles(({ hot, expectObservable }) => {
    const source = hot('abcd-e------', VALUES);
    const drain = hot(' ------xx---x');
    expectObservable(slowly(source, drain, 1)).toBe('a-----3e', VALUES);
  });
  marbles(({ hot, expectObservable }) => {
    const source = hot('abc-d--', VALUES);
    const drain = hot(' ---x-xx');
    expectObservable(slowly(source, drain, 1), '^').toBe('a--1-1d', VALUES);
  });
});

test('a marker of the stream itself that is lost in turn is counted with the records', () => {
  marbles(({ hot, expectObservable }) => {
    const source = hot('a2bc----', VALUES);
    const drain = hot(' ----xxx');
    expectObservable(slowly(source, drain, 1)).toBe('a---3c', VALUES);
  });
});

test('each shard has its own marker', () => {
  marbles(({ hot, expectObservable }) => {
    const source = hot('afbgc----', VALUES);
    const drain = hot(' -----xxxx');
    expectObservable(slowly(source, drain, 1)).toBe('a----71c', VALUES);
  });
});

test('unsubscribing in the middle ends it, whatever waits', () => {
  marbles(({ hot, expectObservable, expectSubscriptions }) => {
    const source = hot('abcd-----', VALUES);
    const drain = hot(' ----xxxx');
    expectObservable(slowly(source, drain, 3), '^----!').toBe('a---b', VALUES);
    expectSubscriptions(source.subscriptions).toBe('^----!');
  });
});

test('the queue itself: any number of items go through it in order, and it holds no more than it may', () => {
  const dropped: number[] = [];
  const queue = new BoundedQueue<number>(2000, (item) => dropped.push(item));
  for (let i = 0; i < 5000; i++) queue.push(i);
  equal(queue.size, 2000);
  deepEqual(
    dropped,
    Array.from({ length: 3000 }, (_, i) => i),
  );
  deepEqual(queue.take(3), [3000, 3001, 3002]);
  deepEqual(queue.take(0), []);
  for (let i = 3003; i < 4990; i++) equal(queue.shift(), i);
  deepEqual(queue.take(100), [4990, 4991, 4992, 4993, 4994, 4995, 4996, 4997, 4998, 4999]);
  equal(queue.shift(), undefined);
  queue.push(1);
  queue.clear();
  equal(queue.size, 0);
});
