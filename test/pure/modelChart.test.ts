import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventType } from '../../model/session/event.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import {
  COMPLETE,
  closed,
  codecs,
  held,
  latched,
  legOpened,
  opened,
  released,
  signalled,
  stamp,
  symmetry,
  T0,
  type Told,
  taken,
} from './modelGiven.js';

const after = (...events: readonly Told[]): Snapshot =>
  apply(
    NEW_SESSION,
    events.map((event) => stamp(event, T0)),
  ).snapshot;

const PHASES = {
  new: after(),
  waiting: after(opened(), legOpened('callee', 20_000)),
  relaying: after(...COMPLETE),
  closed: after(...COMPLETE, closed('deleted')),
} as const;
type Phase = keyof typeof PHASES;

/** One of each kind; the leg is the one that is still closed while waiting. */
const EVENTS: Readonly<Record<EventType, Told>> = {
  SessionOpened: opened(),
  LegOpened: legOpened('caller', 20_002),
  RemoteSignalled: signalled('caller', '192.0.2.1:4000'),
  LegHeld: held('caller'),
  SymmetryChanged: symmetry('caller', true),
  CodecsOffered: codecs('caller', 0),
  RemoteLatched: latched('caller', 'rtp', '192.0.2.1:4000', 'learned'),
  ReferenceTaken: taken('callee'),
  ReferenceReleased: released('strong'),
  SessionClosed: closed('deleted'),
};

/** The drawn chart as a table: where an event leads from a phase, and which effects are due. What is missing is not accepted. */
const CHART: Readonly<Record<Phase, Partial<Record<EventType, readonly [Phase, ...string[]]>>>> = {
  new: { SessionOpened: ['waiting', 'armIdleTimer'] },
  waiting: {
    LegOpened: ['relaying', 'installPath', 'armIdleTimer'],
    RemoteSignalled: ['waiting', 'installPath'],
    LegHeld: ['waiting'],
    SymmetryChanged: ['waiting', 'installPath'],
    CodecsOffered: ['waiting'],
    ReferenceTaken: ['waiting'],
    ReferenceReleased: ['waiting'],
    SessionClosed: ['closed', 'releaseSession'],
  },
  relaying: {
    RemoteSignalled: ['relaying', 'installPath'],
    LegHeld: ['relaying'],
    SymmetryChanged: ['relaying', 'installPath'],
    CodecsOffered: ['relaying'],
    RemoteLatched: ['relaying', 'installPath'],
    ReferenceTaken: ['relaying'],
    ReferenceReleased: ['relaying'],
    SessionClosed: ['closed', 'releaseSession'],
  },
  closed: {},
};

for (const phase of Object.keys(PHASES) as Phase[]) {
  test(`${phase === 'new' ? 'a new' : `a ${phase}`} session takes the events of the chart, with their effects, and refuses all others`, () => {
    assert.equal(PHASES[phase].value, phase);
    for (const [type, event] of Object.entries(EVENTS) as [EventType, Told][]) {
      const expected = CHART[phase][type];
      if (expected === undefined) {
        assert.throws(() => apply(PHASES[phase], [stamp(event, T0)]), new RegExp(`ignored ${type} in ${phase}`));
        continue;
      }
      const { snapshot, effects } = apply(PHASES[phase], [stamp(event, T0)]);
      assert.deepEqual([snapshot.value, ...effects], expected, `${type} in ${phase}`);
    }
  });
}

test('the first leg leaves the session waiting', () => {
  const { snapshot, effects } = apply(after(opened()), [stamp(legOpened('callee', 20_000), T0)]);
  assert.deepEqual([snapshot.value, effects], ['waiting', ['installPath']]);
});

test('the effects of several events come once each, in the order in which they first came', () => {
  const events = [opened(), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000'), legOpened('caller', 20_002)];
  const { effects } = apply(
    NEW_SESSION,
    events.map((event) => stamp(event, T0)),
  );
  assert.deepEqual(effects, ['armIdleTimer', 'installPath']);
});

test('effects are not left over for the next call, not even when an event was refused', () => {
  assert.throws(() =>
    apply(PHASES.waiting, [stamp(held('caller'), T0), stamp(signalled('caller', '192.0.2.1:1'), T0), stamp(opened(), T0)]),
  );
  assert.deepEqual(apply(PHASES.waiting, [stamp(held('caller'), T0)]).effects, []);
  assert.deepEqual(apply(PHASES.relaying, []).effects, []);
});

test('a snapshot is not changed by what follows from it', () => {
  const before = structuredClone(PHASES.waiting.context);
  apply(PHASES.waiting, [stamp(legOpened('caller', 20_002), T0), stamp(closed('purged'), T0)]);
  assert.deepEqual(PHASES.waiting.context, before);
  assert.equal(PHASES.waiting.value, 'waiting');
});
