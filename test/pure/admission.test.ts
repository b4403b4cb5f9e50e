/** Limits of the relay as a whole: how many calls there may be, and how many new ones a second. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, admissionBytes } from '../../src/relay/limits/admission.js';
import { PureRelay, settingOf } from '../property/pureRelay.js';

const shards = (count: number): readonly Admission[] => {
  const memory = new SharedArrayBuffer(admissionBytes(count));
  return Array.from({ length: count }, (_, shard) => new Admission(memory, shard));
};

test('calls of all shards count together, and a place that is not used is free again', () => {
  const [a, b] = shards(2) as [Admission, Admission];
  const limits = { calls: 2, callsPerSecond: null };
  assert.deepEqual([a.ask(limits, 0), b.ask(limits, 0), a.ask(limits, 0), b.ask(limits, 0)], [null, null, 'calls', 'calls']);
  a.settle(1);
  b.settle(0);
  assert.equal(a.calls, 1);
  assert.deepEqual([a.ask(limits, 0), b.ask(limits, 0)], [null, 'calls']);
});

test('new calls are counted by seconds, and those that are refused take no place', () => {
  const [a, b] = shards(2) as [Admission, Admission];
  const limits = { calls: 100, callsPerSecond: 2 };
  assert.deepEqual(
    [a.ask(limits, 999), b.ask(limits, 1000), a.ask(limits, 1000), b.ask(limits, 1999)],
    [null, null, null, 'rate'],
  );
  assert.equal(a.calls, 3);
  assert.equal(b.ask(limits, 2000), null);
});

test('the calls of a thread that died do not count, until another has them', () => {
  const memory = new SharedArrayBuffer(admissionBytes(2));
  const [dead, other] = [new Admission(memory, 0), new Admission(memory, 1)];
  dead.settle(7);
  other.settle(2);
  const next = new Admission(memory, 0);
  assert.equal(other.calls, 2);
  next.settle(6);
  assert.equal(other.calls, 8);
});

const relayWith = (calls: number | null, callsPerSecond: number | null): PureRelay =>
  new PureRelay(settingOf(20, 10_000, 10_000), 1, { setting: { limits: { calls, callsPerSecond } } });

test('with the limit reached new calls are refused; those that stand go on, and may have further streams', () => {
  const relay = relayWith(2, null);
  for (const call of ['a', 'b']) assert.match(relay.send(`U ${call} 192.0.2.1 4000 f`), /^\d/);
  assert.equal(relay.send('U c 192.0.2.1 4000 f'), 'E98');
  assert.match(relay.send('U a 192.0.2.1 4002 f;2'), /^\d/, 'a further stream');
  assert.match(relay.send('L a 192.0.2.2 5000 f t'), /^\d/);
  for (const tag of ['f', 'f;2']) assert.equal(relay.send(`D a ${tag}`), '0');
  assert.match(relay.send('U c 192.0.2.1 4000 f'), /^\d/);
  assert.equal(relay.shard.counters.shard('sessionsRefused'), 1);
  assert.equal(relay.shard.admission.calls, 2);
});

test('so are too many in a second, and what is refused for another reason takes no place', () => {
  const relay = relayWith(null, 2);
  assert.deepEqual(
    ['a', 'b', 'c'].map((call) => /^\d/.test(relay.send(`U ${call} 192.0.2.1 4000 f`))),
    [true, true, false],
  );
  relay.advance(1000);
  assert.match(relay.send('U c 192.0.2.1 4000 f'), /^\d/);
  const full = new PureRelay(settingOf(1, 10_000, 10_000), 1, { setting: { limits: { calls: 2, callsPerSecond: null } } });
  assert.match(full.send('U a 192.0.2.1 4000 f'), /^\d/);
  for (let i = 0; i < 5; i++) {
    assert.equal(full.send('U b 192.0.2.1 4000 f'), 'E72', 'no port is free');
    full.advance(10);
  }
  assert.equal(full.shard.admission.calls, 1);
});

test('calls that are taken up after a crash count', () => {
  const relay = relayWith(2, null);
  for (const call of ['a', 'b']) relay.send(`U ${call} 192.0.2.1 4000 f`);
  relay.crash(true);
  assert.equal(relay.shard.admission.calls, 2);
  assert.equal(relay.send('U c 192.0.2.1 4000 f'), 'E98');
});

test('limits change while the relay runs, and so does the network of new calls; the log tells it by the command', () => {
  const relay = relayWith(1, null);
  assert.equal(relay.send('U a 192.0.2.1 4000 f').split(' ')[1], '127.0.0.1');
  assert.equal(relay.send('U b 192.0.2.1 4000 f'), 'E98');
  relay.useSetting({ limits: { calls: 5, callsPerSecond: null } });
  assert.match(relay.send('U b 192.0.2.1 4000 f'), /^\d/);
});
