import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fold } from '../../src/relay/events/fold.js';
import type { LogRecord, SnapshotRecord } from '../../src/relay/events/record.js';
import { collectStory, type Story } from '../../src/relay/events/story.js';
import { explain } from '../../src/relay/explain/explain.js';
import { lostSessions } from '../../src/relay/session/recovery.js';
import { START_MS } from '../property/pureRelay.js';
import { CALL, CALLEE, CALLER, causesOf, entriesOf, explained, first, formatTime, healthy, Scene } from './explainGiven.js';

/** What a log says of the call. */
const storyOf = (records: readonly LogRecord[], live: readonly SnapshotRecord[] = []): Story => ({
  ...collectStory(entriesOf(records), CALL),
  live,
});

test('a media thread that died and took the call up again', () => {
  const scene = Scene.answered().both(3000).command({ type: 'Recover', cause: 'thread', downMs: 900 }).both(3000).hangUp();
  const session = first(
    scene,
    'recovered',
    null,
    /media thread died, and took the call up again at 03:04:09\.\d+: for at most 900 ms nothing/,
  );
  assert.deepEqual(causesOf(session), ['recovered']);
});

/** The call goes on in another relay, with what the log of the first one says of it. */
function takenUpAgain(before: Scene, downMs: number): Scene {
  const fold = new Fold();
  for (const record of before.relay.log) fold.take(record);
  const after = new Scene();
  after.relay.advance(before.relay.nowMs - after.relay.nowMs + downMs);
  const { recovery } = after.relay.shard;
  for (const session of recovery.adopt(lostSessions(fold.sessions.values()), downMs)) {
    assert.ok(recovery.rebind(session).ok);
    after.relay.log.push(...after.relay.shard.snapshot());
    after.relay.shard.command(session, { type: 'Recover', cause: 'process', downMs });
  }
  Object.assign(after.ports, before.ports);
  return after;
}

test('a relay that died and was started again: the call is one, over both runs', () => {
  const before = Scene.answered().both(4000);
  const after = takenUpAgain(before, 1500).both(3000).hangUp();
  const story = collectStory([...entriesOf(before.relay.log), ...entriesOf(after.relay.log, START_MS + 1)], CALL);
  const session = explained(story);
  assert.deepEqual(causesOf(session), ['recovered']);
  assert.match(session.verdict, /relay died.*for at most 1\.5 s nothing was relayed/);
  assert.equal(session.isWhole, true);
  assert.equal(session.run, START_MS + 1);
  assert.equal(session.relayingAt, START_MS + 1000);
  assert.equal(session.closeReason, 'deleted');
  assert.equal(session.changes.filter(({ text }) => text.startsWith('session opened')).length, 1);
});

/** Counters are written down every two seconds: of a side that was heard for less than that only the first packet is known. */
test('a side that spoke right before the relay died, and not any more, was heard all the same', () => {
  const before = Scene.answered().both(1000);
  const after = takenUpAgain(before, 1500).speak('caller', 7000);
  const story = collectStory([...entriesOf(before.relay.log), ...entriesOf(after.relay.log, START_MS + 1)], CALL);
  const session = explained({ ...story, live: after.live() });
  assert.deepEqual(causesOf(session), ['went-silent', 'recovered']);
  assert.match(session.verdict, /^The callee was heard until 03:04:06\.\d+, and has sent nothing in the 9\.5 s until now/);
  assert.match(session.causes[0]?.evidence[0] ?? '', /^how many packets of the callee came before that was lost with the relay$/);
  assert.equal(session.legs.callee.seen?.address, CALLEE);
  const firsts = session.changes.filter(({ text }) => text.startsWith('first packet'));
  assert.deepEqual(firsts, [
    { at: START_MS + 1000, text: 'first packet of the caller' },
    { at: START_MS + 1000, text: 'first packet of the callee' },
  ]);
});

test('a log that begins in the middle of a call', () => {
  const scene = Scene.answered().both(4000);
  const from = scene.relay.log.length;
  scene.relay.log.push(...scene.relay.shard.snapshot());
  scene.speak('caller', 20_000);
  const session = explained(storyOf(scene.hangUp().relay.log.slice(from)));
  assert.equal(session.isWhole, false);
  assert.deepEqual(causesOf(session), ['went-silent']);
  assert.equal(session.legs.callee.rtp.received, 200);
  assert.deepEqual(session.legs.callee.learned, [{ at: null, address: CALLEE, reason: 'before' }]);
});

test('a call of which only the running relay knows', () => {
  const scene = Scene.answered().both(4000);
  const session = explained(storyOf([], scene.live()));
  assert.deepEqual(causesOf(session), []);
  assert.deepEqual([session.isLive, session.isWhole, session.log], [true, false, -1]);
  assert.equal(session.legs.caller.rtp.received, 200);
});

test('a call that is silent now, of which the log ends with its last packet', () => {
  const scene = Scene.answered().both(4000).wait(20_000);
  first(scene, 'both-silent', null, /Both sides fell silent/);
  assert.equal(causesOf(explained(storyOf(scene.relay.log))).length, 0, 'the log alone does not tell that time has passed');
});

test('a call that ended while it was asked for has ended', () => {
  const scene = Scene.answered().both(4000);
  const live = scene.live();
  const session = explained(storyOf(scene.hangUp().relay.log, live));
  assert.deepEqual([session.isLive, session.closeReason], [false, 'deleted']);
});

test('two media streams of a call are two sessions, each with its own cause', () => {
  const scene = new Scene();
  const { relay } = scene;
  for (const tag of ['alice;1', 'alice;2']) relay.send(`U ${CALL} 203.0.113.1 4000 ${tag}`);
  relay.advance(1000);
  relay.send(`L ${CALL} 198.51.100.2 6000 alice;1 bob;1`);
  scene.wait(5000);
  const { sessions } = explain(scene.story(), formatTime);
  assert.deepEqual(
    sessions.map((session) => [session.tag, causesOf(session)[0]]),
    [
      ['alice;1', 'both-silent'],
      ['alice;2', 'no-answer'],
    ],
  );
});

test('a call that ends and begins again with the same tag is two sessions', () => {
  const scene = Scene.answered().both(3000).hangUp();
  scene.offer(CALLER);
  const { sessions } = explain(scene.story(), formatTime);
  assert.deepEqual(
    sessions.map(({ phase }) => phase),
    ['closed', 'waiting'],
  );
});

test('records that cannot follow one another are told, and the rest is explained', () => {
  const scene = Scene.answered().both(3000).hangUp();
  const twice = scene.relay.log.flatMap((record) =>
    record.kind === 'step' && record.events[0]?.type === 'SessionOpened' ? [record, record] : [record],
  );
  const session = explained(storyOf(twice));
  assert.match(session.problems.join(), /ignored SessionOpened/);
  assert.deepEqual(causesOf(session), []);
});

test('samples of an earlier version, which have fewer counters and no analysis, are enough', () => {
  const scene = Scene.answered().both(4000).speak('caller', 20_000).hangUp();
  const old = scene.relay.log.map((record): LogRecord => {
    if (record.kind !== 'sample') return record;
    const streams = record.sample.streams.map(
      (one) => one && { counters: one.counters.slice(0, 6), latch: null, analysis: null },
    );
    return { ...record, sample: { ...record.sample, streams } };
  });
  const session = explained(storyOf(old));
  assert.deepEqual(causesOf(session), ['went-silent']);
  assert.equal(session.legs.caller.seen?.lossPercent, null);
  healthy(Scene.answered().both(4000).hangUp());
});
