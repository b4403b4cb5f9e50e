import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { initialTransition, type SnapshotFrom, transition } from 'xstate';
import { callId, millis, udpPort } from '../../model/kernel/index.js';
import { sessionChart } from '../../model/session/chart.js';
import { decide } from '../../model/session/decide/index.js';
import type { SessionEvent } from '../../model/session/event.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import { runs } from './runs.js';
import { chance, sessionCommand, surroundingsAt } from './sessionCommands.js';

type XStateSnapshot = SnapshotFrom<typeof sessionChart>;

const START_MS = 1_700_000_000_000;

/** XState's own answer to one event: the snapshot that follows, and the names of the effects. */
function byXState(snapshot: XStateSnapshot, event: SessionEvent): { readonly next: XStateSnapshot; readonly effects: string[] } {
  const [next, actions] = transition(sessionChart, snapshot, event);
  return { next, effects: actions.map(({ type }) => type) };
}

/** Events of every kind, from histories that `decide` has made. */
const histories = fc
  .array(fc.record({ command: sessionCommand, around: chance }), { minLength: 1, maxLength: 20 })
  .map((turns) => {
    const events: SessionEvent[] = [];
    let snapshot: Snapshot = NEW_SESSION;
    for (const [n, { command, around }] of turns.entries()) {
      const isFirst = n === 0 && command.type === 'Signal';
      const given = isFirst ? { ...command, opening: { call: callId('call@a'), tag: 'alice;1' } } : command;
      const spare = isFirst ? { host: '127.0.0.1', port: udpPort(20_000) } : around.sparePort;
      const decided = decide(
        snapshot.context,
        given,
        surroundingsAt(millis(START_MS + n * 1000), { ...around, sparePort: spare }),
      );
      if (!decided.ok) continue;
      events.push(...decided.value);
      snapshot = apply(snapshot, decided.value).snapshot;
    }
    return events;
  });

test('what is applied is what XState makes of the chart: phase, state and effects, event by event', () => {
  const property = fc.property(histories, (events) => {
    let ours: Snapshot = NEW_SESSION;
    let theirs = initialTransition(sessionChart)[0];
    for (const event of events) {
      const applied = apply(ours, [event]);
      const { next, effects } = byXState(theirs, event);
      assert.equal(applied.snapshot.value, next.value, event.type);
      assert.deepEqual(applied.snapshot.context, next.context, event.type);
      assert.deepEqual(applied.effects, effects, event.type);
      ours = applied.snapshot;
      theirs = next;
    }
  });
  fc.assert(property, { numRuns: runs(300) });
});

test('what XState ignores is refused, in every phase', () => {
  const property = fc.property(histories, fc.nat(), fc.nat(), (events, at, which) => {
    if (events.length === 0) return;
    const event = events[which % events.length]!;
    let ours: Snapshot = NEW_SESSION;
    let theirs = initialTransition(sessionChart)[0];
    for (const past of events.slice(0, at % (events.length + 1))) {
      ours = apply(ours, [past]).snapshot;
      theirs = byXState(theirs, past).next;
    }
    const isKnown = theirs.can(event);
    if (isKnown) assert.equal(apply(ours, [event]).snapshot.value, byXState(theirs, event).next.value);
    else assert.throws(() => apply(ours, [event]), /the chart ignored/);
  });
  fc.assert(property, { numRuns: runs(300) });
});
