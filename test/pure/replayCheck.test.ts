import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '../../src/relay/events/record.js';
import { Replay } from '../../src/relay/events/replay.js';
import { COMPLETE, closed, copies, legOpened, opened, signalled } from './modelGiven.js';
import { LogWriter } from './replayGiven.js';

/** What is wrong with records that stand in a segment after the other, of one run or, where it is a list, of several. */
function brokenIn(segments: readonly (readonly LogRecord[])[], runs: readonly number[] = segments.map(() => 1)): string[] {
  const replay = new Replay({ isWhole: true });
  return segments.flatMap((records, i) =>
    records.flatMap((record) => [...replay.take(record, { log: 0, run: runs[i] ?? 1, path: `segment ${i}` }).broken]),
  );
}

test('a snapshot that is as the events tell breaks no rule, and one that is not is told with what differs', () => {
  for (const [port, broken] of [
    [20_002, []],
    [20_006, ['call@a: state.legs.caller.local.port of session 0/1 is 20002 by its events, 20006 in the snapshot']],
  ] as const) {
    const log = new LogWriter();
    const first = [log.base(0), log.events(COMPLETE)];
    const snapshot = log.snapshot([opened(), legOpened('callee', 20_000), legOpened('caller', port)]);
    assert.deepEqual(brokenIn([first, [snapshot, log.base(1)]]), broken);
  }
});

test('a snapshot whose phase is another one, or breaks a rule by itself, is told', () => {
  const log = new LogWriter();
  const first = [log.base(0), log.events(COMPLETE)];
  assert.deepEqual(brokenIn([first, [{ ...log.snapshot(COMPLETE), phase: 'waiting' as const }]]), [
    'call@a: waiting although both legs are open',
    'call@a: phase of session 0/1 is "relaying" by its events, "waiting" in the snapshot',
  ]);
});

test('a session that has not ended and is not in the next snapshot is told, and its port is free from there on', () => {
  const log = new LogWriter();
  const first = [log.base(0), log.events(COMPLETE), log.events([opened()], { session: 2, call: 'other@a' })];
  const next = [log.snapshot([opened()], { session: 2, call: 'other@a' }), log.base(1)];
  const then = [log.events([opened(), legOpened('callee', 20_000)], { session: 3, call: 'third@a' })];
  assert.deepEqual(brokenIn([first, [...next, ...then]]), [
    'call@a: session 0/1 has not ended, and is not in the snapshot of the next segment',
  ]);
});

test('a base that counts other snapshots than there are is told', () => {
  const log = new LogWriter();
  assert.deepEqual(brokenIn([[log.snapshot([opened()]), log.base(2)]]), [
    'a segment of shard 0 says that it begins with 2 sessions, and has 1',
  ]);
});

test('missing records are told; until the next snapshot nothing is told that may be their fault', () => {
  const log = new LogWriter();
  const first = [log.base(0), log.events(COMPLETE)];
  log.lose(1);
  const second = [log.events([opened(), legOpened('callee', 20_000)], { session: 2, call: 'other@a' })];
  log.lose(2);
  const snapshot = log.snapshot([opened(), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000')], {
    session: 2,
    call: 'other@a',
  });
  assert.deepEqual(
    brokenIn([
      [...first, ...second],
      [snapshot, log.base(1), log.events([closed('deleted')], { session: 2 })],
    ]),
    ['record 3 of shard 0 is missing', 'records 5 to 6 of shard 0 are missing'],
  );
});

test('a record that stands twice or too late is told', () => {
  const log = new LogWriter();
  const records = [log.base(0), log.events([opened()]), log.vitals(), log.vitals()];
  assert.deepEqual(brokenIn([[records[0]!, records[1]!, records[3]!, records[2]!]]), [
    'record 3 of shard 0 is missing',
    'record 3 of shard 0 stands behind record 4',
  ]);
});

test('a thread that takes the place of another one in the same run may number its records anew', () => {
  const log = new LogWriter();
  const first = [log.base(0), log.events(COMPLETE)];
  log.beginAnew();
  assert.deepEqual(brokenIn([first, [log.snapshot(COMPLETE), log.base(1), log.events([closed('deleted')])]]), []);
});

