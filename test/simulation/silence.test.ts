import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../model/kernel/index.js';
import { liveSessions } from '../property/shardWorld.js';
import type { Phone } from './phone.js';
import { Scene } from './scene.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

type Call = {
  readonly scene: Scene;
  readonly alice: Phone;
  readonly bob: Phone;
  readonly forAlice: Address;
  readonly forBob: Address;
};

function placeCall(options: { readonly ttlMs?: number; readonly setupTtlMs?: number } = {}): Call {
  const scene = new Scene(options);
  const [alice, bob] = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)];
  const forBob = scene.port('U call@a 198.51.100.1 4000 alice');
  const forAlice = scene.port('L call@a 203.0.113.1 6000 alice bob');
  return { scene, alice, bob, forAlice, forBob };
}

/** Lets time pass until no session is left; answers how long that took, to a tenth of a second. */
function lifetimeMs(scene: Scene, limitMs = 10 * MINUTE_MS): number {
  const start = scene.time.nowMs;
  const isAlive = (): boolean => scene.relay.threads.some(({ shard }) => liveSessions(shard) > 0);
  while (isAlive()) {
    scene.time.runFor(100);
    assert.ok(scene.time.nowMs - start <= limitMs, 'the session never ends');
  }
  return scene.time.nowMs - start;
}

/** As the original, whose clock ticks once a second: at the end of the time to live, or up to a second later, never before. */
function assertBetween(ms: number, ttlMs: number): void {
  assert.ok(ms >= ttlMs && ms <= ttlMs + SECOND_MS, `ended after ${ms} ms of silence, time to live ${ttlMs}`);
}

test('[SY-30] a call without packets ends after its time to live, 60 s by default, not before, and its ports are free again', () => {
  const { scene } = placeCall();
  assert.equal(scene.relay.sockets.length, 4);
  assertBetween(lifetimeMs(scene), MINUTE_MS);
  assert.deepEqual(scene.relay.sockets, []);
  assert.equal(scene.proxy.ask('Q call@a alice bob'), 'E50');
  const last = scene.relay.records.at(-1)!.events.at(-1)!;
  assert.ok(last.type === 'SessionClosed' && last.reason === 'timeout');
});

test('the time to live is what the relay was started with', () => {
  for (const ttlMs of [1000, 3000, 100_000]) assertBetween(lifetimeMs(placeCall({ ttlMs }).scene), ttlMs);
});

for (const speaker of ['alice', 'bob'] as const) {
  test(`[SY-30] packets of ${speaker} alone keep the call alive; from the last of them on the time runs`, () => {
    const call = placeCall();
    call[speaker].speakFor(5 * MINUTE_MS, speaker === 'alice' ? call.forAlice : call.forBob);
    call.scene.time.runFor(5 * MINUTE_MS);
    assert.equal(call.scene.proxy.ask('Q call@a alice bob').split(' ')[0], '60');
    assertBetween(lifetimeMs(call.scene), MINUTE_MS - 100);
  });
}

test('[PN-08] the time left, as Q says it, counts down without packets and is full again after each', () => {
  const { scene, alice, forAlice } = placeCall();
  const secondsLeft = (): number => Number(scene.proxy.ask('Q call@a alice bob').split(' ')[0]);
  for (const seconds of [60, 50, 40, 30]) {
    assert.equal(secondsLeft(), seconds);
    scene.time.runFor(10 * SECOND_MS - 4);
  }
  alice.speak(forAlice);
  scene.time.runFor(10);
  assert.equal(secondsLeft(), 60);
});

test('RTCP alone keeps the call alive', () => {
  const { scene, bob, forBob } = placeCall({ ttlMs: 5000 });
  for (let i = 1; i <= 20; i++) scene.time.after(i * 4000, () => bob.report(forBob));
  scene.time.runFor(81_000);
  assert.equal(scene.activeSessions, 1);
  assertBetween(lifetimeMs(scene), 3900);
});

