/** What stands behind `&&`: carried out in order until one fails, and shown only where there is something to show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTIFYING, type PureRelay } from '../property/pureRelay.js';
import { BRIDGING, LABELLED, portOf, relayOf, Talk } from './pureTalk.js';

const OFFER = 'U c 192.0.2.1 4000 f t';
const T1 = 'unix:/run/proxy T1';
/** An answer, its ports taken out. */
const shape = (reply: string): string => reply.replaceAll(/\b2\d{4}\b/g, 'P');
const stateOf = (relay: PureRelay, call = 'c') =>
  [...relay.shard.directory.all()].find((one) => one.call === call)!.snapshot.context;
const ttlOf = (relay: PureRelay): number => Number(relay.send('Q c f t ttl'));

test('what is done in silence is shown only where something is shown after it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['S ttl=5', 'P 127.0.0.1'],
    ['S ttl=5 && Sr tos=8', 'P 127.0.0.1'],
    ['S ttl=5 && L 203.0.113.1 6000', 'P 127.0.0.1 && 0 && P 127.0.0.1'],
    ['S ttl=5 && S tos=8 && L 203.0.113.1 6000 && S tos=9', 'P 127.0.0.1 && 0 && 0 && P 127.0.0.1'],
    ['L 203.0.113.1 6000 && D', 'P 127.0.0.1 && P 127.0.0.1'],
    ['D', 'P 127.0.0.1'],
    ['M3:1 D1', 'P 127.0.0.1 && -1'],
    ['S ttl=5 && M3:1 D1', 'P 127.0.0.1 && 0 && -1'],
    ['M3:1 D1 && S ttl=5 && L 203.0.113.1 6000', 'P 127.0.0.1 && -1'],
    ['C nosuch x y', 'P 127.0.0.1 && -1'],
  ];
  for (const [sub, expected] of cases) {
    const relay = relayOf({ grammar: { moduleInstances: () => 1 } });
    assert.equal(shape(relay.send(`${OFFER} && ${sub}`)), expected, sub);
  }
});

test('what was done before a failure stays, what stands behind it is not done', () => {
  const relay = relayOf({ grammar: { moduleInstances: () => 1 } });
  assert.equal(shape(relay.send(`${OFFER} && Sr tos=8 && M3:1 D1 && S ttl=5`)), 'P 127.0.0.1 && 0 && -1');
  assert.deepEqual([stateOf(relay).legs.callee.tos, stateOf(relay).legs.caller.ttlMs], [8, null]);
});

test('a sub-command that cannot be read is E3, and not even the main command is done', () => {
  const relay = relayOf();
  for (const sub of ['S ttl=0', 'S ttl', 'Sxx ttl=5', 'M3:1 D1', 'X', 'D x', 'L 203.0.113.1', 'Lq 203.0.113.1 6000', 'C a b'])
    assert.equal(relay.send(`${OFFER} && S ttl=5 && ${sub}`), 'E3', sub);
  assert.equal(relay.send('U c 192.0.2.1 4000 f && L 203.0.113.1 6000'), 'E3', 'L without a To tag');
  assert.deepEqual([relay.heldPairs(), relay.records.length], [0, 0]);
});

test('on a session that is not there U makes it first, and L and Q say so without doing anything', () => {
  const relay = relayOf();
  assert.equal(relay.send('L nosuch 203.0.113.1 6000 f t && D'), '0');
  assert.equal(relay.send('Q nosuch f t && D'), 'E50');
  assert.equal(relay.records.length, 0);
});

test('D ends the session when its last reference goes, and its port is told all the same', () => {
  const relay = relayOf();
  assert.equal(shape(relay.send(`${OFFER} && D`)), 'P 127.0.0.1');
  assert.equal(relay.heldPairs(), 0);
  relay.send('Uw c 192.0.2.1 4000 f');
  assert.equal(shape(relay.send(`${OFFER} && D`)), 'P 127.0.0.1');
  assert.equal(relay.heldPairs(), 1, 'the weak reference of the first offer holds it');
  relay.send('L c - 0 f t');
  assert.equal(shape(relay.send('L c - 0 f t && Dw')), 'P 127.0.0.1');
  assert.equal(relay.heldPairs(), 2, 'Dw means the reference that the caller holds for the answer');
  assert.equal(relay.send('Dw c x f'), '0');
  assert.equal(relay.heldPairs(), 0);
});

