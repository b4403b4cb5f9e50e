/** `delete` as Kamailio 5.6 says it: with the From tag alone, for a BYE as for a change that was refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NgScene, sdpOf } from './ngGiven.js';

const WARNING = "Call-ID not found or tags didn't match";

function agreed(branch?: string): NgScene {
  const scene = new NgScene();
  const named = branch === undefined ? {} : { 'via-branch': branch };
  scene.offer('192.0.2.1', 4000, named);
  scene.answer('192.0.2.2', 5000, named);
  return scene;
}

const reoffer = (scene: NgScene, from: 'alice' | 'bob'): unknown => {
  const to = from === 'alice' ? 'bob' : 'alice';
  return scene.ask({ command: 'offer', 'from-tag': from, 'to-tag': to, sdp: sdpOf('192.0.2.3', 6000) });
};

const remove = (scene: NgScene, from: 'alice' | 'bob', more = {}) =>
  scene.ask({ command: 'delete', 'from-tag': from, ...more })['warning'];

for (const from of ['alice', 'bob'] as const) {
  test(`[NG-05 NG-06] a delete after an offer of ${from} may be its refusal, told twice: what was agreed on goes on`, () => {
    const scene = agreed();
    reoffer(scene, from);
    assert.equal(remove(scene, from), undefined);
    scene.relay.advance(20);
    assert.equal(remove(scene, from), undefined);
    scene.relay.advance(1_900);
    const [state] = scene.states;
    assert.equal(state?.closed, null);
    assert.equal(state.legs.caller.description?.formats.length, 3);
  });

  test(`[NG-06] a delete some time after that of a refusal is that of a BYE of ${from}`, () => {
    const scene = agreed();
    reoffer(scene, 'alice');
    remove(scene, 'alice');
    scene.relay.advance(2_100);
    remove(scene, from);
    assert.deepEqual(scene.states, []);
  });

  test(`[NG-06] without an offer, the delete of ${from} is that of a BYE`, () => {
    const scene = agreed();
    remove(scene, from);
    assert.deepEqual(scene.states, []);
  });
}

test('[NG-06] a BYE that crosses a re-INVITE ends the call, a while later', () => {
  const scene = agreed();
  reoffer(scene, 'alice');
  remove(scene, 'bob');
  scene.relay.advance(10_200);
  assert.deepEqual(scene.states, []);
});

test('[NG-07] the branch of a BYE is another one: with a tag it ends the only dialogue unless both sides go on, without any it ends none', () => {
  const scene = agreed('z9hG4bK1');
  assert.equal(scene.ask({ command: 'delete', 'via-branch': 'z9hG4bK9' })['warning'], WARNING);
  assert.equal(scene.states[0]?.deletion, null);
  for (let i = 0; i < 3; i++) assert.equal(remove(scene, 'alice', { 'via-branch': 'z9hG4bK9' }), undefined);
  assert.ok(scene.states.length === 1);
  scene.relay.advance(10_200);
  assert.deepEqual(scene.states, []);
});

test('[NG-07] a branch that ended twice does not end the one that was answered: both sides are heard, and it is kept', () => {
  const scene = agreed('z9hG4bK1');
  assert.equal(remove(scene, 'alice', { 'via-branch': 'z9hG4bK2' }), undefined);
  for (let i = 0; i < 11; i++) {
    scene.speak();
    scene.relay.advance(1000);
  }
  assert.equal(scene.states[0]?.deletion, null);
  assert.equal(scene.states[0]?.closed, null);
});
