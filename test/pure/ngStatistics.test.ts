/** The answer to `statistics`. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { ShardCounter } from '../../src/media/counters.js';
import type { NgCommand } from '../../src/protocol/ng/request.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { MOST_NG_CLIENTS, NG_CLIENTS_BYTES, type NgClientRow, NgClientTable } from '../../src/relay/ng/clientTable.js';
import { NgCounts } from '../../src/relay/supervisor/ngCounts.js';
import { NgScene } from './ngGiven.js';
import { called, pick, picked } from './ngQueryGiven.js';

const OK = 'd6:result2:oke';
const WRONG = 'd6:result5:error12:error-reason1:xe';

/** Counts with a clock that is set by hand, and shards that have counted what stands in `shards`. */
class Given {
  nowMs = 5_000_000;
  readonly shards: Partial<Record<ShardCounter, number>> = {};
  /** What media threads have counted by client. */
  readonly others: NgClientRow[] = [];
  readonly counts = new NgCounts(() => this.nowMs);

  ask(client: string, command: NgCommand, reply = OK, tookMs = 0): void {
    const begun = this.counts.begin(client, command);
    this.nowMs += tookMs;
    this.counts.end(begun, reply);
  }

  told(): NgDictionary {
    return this.counts.statistics((counter) => this.shards[counter] ?? 0, this.others);
  }
}

test('requests are counted by client and command, and in all with those that media threads have answered', () => {
  const given = new Given();
  given.ask('192.0.2.1', 'offer');
  given.ask('192.0.2.1', 'offer');
  given.ask('192.0.2.2', 'offer');
  given.ask('192.0.2.2', 'statistics');
  Object.assign(given.shards, {
    ngPings: 1,
    ngOffers: 10,
    ngAnswers: 9,
    ngDeletes: 8,
    ngQueries: 7,
    ngOthers: 6,
    ngDuplicates: 5,
  });
  const control = given.told()['controlstatistics']!;
  deepEqual(
    (pick(control, 'proxies') as readonly NgDictionary[]).map((row) =>
      picked(row, 'proxy', 'offercount', 'statistics', 'errorcount'),
    ),
    [
      ['192.0.2.1', 2, 0, 0],
      ['192.0.2.2', 1, 1, 0],
    ],
  );
  deepEqual(
    picked(
      control,
      'totalpingcount',
      'totaloffercount',
      'totalanswercount',
      'totaldeletecount',
      'totalquerycount',
      'totalstatistics',
    ),
    [1, 13, 9, 8, 7, 1],
  );
  deepEqual(picked(control, 'totalothercount', 'totalduplicatecount'), [6, 5]);
});

const TOTALS = ['totaloffercount', 'totalrollbackcount', 'totalstartreccount', 'totalplaydtmf', 'totalunsubscribe'] as const;

test('what media threads carry out is counted command by command, in the sums and in the rows of the clients', () => {
  const given = new Given();
  given.ask('192.0.2.1', 'offer');
  given.ask('192.0.2.1', 'answer', WRONG);
  Object.assign(given.shards, { ngOffers: 5, ngRollbacks: 1, ngRecordingStarts: 2, ngKeys: 3, ngUnsubscribes: 4 });
  const tables = [0, 1].map(() => new NgClientTable(new SharedArrayBuffer(NG_CLIENTS_BYTES)));
  for (const table of tables) {
    table.count('192.0.2.1', 'offer', false);
    table.count('2001:db8::1', 'start recording', true);
  }
  tables[1]!.count('2001:db8::1', null, true);
  given.others.push(...tables.flatMap((table) => table.rows()));
  const control = given.told()['controlstatistics']!;
  deepEqual(picked(control, ...TOTALS), [6, 1, 2, 3, 4]);
  deepEqual(
    (pick(control, 'proxies') as readonly NgDictionary[]).map((row) =>
      picked(row, 'proxy', 'offercount', 'answercount', 'startreccount', 'errorcount'),
    ),
    [
      ['192.0.2.1', 3, 1, 0, 1],
      ['2001:db8::1', 0, 0, 2, 3],
    ],
  );
});

