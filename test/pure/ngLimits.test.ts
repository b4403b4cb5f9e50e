/** When a call may not begin, and what is left behind where it cannot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { AUDIO, NgScene, sdpLines, sdpOf, VIDEO } from './ngGiven.js';

const PICTURED = sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]);
const other = (n: number): NgDictionary => ({ 'call-id': `other-${n}`, 'from-tag': 'x' });

/** Nothing stands for calls that did not begin: every pair can be had. */
function allFree(scene: NgScene, pairs: number): void {
  assert.equal(scene.relay.heldPairs(), 0);
  for (let n = 0; n < pairs; n++) assert.equal(scene.offer('192.0.2.1', 4000, other(n))['result'], 'ok');
}

test('when no port is left an offer is refused as clients know it, and nothing is left open', () => {
  const scene = new NgScene({}, 3);
  scene.offer('192.0.2.1', 4000, other(1));
  scene.offer('192.0.2.1', 4000, other(2));
  assert.equal(scene.offer('', 0, { sdp: PICTURED })['error-reason'], 'Ran out of ports', 'one pair was there for two lines');
  assert.deepEqual(scene.states, []);
  assert.equal(scene.relay.heldPairs(), 2);
  for (const n of [1, 2]) scene.delete(other(n));
  allFree(scene, 3);
});

test('the same where a socket cannot be opened', () => {
  for (const errno of ['EMFILE', 'EADDRNOTAVAIL'] as const) {
    const scene = new NgScene({}, 3);
    scene.relay.engine.failure = errno;
    assert.equal(scene.offer('192.0.2.1', 4000)['error-reason'], 'Ran out of ports');
    scene.relay.engine.failure = null;
    allFree(scene, 3);
  }
});

test('[NG-05] a re-INVITE that finds no ports for a line it adds leaves nothing offered, and the media as it was', () => {
  const scene = new NgScene({}, 2).agree();
  const before = scene.state;
  const reply = scene.reoffer('', 0, { sdp: sdpLines('192.0.2.9', [AUDIO(4900), VIDEO(4902)]) });
  assert.equal(reply['error-reason'], 'Ran out of ports');
  assert.deepEqual(scene.state, before);
});

test('an answer that finds no ports may be told again', () => {
  const scene = new NgScene({}, 2);
  scene.offer('192.0.2.1', 4000);
  scene.offer('192.0.2.1', 4000, other(1));
  assert.equal(scene.answer('192.0.2.2', 5000)['error-reason'], 'Ran out of ports');
  assert.equal(scene.state.legs.callee.rtp.address, null);
  scene.delete(other(1));
  assert.equal(scene.answer('192.0.2.2', 5000)['result'], 'ok');
});

const SUPPORTS = { supports: ['load limit'] };

/** What a new call is told, with and without `supports`. */
function told(scene: NgScene): unknown[] {
  const knows = scene.offer('192.0.2.1', 4000, { ...SUPPORTS });
  const knowsNot = scene.offer('192.0.2.1', 4000);
  return [knows['result'], knows['message'], knowsNot['result'], knowsNot['error-reason']];
}

const LIMITED = (message: string): unknown[] => ['load limit', message, 'error', message];

test('a relay that is about to end takes no new call, and serves those that are there', () => {
  const scene = new NgScene().agree();
  scene.relay.drain();
  const fresh = scene.offer('192.0.2.1', 4000, { ...other(1), ...SUPPORTS });
  assert.deepEqual([fresh['result'], fresh['message']], ['load limit', 'Load limit exceeded']);
  assert.equal(scene.offer('192.0.2.1', 4000, other(1))['error-reason'], 'Load limit exceeded');
  assert.equal(scene.reoffer('', 0, { sdp: PICTURED })['result'], 'ok', 'also with a line more');
  assert.equal(scene.delete()['result'], 'ok');
});

test('a relay that has too much to do refuses new calls, and counts them', () => {
  let busy = 0;
  const scene = new NgScene({ busyMs: () => busy, options: { loadLimits: { high: 0.9, low: 0.6 } } });
  for (let second = 0; second < 30; second++) {
    busy += 1000;
    scene.relay.advance(1000);
  }
  assert.deepEqual(told(scene), LIMITED('Load limit exceeded'));
  assert.equal(scene.relay.shard.counters.shard('sessionsRefused'), 2);
  assert.deepEqual(scene.states, []);
});

test('so many calls and no more, however many branches and lines they have', () => {
  const scene = new NgScene({ setting: { limits: { calls: 2, callsPerSecond: null } } });
  for (const branch of ['1', '2', '3']) scene.offer('', 0, { sdp: PICTURED, 'via-branch': branch });
  scene.offer('192.0.2.1', 4000, other(1));
  const refused = scene.offer('192.0.2.1', 4000, { ...other(2), ...SUPPORTS });
  assert.deepEqual([refused['result'], refused['message']], ['load limit', 'Parallel session limit reached']);
  assert.equal(scene.offer('192.0.2.1', 4000, other(2))['error-reason'], 'Parallel session limit reached');
  assert.equal(scene.relay.shard.counters.shard('sessionsRefused'), 2);
  scene.delete(other(1));
  assert.equal(scene.offer('192.0.2.1', 4000, other(2))['result'], 'ok');
});

test('so many new calls a second', () => {
  const scene = new NgScene({ setting: { limits: { calls: null, callsPerSecond: 2 } } });
  for (const n of [1, 2]) assert.equal(scene.offer('192.0.2.1', 4000, other(n))['result'], 'ok');
  assert.deepEqual(told(scene), LIMITED('Load limit exceeded'));
  scene.relay.advance(1000);
  assert.equal(scene.offer('192.0.2.1', 4000)['result'], 'ok');
});

test('what is wrong with an offer is told before any limit, and takes no place', () => {
  const scene = new NgScene({ setting: { limits: { calls: 1, callsPerSecond: null } } });
  assert.match(
    String(scene.offer('', 0, { sdp: sdpOf('192.0.2.1', 4000), direction: ['moon', 'moon'] })['error-reason']),
    /moon/,
  );
  assert.equal(scene.offer('192.0.2.1', 4000)['result'], 'ok');
});
