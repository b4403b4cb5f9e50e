/** Both control protocols see the same sessions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { AUDIO, CALL, NgScene, sdpLines, VIDEO } from './ngGiven.js';

function pictured(): NgScene {
  const scene = new NgScene();
  scene.offer('', 0, { sdp: sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]) });
  scene.answer('', 0, { sdp: sdpLines('192.0.2.2', [AUDIO(5000), VIDEO(5002)]) });
  return scene;
}

test('a media line is the session of its tag and number: Q finds it, from either end', () => {
  const { relay } = pictured();
  assert.match(relay.send(`Q ${CALL} alice;1 bob;1`), /^60 0 0 0 0$/);
  assert.match(relay.send(`Q ${CALL} alice;2`), /^60 0 0 0 0$/);
  assert.match(relay.send(`Q ${CALL} bob;2 alice`), /^60 0 0 0 0$/);
  assert.equal(relay.send(`Q ${CALL} alice bob`), 'E50', 'as of sessions of its own: without its number a line is not asked for');
  assert.equal(relay.send(`Q ${CALL} alice;3 bob;3`), 'E50');
});

test('D with the number of a line deletes that one, without it all of them', () => {
  const one = pictured();
  assert.equal(one.relay.send(`D ${CALL} alice;2 bob;2`), '0');
  assert.deepEqual(one.present, ['1 null bob']);
  assert.equal(one.relay.send(`D ${CALL} alice bob`), '0');
  assert.deepEqual(one.states, []);
  const all = pictured();
  assert.equal(all.relay.send(`D ${CALL} bob alice`), '0');
  assert.deepEqual(all.states, []);
  assert.equal(all.relay.heldPairs(), 0);
});

test('X deletes calls of both', () => {
  const scene = pictured();
  scene.relay.send('U classic 192.0.2.7 7000 dora');
  assert.equal(scene.relay.send('X'), '0');
  assert.equal(scene.relay.heldPairs(), 0);
});

test('a session of the classic protocol is told of by `query`, and deleted', () => {
  const scene = new NgScene();
  scene.relay.send('U classic 192.0.2.7 7000 dora');
  scene.relay.send('L classic 192.0.2.8 8000 dora emil');
  const call = { 'call-id': 'classic' };
  const queried = scene.ask({ command: 'query', ...call });
  assert.deepEqual(Object.keys(queried['tags'] as NgDictionary), ['dora', '<untagged 1>']);
  assert.match(String(scene.delete({ ...call, 'from-tag': 'nobody' })['warning']), /didn't match/);
  assert.equal(scene.delete({ ...call, 'from-tag': 'emil', 'to-tag': 'dora' })['warning'], undefined);
  assert.equal(scene.relay.heldPairs(), 0);
});

test('an answer to a call of the classic protocol is one to an unknown call; an offer makes a dialogue beside it', () => {
  const scene = new NgScene();
  scene.relay.send(`U ${CALL} 192.0.2.7 7000 dora`);
  assert.equal(scene.answer('192.0.2.2', 5000)['error-reason'], 'Unknown call-id');
  scene.agree();
  assert.equal(scene.states.length, 2);
  scene.delete({ 'to-tag': 'bob' });
  assert.deepEqual(
    scene.states.map(({ tag }) => tag),
    ['dora'],
  );
});

test('the classic protocol describes a side of a dialogue: its address moves at once, and the dialogue goes on', () => {
  const scene = new NgScene().agree();
  const port = scene.state.legs.callee.local?.port;
  assert.equal(scene.relay.send(`U ${CALL} 192.0.2.9 4900 alice;1 bob;1`), `${port} 127.0.0.1`);
  assert.equal(scene.state.legs.caller.rtp.address?.port, 4900);
  assert.equal(scene.reoffer('192.0.2.1', 4000)['result'], 'ok');
  scene.reanswer('192.0.2.2', 5000);
  assert.equal(scene.state.legs.caller.rtp.address?.port, 4000);
});
