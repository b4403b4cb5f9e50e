import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SessionState } from '../../model/session/state.js';
import { readLog } from '../../src/io/log/segmentReader.js';
import { SegmentWriter } from '../../src/io/log/segmentWriter.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { Replay } from '../../src/relay/events/replay.js';
import { ReplayView } from '../../src/relay/events/view.js';
import { PLAIN_WRITER } from '../rig/eventLog.js';
import { act, type FullDeed, fullStories } from './fullStories.js';
import { HOST, type PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { sounding } from './sounding.js';

const SETTING = settingOf(6, 10_000, 3000);

function play(story: readonly FullDeed[]): PureRelay {
  const { relay, recorder } = sounding(SETTING);
  for (const one of story) act(relay, one, recorder);
  return relay;
}

/** The sessions that a log leaves open, and the rules it breaks on the way. */
function fold(records: readonly LogRecord[]): { readonly live: readonly SessionState[]; readonly broken: readonly string[] } {
  const replay = new Replay();
  const broken = records.flatMap((record) => replay.take(record).broken);
  return { live: replay.live.map(({ context }) => context), broken };
}

/** In an order that does not depend on who holds them. */
const sorted = (states: Iterable<SessionState>): SessionState[] =>
  [...states].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));

const liveStates = (relay: PureRelay): SessionState[] =>
  sorted([...relay.shard.directory.all()].map(({ snapshot }) => snapshot.context));

test('what the relay holds is what a replay of its steps holds, and the replay breaks no rule', () => {
  const property = fc.property(fullStories, (story) => {
    const relay = play(story);
    const { live, broken } = fold(relay.records);
    assert.deepEqual(broken, []);
    assert.equal(relay.shard.counters.shard('defects'), 0);
    assert.deepEqual(sorted(live), liveStates(relay));
  });
  fc.assert(property, { numRuns: runs(400) });
});

test('the same holds at every moment of a history, not only at its end', () => {
  const property = fc.property(fullStories, (story) => {
    const { relay, recorder } = sounding(SETTING);
    const replay = new Replay();
    let taken = 0;
    for (const one of story) {
      act(relay, one, recorder);
      for (; taken < relay.records.length; taken++) assert.deepEqual(replay.take(relay.records[taken]!).broken, []);
      assert.deepEqual(sorted(replay.live.map(({ context }) => context)), liveStates(relay));
    }
  });
  fc.assert(property, { numRuns: runs(60) });
});

test('steps come back from the log files as they were written, over several writers, and replay to the same sessions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-replay-'));
  let number = 0;
  const property = fc.property(fullStories, fc.nat(3), (story, restarts) => {
    const relay = play(story);
    const path = join(folder, String(number++));
    const per = Math.ceil(relay.log.length / (restarts + 1));
    for (let part = 0; part <= restarts; part++) {
      const onError = (_: number, reason: string) => assert.fail(reason);
      const log = new SegmentWriter({ ...PLAIN_WRITER, folder: path, now: () => relay.nowMs, onError });
      log.begin();
      for (const record of relay.log.slice(part * per, (part + 1) * per)) log.append(record);
      log.close();
    }
    const entries = [...readLog(path)];
    assert.deepEqual(
      entries.filter(({ kind }) => kind === 'problem'),
      [],
    );
    const read = entries.flatMap((entry) => (entry.kind === 'record' ? [entry.record] : []));
    assert.deepEqual(read, relay.log);
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
  const property = fc.property(fullStories, (story) => {
    const { log, records } = play(story);
    assert.deepEqual(
      log.map(({ seq }) => seq),
      log.map((_, i) => i + 1),
    );
    for (const { events, refusal } of records) assert.notEqual(events.length > 0, refusal !== undefined);
  });
  fc.assert(property, { numRuns: runs(100) });
});

test('a log whose segments begin with snapshots breaks no rule, and every command is decided today as it was then', () => {
  const property = fc.property(fullStories, fc.integer({ min: 1, max: 40 }), (story, deedsPerSegment) => {
    const lines: string[] = [];
    const tell = (line: string): void => void lines.push(line);
    const view = new ReplayView({
      ...{ everything: false, asJson: false, checks: true, redecides: true, call: null, nodes: [], formatTime: String },
      ...{ fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY, tell, complain: tell },
    });
    const { relay, recorder } = sounding(SETTING);
    const network = { host: HOST, advertised: null };
    const setting = { ttlMs: SETTING.ttlMs, setupTtlMs: SETTING.setupTtlMs, independentTtl: false, network };
    for (let done = 0; done === 0 || done < story.length; done += deedsPerSegment) {
      const path = `segment ${done}`;
      const header = { shard: 0, run: 1, startedAt: relay.nowMs, version: 4, setting };
      view.take({ kind: 'segment', path, header });
      const written = relay.log.length;
      relay.log.push(...relay.shard.snapshot());
      for (const one of story.slice(done, done + deedsPerSegment)) act(relay, one, recorder);
      for (const record of relay.log.slice(written)) view.take({ kind: 'record', record, log: 0, run: 1, path, offset: 0 });
    }
    view.end();
    const [events, commands] = [relay.records.flatMap(({ events }) => events), relay.records.length];
    const sessions = events.filter(({ type }) => type === 'SessionOpened').length;
    const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
    assert.deepEqual(lines, [
      `${count(events.length, 'event')}, ${count(sessions, 'session')}, 0 rules broken`,
      `${count(commands, 'command')}, 0 differ`,
    ]);
    assert.ok(view.isSound);
  });
  fc.assert(property, { numRuns: runs(150) });
});