test('a new run begins with what was recovered: under other numbers, in another shard, on the same ports', () => {
  const [old, young] = [new LogWriter(1), new LogWriter(0)];
  const before = [old.base(0), old.events(COMPLETE, { session: 7 })];
  const recovered = { type: 'SessionRecovered', cause: 'process', downMs: 1500 } as const;
  const now = [
    young.snapshot(COMPLETE, { session: 1 }),
    young.base(1),
    young.step({ type: 'Recover', cause: 'process', downMs: 1500 }, [recovered]),
  ];
  const replay = new Replay({ isWhole: true });
  for (const record of before) assert.deepEqual(replay.take(record, { log: 0, run: 1, path: 'a' }).broken, []);
  for (const record of now) assert.deepEqual(replay.take(record, { log: 0, run: 2, path: 'b' }).broken, []);
  assert.deepEqual(replay.totals, { events: 4, sessions: 1, broken: 0 });
});

test('a log whose beginning was removed is folded from its first snapshot, ports and all', () => {
  const log = new LogWriter();
  log.lose(1000);
  const records = [
    log.snapshot(COMPLETE),
    log.base(1),
    log.events([opened(), legOpened('callee', 20_002)], { session: 2, call: 'other@a' }),
    log.events([closed('deleted')]),
    log.events([opened(), legOpened('callee', 20_002)], { session: 3, call: 'third@a' }),
  ];
  assert.deepEqual(brokenIn([records.slice(0, 4)]), ['127.0.0.1:20002 is opened for 0/2 while 0/1 holds it']);
  const replay = new Replay();
  for (const at of [0, 1, 3, 4]) assert.deepEqual(replay.take(records[at]!).broken, []);
  assert.equal(replay.totals.sessions, 2);
});

const TO = { host: '192.0.2.77', port: 7000 };
const copied = (port: number) => copies('caller', TO, { host: '127.0.0.1', port });

const uncopied = { type: 'CopyStopped', side: 'caller', local: null } as const;

test('the ports of copies are ports: held by one alone, from the snapshot on, until the copy ends', () => {
  const log = new LogWriter();
  const first = [log.base(0), log.events([...COMPLETE, ...copied(20_004)]), log.events([uncopied, ...copied(20_006)])];
  const others = { session: 2, call: 'other@a' };
  const second = [
    log.snapshot([...COMPLETE, ...copied(20_006)]),
    log.base(1),
    log.events([opened(), legOpened('callee', 20_004)], others),
    log.events([legOpened('caller', 20_006)], others),
  ];
  assert.deepEqual(brokenIn([first, second]), ['127.0.0.1:20006 is opened for 0/2 while 0/1 holds it']);
});

test('an event that may not follow what is known is told, but not of a session that is not known yet', () => {
  const ended = { type: 'PlaybackEnded', side: 'caller', reason: 'stopped' } as const;
  const log = new LogWriter();
  assert.deepEqual(brokenIn([[log.base(0), log.events(COMPLETE), log.events([ended])]]), [
    'call@a: a prompt of the caller ends, which hears none',
  ]);
  const young = new LogWriter();
  young.lose(100);
  const opening = [young.snapshot([opened()], { session: 2, call: 'other@a' }), young.events([ended])];
  assert.deepEqual(brokenIn([[...opening, young.snapshot(COMPLETE), young.base(2)]]), []);
});

test('a rule that is broken in the middle of a step is told though its end is sound', () => {
  const log = new LogWriter();
  const step = log.events([opened(), legOpened('callee', 20_001), legOpened('callee', 20_002)]);
  assert.deepEqual(brokenIn([[step]]), ['call@a: the RTP port 20001 of the callee is odd']);
});

test('nodes have sessions, shards and ports of their own', () => {
  const replay = new Replay({ isWhole: true, nodes: ['north', 'south'] });
  const logs = [new LogWriter(), new LogWriter()];
  for (const [log, writer] of logs.entries()) {
    assert.deepEqual(replay.take(writer.events(COMPLETE), { log, run: 1, path: 'p' }).broken, []);
  }
  assert.deepEqual(replay.take(logs[1]!.events(COMPLETE, { session: 2 }), { log: 1, run: 1, path: 'p' }).broken, [
    '127.0.0.1:20000 is opened for south:0/2 while south:0/1 holds it',
    '127.0.0.1:20002 is opened for south:0/2 while south:0/1 holds it',
  ]);
  assert.deepEqual(replay.totals, { events: 9, sessions: 3, broken: 2 });
});
