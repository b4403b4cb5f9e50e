/** What else a session is told: packet length, silence it is allowed, TOS, whom to notify, digits, media of another call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callId, millis } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { DtmfCatch, ForkSource } from '../../model/session/event.js';
import type { Notify } from '../../model/session/notify.js';
import { otherSide, SIDES, type Side } from '../../model/session/side.js';
import { currentTtlMs, idleDeadline } from '../../model/session/state.js';
import {
  COMPLETE,
  closed,
  given,
  INSIDE,
  legOpened,
  notified,
  notifyOf,
  offer,
  opened,
  openedIn,
  openedIndependent,
  SETUP_TTL_MS,
  signal,
  stateAfter,
  T0,
  type Told,
  TTL_MS,
} from './modelGiven.js';

const WAITING = [opened(), legOpened('callee', 20_000)];
const INDEPENDENT = [openedIndependent(), legOpened('callee', 20_000), legOpened('caller', 20_002)];
const ttl = (side: Side, ttlMs: number): Told => ({ type: 'TtlChanged', side, ttlMs });
const tos = (side: Side, value: number): Told => ({ type: 'TosChanged', side, tos: value });
const resized = (side: Side, resizeMs: number | null): Told => ({ type: 'ResizingChanged', side, resizeMs });
const setTtl = (side: Side, ttlMs: number): SessionCommand => ({ type: 'SetTtl', side, ttlMs });
const setTos = (side: Side, value: number): SessionCommand => ({ type: 'SetTos', side, tos: value });

test('[PN-04 PN-44] the packet length that a description asks for is noted when it changes, and taken back by one that says nothing', () => {
  given()
    .when(offer(null, { resizeMs: 40 }))
    .gives(...WAITING, resized('caller', 40));
  given(...COMPLETE, resized('caller', 40))
    .when(signal('caller', null, { resizeMs: 40 }))
    .givesNothing();
  given(...COMPLETE, resized('caller', 40))
    .when(signal('caller', null, { resizeMs: 20 }))
    .gives(resized('caller', 20));
  given(...COMPLETE, resized('caller', 40))
    .when(signal('caller', null))
    .gives(resized('caller', null));
  given(...COMPLETE, resized('caller', 40))
    .when(signal('callee', null))
    .givesNothing();
});

test('where either side keeps the session a time to live is for both, whichever it was set for', () => {
  for (const side of SIDES) {
    given(...COMPLETE)
      .when(setTtl(side, 5000))
      .gives(ttl('caller', 5000), ttl('callee', 5000));
    given(...COMPLETE, ttl('caller', 5000), ttl('callee', 5000))
      .when(setTtl(side, 5000))
      .givesNothing();
  }
});

test('where each side has to be heard a time to live is for that side alone', () => {
  for (const side of SIDES) {
    given(...INDEPENDENT)
      .when(setTtl(side, 5000))
      .gives(ttl(side, 5000));
    given(...INDEPENDENT, ttl(side, 5000))
      .when(setTtl(side, 5000))
      .givesNothing();
  }
});

test('times to live that come with a description: each for its side, or the longest for both', () => {
  const pair = (caller: number | null, callee: number | null) => signal('caller', null, { ttlMs: { caller, callee } });
  given(...COMPLETE)
    .when(pair(5000, 8000))
    .gives(ttl('caller', 8000), ttl('callee', 8000));
  given(...COMPLETE)
    .when(pair(5000, null))
    .gives(ttl('caller', 5000), ttl('callee', 5000));
  given(...INDEPENDENT)
    .when(pair(5000, 8000))
    .gives(ttl('caller', 5000), ttl('callee', 8000));
  given(...INDEPENDENT)
    .when(pair(null, 8000))
    .gives(ttl('callee', 8000));
  given(...COMPLETE, ttl('caller', 8000), ttl('callee', 8000))
    .when(pair(null, null))
    .givesNothing();
});

test('an offer that makes the session says it as any other: each side for itself where each has to be heard', () => {
  const command = offer(null, { ttlMs: { caller: 5000, callee: 8000 } });
  given()
    .when(command, { independentTtl: true })
    .gives(openedIndependent(), legOpened('callee', 20_000), ttl('caller', 5000), ttl('callee', 8000));
  given()
    .when(command)
    .gives(...WAITING, ttl('caller', 8000), ttl('callee', 8000));
});

test('a time to live that was set counts before both legs are open, and survives that', () => {
  const set = [ttl('caller', 5000), ttl('callee', 5000)];
  for (const side of SIDES) {
    assert.equal(currentTtlMs(stateAfter(...WAITING), side), SETUP_TTL_MS);
    assert.equal(currentTtlMs(stateAfter(...WAITING, ...set), side), 5000);
    assert.equal(currentTtlMs(stateAfter(...WAITING, ...set, legOpened('caller', 20_002)), side), 5000);
    assert.equal(currentTtlMs(stateAfter(...COMPLETE), side), TTL_MS);
  }
  const check = { type: 'CheckIdle' } as const;
  given(...WAITING, ...set)
    .when(check, { now: millis(T0 + 4999) })
    .givesNothing();
  given(...WAITING, ...set)
    .when(check, { now: millis(T0 + 5000) })
    .gives(closed('timeout'));
});

test('the session ends when nobody was heard for the time to live, or (independent) when one side was not', () => {
  const heardAt = { caller: 1000, callee: 4000 };
  assert.equal(idleDeadline(stateAfter(...COMPLETE), heardAt), 4000 + TTL_MS);
  assert.equal(idleDeadline(stateAfter(...INDEPENDENT), heardAt), 1000 + TTL_MS);
  assert.equal(idleDeadline(stateAfter(...INDEPENDENT, ttl('callee', 500)), heardAt), 4500);
  assert.equal(idleDeadline(stateAfter(...INDEPENDENT, ttl('caller', 90_000)), heardAt), 4000 + TTL_MS);
  assert.equal(idleDeadline(stateAfter(...WAITING), heardAt), 4000 + SETUP_TTL_MS);
  for (const [state, endsAt] of [
    [COMPLETE, 4000 + TTL_MS],
    [INDEPENDENT, 1000 + TTL_MS],
  ] as const) {
    const around = { heardAt: { caller: millis(1000), callee: millis(4000) } };
    given(...state)
      .when({ type: 'CheckIdle' }, { ...around, now: millis(endsAt - 1) })
      .givesNothing();
    given(...state)
      .when({ type: 'CheckIdle' }, { ...around, now: millis(endsAt) })
      .gives(closed('timeout'));
  }
});

test('TOS is of the side that it is sent to, noted when it changes, before its leg is open too', () => {
  for (const side of SIDES) {
    given(...COMPLETE)
      .when(setTos(side, 96))
      .gives(tos(side, 96));
    given(...COMPLETE, tos(side, 96))
      .when(setTos(side, 96))
      .givesNothing();
    given(...COMPLETE, tos(side, 96))
      .when(setTos(otherSide(side), 96))
      .gives(tos(otherSide(side), 96));
    given(...WAITING)
      .when(setTos(side, 96))
      .gives(tos(side, 96));
  }
});

test('a leg on IPv6 has no TOS', () => {
  const v6 = [openedIn({ host: '2001:db8::7', advertised: null }, INSIDE), legOpened('callee', 20_000)];
  given(...v6)
    .when(setTos('caller', 96))
    .refuses('not-ipv4');
  given(...v6)
    .when(setTos('callee', 96))
    .gives(tos('callee', 96));
});

const nobody: Told = { type: 'NotifyChanged', notify: null };

test('[PN-48] an offer that asks for a notification is noted, the same again is not, another replaces it', () => {
  const ask = (notify: Notify | null | 'keep') => signal('caller', null, { notify });
  given()
    .when(offer(null, { notify: notifyOf('T1') }))
    .gives(...WAITING, notified('T1'));
  given(...COMPLETE, notified('T1'))
    .when(ask(notifyOf('T1')))
    .givesNothing();
  given(...COMPLETE, notified('T1'))
    .when(ask(notifyOf('T2')))
    .gives(notified('T2'));
  const known: Notify = { ...notifyOf('T1'), toTag: 'bob' };
  given(...COMPLETE, notified('T1'))
    .when(ask(known))
    .gives({ type: 'NotifyChanged', notify: known });
  const elsewhere: Notify = { ...notifyOf('T1'), target: { kind: 'tcp', host: '127.0.0.1', port: 9000, bind: null } };
  const bound: Notify = { ...elsewhere, target: { kind: 'tcp', host: '127.0.0.1', port: 9000, bind: '127.0.0.1' } };
  given(...COMPLETE, { type: 'NotifyChanged', notify: elsewhere })
    .when(ask(bound))
    .gives({ type: 'NotifyChanged', notify: bound });
});

test('[PN-48] an offer without one takes it back; an answer leaves it as it is', () => {
  given(...COMPLETE, notified('T1'))
    .when(signal('caller', null, { notify: null }))
    .gives(nobody);
  given(...COMPLETE, notified('T1'))
    .when(signal('callee', null, { notify: 'keep' }))
    .givesNothing();
  given(...COMPLETE, notified('T1'), nobody)
    .when(signal('caller', null, { notify: null }))
    .givesNothing();
  given(...WAITING)
    .when(signal('callee', null, { notify: 'keep' }))
    .gives(legOpened('caller', 20_000));
});

const D1: DtmfCatch = { tag: 'D1', payloadType: 101, swallow: false };
const caught = (side: Side, dtmf: DtmfCatch): Told => ({ type: 'DtmfCatchChanged', side, dtmf });
const catchDtmf = (side: Side, dtmf: DtmfCatch): SessionCommand => ({ type: 'CatchDtmf', side, dtmf });

test('digits are caught only where somebody is notified', () => {
  given(...COMPLETE)
    .when(catchDtmf('caller', D1))
    .refuses('no-notification');
  given(...COMPLETE, notified('T1'))
    .when(catchDtmf('caller', D1))
    .gives(caught('caller', D1));
});

test('the first tag of a side stays; payload type and swallowing change', () => {
  const caughtCall = [...COMPLETE, notified('T1'), caught('caller', D1)];
  given(...caughtCall)
    .when(catchDtmf('caller', D1))
    .givesNothing();
  given(...caughtCall)
    .when(catchDtmf('caller', { ...D1, tag: 'D2' }))
    .givesNothing();
  given(...caughtCall)
    .when(catchDtmf('caller', { tag: 'D2', payloadType: 96, swallow: false }))
    .gives(caught('caller', { ...D1, payloadType: 96 }));
  given(...caughtCall)
    .when(catchDtmf('caller', { tag: 'D2', payloadType: 101, swallow: true }))
    .gives(caught('caller', { ...D1, swallow: true }));
  given(...caughtCall)
    .when(catchDtmf('callee', { ...D1, tag: 'D2' }))
    .gives(caught('callee', { ...D1, tag: 'D2' }));
});

const SOURCE: ForkSource = { call: callId('other@a'), tag: 'carol', hears: { caller: 'callee', callee: 'caller' } };
const fork = (source: ForkSource): SessionCommand => ({ type: 'Fork', source });
const forked = (source: ForkSource): Told => ({ type: 'ForkStarted', source });

test('a fork is noted once; another session, another tag or the other way round is another fork', () => {
  given(...COMPLETE)
    .when(fork(SOURCE))
    .gives(forked(SOURCE));
  given(...COMPLETE, forked(SOURCE))
    .when(fork(SOURCE))
    .givesNothing();
  const others: readonly ForkSource[] = [
    { ...SOURCE, call: callId('third@a') },
    { ...SOURCE, tag: 'carol;2' },
    { ...SOURCE, hears: { caller: 'caller', callee: 'callee' } },
  ];
  for (const other of others)
    given(...COMPLETE, forked(SOURCE))
      .when(fork(other))
      .gives(forked(other));
});

test('no session gets its own media, but that of another medium of its call', () => {
  given(...COMPLETE)
    .when(fork({ ...SOURCE, call: callId('call@a'), tag: 'alice' }))
    .refuses('own-media');
  const sibling = { ...SOURCE, call: callId('call@a'), tag: 'alice;2' };
  given(...COMPLETE)
    .when(fork(sibling))
    .gives(forked(sibling));
});

test('none of these makes a session, or touches one that has ended', () => {
  for (const command of [setTtl('caller', 5000), setTos('caller', 96), catchDtmf('caller', D1), fork(SOURCE)]) {
    given().when(command).refuses('no-such-session');
    given(...COMPLETE, notified('T1'), closed('deleted'))
      .when(command)
      .refuses('session-closed');
  }
});

test('each of these changes what it names and nothing else', () => {
  const before = stateAfter(...COMPLETE);
  const { caller } = before.legs;
  const ofCaller: readonly (readonly [Told, object])[] = [
    [resized('caller', 40), { resizeMs: 40 }],
    [tos('caller', 96), { tos: 96 }],
    [ttl('caller', 5000), { ttlMs: 5000 }],
    [caught('caller', D1), { dtmf: D1 }],
  ];
  for (const [event, change] of ofCaller)
    assert.deepEqual(stateAfter(...COMPLETE, event), { ...before, legs: { ...before.legs, caller: { ...caller, ...change } } });
  assert.deepEqual(stateAfter(...COMPLETE, notified('T1')), { ...before, notify: notifyOf('T1') });
  assert.deepEqual(stateAfter(...COMPLETE, notified('T1'), nobody), before);
  assert.deepEqual(stateAfter(...COMPLETE, forked(SOURCE)), { ...before, fork: SOURCE });
});
