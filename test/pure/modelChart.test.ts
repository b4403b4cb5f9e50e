import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callId, millis } from '../../model/kernel/index.js';
import { AS_BEFORE, type Dialogue, type MediaOffer } from '../../model/session/dialogue.js';
import type { EventType } from '../../model/session/event.js';
import type { Playback } from '../../model/session/playback.js';
import type { Recording } from '../../model/session/recording.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import {
  address,
  COMPLETE,
  closed,
  codecs,
  held,
  latched,
  legOpened,
  notified,
  OUTSIDE,
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

const PLAYBACK: Playback = {
  ...{ prompt: '/prompts/hold', payloadType: 0, ptimeMs: 20, count: -1 },
  ...{ voice: { ssrc: 1, sequence: 2, timestamp: 4 }, startedAt: T0 },
};
const RECORDING: Recording = {
  ...{ id: 1, sides: ['caller', 'callee'], form: 'ad-hoc', single: false },
  ...{ name: null, startedAt: T0, files: [] },
};

const OFFER: MediaOffer = {
  ...{ address: address('192.0.2.1:4000'), rtcp: null, held: false, asymmetric: false, ...AS_BEFORE },
  description: { kind: 'audio', protocol: 'RTP/AVP', formats: [], direction: 'sendrecv', rtcpMux: false, ptimeMs: null },
};
const DIALOGUE: Dialogue = {
  ...{ tags: { caller: 'alice', callee: null }, branch: null, media: 1, labels: { caller: null, callee: null } },
  ...{ networks: { caller: 'default', callee: 'default' }, owner: null, metadata: null, demux: false },
  origins: { caller: null, callee: null },
};

/** One of each kind; the leg is the one that is still closed while waiting. */
const EVENTS: Readonly<Record<EventType, Told>> = {
  SessionOpened: opened(),
  LegOpened: legOpened('caller', 20_002),
  RemoteSignalled: signalled('caller', '192.0.2.1:4000'),
  LegHeld: held('caller'),
  SymmetryChanged: symmetry('caller', true),
  CodecsOffered: codecs('caller', 0),
  NetworkChosen: { type: 'NetworkChosen', side: 'caller', network: OUTSIDE },
  ResizingChanged: { type: 'ResizingChanged', side: 'caller', resizeMs: 40 },
  TosChanged: { type: 'TosChanged', side: 'caller', tos: 96 },
  TtlChanged: { type: 'TtlChanged', side: 'caller', ttlMs: 5000 },
  NotifyChanged: notified('T1'),
  DtmfCatchChanged: { type: 'DtmfCatchChanged', side: 'caller', dtmf: { tag: 'D1', payloadType: 101, swallow: false } },
  CopyStarted: { type: 'CopyStarted', side: 'caller', to: address('192.0.2.9:7000'), local: address('127.0.0.1:20004') },
  CopyStopped: { type: 'CopyStopped', side: 'caller', local: null },
  PlaybackStarted: { type: 'PlaybackStarted', side: 'caller', playback: PLAYBACK },
  PlaybackEnded: { type: 'PlaybackEnded', side: 'caller', reason: 'stopped' },
  DtmfPlayed: { type: 'DtmfPlayed', side: 'caller', dtmf: { code: 5, payloadType: 101, durationMs: 250, volume: 8 } },
  RecordingStarted: { type: 'RecordingStarted', recording: RECORDING },
  RecordingNamed: { type: 'RecordingNamed', recording: 1, files: ['call=tag.o.rtp'] },
  RecordingStopped: { type: 'RecordingStopped', recording: 1, sides: ['caller'], reason: 'stopped' },
  ForkStarted: {
    type: 'ForkStarted',
    source: { call: callId('other@a'), tag: 'carol', hears: { caller: 'callee', callee: 'caller' } },
  },
  DialogueChanged: { type: 'DialogueChanged', dialogue: DIALOGUE },
  PartyChanged: { type: 'PartyChanged', side: 'caller' },
  RemoteForgotten: { type: 'RemoteForgotten', side: 'caller' },
  SourcesChanged: { type: 'SourcesChanged', side: 'caller', sources: 'strict' },
  MediaDescribed: { type: 'MediaDescribed', side: 'caller', description: OFFER.description },
  OfferMade: { type: 'OfferMade', side: 'caller', offer: OFFER },
  OfferClosed: { type: 'OfferClosed', side: 'caller', taken: false },
  MutesChanged: { type: 'MutesChanged', side: 'caller', mutes: ['blocked'] },
  DeletionSet: { type: 'DeletionSet', until: millis(T0 + 1000), unlessHeard: false },
  DeletionCancelled: { type: 'DeletionCancelled', reason: 'heard' },
  RemoteLatched: latched('caller', 'rtp', '192.0.2.1:4000', 'learned'),
  SourceRefused: { type: 'SourceRefused', side: 'caller', component: 'rtp', address: address('192.0.2.66:4000') },
  RemoteUnreachable: { type: 'RemoteUnreachable', side: 'caller', component: 'rtp', address: address('192.0.2.1:4000') },
  SessionRecovered: { type: 'SessionRecovered', cause: 'thread', downMs: 250 },
  ReferenceTaken: taken('callee'),
  ReferenceReleased: released('strong'),
  SessionClosed: closed('deleted'),
};

