/** A leg gets another port in the middle of a call (`n`). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PureRelay, SLOTS } from '../property/pureRelay.js';
import { goals, portOf, relayOf, Talk, textOf } from './pureTalk.js';

/** `Un` or `Ln`, of a call that exists: answers the new port. */
function renew(relay: PureRelay, talk: Talk, letter: 'Un' | 'Ln', more = ''): number {
  const { host, port } = talk.places[letter === 'Un' ? 'caller' : 'callee'];
  return portOf(relay.send(`${letter}${more} ${talk.call} ${host} ${port} f t`));
}

for (const [letter, side, other] of [
  ['Un', 'callee', 'caller'],
  ['Ln', 'caller', 'callee'],
] as const) {
  test(`[PN-53] ${letter} while media flows: the ${side} goes on at the new port, and the old one is nobody's`, () => {
    const relay = relayOf();
    const talk = new Talk(relay, 'c');
    for (const one of ['caller', 'callee'] as const) assert.equal(talk.speak(one).length, 1);
    const old = talk.ports[side];
    const renewed = renew(relay, talk, letter);
    assert.notEqual(renewed, old);
    assert.throws(() => relay.rowAt(old), /nobody/);
    assert.throws(() => relay.rowAt(old + 1), /nobody/);
    talk.ports[side] = renewed;
    assert.deepEqual(goals(talk.speak(side)), [textOf(talk.places[other])]);
    assert.deepEqual(goals(talk.report(side)), [textOf(talk.placeOf(other, 'rtcp'))]);
    const [departure] = talk.speak(other);
    assert.deepEqual([textOf(departure!.from), textOf(departure!.to!)], [`127.0.0.1:${renewed}`, textOf(talk.places[side])]);
    assert.equal(relay.send(`Q c f t`), '60 2 2 4 0', 'one session, whose packets are counted on');
    assert.equal(relay.heldPairs(), 2);
  });
}

test('[PN-53] a source that was learned stays learned at the new port, and a stranger there is none the less a stranger', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  const nat = { host: '198.51.100.77', port: talk.places.caller.port };
  relay.arrive(relay.rowAt(talk.ports.caller), nat, talk.nextRtp('caller'));
  relay.engine.departures.splice(0);
  talk.ports.caller = renew(relay, talk, 'Ln');
  assert.deepEqual(goals(talk.speak('callee')), [textOf(nat)]);
  const stranger = { host: '198.51.100.66', port: talk.places.caller.port };
  relay.arrive(relay.rowAt(talk.ports.caller), stranger, talk.nextRtp('callee'));
  assert.deepEqual(relay.engine.departures.splice(0), []);
  relay.arrive(relay.rowAt(talk.ports.caller), nat, talk.nextRtp('caller'));
  assert.deepEqual(goals(relay.engine.departures.splice(0)), [textOf(talk.places.callee)]);
});

test('[PN-53] only n asks for a port: the same offer without it keeps the new one', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  const first = renew(relay, talk, 'Un');
  const second = renew(relay, talk, 'Un');
  assert.equal(new Set([talk.ports.callee, first, second]).size, 3);
  assert.equal(portOf(relay.send('U c - 0 f t')), second);
  assert.equal(portOf(relay.send('L c - 0 f t')), talk.ports.caller);
});

test('[PN-53 PN-34] in a full range: E71, the old port stays and media flows on, nothing leaks however often it is tried', () => {
  const relay = relayOf({}, 2);
  const talk = new Talk(relay, 'c');
  talk.speak('caller');
  const records = relay.records.length;
  for (let i = 0; i < 100; i++) {
    assert.equal(relay.send(`Un c 192.0.2.77 4000 f t`), 'E71');
    assert.equal(relay.send(`Lnl127.0.0.9 c 203.0.113.77 6000 f t`), 'E71');
  }
  for (const { events, refusal } of relay.records.slice(records)) assert.deepEqual([events, refusal], [[], 'no-free-port']);
  for (const side of ['caller', 'callee'] as const) {
    const other = side === 'caller' ? 'callee' : 'caller';
    assert.deepEqual(goals(talk.speak(side)), [textOf(talk.places[other])], 'the refused address was not taken');
  }
  assert.equal(relay.heldPairs(), 2);
  assert.equal(relay.send('D c f'), '0');
  for (const call of ['a', 'b']) assert.match(relay.send(`U ${call} - 0 f`), /^\d+ /);
});

test('[PN-53] with one pair free the leg moves to and fro between two, and any number of calls can do so', () => {
  const relay = relayOf({}, 3);
  const talk = new Talk(relay, 'c');
  const free = new Set([20_000, 20_002, 20_004].filter((port) => port !== talk.ports.caller));
  const seen = new Set<number>();
  for (let i = 0; i < 20; i++) {
    const port = renew(relay, talk, 'Un');
    assert.ok(free.has(port), `${port}`);
    seen.add(port);
    assert.equal(relay.heldPairs(), 2);
  }
  assert.deepEqual([...seen].sort(), [...free].sort());
});

test('a moved leg keeps the TOS it was given, and so does one whose first port comes later', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  assert.match(relay.send('U c - 0 f t && S tos=96 && Sr tos=32'), /^\d+ 127\.0\.0\.1$/);
  const tosOf = (port: number): number[] => [port, port + 1].map((one) => relay.engine.tos.get(relay.rowAt(one)) ?? -1);
  assert.deepEqual(
    [tosOf(talk.ports.caller), tosOf(talk.ports.callee)],
    [
      [96, 96],
      [32, 32],
    ],
  );
  relay.engine.tos.clear();
  assert.deepEqual(tosOf(renew(relay, talk, 'Un')), [32, 32]);
  assert.deepEqual(tosOf(renew(relay, talk, 'Ln')), [96, 96]);
  assert.equal(portOf(relay.send('U late - 0 f && S tos=8')) > 0, true);
  assert.deepEqual(tosOf(portOf(relay.send('L late - 0 f t'))), [8, 8]);
});

test('a packet that was still on its way to the spare place of a leg belongs to nobody', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  renew(relay, talk, 'Un');
  const spareRow = SLOTS * 4 + 2;
  assert.equal(relay.engine.bound.has(spareRow), false);
  assert.doesNotThrow(() => relay.arrive(spareRow, talk.places.callee, talk.nextRtp('callee')));
  assert.deepEqual(relay.engine.departures.splice(0), []);
  assert.equal(relay.shard.counters.shard('packetsDiscarded'), 1);
});
