/** What an event may do to a session, and what holds over a whole log, said in words where it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenByEvent, brokenInvariant, NumbersGiven, PortsHeld } from '../../model/invariants.js';
import { callId } from '../../model/kernel/index.js';
import type { SessionEvent } from '../../model/session/event.js';
import { evolve } from '../../model/session/evolve.js';
import { type Leg, MAX_REFUSED, type SessionState } from '../../model/session/state.js';
import {
  address,
  COMPLETE,
  closed,
  held,
  latched,
  legOpened,
  opened,
  signalled,
  stamp,
  stateAfter,
  T0,
  taken,
} from './modelGiven.js';

type Told = Parameters<typeof stamp>[0];

const complete = stateAfter(...COMPLETE);
const speaking = stateAfter(
  ...COMPLETE,
  signalled('caller', '192.0.2.1:4000'),
  latched('caller', 'rtp', '198.51.100.7:9000', 'learned'),
);

const withCaller = (state: SessionState, change: Partial<Leg>): SessionState => ({
  ...state,
  legs: { ...state.legs, caller: { ...state.legs.caller, ...change } },
});
const moved = (state: SessionState, component: 'rtp' | 'rtcp', to: string | null): SessionState =>
  withCaller(state, { [component]: { ...state.legs.caller[component], address: to === null ? null : address(to) } });
const by = (
  before: SessionState,
  event: Told,
  change: (after: SessionState) => SessionState = (after) => after,
): string | null => {
  const stamped: SessionEvent = stamp(event, T0);
  return brokenByEvent(before, stamped, change(evolve(before, stamped)));
};

test('what events ordinarily do breaks nothing', () => {
  let state = stateAfter();
  const story = [
    ...COMPLETE,
    taken('callee'),
    signalled('caller', '192.0.2.1:4000'),
    signalled('caller', '192.0.2.1:65535'),
    latched('caller', 'rtp', '198.51.100.7:65535', 'learned'),
    latched('caller', 'rtcp', '198.51.100.8:9', 'learned'),
    signalled('caller', '192.0.2.9:4000'),
    held('caller'),
    legOpened('callee', 20_008),
    { type: 'RemoteUnreachable', side: 'caller', component: 'rtcp', address: address('198.51.100.8:9') },
    { type: 'SessionRecovered', cause: 'process', downMs: 40 },
    closed('purged'),
  ] as const;
  for (const event of story) {
    assert.equal(by(state, event), null, event.type);
    state = evolve(state, stamp(event, T0));
  }
});

const ELSEWHERE = '203.0.113.9:9';
const BROKEN: Readonly<Record<string, readonly [string | null, RegExp]>> = {
  'an event after the end': [by(stateAfter(...COMPLETE, closed('deleted')), held('caller')), /^LegHeld after the end$/],
  'a session opened twice': [by(complete, opened()), /^opened as call@a though it is call@a$/],
  'deleted while others hold it': [
    by(stateAfter(...COMPLETE, taken('callee')), closed('deleted')),
    /^deleted while it is held 1 times more$/,
  ],
  'unreachable where nothing was sent': [
    by(speaking, { type: 'RemoteUnreachable', side: 'caller', component: 'rtp', address: address(ELSEWHERE) }),
    /^nobody receives at 203\.0\.113\.9:9, where nothing of the caller was sent$/,
  ],
  'a port that moves by itself': [
    by(complete, taken('callee'), (after) => withCaller(after, { local: address('127.0.0.1:20008') })),
    /^ReferenceTaken has moved the port of the caller$/,
  ],
  'a leg opened elsewhere than it is said': [
    by(complete, legOpened('caller', 20_006), (after) => withCaller(after, { local: address('127.0.0.1:20008') })),
    /^LegOpened has moved the port of the caller$/,
  ],
  'an address from nowhere': [
    by(speaking, held('caller'), (after) => moved(after, 'rtcp', ELSEWHERE)),
    /^LegHeld has moved the rtcp of the caller to 203\.0\.113\.9:9, which nobody said/,
  ],
  'an address that is lost': [
    by(speaking, held('caller'), (after) => moved(after, 'rtp', null)),
    /moved the rtp of the caller to nowhere/,
  ],
  'an address of the other side': [
    by(speaking, signalled('callee', ELSEWHERE), (after) => moved(after, 'rtp', ELSEWHERE)),
    /^RemoteSignalled has moved the rtp of the caller to 203\.0\.113\.9:9/,
  ],
  'a source that was only confirmed': [
    by(speaking, latched('caller', 'rtcp', ELSEWHERE, 'confirmed'), (after) => moved(after, 'rtcp', ELSEWHERE)),
    /^RemoteLatched has moved the rtcp of the caller/,
  ],
  'RTP that follows RTCP': [
    by(speaking, latched('caller', 'rtcp', ELSEWHERE, 'learned'), (after) => moved(after, 'rtp', ELSEWHERE)),
    /^RemoteLatched has moved the rtp of the caller/,
  ],
  'RTCP that goes to the RTP port': [
    by(complete, signalled('caller', ELSEWHERE), (after) => moved(after, 'rtcp', ELSEWHERE)),
    /^RemoteSignalled has moved the rtcp of the caller/,
  ],
  'signalling that moves what was learned': [
    by(speaking, signalled('caller', ELSEWHERE), (after) => moved(after, 'rtp', ELSEWHERE)),
    /^signalling has moved the rtp of the caller, which was learned$/,
  ],
  'too many refused sources': [
    brokenInvariant(
      withCaller(complete, { refused: Array.from({ length: MAX_REFUSED + 1 }, (_, i) => address(`192.0.2.1:${i}`)) }),
      'relaying',
    ),
    /^of the caller 9 refused sources are kept, more than 8$/,
  ],
  'a source refused twice': [
    brokenInvariant(withCaller(complete, { refused: ['192.0.2.1:1', '192.0.2.1:2', '192.0.2.1:1'].map(address) }), 'relaying'),
    /^the source 192\.0\.2\.1:1 of the caller is refused twice$/,
  ],
  'a copy that leaves from an odd port': [
    brokenInvariant(
      withCaller(complete, { copies: [{ to: address('192.0.2.1:1'), local: address('127.0.0.1:20009') }] }),
      'relaying',
    ),
    /^the RTP port 20009 of a copy of the caller is odd$/,
  ],
  'a session in itself': [
    brokenInvariant(
      { ...complete, fork: { call: callId(complete.call), tag: complete.tag, hears: { caller: 'callee', callee: 'caller' } } },
      'relaying',
    ),
    /^it is sent its own media$/,
  ],
};

for (const [what, [said, words]] of Object.entries(BROKEN)) {
  test(`said in words: ${what}`, () => assert.match(said ?? 'nothing broken', words));
}

test('a copy holds its port from its start to its stop, or to the end of its session', () => {
  const ports = new PortsHeld();
  const follow = (session: string, event: Told) => ports.follow(session, stamp(event, T0));
  const copy = (port: number): Told => ({
    ...{ type: 'CopyStarted', side: 'caller', to: address('192.0.2.77:7000') },
    local: address(`127.0.0.1:${port}`),
  });
  for (const event of COMPLETE) assert.equal(follow('a', event), null);
  assert.equal(follow('a', copy(20_010)), null);
  assert.equal(follow('a', copy(20_016)), null);
  assert.equal(ports.count, 4);
  assert.equal(follow('a', { type: 'CopyStopped', side: 'caller', local: address('127.0.0.1:20016') }), null);
  assert.equal(ports.count, 3);
  assert.match(follow('b', legOpened('caller', 20_010)) ?? '', /20010 is opened for b while a holds it/);
  assert.equal(follow('b', closed('deleted')), null);
  assert.equal(follow('a', copy(20_012)), null);
  assert.equal(follow('a', { type: 'CopyStopped', side: 'caller', local: null }), null);
  assert.equal(follow('c', legOpened('caller', 20_012)), null);
  assert.equal(follow('c', copy(20_014)), null);
  assert.equal(follow('c', closed('timeout')), null);
  assert.equal(ports.count, 2);
});

test('a number that was given, or is behind one that was, is told', () => {
  const numbers = new NumbersGiven();
  const follow = (session: number, event: Told) => numbers.follow(session, stamp(event, T0));
  assert.equal(follow(1, opened()), null);
  assert.equal(follow(4, opened()), null);
  assert.equal(follow(1, closed('deleted')), null);
  assert.equal(follow(4, opened()), 'session 4 is opened behind session 4');
  assert.equal(follow(3, opened()), 'session 3 is opened behind session 4');
  assert.equal(follow(5, opened()), null);
});
