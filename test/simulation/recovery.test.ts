/** Moments at which something dies that histories have shown to matter, one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../model/kernel/index.js';
import { shardOf } from '../../src/relay/supervisor/dispatch.js';
import { at, type Phone } from './phone.js';
import { Scene } from './scene.js';

const DEATHS = [
  { who: 'relay', downMs: 40 },
  { who: 0, downMs: 40 },
] as const;
/** Learned addresses are confirmed from then on. */
const CONFIRMED_MS = 10_000;
const SERVING_MS = 1000;

type Call = { readonly caller: Phone; readonly callee: Phone; readonly forCaller: Address; readonly forCallee: Address };

function placeCall(scene: Scene, name: string, n: number): Call {
  const [caller, callee] = [scene.phone(`198.51.100.${n}`, 4000, 2 * n), scene.phone(`203.0.113.${n}`, 6000, 2 * n + 1)];
  const forCallee = scene.port(`U ${name} ${caller.place.host} ${caller.place.port} f`);
  const forCaller = scene.port(`L ${name} ${callee.place.host} ${callee.place.port} f t`);
  return { caller, callee, forCaller, forCallee };
}

const callOn = (shard: number, shards: number, name: string): string => {
  for (let n = 0; ; n++) if (shardOf(`${name}-${n}`, shards) === shard) return `${name}-${n}`;
};

for (const death of DEATHS) {
  const dead = death.who === 'relay' ? 'the relay' : 'its thread';

  test(`who was confirmed right before ${dead} died is known again when it sends from elsewhere`, () => {
    const scene = new Scene({ shards: 1 });
    const { caller, callee, forCaller } = placeCall(scene, 'call@a', 1);
    scene.time.runFor(CONFIRMED_MS);
    caller.speak(forCaller);
    scene.time.runFor(10);
    scene.relay.die(death);
    scene.time.runFor(SERVING_MS);
    caller.moveTo(at('192.0.2.99', 4700));
    caller.speak(forCaller);
    scene.time.runFor(10);
    assert.equal(callee.heard.length, 2);
    assert.deepEqual(scene.relay.broken, []);
  });

  test(`the time to live is never longer than it is, though ${dead} had heard packets that it had not written down`, () => {
    const scene = new Scene({ shards: 1, ttlMs: 30_000 });
    const { caller, callee, forCaller, forCallee } = placeCall(scene, 'call@a', 1);
    for (let n = 0; n < 20; n++) {
      caller.speakFor(2370, forCaller);
      callee.speakFor(2370, forCallee);
      scene.time.runFor(2371);
      scene.relay.die(death);
      const left = Number(scene.proxy.ask('Q call@a f t').split(' ')[0]);
      // What was heard in the last two seconds has died with it, but for what outlives a thread.
      assert.ok(left >= 26 && left <= 30, `${left} seconds are left`);
    }
  });

  test(`a session that had ended, though nobody could read it when ${dead} died, ends once more, and the log is sound`, () => {
    const scene = new Scene({ shards: 1, ttlMs: 5000 });
    placeCall(scene, 'call@a', 1);
    scene.relay.onStep = ({ events }) => {
      if (!events.some(({ type }) => type === 'SessionClosed')) return;
      scene.relay.onStep = () => {};
      scene.time.after(0, () => scene.relay.die(death));
    };
    scene.time.runFor(10_000);
    assert.equal(scene.activeSessions, 0);
    assert.deepEqual(scene.relay.sockets, []);
    const ends = scene.relay.records.filter(({ events }) => events.at(-1)?.type === 'SessionClosed');
    assert.equal(ends.length, 2, 'the first one was not written');
    assert.deepEqual(scene.relay.broken, []);
  });
}

test('a command that comes while a thread takes up what another has left is carried out once', () => {
  const scene = new Scene({ shards: 1 });
  placeCall(scene, 'call@a', 1);
  scene.relay.die({ who: 0, downMs: 0 });
  const first = scene.port('Un call@a 198.51.100.1 4000 f t');
  assert.deepEqual(scene.port('U call@a 198.51.100.1 4000 f t'), first);
  assert.equal(scene.relay.sockets.length, 4);
  assert.deepEqual(scene.relay.broken, []);
});

test('a command that was carried out, but whose answer died with the thread, is not carried out again', () => {
  const scene = new Scene({ shards: 1 });
  placeCall(scene, 'call@a', 1);
  scene.relay.onStep = () => {
    scene.relay.onStep = () => {};
    scene.time.after(0, () => scene.relay.die({ who: 0, downMs: 5 }));
  };
  assert.equal(scene.proxy.ask('D call@a f t'), '0');
  assert.equal(scene.proxy.ask('D call@a f t'), 'E50');
});

test('a fork from a call whose thread is being replaced is heard once', () => {
  const scene = new Scene({ shards: 2 });
  const [source, listener] = [callOn(0, 2, 'source'), callOn(1, 2, 'listener')];
  const from = placeCall(scene, source, 1);
  const to = placeCall(scene, listener, 2);
  scene.relay.onStep = () => {
    scene.relay.onStep = () => {};
    scene.relay.die({ who: 0, downMs: 0 });
  };
  scene.port(`U ${listener} - 0 f t && C ${source} f t`);
  scene.time.runFor(SERVING_MS);
  from.callee.speak(from.forCallee);
  scene.time.runFor(20);
  assert.deepEqual([from.caller.heard.length, to.caller.heard.length], [1, 1]);
});
