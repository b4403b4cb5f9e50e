import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, millis, udpPort } from '../../model/kernel/index.js';
import { evolve } from '../../model/session/evolve.js';
import { otherSide, SIDES } from '../../model/session/side.js';
import { currentTtlMs, INITIAL_STATE, isComplete, type Remote, type SessionState } from '../../model/session/state.js';
import {
  COMPLETE,
  closed,
  codecs,
  held,
  INSIDE,
  latched,
  later,
  legOpened,
  opened,
  released,
  SETUP_TTL_MS,
  signalled,
  stamp,
  stateAfter,
  symmetry,
  T0,
  type Told,
  TTL_MS,
  taken,
} from './modelGiven.js';

const text = ({ address }: Remote): string | null => (address === null ? null : formatAddress(address));

test('the opening gives the session its names, its times, its networks and its first reference', () => {
  const state = stateAfter(opened('caller'));
  const { call, tag, openedAt, setupTtlMs, ttlMs } = state;
  assert.deepEqual(
    { call, tag, openedAt, setupTtlMs, ttlMs },
    { call: 'call@a', tag: 'alice', openedAt: T0, setupTtlMs: SETUP_TTL_MS, ttlMs: TTL_MS },
  );
  assert.deepEqual(state.references, { strong: false, caller: true, callee: false });
  for (const side of SIDES) assert.deepEqual(state.legs[side], { ...INITIAL_STATE.legs[side], network: INSIDE });
});

test('a session is complete when both legs are open, and then the other time to live counts', () => {
  assert.equal(isComplete(stateAfter(opened(), legOpened('callee', 20_000))), false);
  assert.equal(currentTtlMs(stateAfter(opened(), legOpened('callee', 20_000)), 'caller'), SETUP_TTL_MS);
  assert.equal(isComplete(stateAfter(...COMPLETE)), true);
  assert.equal(currentTtlMs(stateAfter(...COMPLETE), 'caller'), TTL_MS);
});

test('an event concerns its own side only', () => {
  for (const side of SIDES) {
    const events = [
      signalled(side, '192.0.2.1:4000'),
      held(side),
      symmetry(side, true),
      codecs(side, 0),
      latched(side, 'rtp', '192.0.2.9:9', 'learned'),
    ];
    const before = stateAfter(...COMPLETE);
    const after = stateAfter(...COMPLETE, ...events);
    assert.deepEqual(after.legs[otherSide(side)], before.legs[otherSide(side)]);
    assert.notDeepEqual(after.legs[side], before.legs[side]);
    assert.deepEqual(after.references, before.references);
  }
});

test('a signalled address is that of RTP, and RTCP is the next port; the last one has none but the first', () => {
  const { rtp, rtcp } = stateAfter(...COMPLETE, signalled('caller', '192.0.2.1:4000')).legs.caller;
  assert.deepEqual([text(rtp), text(rtcp)], ['192.0.2.1:4000', '192.0.2.1:4001']);
  const v6 = stateAfter(...COMPLETE, signalled('caller', '[2001:db8::1]:4000')).legs.caller;
  assert.deepEqual([text(v6.rtp), text(v6.rtcp)], ['[2001:db8::1]:4000', '[2001:db8::1]:4001']);
  const last = stateAfter(...COMPLETE, signalled('caller', '192.0.2.1:65535')).legs.caller;
  assert.equal(text(last.rtcp), '192.0.2.1:0');
});

test('the first signalled address opens no window; every later signal does, the same address included', () => {
  const first = stateAfter(...COMPLETE, signalled('caller', '192.0.2.1:4000'));
  assert.equal(first.legs.caller.rtp.signalledAt, null);
  for (const again of ['192.0.2.1:4000', '192.0.2.7:4000']) {
    const { rtp, rtcp } = evolve(first, stamp(signalled('caller', again), millis(T0 + 5))).legs.caller;
    assert.deepEqual([rtp.signalledAt, rtcp.signalledAt], [T0 + 5, T0 + 5]);
  }
});

test('a changed address is remembered as the previous one if packets had confirmed it', () => {
  const confirmed = latched('caller', 'rtp', '192.0.2.1:4000', 'confirmed');
  const first = [...COMPLETE, signalled('caller', '192.0.2.1:4000')];
  const unconfirmed = stateAfter(...first, signalled('caller', '192.0.2.2:4000')).legs.caller.rtp;
  assert.deepEqual([text(unconfirmed), unconfirmed.previous], ['192.0.2.2:4000', null]);
  const moved = stateAfter(...first, confirmed, signalled('caller', '192.0.2.2:4000')).legs.caller;
  assert.deepEqual([text(moved.rtp), moved.rtp.latched], ['192.0.2.2:4000', true]);
  assert.equal(formatAddress(moved.rtp.previous!), '192.0.2.1:4000');
  assert.equal(moved.rtcp.previous, null, 'each component for itself');
});

