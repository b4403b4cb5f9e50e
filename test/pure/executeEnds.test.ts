/** How sessions end by silence, who is told, and when no new one may begin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTIFYING, PureRelay, type Special, settingOf } from '../property/pureRelay.js';
import { liveSessions } from '../property/shardWorld.js';
import { relayOf, Talk } from './pureTalk.js';

const lines = (relay: PureRelay): string[] => relay.told.notifications.map(({ line }) => line);
const INDEPENDENT: Special = { options: { independentTtl: true } };

/** Lets seconds pass, with a packet of each of these sides in every one of them. */
function pass(relay: PureRelay, seconds: number, ...talking: readonly (readonly [Talk, 'caller' | 'callee'])[]): void {
  for (let i = 0; i < seconds; i++) {
    for (const [talk, side] of talking) talk.speak(side);
    relay.advance(1000);
  }
}

test('[PN-48] a timeout is told, once, with the decoded tag; other ends are not', () => {
  const relay = relayOf(NOTIFYING);
  for (const call of ['silent', 'deleted', 'purged']) relay.send(`U ${call} - 0 f t unix:/run/proxy tag%20of+${call}`);
  relay.send('D deleted f');
  relay.advance(59_900);
  assert.deepEqual(lines(relay), []);
  relay.send('U purged - 0 f t unix:/run/proxy x');
  relay.advance(1000);
  relay.send('X');
  relay.advance(100_000);
  assert.deepEqual(relay.told.notifications, [
    {
      target: { kind: 'unix', path: '/run/proxy' },
      line: 'tag of silent',
      ended: { callId: 'silent', fromTag: 'f', toTag: 't' },
    },
  ]);
  assert.equal(relay.shard.counters.shard('sessionsTimedOut'), 1);
});

test('[PN-48] the last U decides whether and what is told; L does not', () => {
  const relay = relayOf(NOTIFYING);
  relay.send('U kept - 0 f t unix:/run/proxy K1');
  relay.send('L kept - 0 f t');
  relay.send('U replaced - 0 f t unix:/run/proxy R1');
  relay.send('U replaced - 0 f t /run/proxy R2');
  relay.send('U removed - 0 f t unix:/run/proxy X1');
  relay.send('U removed - 0 f t');
  relay.advance(61_000);
  assert.deepEqual(lines(relay).sort(), ['K1', 'R2']);
});

test('[PN-48] a socket that is not permitted is told to the operator, and the call goes on unnotified', () => {
  const relay = relayOf(NOTIFYING);
  assert.match(relay.send('U c - 0 f t unix:/run/other T1'), /^\d+ /);
  assert.deepEqual(relay.told.warnings, ['c is not notified of its timeout: no -n permits unix:/run/other']);
  relay.advance(61_000);
  assert.deepEqual(lines(relay), []);
});

test('[PN-55] whoever sends the command is who is told, from the address that it asked', () => {
  const permitted = [{ text: 'tcp:%%CC_SELF%%:9000', target: { kind: 'self', port: 9000 } as const }];
  const relay = relayOf({ ...NOTIFYING, setting: { permitted } });
  relay.send('U c - 0 f t tcp:%%CC_SELF%%:9000 T1', { host: '198.51.100.3', local: '203.0.113.3' });
  relay.send('U d - 0 f t tcp:%%CC_SELF%%:9000 T2');
  relay.advance(61_000);
  assert.deepEqual(
    relay.told.notifications.map(({ target, line }) => [line, target]),
    [
      ['T1', { kind: 'tcp', host: '198.51.100.3', port: 9000, bind: '203.0.113.3' }],
      ['T2', { kind: 'tcp', host: '127.0.0.1', port: 9000, bind: null }],
    ],
  );
});

test('unified: media of either side keeps the session, and with it that of a side that says nothing', () => {
  for (const side of ['caller', 'callee'] as const) {
    const relay = relayOf(NOTIFYING);
    const talk = new Talk(relay, 'c');
    relay.send('U c - 0 f t unix:/run/proxy T1');
    pass(relay, 120, [talk, side]);
    assert.equal(liveSessions(relay.shard), 1);
    pass(relay, 61);
    assert.deepEqual(lines(relay), ['T1']);
  }
});

test('independent: the session ends with the silence of either side, and that is told; while both talk it lives', () => {
  for (const side of ['caller', 'callee'] as const) {
    const relay = relayOf({ ...NOTIFYING, ...INDEPENDENT });
    const talk = new Talk(relay, 'c');
    relay.send('U c - 0 f t unix:/run/proxy T1');
    pass(relay, 120, [talk, 'caller'], [talk, 'callee']);
    pass(relay, 58, [talk, side]);
    assert.equal(liveSessions(relay.shard), 1, 'not before the other has been silent for a minute');
    talk.speak(side);
    relay.advance(3000);
    assert.deepEqual([liveSessions(relay.shard), lines(relay)], [0, ['T1']]);
  }
});