test('a table of clients outlives who writes it, and has room for so many', () => {
  const memory = new SharedArrayBuffer(NG_CLIENTS_BYTES);
  const longest = '0000:0000:0000:0000:0000:ffff:255.255.255.255';
  new NgClientTable(memory).count(longest, 'ping', false);
  const next = new NgClientTable(memory);
  next.count(longest, 'ping', false);
  next.count('x'.repeat(48), 'ping', false);
  for (let n = 0; n < 1_000; n++) next.count(`192.0.2.${n}`, 'unsubscribe', n % 2 === 0);
  const rows = new NgClientTable(memory).rows();
  equal(rows.length, MOST_NG_CLIENTS);
  deepEqual([rows[0]?.client, rows[0]?.byCommand.get('ping'), rows[0]?.errors], [longest, 2, 0]);
  const last = rows.at(-1);
  deepEqual(
    [last?.client, last?.byCommand.get('unsubscribe'), last?.byCommand.get('ping'), last?.errors],
    ['192.0.2.254', 1, 0, 1],
  );
  const given = new Given();
  for (let n = 0; n < MOST_NG_CLIENTS; n++) given.ask(`192.0.2.${n}`, 'ping');
  given.others.push(...rows);
  equal((pick(given.told()['controlstatistics']!, 'proxies') as readonly NgDictionary[]).length, MOST_NG_CLIENTS);
});

test('an error counts once, whoever has seen it', () => {
  const given = new Given();
  given.counts.wrong('192.0.2.1');
  given.ask('192.0.2.1', 'events', WRONG);
  given.ask('192.0.2.1', 'answer', WRONG);
  given.ask('192.0.2.2', 'answer', '{"result":"error","error-reason":"x"}');
  // The shards have counted the two answers, and what came by sockets of their own.
  given.shards.ngErrors = 2 + 4;
  const control = given.told()['controlstatistics']!;
  equal(pick(control, 'totalerrorcount'), 8);
  deepEqual(
    (pick(control, 'proxies') as readonly NgDictionary[]).map(({ errorcount }) => errorcount),
    [3, 1],
  );
});

test('rates and numbers of sessions are of the time between two `statistics`, delays of all requests', () => {
  const given = new Given();
  given.ask('a', 'offer', OK, 4);
  given.ask('a', 'offer', OK, 2);
  given.nowMs += 994;
  given.shards.ngOffers = 98;
  given.shards.sessionsActive = 50;
  given.shards.secondsOfSessions = 12.5;
  const first = given.told()['intervalstatistics']!;
  deepEqual(picked(first, 'minofferdelay', 'maxofferdelay', 'avgofferdelay'), ['0.002000', '0.004000', '0.003000']);
  const rates = ['minofferrequestrate', 'maxofferrequestrate', 'avgofferrequestrate'];
  deepEqual(picked(first, ...rates), [100, 100, 100]);
  deepEqual(picked(first, 'minmanagedsessions', 'maxmanagedsessions', 'totalcallsduration'), [50, 50, '12.500000']);
  given.nowMs += 2000;
  given.shards.ngOffers += 40;
  given.shards.sessionsActive = 30;
  const second = given.told()['intervalstatistics']!;
  deepEqual(picked(second, ...rates), [20, 100, 20]);
  deepEqual(picked(second, 'minmanagedsessions', 'maxmanagedsessions'), [30, 50]);
  deepEqual(picked(second, 'minanswerrequestrate', 'avgdeletedelay'), [0, '0.000000']);
});

test('packets, bytes and errors a second are those of the last second', () => {
  const scene = new NgScene();
  const { alice } = called(scene);
  const { shard } = scene.relay;
  for (let turn = 0; turn < 30; turn++) {
    alice.talk(5);
    scene.relay.engine.counters.sendErrors += 1;
  }
  const counts = new NgCounts(() => scene.relay.nowMs);
  const told = counts.statistics((counter) => shard.counters.shard(counter), []);
  deepEqual(picked(told['currentstatistics'], 'packetrate', 'byterate', 'errorrate', 'sessionsown', 'transcodedmedia'), [
    ...[50, 50 * 172, 10, 1, 0],
  ]);
  const total = told['totalstatistics'];
  deepEqual(picked(total, 'relayedpackets', 'relayedbytes', 'managedsessions', 'uptime'), [150, 150 * 172, 1, '0']);
});
