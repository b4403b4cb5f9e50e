/** Parallel forks: one Call-ID and From tag, a dialogue a branch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { NgScene, placesIn } from './ngGiven.js';

const branch = (n: number): NgDictionary => ({ 'via-branch': `z9hG4bK-${n}` });

/** Rings at so many targets. */
function forked(targets = 3): NgScene {
  const scene = new NgScene();
  for (let n = 1; n <= targets; n++) scene.offer('192.0.2.1', 4000, branch(n));
  return scene;
}

const answerOf = (scene: NgScene, n: number): NgDictionary =>
  scene.answer(`192.0.2.${10 + n}`, 5000 + n * 2, { ...branch(n), 'to-tag': `bob${n}` });

/** Branches whose callees are not heard. */
const muted = (scene: NgScene): string[] =>
  scene.states.flatMap(({ dialogue, legs }) => (legs.callee.mutes.includes('branch') ? [dialogue?.branch?.at(-1) ?? ''] : []));

test('each branch has ports of its own, and the same again where its offer is repeated', () => {
  const scene = new NgScene();
  const places = [1, 2, 3].map((n) => placesIn(scene.offer('192.0.2.1', 4000, branch(n))['sdp'])[0]);
  assert.equal(new Set(places).size, 3);
  assert.deepEqual(placesIn(scene.offer('192.0.2.1', 4000, branch(2))['sdp']), [places[1]]);
  assert.equal(scene.states.length, 3);
  assert.deepEqual(
    scene.states.map(({ tag }) => tag),
    ['alice;1', 'alice;1', 'alice;1'],
  );
  assert.equal(scene.relay.heldPairs(), 3);
});

test('[NG-07] the branch that answers last is heard, and no other', () => {
  const scene = forked();
  answerOf(scene, 1);
  assert.deepEqual(muted(scene), ['2', '3']);
  answerOf(scene, 3);
  assert.deepEqual(muted(scene), ['1', '2']);
  answerOf(scene, 2);
  assert.deepEqual(muted(scene), ['1', '3']);
  assert.deepEqual(
    scene.states.map(({ legs }) => legs.caller.mutes),
    [[], [], []],
    'whoever rings may hear the caller',
  );
});

test('when the branch that was heard ends, the one that answered last before it is heard again', () => {
  const scene = forked();
  answerOf(scene, 1);
  scene.relay.advance(10);
  answerOf(scene, 2);
  scene.relay.advance(10);
  answerOf(scene, 3);
  scene.delete(branch(3));
  assert.deepEqual(muted(scene), ['1']);
  scene.delete(branch(2));
  assert.deepEqual(muted(scene), []);
  assert.equal(scene.states.length, 1);
});

test('the last branch that is left is heard when it answers, though another one was before', () => {
  const scene = forked(2);
  answerOf(scene, 2);
  scene.delete(branch(2));
  assert.deepEqual(muted(scene), ['1'], 'it has not answered');
  answerOf(scene, 1);
  assert.deepEqual(muted(scene), []);
});

test('the end of a branch that is not heard changes nothing for the one that is', () => {
  const scene = forked();
  answerOf(scene, 2);
  const before = scene.states.find(({ dialogue }) => dialogue?.tags.callee === 'bob2');
  scene.delete({ ...branch(1), 'sip-message-type': 'sip_reply', 'to-tag': 'bob1' });
  scene.delete({ ...branch(3), 'sip-message-type': 'sip_reply', 'to-tag': 'bob3' });
  assert.deepEqual(scene.states, [before]);
});

test('early media of a branch that fails is in doubt for a while, and another one is heard at once', () => {
  const scene = forked(2);
  answerOf(scene, 1);
  scene.relay.advance(10);
  answerOf(scene, 2);
  scene.delete({ ...branch(2), 'to-tag': 'bob2', 'sip-message-type': 'sip_reply' });
  assert.deepEqual(muted(scene), []);
  scene.relay.advance(11_000);
  assert.deepEqual(scene.present, ['1 z9hG4bK-1 bob1']);
});

test('three forks, two refusals, one answer: the audio goes on whatever is repeated, in any order', () => {
  const refuse = (scene: NgScene, n: number): NgDictionary =>
    scene.delete({ ...branch(n), 'to-tag': `bob${n}`, 'sip-message-type': 'sip_reply', 'sip-code': 487 });
  for (const order of [
    [1, 3, 1, 3],
    [3, 1, 1],
  ]) {
    const scene = forked();
    answerOf(scene, 2);
    for (const n of order) assert.equal(refuse(scene, n)['result'], 'ok');
    assert.deepEqual(scene.present, ['1 z9hG4bK-2 bob2']);
    assert.match(String(refuse(scene, 1)['warning']), /didn't match/);
    assert.deepEqual(muted(scene), []);
    assert.equal(scene.relay.heldPairs(), 2);
  }
});

test('a re-INVITE finds its branch by the tags, whatever its own transaction is called', () => {
  const scene = forked(2);
  answerOf(scene, 1);
  answerOf(scene, 2);
  scene.reoffer('192.0.2.9', 4900, { 'via-branch': 'other', 'to-tag': 'bob1' });
  assert.deepEqual(
    scene.states.map(({ legs }) => legs.caller.pending?.offer.address?.port ?? null),
    [4900, null],
  );
  scene.reanswer('192.0.2.11', 5002, { 'via-branch': 'other', 'to-tag': 'bob1' });
  assert.deepEqual(
    scene.states.map(({ legs }) => legs.caller.rtp.address?.port),
    [4900, 4000],
  );
  assert.equal(scene.states.length, 2);
});

test('an answer goes to its branch by name, or to the only one that waits for it', () => {
  const scene = forked(2);
  answerOf(scene, 2);
  assert.equal(scene.answer('192.0.2.11', 5002, { 'to-tag': 'bob1' })['result'], 'ok');
  assert.deepEqual(scene.present, ['1 z9hG4bK-1 bob1', '1 z9hG4bK-2 bob2']);
});

test('a branch that forks again further on is answered by whoever does: the ports stay', () => {
  const scene = forked(2);
  answerOf(scene, 1);
  const ports = scene.states.map(({ legs }) => legs.callee.local?.port);
  scene.answer('192.0.2.77', 7000, { ...branch(1), 'to-tag': 'carol' });
  assert.deepEqual(scene.present, ['1 z9hG4bK-1 carol', '1 z9hG4bK-2 null']);
  assert.deepEqual(
    scene.states.map(({ legs }) => legs.callee.local?.port),
    ports,
  );
});

test('two parties that answer late offers of one call are dialogues of their own', () => {
  const scene = new NgScene();
  for (const bob of ['bob1', 'bob2']) scene.offer('192.0.2.2', 5000, { 'from-tag': bob, 'to-tag': 'alice', 'via-branch': bob });
  assert.deepEqual(
    scene.states.map(({ tag }) => tag),
    ['bob1;1', 'bob2;1'],
  );
  scene.answer('192.0.2.1', 4000, { 'from-tag': 'bob2', 'to-tag': 'alice' });
  scene.delete({ 'from-tag': 'alice', 'to-tag': 'bob1' });
  assert.deepEqual(
    scene.states.map(({ tag }) => tag),
    ['bob2;1'],
  );
});
