/** Hold in every form, and how long calls live without media. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOLD_TTL_MS } from '../../model/session/state.js';
import { AUDIO, NgScene, remoteOf, sdpLines, sdpOf, VIDEO } from './ngGiven.js';

const MINUTE = 60_000;

/** Descriptions of Alice's that hold, and what Bob says to it. */
const HOLDS: readonly (readonly [name: string, offer: string, answer: string])[] = [
  ['sendonly', sdpOf('192.0.2.1', 4000, ['a=sendonly']), sdpOf('192.0.2.2', 5000, ['a=recvonly'])],
  ['inactive', sdpOf('192.0.2.1', 4000, ['a=inactive']), sdpOf('192.0.2.2', 5000, ['a=inactive'])],
  ['a zero address', sdpOf('0.0.0.0', 4000), sdpOf('192.0.2.2', 5000)],
  ['a zero address of IPv6', sdpOf('::', 4000), sdpOf('192.0.2.2', 5000)],
  ['a zero address and inactive', sdpOf('0.0.0.0', 4000, ['a=inactive']), sdpOf('192.0.2.2', 5000, ['a=inactive'])],
  ['only the answer says it', sdpOf('192.0.2.1', 4000), sdpOf('192.0.2.2', 5000, ['a=recvonly'])],
];

for (const [name, offer, answer] of HOLDS) {
  test(`[NG-04] hold by ${name}: an hour of silence, and back again on the same ports`, () => {
    const scene = new NgScene().agree();
    const ports = [scene.state.legs.caller.local, scene.state.legs.callee.local];
    scene.reoffer('', 0, { sdp: offer });
    scene.reanswer('', 0, { sdp: answer });
    scene.relay.advance(HOLD_TTL_MS - MINUTE);
    assert.equal(scene.states.length, 1);
    scene.reoffer('192.0.2.1', 4000);
    scene.reanswer('192.0.2.2', 5000);
    assert.deepEqual([remoteOf(scene.state, 'caller'), remoteOf(scene.state, 'callee')], ['192.0.2.1:4000', '192.0.2.2:5000']);
    assert.deepEqual([scene.state.legs.caller.local, scene.state.legs.callee.local], ports);
    assert.equal(scene.state.legs.caller.held, false);
    scene.relay.advance(2 * MINUTE);
    assert.deepEqual(scene.states, [], 'and then silence counts again');
  });
}

test('a hold that is only offered is none yet', () => {
  const scene = new NgScene().agree();
  scene.reoffer('', 0, { sdp: sdpOf('192.0.2.1', 4000, ['a=sendonly']) });
  scene.relay.advance(2 * MINUTE);
  assert.deepEqual(scene.states, []);
});

test('a hold ends after an hour', () => {
  const scene = new NgScene().agree();
  scene.reoffer('', 0, { sdp: sdpOf('192.0.2.1', 4000, ['a=inactive']) });
  scene.reanswer('', 0, { sdp: sdpOf('192.0.2.2', 5000, ['a=inactive']) });
  scene.relay.advance(HOLD_TTL_MS + MINUTE);
  assert.deepEqual(scene.states, []);
});

test('an offer rings for five minutes, whatever the time to live', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.relay.advance(4.9 * MINUTE);
  assert.equal(scene.states.length, 1);
  scene.relay.advance(0.2 * MINUTE);
  assert.deepEqual(scene.states, []);
});

test('an ICE agent without candidates is not on hold', () => {
  const scene = new NgScene();
  const sdp = sdpLines('0.0.0.0', [['audio 9 RTP/AVP 0', 'a=ice-ufrag:x', 'a=ice-pwd:y']]);
  scene.offer('', 0, { sdp });
  assert.deepEqual([scene.state.legs.caller.held, scene.state.legs.caller.rtp.address], [false, null]);
});

test('the lines of a dialogue keep each other alive, and not those of another branch', () => {
  const scene = new NgScene();
  const pictured = (host: string, port: number) => sdpLines(host, [AUDIO(port), VIDEO(port + 2)]);
  for (const branch of ['1', '2']) {
    scene.offer('', 0, { sdp: pictured('192.0.2.1', 4000), 'via-branch': branch });
    scene.answer('', 0, { sdp: pictured('192.0.2.2', 5000), 'via-branch': branch, 'to-tag': `bob${branch}` });
  }
  for (let minute = 0; minute < 5; minute++) {
    const [audio] = scene.relay.shard.directory.ofCall('call-1@example.net');
    const leg = audio?.snapshot.context.legs.caller;
    assert.ok(leg?.local && leg.rtp.address);
    scene.relay.arrive(
      scene.relay.rowAt(leg.local.port),
      leg.rtp.address,
      new Uint8Array([0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]),
    );
    scene.relay.advance(MINUTE - 1000);
  }
  assert.deepEqual(scene.present, ['1 1 bob1', '2 1 bob1']);
  scene.relay.advance(2 * MINUTE);
  assert.deepEqual(scene.present, []);
});

test('a line that was deleted ends on time, though another one is heard', () => {
  const scene = new NgScene();
  scene.offer('', 0, { sdp: sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]) });
  scene.answer('', 0, { sdp: sdpLines('192.0.2.2', [AUDIO(5000), VIDEO(5002)]) });
  scene.delete({ 'delete-delay': 5 });
  for (let second = 0; second < 6; second++) {
    scene.speak();
    scene.relay.advance(1000);
  }
  assert.deepEqual(scene.states, []);
});
