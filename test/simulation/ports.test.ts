import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from './phone.js';
import { MEDIA_HOST, Scene } from './scene.js';

test('[SY-26] a hundred calls get even ports of the range, none twice, in no order, each with the port above it', () => {
  const scene = new Scene({ portMin: 30_000, portMax: 30_999, shards: 4 });
  const ports = Array.from({ length: 100 }, (_, i) => scene.port(`U call-${i} 198.51.100.1 4000 alice`).port as number);
  assert.equal(new Set(ports).size, 100);
  for (const port of ports) {
    assert.ok(port % 2 === 0 && port >= 30_000 && port <= 30_998, String(port));
    assert.ok(scene.network.isBound(at(MEDIA_HOST, port)) && scene.network.isBound(at(MEDIA_HOST, port + 1)));
  }
  const steps = ports.slice(1).map((port, i) => port - ports[i]!);
  assert.ok(steps.filter((step) => Math.abs(step) === 2).length < 20, `hardly two in a row are neighbours: ${ports}`);
});

test('[PN-19] ports of the range that somebody else has are skipped, and so is a pair of which only the upper one is taken', () => {
  const scene = new Scene({ portMin: 20_000, portMax: 20_010 });
  for (const taken of [20_000, 20_003, 20_006]) scene.network.bind(at(MEDIA_HOST, taken), () => {});
  const given = [1, 2].map((i) => scene.port(`U call-${i} 198.51.100.1 4000 alice`).port as number);
  assert.deepEqual(
    given.sort((a, b) => a - b),
    [20_004, 20_008],
  );
  assert.equal(scene.proxy.ask('U call-3 198.51.100.1 4000 alice'), 'E72');
  assert.ok(scene.relay.warnings.some((text) => text.includes('every port pair of the range is in use')));
  scene.network.unbind(at(MEDIA_HOST, 20_003));
  assert.equal(scene.port('U call-3 198.51.100.1 4000 alice').port as number, 20_002);
});

test('[PN-34] when the range is used up, a new call gets E72 and an answer E71, and nothing leaks', () => {
  const scene = new Scene({ portMin: 20_000, portMax: 20_005, shards: 3 });
  const calls = [1, 2, 3].map((i) => `call-${i} 198.51.100.1 4000 alice`);
  for (const call of calls) scene.port(`U ${call}`);
  for (let i = 0; i < 50; i++) {
    assert.equal(scene.proxy.ask(`U more-${i} 198.51.100.1 4000 alice`), 'E72');
    assert.equal(scene.proxy.ask(`L ${calls[i % 3]} bob`), 'E71');
    assert.equal(scene.proxy.ask(`U call-${(i % 3) + 1} 203.0.113.1 6000 bob alice`), 'E71');
  }
  assert.equal(scene.relay.sockets.length, 6);
  assert.equal(scene.activeSessions, 3);
  assert.equal(scene.proxy.ask('D call-2 alice'), '0');
  assert.deepEqual(scene.port(`L ${calls[0]} bob`).host, MEDIA_HOST);
  assert.equal(scene.relay.sockets.length, 6);
});

test('two pairs serve a call whichever of eight shards has it', () => {
  const scene = new Scene({ portMin: 20_000, portMax: 20_003, shards: 8 });
  for (let i = 0; i < 40; i++) {
    const [forBob, forAlice] = [scene.port(`U call-${i} - 0 alice`), scene.port(`L call-${i} - 0 alice bob`)];
    assert.notEqual(forBob.port, forAlice.port);
    assert.equal(scene.proxy.ask(`U other-${i} - 0 alice`), 'E72');
    assert.equal(scene.proxy.ask(`D call-${i} alice`), '0');
  }
  const served = scene.relay.threads.filter(({ shard }) => shard.counters.shard('sessionsOpened') > 0);
  assert.ok(served.length >= 6, `${served.length} of 8 shards had a call`);
});

test('[PN-21] an answer to an unknown call opens no port and makes no session', () => {
  const scene = new Scene();
  scene.port('U call@a 198.51.100.1 4000 alice');
  for (const command of ['L call@b 203.0.113.1 6000 alice bob', 'L call@a 203.0.113.1 6000 carol bob'])
    assert.equal(scene.proxy.ask(command), '0');
  assert.equal(scene.activeSessions, 1);
  assert.match(scene.proxy.ask('I'), /^sessions created: 1$/m);
  assert.equal(scene.relay.sockets.length, 2);
});

test('X ends the sessions of all shards at once', () => {
  const scene = new Scene({ shards: 5 });
  for (let i = 0; i < 30; i++) scene.port(`U call-${i} 198.51.100.1 4000 alice`);
  assert.equal(scene.activeSessions, 30);
  assert.equal(scene.proxy.ask('X'), '0');
  assert.equal(scene.activeSessions, 0);
  assert.deepEqual(scene.relay.sockets, []);
  assert.equal(scene.proxy.ask('X'), '0');
});

test('[SY-26] in sequence: one pair after the other whichever thread has the call, not the lowest free one, and from the start again', () => {
  const scene = new Scene({ portMin: 30_000, portMax: 30_019, shards: 4, sequential: true });
  const next = (call: string): number => scene.port(`U ${call} 198.51.100.1 4000 alice`).port;
  assert.deepEqual(
    [1, 2, 3, 4].map((i) => next(`call-${i}`)),
    [30_000, 30_002, 30_004, 30_006],
  );
  for (const i of [1, 3]) scene.proxy.ask(`D call-${i} alice`);
  assert.deepEqual(
    [5, 6].map((i) => next(`call-${i}`)),
    [30_008, 30_010],
  );
  scene.network.bind(at(MEDIA_HOST, 30_013), () => {});
  assert.equal(next('call-7'), 30_014);
  assert.equal(scene.port('Ln call-7 203.0.113.1 6000 alice bob').port, 30_016);
  assert.equal(scene.port('Un call-7 198.51.100.1 4000 alice bob').port, 30_018);
  assert.equal(next('call-8'), 30_000, 'from the start again');
  assert.equal(next('call-9'), 30_004, '30002 is held');
});