test('a learned address is not moved by signalling any more, but RTCP of the same leg is', () => {
  const learned = latched('caller', 'rtp', '192.0.2.1:7000', 'learned');
  const after = stateAfter(...COMPLETE, signalled('caller', '192.0.2.1:4000'), learned, signalled('caller', '192.0.2.9:9000'));
  const { rtp, rtcp } = after.legs.caller;
  assert.deepEqual([text(rtp), rtp.untrusted, rtp.signalledAt], ['192.0.2.1:7000', true, T0]);
  assert.deepEqual([text(rtcp), rtcp.untrusted], ['192.0.2.9:9001', false]);
});

test('where RTP is learned from another host, RTCP is guessed at the next port there; at the same host it stays', () => {
  const known = [...COMPLETE, signalled('caller', '192.0.2.1:4000'), latched('caller', 'rtcp', '192.0.2.1:4001', 'confirmed')];
  const elsewhere = stateAfter(...known, latched('caller', 'rtp', '198.51.100.1:7000', 'learned')).legs.caller.rtcp;
  assert.deepEqual([text(elsewhere), elsewhere.latched, elsewhere.untrusted], ['198.51.100.1:7001', false, false]);
  const sameHost = stateAfter(...known, latched('caller', 'rtp', '192.0.2.1:7000', 'learned')).legs.caller.rtcp;
  assert.deepEqual([text(sameHost), sameHost.latched], ['192.0.2.1:4001', true]);
  const unknown = stateAfter(...COMPLETE, latched('caller', 'rtp', '198.51.100.1:7000', 'learned')).legs.caller.rtcp;
  assert.equal(text(unknown), '198.51.100.1:7001');
  const asymmetric = stateAfter(...known, symmetry('caller', true), latched('caller', 'rtp', '198.51.100.1:7', 'learned'));
  assert.equal(asymmetric.legs.caller.rtcp.latched, true);
});

test('a confirmed address stays what it was, and RTCP that is learned leaves RTP alone', () => {
  const known = [...COMPLETE, signalled('caller', '192.0.2.1:4000')];
  const { rtp } = stateAfter(...known, latched('caller', 'rtp', '192.0.2.1:4000', 'confirmed')).legs.caller;
  assert.deepEqual([text(rtp), rtp.latched, rtp.untrusted], ['192.0.2.1:4000', true, false]);
  const leg = stateAfter(...known, latched('caller', 'rtcp', '198.51.100.1:7001', 'learned')).legs.caller;
  assert.deepEqual([text(leg.rtp), text(leg.rtcp)], ['192.0.2.1:4000', '198.51.100.1:7001']);
});

test('an asymmetric side counts as latched, and stays so when it becomes symmetric', () => {
  const asymmetric = stateAfter(...COMPLETE, symmetry('callee', true)).legs.callee;
  assert.deepEqual([asymmetric.asymmetric, asymmetric.rtp.latched, asymmetric.rtcp.latched], [true, true, true]);
  const symmetric = stateAfter(...COMPLETE, symmetry('callee', true), symmetry('callee', false)).legs.callee;
  assert.deepEqual([symmetric.asymmetric, symmetric.rtp.latched], [false, true]);
});

test('hold ends with the next address', () => {
  assert.equal(stateAfter(...COMPLETE, held('caller')).legs.caller.held, true);
  assert.equal(stateAfter(...COMPLETE, held('caller'), signalled('caller', '192.0.2.1:4000')).legs.caller.held, false);
});

test('references and the end are what the events say', () => {
  const { references } = stateAfter(...COMPLETE, taken('caller'), taken('callee'), released('strong'), released('caller'));
  assert.deepEqual(references, { strong: false, caller: false, callee: true });
  assert.equal(stateAfter(...COMPLETE, closed('timeout')).closed, 'timeout');
});

test('an event never changes the state it is given', () => {
  const events: Told[] = [
    ...[...COMPLETE, signalled('caller', '192.0.2.1:4000'), held('callee'), symmetry('caller', true), codecs('callee', 8)],
    ...[latched('caller', 'rtp', '192.0.2.1:4000', 'learned'), taken('callee'), later(1, released('strong')), closed('purged')],
  ];
  let state: SessionState = INITIAL_STATE;
  for (const event of events) {
    const before = structuredClone(state);
    const next = evolve(state, stamp(event, T0));
    assert.deepEqual(state, before);
    assert.notEqual(next, state);
    state = next;
  }
  assert.equal(state.legs.callee.local?.port, udpPort(20_000));
});