test('D as a sub-command means this session, whichever tag the command found it by', () => {
  for (const command of ['U c 203.0.113.1 6000 t f && D', 'L c 192.0.2.1 4000 t f && D', 'Q c t f && D', 'Q c f && D']) {
    const relay = relayOf();
    new Talk(relay, 'c');
    new Talk(relay, 'other');
    relay.send(command);
    assert.equal(relay.send('Q c f t'), 'E50', command);
    assert.equal(relay.heldPairs(), 2);
  }
});

test('behind D everything fails: the session is gone', () => {
  for (const sub of ['S ttl=5', 'S tos=8', 'D', 'L 203.0.113.1 6000', 'C other f t', 'M3:1 D1']) {
    const relay = relayOf(NOTIFYING);
    new Talk(relay, 'other');
    assert.equal(shape(relay.send(`${OFFER} ${T1} && D && ${sub}`)), 'P 127.0.0.1 && 0 && -1', sub);
    assert.equal(relay.heldPairs(), 2);
    assert.deepEqual(relay.told.warnings, []);
  }
});

test('Q tells its numbers as they were before the sub-command', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  talk.speak('caller');
  assert.equal(relay.send('Qv c f t ttl nrelayed && S ttl=7'), 'ttl=60 nrelayed=1');
  assert.equal(relay.send('Q c f t && D'), '7 1 0 1 0');
  assert.equal(relay.heldPairs(), 0);
});

test('S ttl counts from now on: whatever silence there was before is forgiven', () => {
  const relay = relayOf();
  new Talk(relay, 'c');
  relay.advance(50_000);
  assert.equal(relay.send('Q c f t && S ttl=5'), '10 0 0 0 0');
  assert.equal(ttlOf(relay), 5, 'not ended 45 seconds ago');
  relay.advance(4000);
  assert.equal(ttlOf(relay), 1);
  assert.equal(relay.send('Q c f t && S ttl=5'), '1 0 0 0 0');
  assert.equal(ttlOf(relay), 5, 'the same again is no event, but it counts anew');
  relay.advance(4900);
  assert.equal(ttlOf(relay), 1);
  relay.advance(200);
  assert.equal(relay.send('Q c f t'), 'E50');
});

test('S ttl of a session that waits for its answer survives the answer, and every refresh', () => {
  const relay = relayOf();
  relay.send('U c 192.0.2.1 4000 f && S ttl=20');
  relay.advance(19_000);
  relay.send('L c 203.0.113.1 6000 f t');
  assert.equal(ttlOf(relay), 20);
  relay.advance(19_000);
  relay.send('U c 192.0.2.1 4000 f t');
  assert.equal(ttlOf(relay), 20);
  relay.advance(20_100);
  assert.equal(relay.send('Q c f t'), 'E50');
});

test('S ttl of years is kept like any other', () => {
  const relay = relayOf();
  new Talk(relay, 'c');
  relay.send('Q c f t && S ttl=999999999');
  relay.advance(86_400_000);
  assert.equal(ttlOf(relay), 999_999_999 - 86_400);
});

test('independent: S is for who speaks in the command, Sr for the other one, and restarts the time of that side only', () => {
  const sides: readonly (readonly [string, 'caller' | 'callee'])[] = [
    ['U c - 0 f t && S ttl=9', 'caller'],
    ['U c - 0 f t && Sr ttl=9', 'callee'],
    ['L c - 0 f t && S ttl=9', 'callee'],
    ['L c - 0 f t && SR ttl=9', 'caller'],
    ['U c - 0 t f && S ttl=9', 'callee'],
    ['Q c f t && S ttl=9', 'caller'],
    ['Q c f t && Sr ttl=9', 'callee'],
    ['Q c t f && S ttl=9', 'callee'],
    ['U c - 0 f t && Sx ttl=9', 'caller'],
  ];
  for (const [command, side] of sides) {
    const relay = relayOf({ options: { independentTtl: true } });
    new Talk(relay, 'c');
    relay.send(command);
    const { caller, callee } = stateOf(relay).legs;
    assert.deepEqual([caller.ttlMs, callee.ttlMs], side === 'caller' ? [9000, null] : [null, 9000], command);
  }
  const relay = relayOf({ options: { independentTtl: true } });
  new Talk(relay, 'c');
  relay.advance(50_000);
  relay.send('Q c f t && S ttl=90');
  assert.equal(ttlOf(relay), 10, 'the callee has been silent for 50 seconds, whatever the caller is allowed');
});

