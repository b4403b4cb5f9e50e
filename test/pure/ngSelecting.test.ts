/** Whom the commands about running media mean: mutes and recordings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIDES } from '../../model/session/side.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { AUDIO, NgScene, networksOf, sdpLines, VIDEO } from './ngGiven.js';

const RECORDING = { setting: { recording: { form: 'wav', all: false } } } as const;

function pictured(special: ConstructorParameters<typeof NgScene>[0] = {}): NgScene {
  const scene = new NgScene(special);
  scene.offer('', 0, { sdp: sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]), label: 'left' });
  scene.answer('', 0, { sdp: sdpLines('2001:db8::2', [AUDIO(5000), VIDEO(5002)]), label: 'right' });
  return scene;
}

/** Mutes of each side of each line, `1a` the caller's of the first. */
const mutes = (scene: NgScene): string[] =>
  scene.states.flatMap(({ dialogue, legs }) => [
    ...legs.caller.mutes.map((mute) => `${dialogue?.media}a ${mute}`),
    ...legs.callee.mutes.map((mute) => `${dialogue?.media}b ${mute}`),
  ]);

const ALICE = ['1a blocked', '2a blocked'];
const BOB = ['1b blocked', '2b blocked'];
const ALL = ['1a blocked', '1b blocked', '2a blocked', '2b blocked'];

const CHOICES: readonly (readonly [string, NgDictionary, readonly string[] | string])[] = [
  ['nobody: all of the call', {}, ALL],
  ['a From tag alone does not count', { 'from-tag': 'alice' }, ALL],
  ['a From tag that is meant', { 'from-tag': 'alice', flags: ['directional'] }, ALICE],
  ['the other one', { 'from-tag': 'bob', flags: ['directional'] }, BOB],
  ['what goes to a party', { 'from-tag': 'alice', flags: ['egress'] }, BOB],
  ['what goes to a label', { label: 'right', flags: ['egress'] }, ALICE],
  ['a label', { label: 'right' }, BOB],
  ['a label goes before a tag', { label: 'right', 'from-tag': 'alice', flags: ['directional'] }, BOB],
  ['an address', { address: '192.0.2.1' }, ALICE],
  ['the flag all', { flags: ['all'] }, ALL],
  ['a tag that nobody has', { 'from-tag': 'eve', flags: ['directional'] }, 'From-tag given, but no such tag exists'],
  ['a label that nobody has', { label: 'middle' }, 'No monologue matching the given label'],
  ['an address where nobody is', { address: '192.0.2.99' }, 'Failed to match address to any tag'],
  ['an address that is none', { address: 'left' }, 'Failed to match address to any tag'],
];

for (const [name, choice, expected] of CHOICES) {
  test(`block media, named by ${name}`, () => {
    const scene = pictured();
    const reply = scene.ask({ command: 'block media', ...choice });
    if (typeof expected === 'string') assert.deepEqual([reply['error-reason'], mutes(scene)], [expected, []]);
    else {
      assert.deepEqual(mutes(scene), expected);
      scene.ask({ command: 'unblock media', ...choice });
      assert.deepEqual(mutes(scene), []);
    }
  });
}

test('an address of IPv6 is found in whichever form it is written', () => {
  const scene = new NgScene({ setting: { networks: networksOf({ six: ['::1'] }) } });
  scene.offer('2001:db8::1', 4000);
  scene.ask({ command: 'block media', address: '2001:0DB8:0::0001' });
  assert.deepEqual(mutes(scene), ['1a blocked']);
});

test('block, silence and block DTMF are told apart, and ended one by one', () => {
  const scene = pictured();
  const directional = { 'from-tag': 'bob', flags: ['directional'] };
  for (const command of ['block media', 'silence media', 'block DTMF']) scene.ask({ command, ...directional });
  assert.deepEqual(mutes(scene).slice(0, 3), ['1b blocked', '1b silenced', '1b dtmf']);
  scene.ask({ command: 'unsilence media', ...directional });
  assert.deepEqual(mutes(scene).slice(0, 2), ['1b blocked', '1b dtmf']);
  scene.ask({ command: 'unblock media' });
  scene.ask({ command: 'unblock DTMF' });
  assert.deepEqual(mutes(scene), []);
});

