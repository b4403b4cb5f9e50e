import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SessionState } from '../../model/session/state.js';
import { readLog } from '../../src/io/log/segmentReader.js';
import { SegmentWriter } from '../../src/io/log/segmentWriter.js';
import { Replay } from '../../src/relay/events/replay.js';
import type { StepRecord } from '../../src/relay/ports.js';
import { NOTIFYING, PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { act, type Deed, stories } from './stories.js';

const SETTING = settingOf(6, 10_000, 3000);

function play(story: readonly Deed[]): PureRelay {
  const relay = new PureRelay(SETTING, 1, NOTIFYING);
  for (const one of story) act(relay, one);
  return relay;
}

/** The sessions that a log leaves open, and the rules it breaks on the way. */
function fold(records: readonly StepRecord[]): { readonly live: readonly SessionState[]; readonly broken: readonly string[] } {
  const replay = new Replay(String);
  replay.beginSegment(0, 1);
  const broken = records.flatMap((record) => replay.take(record).broken);
  return { live: replay.live.map(({ context }) => context), broken };
}

/** In an order that does not depend on who holds them. */
const sorted = (states: Iterable<SessionState>): SessionState[] =>
  [...states].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

const liveStates = (relay: PureRelay): SessionState[] =>
  sorted([...relay.shard.directory.all()].map(({ snapshot }) => snapshot.context));

test('what the relay holds is what a replay of its steps holds, and the replay breaks no rule', () => {
  const property = fc.property(stories, (story) => {
    const relay = play(story);
    const { live, broken } = fold(relay.records);
    assert.deepEqual(broken, []);
    assert.equal(relay.shard.counters.shard('defects'), 0);
    assert.deepEqual(sorted(live), liveStates(relay));
  });
  fc.assert(property, { numRuns: runs(400) });
});

test('the same holds at every moment of a history, not only at its end', () => {
  const property = fc.property(stories, (story) => {
    const relay = new PureRelay(SETTING, 1, NOTIFYING);
    const replay = new Replay(String);
    replay.beginSegment(0, 1);
    let taken = 0;
    for (const one of story) {
      act(relay, one);
      for (; taken < relay.records.length; taken++) assert.deepEqual(replay.take(relay.records[taken]!).broken, []);
      assert.deepEqual(sorted(replay.live.map(({ context }) => context)), liveStates(relay));
    }
  });
  fc.assert(property, { numRuns: runs(60) });
});

test('steps come back from the log files as they were written, over several writers, and replay to the same sessions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-replay-'));
  let number = 0;
  const property = fc.property(stories, fc.nat(3), (story, restarts) => {
    const relay = play(story);
    const path = join(folder, String(number++));
    const per = Math.ceil(relay.records.length / (restarts + 1));
    for (let part = 0; part <= restarts; part++) {
      const onError = (_: number, reason: string) => assert.fail(reason);
      const log = new SegmentWriter({ folder: path, shard: 0, now: () => relay.nowMs, onError });
      for (const record of relay.records.slice(part * per, (part + 1) * per)) log.append(record);
      log.close();
    }
    const entries = [...readLog(path)];
    assert.deepEqual(
      entries.filter(({ kind }) => kind === 'problem'),
      [],
    );
    const read = entries.flatMap((entry) => (entry.kind === 'record' ? [entry.record] : []));
    assert.deepEqual(read, relay.records);
    assert.deepEqual(sorted(fold(read).live), liveStates(relay));
    rmSync(path, { recursive: true });
  });
  try {
    fc.assert(property, { numRuns: runs(60) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the records of a shard are numbered from 1 without gaps, and every one says something', () => {
  const property = fc.property(stories, (story) => {
    const { records } = play(story);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      records.map((_, i) => i + 1),
    );
    for (const { events, refusal } of records) assert.notEqual(events.length > 0, refusal !== undefined);
  });
  fc.assert(property, { numRuns: runs(100) });
});
