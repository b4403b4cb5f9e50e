/** What those who watch hear, and what the media threads are asked for it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { config, type Observable, take } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { EventHub } from '../../src/relay/events/hub.js';
import { CREDIT } from '../../src/relay/events/outlet.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import type { RecordBatch, Told } from '../../src/relay/events/told.js';
import { shardOf } from '../../src/relay/supervisor/dispatch.js';
import { endOf, lost, sampleOf, snapshotOf, stepOf, told, vitalsOf } from '../rig/toldRecords.js';

const SHARDS = 2;
/** A Call-ID of each shard, and another one of the first. */
const [CALL, OTHER, NEIGHBOUR] = [callOf(0, 0), callOf(1, 0), callOf(0, 1)];

function callOf(shard: number, which: number): string {
  const calls = Array.from({ length: 100 }, (_, i) => `call-${i}`).filter((call) => shardOf(call, SHARDS) === shard);
  return calls[which]!;
}

/** What the threads were asked: `+1` to watch, `-1` not to, `1:256` so much credit. */
function hubWithThreads() {
  const asked: string[] = [];
  const hub = new EventHub(SHARDS, {
    watch: (shard) => asked.push(`+${shard}`),
    unwatch: (shard) => asked.push(`-${shard}`),
    grant: (shard, credit) => asked.push(`${shard}:${credit}`),
  });
  return { hub, asked: () => asked.splice(0) };
}

const batch = (records: readonly LogRecord[], missing = 0): RecordBatch => ({ records, lost: missing });
const FULL = CREDIT;

/** Records of shard 0 are small letters, those of shard 1 capitals. */
const RECORDS: Readonly<Record<string, LogRecord>> = {
  a: stepOf(CALL, { session: 1, seq: 1 }),
  b: sampleOf({ session: 1, seq: 2 }),
  c: stepOf(NEIGHBOUR, { session: 2, seq: 3 }),
  d: sampleOf({ session: 2, seq: 4 }),
  e: endOf(CALL, { session: 1, seq: 5 }),
  f: vitalsOf({ seq: 6 }),
  A: stepOf(OTHER, { shard: 1, session: 1, seq: 1 }),
  B: sampleOf({ shard: 1, session: 1, seq: 2 }),
};
const TOLD: Readonly<Record<string, Told>> = {
  ...Object.fromEntries(Object.entries(RECORDS).map(([name, record]) => [name, told(record)])),
  '3': lost(3),
  '4': lost(4, 1),
};

type Watched = (hub: EventHub) => Observable<Told>;

/** `threads`: when each record comes; `3`: in the next batch of shard 0 three are missing; `R`: shard 0 has another thread. */
function hears(threads: string, cases: readonly (readonly [of: Watched, when: string, hears: string])[]): void {
  new TestScheduler((actual, expected) => deepEqual(actual, expected)).run(({ hot, expectObservable }) => {
    const { hub } = hubWithThreads();
    hot(threads).subscribe((name) => {
      const record = RECORDS[name];
      if (name === 'R') hub.restarted(0);
      else if (record !== undefined) hub.deliver(record.shard, batch([record]));
      else hub.deliver(name === '3' ? 0 : 1, batch([], Number(name)));
    });
    for (const [of, when, expected] of cases) expectObservable(of(hub), when).toBe(expected, TOLD);
  });
}

const all: Watched = (hub) => hub.all$;
const shard =
  (number: number): Watched =>
  (hub) =>
    hub.ofShard(number);
const call =
  (name: string): Watched =>
  (hub) =>
    hub.ofCall(name);

test('all shards merged: in the order in which they come, each shard in its own', () => {
  hears('a-A-(bB)-f', [[all, '^', 'a-A-(bB)-f']]);
});

test('one shard: its records only', () => {
  hears('a-A-(bB)-f', [
    [shard(0), '^', 'a---b----f'],
    [shard(1), '^', '--A-B'],
    [shard(7), '^', '|'],
  ]);
});

