/** Which address a port is opened on, and what the answer says of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PureRelay } from '../property/pureRelay.js';
import { liveSessions } from '../property/shardWorld.js';
import { BRIDGING, LABELLED, portOf, relayOf, TTL_MS } from './pureTalk.js';

/** The address in an answer, with what follows it. */
const addressIn = (reply: string): string => reply.replace(/^\d+ ?/, '');
const ask = (relay: PureRelay, command: string): string => addressIn(relay.send(command));

const V4 = '192.0.2.1 4000';
const V6 = '2001:db8::1 4000';

/** Letters of the offer, address of its answer, letters of the lookup, address of its answer; with `-l 127.0.0.1/127.0.0.2`. */
const GOLDEN: readonly (readonly [string, string, string, string])[] = [
  ['UI', '127.0.0.1', 'LI', '127.0.0.1'],
  ['UE', '127.0.0.1', 'L', '127.0.0.2'],
  ['UIE', '127.0.0.2', 'LIE', '127.0.0.1'],
  ['UEI', '127.0.0.1', 'LEI', '127.0.0.2'],
  ['UII', '127.0.0.1', 'LII', '127.0.0.1'],
  ['UEE', '127.0.0.2', 'LEE', '127.0.0.2'],
  ['U', '127.0.0.1', 'L', '127.0.0.1'],
  ['Uie', '127.0.0.2', 'L', '127.0.0.1'],
  ['Uie', '127.0.0.2', 'Lei', '127.0.0.1'],
];

for (const [offer, offered, answer, answered] of GOLDEN) {
  test(`[KM-44 KM-45] bridging: ${offer} stands on ${offered}, its ${answer} on ${answered}`, () => {
    const relay = relayOf(BRIDGING);
    assert.equal(ask(relay, `${offer} c ${V4} f`), offered);
    assert.equal(ask(relay, `${answer} c ${V4} f t`), answered);
    assert.equal(ask(relay, `${offer} c ${V4} f t`), offered, 'again');
  });
}

test('bridging: with n the second letter counts, for either leg; one letter alone leaves the leg where it is', () => {
  const relay = relayOf(BRIDGING);
  assert.equal(ask(relay, `Uie c ${V4} f`), '127.0.0.2');
  assert.equal(ask(relay, `Lie c ${V4} f t`), '127.0.0.1');
  assert.equal(ask(relay, `Unei c ${V4} f t`), '127.0.0.1');
  assert.equal(ask(relay, `Ln c ${V4} f t`), '127.0.0.1');
  assert.equal(ask(relay, `Lnie c ${V4} f t`), '127.0.0.2');
  for (const letters of ['Ln', 'Lni', 'Lne', 'Lii']) assert.equal(ask(relay, `${letters} c ${V4} f t`), '127.0.0.2', letters);
  assert.equal(ask(relay, `Unie c ${V4} t f`), '127.0.0.2', 'from the other side: the leg of the caller');
  assert.equal(ask(relay, `Un c ${V4} f t`), '127.0.0.1', 'where it stands');
});

test('a third letter, and any letter without bridging, is refused, and nothing is opened', () => {
  const relay = relayOf(BRIDGING);
  assert.equal(relay.send(`Uiei c ${V4} f`), 'E12');
  assert.equal(relay.send(`Uiie c ${V4} f`), 'E11');
  const plain = relayOf();
  assert.equal(plain.send(`Ue c ${V4} f`), 'E11');
  assert.equal(plain.send(`Ui c ${V4} f`), 'E12');
  assert.deepEqual([relay.heldPairs(), plain.heldPairs()], [0, 0]);
});

test('a label or an address names the network of both legs of a new session, with what is advertised for it', () => {
  for (const letters of ['l{wan}', 'l127.0.0.2']) {
    const relay = relayOf(LABELLED);
    assert.equal(ask(relay, `U${letters} c ${V4} f`), '198.51.100.1');
    assert.equal(ask(relay, `L c ${V4} f t`), '198.51.100.1');
    assert.deepEqual(new Set([...relay.engine.bound.values()].map(({ host }) => host)), new Set(['127.0.0.2']));
  }
  assert.equal(relayOf(LABELLED).send(`Ul{lan} c ${V4} f`), 'E31');
});

