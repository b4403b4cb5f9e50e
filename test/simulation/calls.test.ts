import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene } from './scene.js';

const SECOND_MS = 1000;
const WINDOW_MS = 10_000;

test('[PN-22 SY-29] nothing is relayed to a side whose address nobody knows; from its first packet on it is', () => {
  const scene = new Scene();
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  const forBob = scene.port('U call@a - 0 alice');
  const forAlice = scene.port('L call@a 0.0.0.0 0 alice bob');
  alice.speakFor(SECOND_MS, forAlice);
  scene.time.runFor(2 * SECOND_MS);
  assert.equal(bob.heard.length, 0);
  assert.match(scene.proxy.ask('Q call@a alice bob'), /^\d+ 50 0 0 50$/);
  bob.speakFor(SECOND_MS, forBob);
  scene.time.runFor(2 * SECOND_MS);
  assert.equal(alice.heardFrom(forAlice), 50);
  alice.speakFor(SECOND_MS, forAlice);
  scene.time.runFor(2 * SECOND_MS);
  assert.equal(bob.heardFrom(forBob), 50);
});

test('until the answer has come, packets are thrown away and nothing is learned from them', () => {
  const scene = new Scene();
  const [bob, stranger] = [scene.phone('203.0.113.1', 6000, 2), scene.phone('192.0.2.66', 9000, 66)];
  const forBob = scene.port('U call@a 198.51.100.1 4000 alice');
  stranger.speakFor(SECOND_MS, forBob);
  scene.time.runFor(2 * SECOND_MS);
  const forAlice = scene.port('L call@a 203.0.113.1 6000 alice bob');
  assert.match(scene.proxy.ask('Q call@a alice bob'), /^\d+ 0 0 0 0$/);
  const alice = scene.phone('198.51.100.1', 4000, 1);
  alice.speakFor(SECOND_MS, forAlice);
  scene.time.runFor(2 * SECOND_MS);
  assert.equal(bob.heardFrom(forBob), 50);
  assert.deepEqual(stranger.heard, []);
});

test('[CW-14] a re-INVITE with a new address moves the media at once and keeps the ports', () => {
  const scene = new Scene();
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  const forBob = scene.port('U call@a 198.51.100.1 4000 alice');
  const forAlice = scene.port('L call@a 203.0.113.1 6000 alice bob');
  alice.speakFor(SECOND_MS, forAlice);
  bob.speakFor(20 * SECOND_MS, forBob);
  scene.time.runFor(15 * SECOND_MS);
  alice.moveTo({ host: '198.51.100.99', port: alice.place.port });
  assert.deepEqual(scene.port('U call@a 198.51.100.99 4000 alice bob'), forBob);
  assert.deepEqual(scene.port('L call@a 203.0.113.1 6000 alice bob'), forAlice);
  const before = alice.heardFrom(forAlice);
  scene.time.runFor(SECOND_MS);
  assert.ok(alice.heardFrom(forAlice) - before >= 49, `${alice.heardFrom(forAlice) - before} packets heard at the new address`);
});

test('a phone behind a NAT that moves is found again by its packets after the re-INVITE, though it signals no new address', () => {
  const scene = new Scene();
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  const offer = 'U call@a 192.168.1.7 5004 alice';
  const forBob = scene.port(offer);
  const forAlice = scene.port('L call@a 203.0.113.1 6000 alice bob');
  alice.speakFor(15 * SECOND_MS, forAlice);
  bob.speakFor(30 * SECOND_MS, forBob);
  scene.time.runFor(16 * SECOND_MS);
  alice.moveTo({ host: '198.51.100.99', port: alice.place.port });
  scene.port(`${offer} bob`);
  alice.speakFor(SECOND_MS, forAlice);
  const before = alice.heardFrom(forAlice);
  scene.time.runFor(2 * SECOND_MS);
  assert.ok(alice.heardFrom(forAlice) - before >= 90);
});

test('[CW-15] two offers with swapped tags, and no answer, make a call with media both ways', () => {
  const scene = new Scene();
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  const forBob = scene.port('U call@a-0 198.51.100.1 4000 alice');
  const forAlice = scene.port('U call@a-0 203.0.113.1 6000 bob alice');
  alice.speakFor(SECOND_MS, forAlice);
  bob.speakFor(SECOND_MS, forBob);
  scene.time.runFor(2 * SECOND_MS);
  assert.deepEqual([alice.heardFrom(forAlice), bob.heardFrom(forBob)], [50, 50]);
});

