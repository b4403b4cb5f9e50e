import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '../../src/relay/events/record.js';
import { collectStory, type Story, within } from '../../src/relay/events/story.js';
import { COMPLETE, closed, opened, T0 } from './modelGiven.js';
import { after, entriesOf, LogWriter } from './replayGiven.js';

const kinds = ({ records }: Story): string[] => records.map(({ record }) => `${record.kind} ${record.at - T0}`);

test('a story holds what belongs to the call, and what its shard told of itself meanwhile', () => {
  const [log, elsewhere] = [new LogWriter(0), new LogWriter(1)];
  const records: LogRecord[] = [
    log.base(0),
    log.vitals(after(1)),
    log.vitals(after(2)),
    elsewhere.vitals(after(2)),
    log.events([opened()], { at: after(3) }),
    log.events([opened()], { session: 2, call: 'other@a', at: after(3) }),
    log.exchange('U', '1', '- - -', { at: after(3) }),
    log.exchange('U', '1', '- - -', { call: 'other@a', at: after(3) }),
    log.sample([], { at: after(4) }),
    log.sample([], { session: 2, at: after(4) }),
    log.vitals(after(5)),
    log.events([closed('deleted')], { at: after(6) }),
    log.exchange('D', '0', '- - -', { at: after(7) }),
    log.vitals(after(8)),
    log.vitals(after(9)),
    log.end(after(10)),
    elsewhere.end(after(10)),
  ];
  const header = { shard: 0, run: 1, startedAt: T0, version: 3 };
  const story = collectStory([{ kind: 'segment', path: 'p', header }, ...entriesOf(records)], 'call@a');
  assert.deepEqual(kinds(story), [
    ...['vitals 2', 'step 3', 'exchange 3', 'sample 4', 'vitals 5', 'step 6', 'exchange 7', 'vitals 8', 'end 10'],
  ]);
  assert.ok(story.records.every(({ record, run, log }) => record.shard === 0 && run === 1 && log === 0));
  assert.deepEqual(story.headers, [header]);
  assert.deepEqual(story.live, []);
});

test('samples of a session of the same number in another run, shard or node are another session', () => {
  const log = new LogWriter();
  const mine = entriesOf([log.snapshot(COMPLETE), log.base(1), log.sample([])]);
  const foreign = [
    ...entriesOf([new LogWriter().sample([])], 'p', 2),
    ...entriesOf([new LogWriter(1).sample([])]),
    ...entriesOf([new LogWriter().sample([])], 'p', 1, 1),
  ];
  assert.deepEqual(kinds(collectStory([...foreign, ...mine, ...foreign], 'call@a')), ['snapshot 0', 'base 0', 'sample 0']);
});

test('of a Call-ID that came again only the sessions are told that lived in the time asked for, from their beginning', () => {
  const log = new LogWriter();
  const records = [
    log.events([opened()]),
    log.events([closed('deleted')], { at: after(10) }),
    log.events([opened()], { session: 2, at: after(20) }),
    log.sample([], { session: 2, at: after(30) }),
    log.events([closed('deleted')], { session: 2, at: after(40) }),
  ];
  const story = collectStory(entriesOf(records), 'call@a');
  assert.equal(within(story, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY), story);
  assert.deepEqual(kinds(within(story, after(25), after(30))), ['step 20', 'sample 30']);
  assert.deepEqual(kinds(within(story, after(10), after(15))), ['step 0', 'step 10']);
});