test('packets for which there is no destination keep the call alive: it is only half silent', () => {
  const scene = new Scene({ ttlMs: 5000 });
  const alice = scene.phone('198.51.100.1', 4000, 1);
  scene.port('U call@a 198.51.100.1 4000 alice');
  const forAlice = scene.port('L call@a - 0 alice bob');
  alice.speakFor(30_000, forAlice);
  scene.time.runFor(30_000);
  assert.equal(scene.activeSessions, 1);
});

test('packets of strangers, and packets before the answer, keep nothing alive', () => {
  const { scene, alice, bob, forAlice, forBob } = placeCall();
  const stranger = scene.phone('192.0.2.66', 9000, 66);
  alice.speakFor(SECOND_MS, forAlice);
  bob.speakFor(SECOND_MS, forBob);
  scene.time.runFor(2 * SECOND_MS);
  for (const port of [forAlice, forBob]) stranger.speakFor(2 * MINUTE_MS, port);
  assertBetween(lifetimeMs(scene), MINUTE_MS - 1100);
  assert.deepEqual(stranger.heard, []);

  const early = new Scene();
  const eager = early.phone('203.0.113.1', 6000, 2);
  eager.speakFor(2 * MINUTE_MS, early.port('U call@a 198.51.100.1 4000 alice'));
  assertBetween(lifetimeMs(early), MINUTE_MS);
});

test('until it is answered a call lives for the setup time, afterwards for the other', () => {
  const options = { ttlMs: 20_000, setupTtlMs: 90_000 };
  const waiting = new Scene(options);
  waiting.port('U call@a 198.51.100.1 4000 alice');
  assertBetween(lifetimeMs(waiting), options.setupTtlMs);

  const answered = new Scene(options);
  answered.port('U call@a 198.51.100.1 4000 alice');
  answered.time.runFor(80_000);
  answered.port('L call@a 203.0.113.1 6000 alice bob');
  assertBetween(lifetimeMs(answered), options.ttlMs);

  const short = placeCall({ ttlMs: 90_000, setupTtlMs: 5000 });
  assertBetween(lifetimeMs(short.scene), 90_000);
});

test('every offer and answer starts the time anew; questions, deletes that change nothing, and refused commands do not', () => {
  const { scene } = placeCall();
  for (let i = 0; i < 5; i++) {
    scene.time.runFor(50 * SECOND_MS);
    assert.match(scene.proxy.ask(i % 2 === 0 ? 'U call@a 198.51.100.1 4000 alice bob' : 'L call@a - 0 alice bob'), /^\d+ /);
  }
  assert.equal(scene.proxy.ask('Q call@a alice bob'), '60 0 0 0 0');
  scene.time.runFor(50 * SECOND_MS);
  assert.equal(scene.proxy.ask('Q call@a alice bob'), '10 0 0 0 0');
  assert.equal(scene.proxy.ask('Dw call@a alice bob'), '0');
  assert.equal(scene.proxy.ask('Uy call@a 198.51.100.1 4000 alice bob'), 'E35');
  assertBetween(lifetimeMs(scene), 10 * SECOND_MS - 100);
});

test('an answer that is refused for want of a port does not keep the call alive', () => {
  const scene = new Scene({ portMin: 20_000, portMax: 20_001 });
  scene.port('U call@a 198.51.100.1 4000 alice');
  scene.time.runFor(50 * SECOND_MS);
  assert.equal(scene.proxy.ask('L call@a 203.0.113.1 6000 alice bob'), 'E71');
  assertBetween(lifetimeMs(scene), 10 * SECOND_MS - 100);
});

test('a thousand calls that fall silent one after the other end one after the other, and nothing of them is left', () => {
  const scene = new Scene({ portMin: 30_000, portMax: 34_001, shards: 10, ttlMs: 30_000, setupTtlMs: 30_000 });
  for (let i = 0; i < 1000; i++) {
    scene.port(`U call-${i} 198.51.100.1 4000 alice`);
    scene.port(`L call-${i} 203.0.113.1 6000 alice bob`);
  }
  assert.equal(scene.relay.sockets.length, 4000);
  assert.equal(scene.activeSessions, 1000);
  scene.time.runFor(31 * SECOND_MS);
  assert.equal(scene.activeSessions, 0);
  assert.deepEqual(scene.relay.sockets, []);
  assert.deepEqual(scene.relay.broken, []);
});
