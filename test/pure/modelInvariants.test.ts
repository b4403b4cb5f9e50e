import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenInvariant, PortsHeld } from '../../model/invariants.js';
import { INITIAL_STATE, type Leg, type SessionState } from '../../model/session/state.js';
import { address, COMPLETE, closed, held, legOpened, opened, stamp, stateAfter, T0 } from './modelGiven.js';

const complete = stateAfter(...COMPLETE);
const waiting = stateAfter(opened(), legOpened('callee', 20_000));
const withCaller = (change: Partial<Leg>): SessionState => ({
  ...complete,
  legs: { ...complete.legs, caller: { ...complete.legs.caller, ...change } },
});
const rtp = complete.legs.caller.rtp;

test('sound states break nothing', () => {
  assert.equal(brokenInvariant(INITIAL_STATE, 'new'), null);
  assert.equal(brokenInvariant(waiting, 'waiting'), null);
  assert.equal(brokenInvariant(complete, 'relaying'), null);
  assert.equal(brokenInvariant(stateAfter(...COMPLETE, closed('timeout')), 'closed'), null);
});

const BROKEN: Readonly<Record<string, readonly [SessionState, string, RegExp]>> = {
  'closed in the chart only': [complete, 'closed', /the chart is in closed but the state says closed: null/],
  'closed in the state only': [stateAfter(...COMPLETE, closed('timeout')), 'relaying', /says closed: timeout/],
  'relaying with one leg': [waiting, 'relaying', /relaying without both legs/],
  'waiting with both legs': [complete, 'waiting', /waiting although both legs are open/],
  'new, but opened': [waiting, 'new', /has a Call-ID already/],
  'held by nobody': [
    { ...complete, references: { strong: false, caller: false, callee: false } },
    'relaying',
    /open without any reference/,
  ],
  'an odd RTP port': [withCaller({ local: address('127.0.0.1:20003') }), 'relaying', /RTP port 20003 of the caller is odd/],
  'learned, but no address': [
    withCaller({ rtp: { ...rtp, untrusted: true } }),
    'relaying',
    /learned from packets, but no address/,
  ],
  'a previous address, but none now': [
    withCaller({ rtcp: { ...rtp, previous: address('192.0.2.1:1') } }),
    'relaying',
    /previous address but no present one/,
  ],
};

for (const [what, [state, phase, words]] of Object.entries(BROKEN)) {
  test(`said in words: ${what}`, () => assert.match(brokenInvariant(state, phase) ?? 'nothing broken', words));
}

test('a port that is opened twice is told, with who holds it; one that was given back is not', () => {
  const ports = new PortsHeld();
  const follow = (session: string, ...[event]: readonly Parameters<typeof stamp>[0][]) =>
    ports.follow(session, stamp(event!, T0));
  assert.equal(follow('a', opened()), null);
  assert.equal(follow('a', legOpened('callee', 20_000)), null);
  assert.equal(follow('a', held('callee')), null);
  assert.equal(follow('b', legOpened('callee', 20_002)), null);
  assert.equal(ports.count, 2);
  assert.equal(follow('c', legOpened('caller', 20_000)), '127.0.0.1:20000 is opened for c while a holds it');
  assert.equal(follow('b', closed('deleted')), null);
  assert.equal(follow('d', legOpened('callee', 20_002)), null);
  assert.equal(ports.count, 2);
});

test('a leg that has moved holds its new port only, and the old one may be given to another', () => {
  const ports = new PortsHeld();
  const follow = (session: string, event: Parameters<typeof stamp>[0]) => ports.follow(session, stamp(event, T0));
  for (const [side, port] of [
    ['callee', 20_000],
    ['caller', 20_002],
    ['callee', 20_004],
    ['callee', 20_006],
  ] as const)
    assert.equal(follow('a', legOpened(side, port)), null);
  assert.equal(ports.count, 2, 'one for each leg, however often it moved');
  assert.equal(follow('b', legOpened('callee', 20_000)), null);
  assert.equal(follow('b', legOpened('callee', 20_004)), null);
  assert.equal(follow('c', legOpened('callee', 20_000)), null, 'b has left it too');
  assert.match(follow('d', legOpened('callee', 20_006)) ?? '', /20006 is opened for d while a holds it/);
  assert.match(follow('d', legOpened('callee', 20_002)) ?? '', /20002 is opened for d while a holds it/);
  for (const session of ['a', 'b', 'c', 'd']) assert.equal(follow(session, closed('deleted')), null);
  assert.equal(ports.count, 0);
  assert.equal(follow('e', legOpened('callee', 20_006)), null);
});

test('the same number on another address is another port', () => {
  const ports = new PortsHeld();
  const follow = (session: string, at: string) =>
    ports.follow(session, stamp({ type: 'LegOpened', side: 'callee', local: address(at) }, T0));
  assert.equal(follow('a', '127.0.0.1:20000'), null);
  assert.equal(follow('b', '127.0.0.2:20000'), null);
  assert.equal(follow('c', '[::1]:20000'), null);
  assert.equal(ports.count, 3);
});

test('a session that moves a leg onto the port of its own other leg breaks the rule too', () => {
  const ports = new PortsHeld();
  for (const event of COMPLETE) assert.equal(ports.follow('a', stamp(event, T0)), null);
  assert.match(ports.follow('a', stamp(legOpened('caller', 20_000), T0)) ?? '', /20000 is opened for a while a holds it/);
});
