/** Flags that say whose packets are believed, what is forgotten, and whether ports change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from './modelGiven.js';
import { NgScene, packetOf, placesIn, remoteOf } from './ngGiven.js';

const HOME = '192.0.2.1:4000';
const NAT = '198.51.100.7:40000';

/** Alice sends one packet from somewhere. */
function sends(scene: NgScene, from: string, ssrc = 7): void {
  const { local } = scene.state.legs.caller;
  assert.ok(local !== null);
  scene.relay.arrive(scene.relay.rowAt(local.port), address(from), packetOf(ssrc));
}

test('strict-source and media-handover hold for the side that they are said of, and until the other is said', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000, { flags: ['strict source'] });
  scene.answer('192.0.2.2', 5000);
  assert.deepEqual([scene.state.legs.caller.sources, scene.state.legs.callee.sources], ['strict', 'usual']);
  scene.reoffer('192.0.2.1', 4400);
  scene.reanswer('192.0.2.2', 5000, { flags: ['media-handover'] });
  assert.deepEqual([scene.state.legs.caller.sources, scene.state.legs.callee.sources], ['strict', 'handover']);
  scene.reoffer('192.0.2.1', 4400, { flags: ['media-handover'] });
  assert.equal(scene.state.legs.caller.sources, 'strict', 'an offer that waits changes nothing');
  scene.reanswer('192.0.2.2', 5000, { flags: ['media-handover', 'strict-source'] });
  assert.deepEqual(
    [scene.state.legs.caller.sources, scene.state.legs.callee.sources],
    ['handover', 'strict'],
    'of both the safe one',
  );
});

test('query tells of a side whose packets are believed, and not that a flag was not done', () => {
  const scene = new NgScene();
  const reply = scene.offer('192.0.2.1', 4000, { flags: ['strict-source', 'media-handover', 'reset', 'no-port-latching'] });
  assert.equal(reply['not-done'], undefined);
  scene.answer('192.0.2.2', 5000, { flags: ['media-handover'] });
  const told = JSON.stringify(scene.ask({ command: 'query' }));
  assert.match(told, /"strict source address"/);
  assert.match(told, /"media handover"/);
  assert.doesNotMatch(JSON.stringify(new NgScene().agree().ask({ command: 'query' })), /strict source|media handover/);
});

test('reset: what was learned of a party is forgotten with the answer, and its description counts again', () => {
  const scene = new NgScene().agree();
  sends(scene, NAT);
  assert.equal(remoteOf(scene.state, 'caller'), NAT);
  scene.reoffer('192.0.2.1', 4000);
  scene.reanswer('192.0.2.2', 5000);
  assert.equal(remoteOf(scene.state, 'caller'), NAT, 'the same description again');
  scene.reoffer('192.0.2.1', 4000, { flags: ['reset'] });
  assert.equal(remoteOf(scene.state, 'caller'), NAT, 'an offer that waits changes nothing');
  scene.reanswer('192.0.2.2', 5000);
  const { rtp, rtcp } = scene.state.legs.caller;
  assert.deepEqual([remoteOf(scene.state, 'caller'), rtp.latched, rtp.untrusted], [HOME, false, false]);
  assert.equal(rtcp.address?.port, 4001);
  sends(scene, NAT, 8);
  assert.equal(remoteOf(scene.state, 'caller'), NAT, 'it is learned anew, from where it was as well');
});

test('reset of who is asymmetric changes nothing, however often it is said', () => {
  const scene = new NgScene();
  const flags = ['asymmetric', 'reset'];
  for (let i = 0; i < 2; i++) {
    scene.offer('192.0.2.1', 4000, { flags });
    scene.answer('192.0.2.2', 5000, { flags });
  }
  const events = scene.relay.records.flatMap((record) => record.events.map(({ type }) => type));
  assert.ok(!events.includes('RemoteForgotten'), events.join(' '));
});

test('no-port-latching: who moves is told another port, and a change that fails leaves the one that was', () => {
  const scene = new NgScene().agree();
  const before = scene.state.legs.caller.local;
  const flags = ['no port latching'];
  scene.reoffer('192.0.2.1', 4000, { flags });
  scene.reanswer('192.0.2.2', 5000);
  assert.deepEqual(scene.state.legs.caller.local, before, 'the same place');
  scene.reoffer('192.0.2.1', 4400, { flags });
  scene.ask({ command: 'rollback', 'from-tag': 'alice', 'to-tag': 'bob' });
  assert.deepEqual(scene.state.legs.caller.local, before, 'a change that fails');
  const callee = scene.state.legs.callee.local;
  scene.reoffer('192.0.2.1', 4400, { flags });
  const [told] = placesIn(scene.reanswer('192.0.2.2', 5000)['sdp']);
  const { local } = scene.state.legs.caller;
  assert.notEqual(local?.port, before?.port);
  assert.equal(told, `127.0.0.1:${local?.port}`);
  assert.deepEqual(scene.state.legs.callee.local, callee, 'the other one has not moved');
  scene.reoffer('192.0.2.1', 4600, { flags: [...flags, 'port latching'] });
  scene.reanswer('192.0.2.2', 5000);
  assert.deepEqual(scene.state.legs.caller.local, local, 'kept where that is asked for as well');
  assert.equal(scene.relay.engine.bound.size, 4, 'the ports before are free');
});