test('keys of a party that are blocked from its offer on stay so until they are unblocked', () => {
  const scene = new NgScene();
  const reply = scene.offer('192.0.2.1', 4000, { flags: ['block DTMF'] });
  assert.equal(reply['not-done'], undefined);
  scene.answer('192.0.2.2', 5000);
  assert.deepEqual(
    SIDES.map((side) => scene.state.legs[side].mutes),
    [['dtmf'], []],
  );
  scene.ask({ command: 'unblock DTMF' });
  assert.deepEqual(scene.state.legs.caller.mutes, []);
});

test('commands about running media say so of a call that is not there', () => {
  const scene = new NgScene();
  for (const command of ['block media', 'unsilence media', 'play media'])
    assert.equal(scene.ask({ command, file: 'x', flags: ['all'] })['error-reason'], 'Unknown call-ID', command);
  for (const command of ['start recording', 'stop recording', 'pause recording', 'query'])
    assert.equal(scene.ask({ command })['error-reason'], 'Unknown call-id', command);
});

const recorded = (scene: NgScene): string[][] =>
  scene.states.map(({ recordings }) => recordings.map(({ name, sides }) => `${name} ${sides.join('+')}`));

test('a recording is of all lines and both sides, under the last part of the name that was given', () => {
  const scene = pictured(RECORDING);
  scene.ask({ command: 'start recording', 'recording-file': '/var/../spool/take.wav' });
  assert.deepEqual(recorded(scene), [['take caller+callee'], ['take-2 caller+callee']]);
  const events = scene.relay.records.length;
  scene.ask({ command: 'start recording', 'recording-file': 'take' });
  assert.equal(scene.relay.records.length, events, 'what is recorded already goes on');
  scene.ask({ command: 'stop recording' });
  assert.deepEqual(recorded(scene), [[], []]);
});

test('without a name it is called after Call-ID and tag; to pause is to end', () => {
  const scene = pictured(RECORDING);
  scene.ask({ command: 'start recording' });
  assert.deepEqual(recorded(scene), [['null caller+callee'], ['null caller+callee']]);
  scene.ask({ command: 'pause recording' });
  scene.ask({ command: 'start recording' });
  assert.deepEqual(
    scene.states.map(({ recordings }) => recordings.map(({ id }) => id)),
    [[2], [2]],
  );
});

test('`record-call` records from its first offer, from its answer, or from a re-INVITE on', () => {
  const flags = { flags: ['record-call'] };
  const told: readonly ((scene: NgScene) => void)[] = [
    (scene) => {
      scene.offer('192.0.2.1', 4000, flags);
      scene.answer('192.0.2.2', 5000);
    },
    (scene) => {
      scene.offer('192.0.2.1', 4000);
      scene.answer('192.0.2.2', 5000, flags);
    },
    (scene) => scene.agree().reoffer('192.0.2.1', 4000, flags),
    (scene) => {
      scene.offer('192.0.2.1', 4000, flags);
      scene.answer('192.0.2.2', 5000, flags);
      scene.reoffer('192.0.2.1', 4000, flags);
    },
  ];
  for (const form of ['wav', 'pcap', 'ad-hoc'] as const) {
    for (const tell of told) {
      const scene = new NgScene({ setting: { recording: { form, all: false } } });
      tell(scene);
      assert.deepEqual(recorded(scene), [['null caller+callee']]);
      assert.deepEqual(
        scene.relay.records.filter(({ refusal }) => refusal !== undefined),
        [],
      );
    }
  }
});

test('where every call is recorded, so are those of this protocol, and lines that are added', () => {
  const scene = new NgScene({ setting: { recording: { form: 'wav', all: true } } }).agree();
  scene.reoffer('', 0, { sdp: sdpLines('192.0.2.1', [AUDIO(4000), VIDEO(4002)]) });
  assert.deepEqual(recorded(scene), [['null caller+callee'], ['null caller+callee']]);
});

test('where nothing can be recorded that is an error to who asks for it, and a warning of a call', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000, { flags: ['record-call'] });
  assert.equal(scene.states.length, 1);
  assert.match(scene.relay.told.warnings.join(), /is not recorded: --record-dir/);
  assert.match(String(scene.ask({ command: 'start recording' })['error-reason']), /--record-dir/);
});