/** What may happen whether or not both legs are open. */
const CHART_OF_BOTH = (phase: 'waiting' | 'relaying'): Partial<Record<EventType, readonly [Phase, ...string[]]>> => ({
  RemoteSignalled: [phase, 'installPath'],
  LegHeld: [phase, 'armIdleTimer'],
  SymmetryChanged: [phase, 'installPath'],
  CodecsOffered: [phase],
  NetworkChosen: [phase],
  SourceRefused: [phase],
  RemoteUnreachable: [phase],
  SessionRecovered: [phase],
  ResizingChanged: [phase, 'installPath'],
  TosChanged: [phase, 'setTos'],
  TtlChanged: [phase, 'armIdleTimer'],
  NotifyChanged: [phase],
  DtmfCatchChanged: [phase, 'installPath'],
  CopyStarted: [phase],
  CopyStopped: [phase],
  PlaybackStarted: [phase, 'installPath'],
  PlaybackEnded: [phase, 'followPlayback', 'installPath'],
  DtmfPlayed: [phase, 'installPath'],
  RecordingStarted: [phase, 'followRecordings'],
  RecordingNamed: [phase],
  RecordingStopped: [phase, 'followRecordings'],
  ForkStarted: [phase, 'installPath'],
  DialogueChanged: [phase, 'installPath'],
  PartyChanged: [phase, 'installPath'],
  RemoteForgotten: [phase, 'installPath'],
  SourcesChanged: [phase, 'installPath'],
  MediaDescribed: [phase, 'installPath', 'armIdleTimer'],
  OfferMade: [phase],
  OfferClosed: [phase],
  MutesChanged: [phase, 'installPath'],
  DeletionSet: [phase, 'armIdleTimer'],
  DeletionCancelled: [phase, 'armIdleTimer'],
  ReferenceTaken: [phase],
  ReferenceReleased: [phase],
  SessionClosed: ['closed', 'releaseSession'],
});

/** The drawn chart as a table: where an event leads from a phase, and which effects are due. What is missing is not accepted. */
const CHART: Readonly<Record<Phase, Partial<Record<EventType, readonly [Phase, ...string[]]>>>> = {
  new: { SessionOpened: ['waiting', 'armIdleTimer'] },
  waiting: { ...CHART_OF_BOTH('waiting'), LegOpened: ['relaying', 'installPath', 'followRecordings', 'armIdleTimer'] },
  relaying: {
    ...CHART_OF_BOTH('relaying'),
    LegOpened: ['relaying', 'installPath', 'followRecordings'],
    RemoteLatched: ['relaying', 'installPath'],
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

test('a session that times out tells whoever asked for it, and only then', () => {
  const effectsOf = (phase: Snapshot, reason: 'timeout' | 'deleted') => apply(phase, [stamp(closed(reason), T0)]).effects;
  const asked = after(...COMPLETE, notified('T1'));
  assert.deepEqual(effectsOf(asked, 'timeout'), ['notifyTimeout', 'releaseSession']);
  assert.deepEqual(effectsOf(asked, 'deleted'), ['releaseSession']);
  assert.deepEqual(effectsOf(PHASES.relaying, 'timeout'), ['releaseSession']);
});

test('the first leg leaves the session waiting', () => {
  const { snapshot, effects } = apply(after(opened()), [stamp(legOpened('callee', 20_000), T0)]);
  assert.deepEqual([snapshot.value, effects], ['waiting', ['installPath', 'followRecordings']]);
});

test('the effects of several events come once each, in the order in which they first came', () => {
  const events = [opened(), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000'), legOpened('caller', 20_002)];
  const { effects } = apply(
    NEW_SESSION,
    events.map((event) => stamp(event, T0)),
  );
  assert.deepEqual(effects, ['armIdleTimer', 'installPath', 'followRecordings']);
});

test('effects are not left over for the next call, not even when an event was refused', () => {
  assert.throws(() =>
    apply(PHASES.waiting, [stamp(codecs('caller', 0), T0), stamp(signalled('caller', '192.0.2.1:1'), T0), stamp(opened(), T0)]),
  );
  assert.deepEqual(apply(PHASES.waiting, [stamp(codecs('caller', 0), T0)]).effects, []);
  assert.deepEqual(apply(PHASES.relaying, []).effects, []);
});

test('a snapshot is not changed by what follows from it', () => {
  const before = structuredClone(PHASES.waiting.context);
  apply(PHASES.waiting, [stamp(legOpened('caller', 20_002), T0), stamp(closed('purged'), T0)]);
  assert.deepEqual(PHASES.waiting.context, before);
  assert.equal(PHASES.waiting.value, 'waiting');
});
