/** Which dialogues a `delete` ends: the table of the documentation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { ShardCheck } from '../../src/relay/events/check.js';
import { wrongInRecord } from '../../src/relay/events/schema.js';
import { NgScene } from './ngGiven.js';

const WARNING = "Call-ID not found or tags didn't match";

/** What a call consists of: `branch callee`, `-` where there is none. Alice has begun it. */
type Given = readonly string[];

function callOf(given: Given): NgScene {
  const scene = new NgScene();
  for (const each of given) {
    const [branch = '-', callee = '-'] = each.split(' ');
    const named = branch === '-' ? {} : { 'via-branch': branch };
    scene.offer('192.0.2.1', 4000, named);
    if (callee !== '-') scene.answer('192.0.2.2', 5000, { ...named, 'to-tag': callee });
  }
  return scene;
}

const left = (scene: NgScene): string[] =>
  scene.states.map(({ dialogue }) => `${dialogue?.branch ?? '-'} ${dialogue?.tags.callee ?? '-'}`);

const ONE: Given = ['- bob'];
const RINGING: Given = ['- -'];
const BRANCH: Given = ['b1 bob'];
const FORK: Given = ['b1 bob', 'b2 -', 'b3 -'];
const TWO: Given = ['b1 bob', 'b2 carol'];

/** What a row asks, by its keys: `f` From tag, `t` To tag, `b` branch. */
const asked = (text: string): NgDictionary => {
  const keys = { f: 'from-tag', t: 'to-tag', b: 'via-branch' } as const;
  const pairs = text === '' ? [] : text.split(' ').map((pair) => pair.split('=') as [keyof typeof keys, string]);
  return Object.fromEntries(pairs.map(([key, value]) => [keys[key], value]));
};

/** A call, what is asked, what is left. */
const TABLE: readonly (readonly [Given, string, Given])[] = [
  // No branches.
  [ONE, 'f=alice t=bob', []],
  [ONE, 'f=bob t=alice', []],
  [ONE, 'f=alice', []],
  [ONE, 'f=bob', []],
  [ONE, 't=bob', []],
  [ONE, '', []],
  [ONE, 'f=alice t=bob b=of-the-BYE', []],
  [ONE, 'b=of-the-BYE', []],
  [ONE, 'f=mallory', ONE],
  [ONE, 'f=alice t=failed', ONE],
  [ONE, 'f=mallory t=bob', ONE],
  [RINGING, 'f=alice', []],
  [RINGING, 'f=alice t=failed', []],
  [RINGING, 'f=failed t=alice', []],
  [RINGING, 'f=mallory t=eve', RINGING],
  // One branch.
  [BRANCH, 'f=alice t=bob b=b1', []],
  [BRANCH, 'f=alice b=b1', []],
  [BRANCH, 'b=b1', []],
  [BRANCH, 'f=bob t=alice b=of-the-BYE', []],
  [BRANCH, 't=bob b=of-the-BYE', []],
  [BRANCH, 'b=b9', BRANCH],
  [BRANCH, 'f=alice t=failed b=b9', BRANCH],
  [BRANCH, 'f=mallory b=b1', BRANCH],
  // A fork.
  [FORK, 'f=alice b=b2', ['b1 bob', 'b3 -']],
  [FORK, 'b=b2', ['b1 bob', 'b3 -']],
  [FORK, 'f=alice t=failed b=b2', ['b1 bob', 'b3 -']],
  [FORK, 'f=failed t=alice b=b2', ['b1 bob', 'b3 -']],
  [FORK, 'f=alice t=failed', FORK],
  [FORK, 'f=alice t=failed b=b9', FORK],
  [FORK, 'b=b9', FORK],
  [FORK, 'f=alice b=b9', FORK],
  [FORK, 'f=alice t=bob', ['b2 -', 'b3 -']],
  [FORK, 'f=bob t=alice b=of-the-BYE', ['b2 -', 'b3 -']],
  [FORK, 'f=bob', ['b2 -', 'b3 -']],
  [FORK, 'f=alice', []],
  [FORK, '', []],
  [TWO, 'f=alice t=carol', ['b1 bob']],
  [TWO, 'b=b2', ['b1 bob']],
  [TWO, 't=carol', ['b1 bob']],
  [TWO, 'f=carol', ['b1 bob']],
  [TWO, 'f=alice t=carol b=b1', ['b2 carol']],
  [TWO, 'f=alice', []],
];

for (const [given, text, expected] of TABLE) {
  test(`delete ${text || 'of the call'} leaves of ${given.join(', ')}: ${expected.join(', ') || 'nothing'}`, () => {
    const scene = callOf(given);
    const reply = scene.ask({ command: 'delete', ...asked(text) });
    assert.deepEqual(left(scene), expected);
    assert.equal(reply['result'], 'ok');
    assert.equal(reply['warning'], expected.length === given.length ? WARNING : undefined);
    // What is told changes nothing of what is meant.
    const told = callOf(given).ask({ command: 'delete', ...asked(text), flags: ['to-tag', 'fatal', 'fast'] });
    if (expected.length === given.length) assert.deepEqual([told['result'], told['error-reason']], ['error', WARNING]);
    else assert.deepEqual(Object.entries(told), [['result', 'ok']]);
  });
}