test('independent: RTCP is a sign of life of its side too, and every offer and answer of both', () => {
  const relay = relayOf(INDEPENDENT);
  const talk = new Talk(relay, 'c');
  for (let i = 0; i < 10; i++) {
    talk.speak('caller');
    talk.report('callee');
    relay.advance(50_000);
  }
  assert.equal(liveSessions(relay.shard), 1);
  for (let i = 0; i < 5; i++) {
    relay.send(i % 2 === 0 ? 'U c - 0 f t' : 'L c - 0 f t');
    relay.advance(50_000);
  }
  assert.equal(liveSessions(relay.shard), 1);
});

test('t and T: a time to live for each side in the offer, both for the longer one where either side keeps the session', () => {
  const unified = relayOf();
  assert.match(unified.send('Ut30T90 c - 0 f'), /^\d+ /);
  assert.equal(unified.send('Q c f t ttl'), '90');
  const independent = relayOf(INDEPENDENT);
  independent.send('Ut30T90 c - 0 f');
  assert.equal(independent.send('Q c f t ttl'), '30');
  independent.send('LT20 c - 0 f t');
  assert.equal(independent.send('Q c f t ttl'), '20');
});

test('draining: new sessions get E99, those that exist go on and are answered, until the last has gone', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  relay.send('U waiting - 0 f');
  relay.drain();
  assert.equal(relay.send('U new - 0 f'), 'E99');
  assert.equal(relay.send('U c - 0 other'), 'E99', 'another medium of a known call is a new session');
  assert.match(relay.send('L waiting - 0 f t'), /^\d+ /);
  assert.match(relay.send('Un c - 0 f t'), /^\d+ /);
  assert.equal(relay.send('L nosuch - 0 f t'), '0');
  assert.equal(talk.speak('caller').length, 1);
  relay.drain();
  for (const call of ['waiting', 'c']) assert.equal(relay.send(`D ${call} f`), '0');
  assert.equal(liveSessions(relay.shard), 0);
  assert.equal(relay.send('U new - 0 f'), 'E99', 'for ever');
  assert.equal(relay.heldPairs(), 0);
});

/** A relay whose thread works as much as is said, from now on. */
function busyRelay(): { readonly relay: PureRelay; readonly work: (share: number, seconds: number) => void } {
  let busyMs = 0;
  const relay = new PureRelay(settingOf(20, 600_000, 600_000), 1, {
    options: { loadLimits: { high: 0.9, low: 0.6 } },
    busyMs: () => busyMs,
  });
  const work = (share: number, seconds: number): void => {
    for (let i = 0; i < seconds * 2; i++) {
      busyMs += share * 500;
      relay.advance(500);
    }
  };
  return { relay, work };
}

test('[PN-50] overload: new sessions get E98 from a load above the high limit on, until it is below the low one', () => {
  const { relay, work } = busyRelay();
  const isTaken = (call: string): boolean => {
    const reply = relay.send(`U ${call} - 0 f`);
    assert.match(reply, /^\d+ |^E98$/);
    return reply !== 'E98';
  };
  work(0.1, 5);
  assert.equal(isTaken('idle'), true);
  work(1, 3);
  assert.equal(isTaken('burst'), true, 'a burst of three seconds is no overload');
  work(1, 12);
  assert.equal(isTaken('overloaded'), false);
  assert.match(relay.send('L burst - 0 f t'), /^\d+ /);
  assert.match(relay.send('U burst - 0 f t'), /^\d+ /);
  work(0.75, 30);
  assert.equal(isTaken('between'), false, 'between the limits it stays as it is');
  work(0.3, 10);
  assert.equal(isTaken('again'), true);
  work(0.75, 30);
  assert.equal(isTaken('between again'.replace(' ', '-')), true);
  assert.equal(relay.send('G nsess_overload nsess_created'), '2 4');
  relay.drain();
  work(1, 20);
  assert.equal(relay.send('U new - 0 f'), 'E99', 'draining is said first');
});

test('[PN-50] Il tells the load, and it goes away without work', () => {
  const { relay, work } = busyRelay();
  relay.send('U c - 0 f');
  const load = (): number => Number(/^average load: ([0-9.]+)$/m.exec(relay.send('Il'))![1]);
  assert.equal(load(), 0);
  work(0.5, 20);
  assert.ok(Math.abs(load() - 0.5) < 0.01, String(load()));
  work(0, 60);
  assert.ok(load() < 0.001);
});