test('one call: its steps, and the samples of its sessions, but not those of others', () => {
  hears('a-A-b-c-d-B-f-e', [
    [call(CALL), '^', 'a---b---------e'],
    [call(NEIGHBOUR), '^', '------c-d'],
    [call(OTHER), '^', '--A-------B'],
    [call('nobody'), '^', ''],
  ]);
});

test('samples of a session are known from its first step on that is heard, and no more after its end', () => {
  hears('b-a-b-e-b-', [[call(CALL), '^', '--a-b-e']]);
});

test('samples of a session that began before are known once the hub was told of it', () => {
  const { hub } = hubWithThreads();
  const heard: Told[] = [];
  const subscription = hub.ofCall(CALL).subscribe((each) => heard.push(each));
  hub.learn(snapshotOf(CALL, { session: 5 }));
  hub.deliver(0, batch([sampleOf({ session: 5 }), sampleOf({ session: 6 })]));
  deepEqual(heard, [told(sampleOf({ session: 5 }))]);
  subscription.unsubscribe();
  hub.ofCall(CALL).subscribe((each) => heard.push(each));
  hub.deliver(0, batch([sampleOf({ session: 5 })]));
  equal(heard.length, 1, 'who begins anew is to tell it anew');
});

test('a snapshot in the stream tells it as well', () => {
  const { hub } = hubWithThreads();
  const heard: Told[] = [];
  hub.ofCall(CALL).subscribe((each) => heard.push(each));
  const records = [snapshotOf(CALL, { session: 5 }), sampleOf({ session: 5, seq: 2 })];
  hub.deliver(0, batch(records));
  deepEqual(heard, records.map(told));
});

test('what was lost is told in its place: to all, to the shard, and to every call of the shard', () => {
  hears('a3b-4c', [
    [all, '^', 'a3b-4c'],
    [shard(0), '^', 'a3b--c'],
    [shard(1), '^', '----4-'],
    [call(CALL), '^', 'a3b---'],
    [call(NEIGHBOUR), '^', '-3---c'],
    [call(OTHER), '^', '----4-'],
  ]);
  const { hub } = hubWithThreads();
  hub.deliver(0, batch([], 3));
  hub.deliver(1, batch([], 4));
  equal(hub.lost, 7);
});

test('within a batch the lost ones stand in front', () => {
  const { hub } = hubWithThreads();
  const heard: Told[] = [];
  hub.all$.subscribe((each) => heard.push(each));
  hub.deliver(0, batch([stepOf(CALL)], 2));
  deepEqual(heard, [lost(2), told(stepOf(CALL))]);
});

test('who subscribes late hears what happens from then on, and who unsubscribes hears no more', () => {
  hears('a-b-c-d-e-f', [
    [all, '---^---!', '----c-d'],
    [shard(0), '---^---!', '----c-d'],
    [call(CALL), '^---!', 'a-b-'],
    [call(CALL), '-^', '--b-----e'],
  ]);
});

test('after another thread has come, samples wait for the first step of their session', () => {
  hears('a-b-R-b-a-b', [
    [call(CALL), '^', 'a-b-----a-b'],
    [shard(0), '^', 'a-b---b-a-b'],
  ]);
});

test('a shard is asked while somebody listens to it, and only it', () => {
  const { hub, asked } = hubWithThreads();
  const one = hub.ofShard(1).subscribe();
  deepEqual(asked(), ['+1', `1:${FULL}`]);
  const ofCall = hub.ofCall(OTHER).subscribe();
  deepEqual(asked(), [], 'it is being watched already');
  const everything = hub.all$.subscribe();
  deepEqual(asked(), ['+0', `0:${FULL}`]);
  one.unsubscribe();
  everything.unsubscribe();
  deepEqual(asked(), ['-0']);
  ofCall.unsubscribe();
  ofCall.unsubscribe();
  deepEqual(asked(), ['-1']);
  hub.ofCall(CALL).subscribe();
  hub.ofCall(CALL).subscribe().unsubscribe();
  deepEqual(asked(), ['+0', `0:${FULL}`]);
});