test('the first lookup may name another network for its leg; later ones only with n', () => {
  const relay = relayOf(LABELLED);
  assert.equal(ask(relay, `U c ${V4} f`), '127.0.0.1');
  assert.equal(ask(relay, `Ll{wan} c ${V4} f t`), '198.51.100.1');
  assert.equal(ask(relay, `Ll127.0.0.1 c ${V4} f t`), '198.51.100.1');
  assert.equal(ask(relay, `U c ${V4} f t`), '127.0.0.1', 'the other leg is where it was');
  assert.equal(ask(relay, `Lnl127.0.0.1 c ${V4} f t`), '127.0.0.1');
  assert.equal(ask(relay, `Unl{wan} c ${V4} f t`), '198.51.100.1');
});

test('an address that is configured nowhere is taken as it is', () => {
  assert.equal(ask(relayOf(LABELLED), `Ul127.0.0.9 c ${V4} f`), '127.0.0.9');
});

test('[PN-49] r takes the local address that leads to a host, with what is advertised for it', () => {
  const routeTo = (host: string): string | null => ({ '198.51.100.9': '127.0.0.2', '203.0.113.9': '127.0.0.7' })[host] ?? null;
  const relay = relayOf({ ...LABELLED, routeTo });
  assert.equal(ask(relay, `Ur198.51.100.9 c ${V4} f`), '198.51.100.1');
  assert.equal(ask(relay, `Lr203.0.113.9 c ${V4} f t`), '127.0.0.7', 'the first answer may choose another');
  assert.equal(ask(relay, `Lr198.51.100.9 c ${V4} f t`), '127.0.0.7');
  assert.equal(ask(relay, `Lnr198.51.100.9 c ${V4} f t`), '198.51.100.1');
});

test('a host to which no way leads: E32 whatever the session is, and nothing is left open, kept or made', () => {
  const relay = relayOf({ ...LABELLED, routeTo: () => null });
  // More often than there are places for sessions: none of them may be lost.
  for (let i = 0; i < 100; i++) assert.equal(relay.send(`Ur192.0.2.9 new-${i} ${V4} f`), 'E32');
  assert.equal(relay.send(`Lr192.0.2.9 nosuch ${V4} f t`), 'E32');
  assert.deepEqual([relay.heldPairs(), liveSessions(relay.shard), relay.records.length], [0, 0, 0]);
  assert.equal(ask(relay, `U c ${V4} f`), '127.0.0.1');
  relay.advance(30_000);
  assert.equal(relay.send(`Unr192.0.2.9 c ${V4} f t`), 'E32');
  assert.equal(relay.send(`U c ${V4} f t && Lr192.0.2.9 203.0.113.1 6000`), 'E3');
  assert.equal(relay.heldPairs(), 1, 'nor was the sub-command before it');
  relay.advance(TTL_MS - 29_000);
  assert.equal(relay.send('Q c f'), 'E50', 'what is refused keeps nothing alive');
});

test('[KC-05] 6 alone stands on the IPv6 network, and the answer says so; so does a leg that is moved there and back', () => {
  const relay = relayOf(LABELLED);
  assert.equal(ask(relay, `U6 c ${V6} f`), '::1 6');
  assert.equal(ask(relay, `Ll{wan} c ${V4} f t`), '198.51.100.1');
  assert.equal(ask(relay, `Unl{wan} c ${V4} f t`), '198.51.100.1');
  assert.equal(ask(relay, `Un6 c ${V6} f t`), '::1 6');
  assert.equal(relay.heldPairs(), 2);
  assert.equal(relay.send('D c f'), '0');
  assert.equal(relay.heldPairs(), 0);
});

test('the families have ports of their own: a number is given out in both, and giving it back in one leaves the other', () => {
  const relay = relayOf(LABELLED, 1);
  const v4 = portOf(relay.send(`U a ${V4} f`));
  const v6 = portOf(relay.send(`U6 b ${V6} f`));
  assert.equal(v4, v6);
  assert.equal(relay.send(`Unl{six} a ${V4} f t`), 'E71', 'the only one is taken');
  assert.equal(relay.send('D b f'), '0');
  assert.equal(addressIn(relay.send(`Unl{six} a ${V4} f t`)), '::1 6');
  assert.equal(ask(relay, `U b ${V4} f`), '127.0.0.1', 'the port that was left behind is free');
  assert.equal(relay.send(`U6 d ${V6} f`), 'E72');
});

test('on all addresses the answer is the port alone', () => {
  const relay = relayOf({ options: { network: { host: '0.0.0.0', advertised: null } } });
  assert.match(relay.send(`U c ${V4} f`), /^\d+$/);
});