test('S tos marks the sockets of RTP and RTCP of one leg; a leg on IPv6 fails', () => {
  const relay = relayOf(LABELLED);
  const talk = new Talk(relay, 'c', { answer: 'l{six}' });
  assert.equal(shape(relay.send('U c - 0 f t && Sr tos=8')), 'P 127.0.0.1');
  assert.deepEqual([...relay.engine.tos.values()], [8, 8]);
  assert.deepEqual(
    [...relay.engine.tos.keys()].map((row) => relay.engine.bound.get(row)!.port as number),
    [talk.ports.callee, talk.ports.callee + 1],
  );
  assert.equal(shape(relay.send('U c - 0 f t && S tos=8 && Sr tos=9')), 'P 127.0.0.1 && -1');
  assert.equal(shape(relay.send('L c - 0 f t && Sr tos=8')), 'P ::1 6 && -1');
});

test('L opens the other leg in the same command, and from then on in and out have changed places', () => {
  const relay = relayOf({ options: { independentTtl: true } });
  const reply = relay.send('U c 192.0.2.1 4000 f t && S ttl=5 && Lc8 203.0.113.1 6000 && S ttl=7 && Sr tos=8');
  assert.equal(shape(reply), 'P 127.0.0.1 && 0 && P 127.0.0.1');
  const [, facesCallee, facesCaller] = /^(\d+) \S+ && 0 && (\d+) /.exec(reply) ?? [];
  const { caller, callee } = stateOf(relay).legs;
  assert.deepEqual([caller.local?.port, callee.local?.port], [Number(facesCaller), Number(facesCallee)]);
  assert.deepEqual([caller.ttlMs, callee.ttlMs, caller.tos, callee.tos], [5000, 7000, 8, null]);
  assert.deepEqual([caller.rtp.address?.host, callee.rtp.address?.host, callee.codecs], ['192.0.2.1', '203.0.113.1', [8]]);
  assert.equal(relay.shard.counters.shard('sessionsCompleted'), 1);
  assert.equal(portOf(relay.send('L c 203.0.113.1 6000 f t')), Number(facesCaller));
});

test('a second L turns them back', () => {
  const relay = relayOf({ options: { independentTtl: true } });
  relay.send('U c 192.0.2.1 4000 f t && L 203.0.113.1 6000 && L 192.0.2.2 4000 && S ttl=5');
  const { caller, callee } = stateOf(relay).legs;
  assert.deepEqual([caller.ttlMs, callee.ttlMs, caller.rtp.address?.host], [5000, null, '192.0.2.2']);
});

test('[KC-05] L takes all modifiers: its own network, weakness, a new port; without a free one it fails and the session stays', () => {
  const relay = relayOf(LABELLED);
  assert.equal(shape(relay.send('U c 192.0.2.1 4000 f t && L6wl{six} 2001:db8::1 6000')), 'P 127.0.0.1 && P ::1 6');
  assert.deepEqual(stateOf(relay).references, { strong: true, caller: true, callee: false });
  assert.equal(shape(relay.send('U c 192.0.2.1 4000 f t && Ln - 0 && Sr ttl=5')), 'P 127.0.0.1 && P ::1 6');
  const bridging = relayOf(BRIDGING);
  assert.equal(shape(bridging.send('Uie c 192.0.2.1 4000 f t && Lie 203.0.113.1 6000')), 'P 127.0.0.2 && P 127.0.0.1');
  const full = relayOf({}, 1);
  assert.equal(shape(full.send('U c 192.0.2.1 4000 f t && L 203.0.113.1 6000 && D')), 'P 127.0.0.1 && -1');
  assert.equal(full.heldPairs(), 1);
});