test('another thread is asked anew, if somebody listens', () => {
  const { hub, asked } = hubWithThreads();
  hub.restarted(0);
  deepEqual(asked(), []);
  hub.ofCall(CALL).subscribe();
  hub.deliver(0, batch(Array.from({ length: FULL / 8 }, () => stepOf(CALL))));
  asked();
  hub.restarted(0);
  hub.restarted(1);
  deepEqual(asked(), ['+0', `0:${FULL}`]);
  hub.deliver(0, batch(Array.from({ length: FULL / 8 }, () => stepOf(CALL))));
  deepEqual(asked(), [], 'what the dead thread was owed is not owed to this one');
});

test('credit is given back once records are told, not for each of them, and never to a thread that is not watched', () => {
  const { hub, asked } = hubWithThreads();
  const subscription = hub.all$.subscribe();
  asked();
  hub.deliver(0, batch(Array.from({ length: FULL / 4 - 1 }, () => stepOf(CALL))));
  deepEqual(asked(), []);
  hub.deliver(0, batch([stepOf(CALL), stepOf(CALL)], 5));
  deepEqual(asked(), [`0:${FULL / 4 + 1}`], 'the lost ones took no credit');
  subscription.unsubscribe();
  asked();
  hub.deliver(0, batch(Array.from({ length: FULL }, () => stepOf(CALL))));
  deepEqual(asked(), [], 'they were on their way when nobody listened any more');
});

test('who unsubscribes in the middle of a batch hears none of the rest; the others hear everything', () => {
  const { hub, asked } = hubWithThreads();
  const heard: Told[] = [];
  const first: Told[] = [];
  hub
    .ofCall(CALL)
    .pipe(take(1))
    .subscribe((each) => first.push(each));
  hub.all$.subscribe((each) => heard.push(each));
  asked();
  hub.deliver(0, batch([stepOf(CALL), stepOf(CALL), stepOf(NEIGHBOUR)]));
  equal(first.length, 1);
  equal(heard.length, 3);
  deepEqual(asked(), []);
});

test('a subscriber that throws disturbs nobody else, and is told on', async (t) => {
  const thrown: Error[] = [];
  const before = config.onUnhandledError;
  t.after(() => {
    config.onUnhandledError = before;
  });
  const isTold = new Promise<void>((resolve) => {
    config.onUnhandledError = (error: Error) => {
      if (thrown.push(error) === 3) resolve();
    };
  });
  const { hub } = hubWithThreads();
  const heard: Told[] = [];
  for (const stream of [hub.all$, hub.ofShard(0), hub.ofCall(CALL)]) {
    stream.subscribe(() => {
      throw new Error('of the subscriber');
    });
    stream.subscribe((each) => heard.push(each));
  }
  hub.deliver(0, batch([stepOf(CALL)]));
  equal(heard.length, 3);
  await isTold;
  ok(thrown.every(({ message }) => message === 'of the subscriber'));
});

test('a thousand calls that are listened to cost no more than one look-up a record', () => {
  const { hub } = hubWithThreads();
  const counts = new Map<string, number>();
  const calls = Array.from({ length: 1000 }, (_, i) => `c${i}`);
  for (const name of calls) hub.ofCall(name).subscribe(() => counts.set(name, (counts.get(name) ?? 0) + 1));
  const started = process.cpuUsage();
  for (let round = 0; round < 20; round++) {
    for (const [i, name] of calls.entries()) {
      const place = { shard: shardOf(name, SHARDS), session: i + 1 };
      hub.deliver(place.shard, batch([stepOf(name, place)]));
    }
  }
  const { user } = process.cpuUsage(started);
  ok(calls.every((name) => counts.get(name) === 20));
  ok(user < 2_000_000, `${user} µs for 20000 records; a thousand filters would be called twenty million times`);
});