test('[CW-20] hold keeps session, port and address, and the media go on after it', () => {
  const scene = new Scene();
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  const forBob = scene.port('U call@a 198.51.100.1 4000 alice');
  scene.port('L call@a 203.0.113.1 6000 alice bob');
  for (const hold of ['0.0.0.0 4000', ':: 4000', '198.51.100.1 0'])
    assert.deepEqual(scene.port(`U call@a ${hold} alice bob`), forBob);
  bob.speakFor(SECOND_MS, forBob);
  scene.time.runFor(2 * SECOND_MS);
  assert.deepEqual(scene.port('U call@a 198.51.100.1 4000 alice bob'), forBob);
  bob.speakFor(SECOND_MS, forBob);
  scene.time.runFor(2 * SECOND_MS);
  assert.equal(alice.heard.filter(({ bytes }) => bytes.length > 100).length, 100);
});

test('[CW-16] three streams of a call are three sessions: each has its ports and its media, and one D ends them', () => {
  const scene = new Scene();
  const pairs = [1, 2, 3].map((n) => {
    const [alice, bob] = [scene.phone('198.51.100.1', 4000 + n * 10, n), scene.phone('203.0.113.1', 6000 + n * 10, n + 10)];
    const forBob = scene.port(`U call@a 198.51.100.1 ${n === 3 ? 0 : alice.place.port} alice;${n}`);
    const forAlice = scene.port(`L call@a 203.0.113.1 ${bob.place.port} alice;${n} bob;${n}`);
    return { alice, bob, forAlice, forBob };
  });
  assert.equal(new Set(pairs.flatMap(({ forAlice, forBob }) => [forAlice.port, forBob.port])).size, 6);
  for (const { alice, bob, forAlice, forBob } of pairs) {
    alice.speakFor(SECOND_MS, forAlice);
    bob.speakFor(SECOND_MS, forBob);
  }
  scene.time.runFor(2 * SECOND_MS);
  for (const { alice, bob, forAlice, forBob } of pairs) {
    assert.equal(bob.heardFrom(forBob), 50);
    assert.ok(alice.heardFrom(forAlice) >= 49, 'the stream that was offered with port 0 is learned from its first packet');
  }
  assert.equal(scene.activeSessions, 3);
  assert.equal(scene.proxy.ask('D call@a alice bob'), '0');
  assert.equal(scene.activeSessions, 0);
  assert.deepEqual(scene.relay.sockets, []);
});

test('[CW-17] the branch of a call is another call: the end of one leaves the media of the other', () => {
  const scene = new Scene();
  const forFirst = scene.port('U call@a;z9hG4bK1 198.51.100.1 4000 alice');
  const forSecond = scene.port('U call@a;z9hG4bK2 198.51.100.1 4000 alice');
  scene.port('U call@a 198.51.100.1 4000 alice');
  assert.notDeepEqual(forFirst, forSecond);
  assert.equal(scene.proxy.ask('D call@a;z9hG4bK1 alice'), '0');
  assert.equal(scene.activeSessions, 2);
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  scene.port('L call@a;z9hG4bK2 203.0.113.1 6000 alice bob');
  bob.speakFor(SECOND_MS, forSecond);
  scene.time.runFor(2 * SECOND_MS);
  assert.equal(alice.heard.length, 52);
});

/** A running call with both addresses confirmed, an offer sent again, and then a stranger: how much of the caller's media he gets. */
function strangerAfter(pauseMs: number, address: string): number {
  const scene = new Scene();
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  const stranger = scene.phone('192.0.2.66', 9000, 66);
  const forBob = scene.port('U call@a 198.51.100.1 4000 alice');
  const forAlice = scene.port('L call@a 203.0.113.1 6000 alice bob');
  alice.speakFor(pauseMs - 100, forAlice);
  bob.speakFor(pauseMs + 5000, forBob);
  scene.time.runFor(pauseMs);
  scene.port(`U call@a ${address} alice bob`);
  stranger.speak(forAlice);
  scene.time.runFor(SECOND_MS);
  return stranger.heard.length;
}

test('an offer that is sent again at once opens no window for strangers; one that is repeated later, or says something new, does', () => {
  assert.equal(strangerAfter(2000, '198.51.100.1 4000'), 0);
  assert.equal(strangerAfter(WINDOW_MS - 100, '198.51.100.1 4000'), 0);
  assert.ok(strangerAfter(WINDOW_MS + 100, '198.51.100.1 4000') > 0);
  assert.ok(strangerAfter(2000, '198.51.100.99 4000') > 0);
});