test('a delete answers what was counted of the call; `fast`: nothing', () => {
  const scene = callOf(ONE);
  const reply = scene.delete();
  assert.deepEqual(Object.keys(reply['tags'] as NgDictionary).sort(), ['alice', 'bob']);
  assert.equal(scene.delete()['warning'], WARNING, 'and then the call is not there');
  assert.equal(callOf(ONE).delete({ flags: ['fast'] })['tags'], undefined);
});

test('a delete may take a while; until then the media goes on, and a sooner one counts', () => {
  const scene = callOf(ONE);
  scene.delete({ 'delete-delay': 30 });
  assert.equal(scene.state.deletion?.unlessHeard, false);
  scene.delete({ 'delete-delay': '5' });
  scene.delete({ 'delete-delay': 20 });
  scene.relay.advance(4900);
  scene.speak();
  assert.equal(scene.states.length, 1);
  scene.relay.advance(200);
  assert.deepEqual(scene.states, []);
  assert.equal(scene.relay.heldPairs(), 0);
});

test('a delay has an end, however long it is said to be, and the log that tells of it can be read', () => {
  for (const delay of [86_400, 86_401, Number.MAX_SAFE_INTEGER]) {
    const scene = callOf(ONE);
    assert.equal(scene.delete({ 'delete-delay': delay })['result'], 'ok');
    const { since, until } = scene.state.deletion ?? { since: 0, until: 0 };
    assert.equal(until - since, 86_400_000);
    const check = new ShardCheck('0', true);
    for (const record of scene.relay.log) {
      assert.equal(wrongInRecord(record), null);
      assert.deepEqual(check.take(record, 'log').broken, []);
    }
  }
});

test('a new offer within the delay brings the call back, on its ports', () => {
  const scene = callOf(ONE);
  const ports = scene.state.legs.callee.local;
  scene.delete({ 'delete-delay': 5 });
  scene.offer('192.0.2.1', 4000);
  assert.equal(scene.state.deletion, null);
  scene.relay.advance(10_000);
  assert.deepEqual(scene.state.legs.callee.local, ports);
});

const REPLY = { 'sip-message-type': 'sip_reply' };
const REQUEST = { 'sip-message-type': 'sip_request' };

test('a BYE ends the call at once, whichever of the parties says it', () => {
  for (const [from, to] of [
    ['alice', 'bob'],
    ['bob', 'alice'],
  ] as const) {
    const scene = callOf(ONE);
    scene.delete({ 'from-tag': from, 'to-tag': to, ...REQUEST });
    assert.deepEqual(scene.states, []);
  }
});

test('a BYE that crosses a re-INVITE ends the call within ten seconds, as nobody sends any more', () => {
  const scene = callOf(ONE);
  scene.speak();
  scene.reoffer('192.0.2.9', 4900);
  scene.delete({ 'to-tag': 'bob', ...REQUEST });
  scene.speak();
  assert.equal(scene.states.length, 1);
  scene.relay.advance(10_200);
  assert.deepEqual(scene.states, []);
});

test('[NG-06] a CANCEL of a re-INVITE looks the same, but both go on sending: the call stays, and the offer is over', () => {
  const scene = callOf(ONE);
  scene.speak();
  scene.reoffer('192.0.2.9', 4900);
  scene.delete({ 'to-tag': 'bob', ...REQUEST });
  for (let second = 0; second < 12; second++) {
    scene.relay.advance(1000);
    scene.speak();
  }
  assert.equal(scene.state.deletion, null);
  assert.equal(scene.state.legs.caller.pending, null);
  scene.delete({ 'to-tag': 'bob', ...REQUEST });
  assert.deepEqual(scene.states, [], 'the BYE later');
});

test('[NG-06] the 200 that wins against the CANCEL of its re-INVITE brings the call back', () => {
  const scene = callOf(ONE);
  scene.reoffer('192.0.2.9', 4900);
  scene.delete({ 'to-tag': 'bob', ...REQUEST });
  scene.reanswer('192.0.2.2', 5000);
  assert.equal(scene.state.deletion, null);
  assert.equal(scene.state.legs.caller.rtp.address?.port, 4900);
});

test('early media whose party refuses in the end goes within ten seconds', () => {
  const scene = callOf(ONE);
  scene.delete({ 'to-tag': 'bob', ...REPLY });
  scene.relay.advance(10_200);
  assert.deepEqual(scene.states, []);
});

test('a refusal before any answer ends the dialogue at once', () => {
  const scene = callOf(RINGING);
  scene.delete({ 'to-tag': 'failed', ...REPLY });
  assert.deepEqual(scene.states, []);
});

test('what nobody has answered ends with a rollback; a rollback of nothing says so', () => {
  const scene = callOf(RINGING);
  assert.equal(scene.ask({ command: 'rollback', 'from-tag': 'mallory', 'to-tag': 'eve' })['error-reason'], WARNING);
  assert.equal(scene.ask({ command: 'rollback', 'from-tag': 'alice' })['result'], 'ok');
  assert.deepEqual(scene.states, []);
  assert.equal(scene.ask({ command: 'rollback', 'from-tag': 'alice' })['error-reason'], 'Unknown call-ID');
  const agreed = callOf(ONE);
  const before = agreed.state;
  assert.equal(agreed.ask({ command: 'rollback', 'from-tag': 'alice', 'to-tag': 'bob' })['result'], 'ok');
  assert.equal(agreed.state, before);
});
