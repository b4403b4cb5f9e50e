/** Calls of several media lines: added, removed, refused, bundled, and those that are none of ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { AUDIO, type Line, NgScene, placesIn, remoteOf, sdpLines, VIDEO } from './ngGiven.js';

const ALICE = '192.0.2.1';
const BOB = '192.0.2.2';

const offer = (scene: NgScene, lines: readonly Line[], more: NgDictionary = {}, session: readonly string[] = []) =>
  scene.offer('', 0, { sdp: sdpLines(ALICE, lines, session), ...more });
const answer = (scene: NgScene, lines: readonly Line[], more: NgDictionary = {}, session: readonly string[] = []) =>
  scene.answer('', 0, { sdp: sdpLines(BOB, lines, session), ...more });
const again = { 'to-tag': 'bob' };

const ports = (reply: NgDictionary): number[] => placesIn(reply['sdp']).map((place) => Number(place.split(':')[1]));
const lines = (scene: NgScene): number[] => scene.states.map(({ dialogue }) => dialogue?.media ?? 0);

/** A call of audio and video. */
function pictured(): NgScene {
  const scene = new NgScene();
  offer(scene, [AUDIO(4000), VIDEO(4002)]);
  answer(scene, [AUDIO(5000), VIDEO(5002)]);
  return scene;
}

test('[NG-04] each line is a session, with the number of the line behind the tag', () => {
  const scene = pictured();
  assert.deepEqual(
    scene.states.map(({ tag, legs }) => `${tag} ${legs.caller.description?.kind}`),
    ['alice;1 audio', 'alice;2 video'],
  );
  assert.equal(scene.relay.heldPairs(), 4);
});

test('[NG-05] a line that a re-INVITE adds stays if that is answered', () => {
  const scene = new NgScene();
  offer(scene, [AUDIO(4000)]);
  answer(scene, [AUDIO(5000)]);
  const audio = ports(offer(scene, [AUDIO(4000), VIDEO(4002)], again));
  assert.deepEqual(lines(scene), [1, 2]);
  answer(scene, [AUDIO(5000), VIDEO(5002)]);
  assert.equal(remoteOf(scene.states[1], 'callee'), '192.0.2.2:5002');
  assert.equal(scene.relay.heldPairs(), 4);
  assert.deepEqual(ports(offer(scene, [AUDIO(4000), VIDEO(4002)], again)), audio);
  assert.deepEqual(scene.states[1]?.dialogue?.tags, { caller: 'alice', callee: 'bob' });
});

test('[NG-05] a line that a re-INVITE adds ends if that fails, and nothing else does', () => {
  const failures = [
    { command: 'rollback' },
    { command: 'delete', 'sip-message-type': 'sip_reply' },
    { command: 'delete', 'sip-message-type': 'sip_reply', 'via-branch': 'other' },
  ];
  for (const failure of failures) {
    for (const from of ['alice', 'bob']) {
      const scene = new NgScene();
      offer(scene, [AUDIO(4000)]);
      answer(scene, [AUDIO(5000)]);
      const before = scene.state;
      const tags = { 'from-tag': from, 'to-tag': from === 'alice' ? 'bob' : 'alice' };
      const [audio, video] = from === 'alice' ? [4000, 4002] : [5000, 5002];
      scene.ask({ command: 'offer', ...tags, sdp: sdpLines(from === 'alice' ? ALICE : BOB, [AUDIO(audio), VIDEO(video)]) });
      assert.equal(scene.relay.heldPairs(), 3);
      scene.ask({ ...failure, ...tags });
      assert.deepEqual(scene.state, before);
      assert.equal(scene.relay.heldPairs(), 2);
    }
  }
});

test('a line that the answer refuses ends, and its ports are free', () => {
  const scene = new NgScene();
  offer(scene, [AUDIO(4000), VIDEO(4002)]);
  const answered = answer(scene, [AUDIO(5000), VIDEO(0)]);
  assert.deepEqual(lines(scene), [1]);
  assert.equal(scene.relay.heldPairs(), 2);
  assert.equal(ports(answered)[1], 0);
});

test('[NG-05] a line that a re-INVITE removes goes on until that is answered, and then ends', () => {
  const scene = pictured();
  offer(scene, [AUDIO(4000), VIDEO(0)], again);
  assert.deepEqual(lines(scene), [1, 2]);
  assert.equal(remoteOf(scene.states[1], 'caller'), '192.0.2.1:4002');
  answer(scene, [AUDIO(5000), VIDEO(0)]);
  assert.deepEqual(lines(scene), [1]);
  assert.equal(scene.relay.heldPairs(), 2);
});

test('[NG-05] a line that a re-INVITE would have removed stays where that fails', () => {
  const scene = pictured();
  const before = scene.states;
  offer(scene, [AUDIO(4000), VIDEO(0)], again);
  scene.delete({ 'to-tag': 'bob', 'sip-message-type': 'sip_reply' });
  assert.deepEqual(scene.states, before);
});

test('[NG-05] the only line stays where the re-INVITE fails that would have removed it, however silent it is', () => {
  const scene = new NgScene();
  offer(scene, [AUDIO(4000)]);
  answer(scene, [AUDIO(5000)]);
  const before = scene.state;
  offer(scene, [AUDIO(0)], again);
  scene.delete({ 'to-tag': 'bob', 'sip-message-type': 'sip_reply' });
  assert.deepEqual(scene.state, before);
  scene.relay.advance(20_000);
  assert.deepEqual(scene.state, before);
});

test('a line that was removed may be added again, with ports of its own', () => {
  const scene = pictured();
  offer(scene, [AUDIO(4000), VIDEO(0)], again);
  answer(scene, [AUDIO(5000), VIDEO(0)]);
  offer(scene, [AUDIO(4000), VIDEO(4002)], again);
  answer(scene, [AUDIO(5000), VIDEO(5002)]);
  assert.deepEqual(lines(scene), [1, 2]);
  assert.equal(remoteOf(scene.states[1], 'callee'), '192.0.2.2:5002');
});

test('a call that removes its only line has it on hold: it may come back on the same ports', () => {
  const scene = new NgScene();
  const before = ports(offer(scene, [AUDIO(4000)]));
  answer(scene, [AUDIO(5000)]);
  offer(scene, [AUDIO(0)], again);
  answer(scene, [AUDIO(0)]);
  assert.deepEqual(lines(scene), [1]);
  scene.relay.advance(600_000);
  assert.deepEqual(lines(scene), [1], 'and is not taken for dead');
  assert.deepEqual(ports(offer(scene, [AUDIO(4000)], again)), before);
  answer(scene, [AUDIO(5000)]);
  assert.deepEqual([remoteOf(scene.state, 'caller'), remoteOf(scene.state, 'callee')], ['192.0.2.1:4000', '192.0.2.2:5000']);
  assert.equal(scene.state.legs.caller.held, false);
});

test('who answers more lines than were offered has them refused', () => {
  const scene = new NgScene();
  offer(scene, [AUDIO(4000)]);
  assert.equal(ports(answer(scene, [AUDIO(5000), VIDEO(5002)]))[1], 0);
  assert.deepEqual(lines(scene), [1]);
});

test('lines that were refused from the beginning have no session, and stand as they were', () => {
  const scene = new NgScene();
  const offered = offer(scene, [VIDEO(0), AUDIO(4000)]);
  assert.deepEqual(lines(scene), [2]);
  assert.equal(scene.state.tag, 'alice;2');
  assert.match(String(offered['sdp']), /m=video 0 RTP\/AVP 96/);
  answer(scene, [VIDEO(0), AUDIO(5000)]);
  assert.equal(remoteOf(scene.state, 'callee'), '192.0.2.2:5000');
});

const MSRP: Line = ['message 2855 TCP/MSRP *', 'a=path:msrp://192.0.2.1:2855/x;tcp'];

test('[NG-04] TCP lines are left alone, with and without others', () => {
  const scene = new NgScene();
  const offered = offer(scene, [AUDIO(4000), MSRP]);
  assert.match(
    String(offered['sdp']),
    /m=message 2855 TCP\/MSRP \*\r\n(c=IN IP4 192\.0\.2\.1\r\n)?a=path:msrp:\/\/192\.0\.2\.1:2855\/x;tcp/,
  );
  assert.deepEqual(lines(scene), [1]);
  const alone = new NgScene();
  const text = sdpLines(ALICE, [MSRP]);
  for (const reply of [offer(alone, [MSRP]), alone.answer('', 0, { sdp: text })])
    assert.deepEqual([reply['result'], reply['sdp']], ['ok', text]);
  assert.deepEqual(alone.states, [], 'of a call without media of ours nothing is kept');
  assert.equal(alone.answer('192.0.2.2', 5000)['error-reason'], 'Unknown call-id');
});

test('kinds that are to be left out are refused to the other side, and have no ports', () => {
  const scene = new NgScene();
  const offered = offer(scene, [AUDIO(4000), VIDEO(4002)], { 'sdp-media-remove': ['Video'] });
  assert.deepEqual([ports(offered)[1], lines(scene)], [0, [1]]);
  const late = pictured();
  offer(late, [AUDIO(4000), VIDEO(4002)], { ...again, 'sdp-media-remove': ['video'] });
  answer(late, [AUDIO(5000), VIDEO(0)]);
  assert.deepEqual(lines(late), [1]);
});

const T38: Line = ['image 4100 udptl t38', 'a=T38FaxVersion:0'];

test('fax: a re-INVITE may turn the line into T.38, which is relayed on the same ports', () => {
  const scene = new NgScene();
  const before = ports(offer(scene, [AUDIO(4000)]));
  answer(scene, [AUDIO(5000)]);
  assert.deepEqual(ports(offer(scene, [T38], again)), before);
  assert.equal(scene.state.legs.caller.description?.kind, 'audio');
  answer(scene, [['image 5100 udptl t38']]);
  assert.deepEqual([remoteOf(scene.state, 'caller'), remoteOf(scene.state, 'callee')], ['192.0.2.1:4100', '192.0.2.2:5100']);
  assert.equal(scene.state.legs.callee.description?.protocol, 'udptl');
});

test('[NG-05] fax on a line of its own, while the audio is refused; and where the fax fails the audio goes on', () => {
  const fax = (): NgScene => {
    const scene = new NgScene();
    offer(scene, [AUDIO(4000)]);
    answer(scene, [AUDIO(5000)]);
    offer(scene, [AUDIO(0), T38], again);
    return scene;
  };
  const taken = fax();
  answer(taken, [AUDIO(0), ['image 5100 udptl t38']]);
  assert.deepEqual(lines(taken), [2]);
  offer(taken, [AUDIO(4000), ['image 0 udptl t38']], again);
  answer(taken, [AUDIO(5000), ['image 0 udptl t38']]);
  assert.deepEqual(lines(taken), [1], 'and back');
  const refused = fax();
  refused.delete({ 'to-tag': 'bob', 'sip-message-type': 'sip_reply' });
  assert.deepEqual(lines(refused), [1]);
  assert.equal(refused.state.legs.caller.pending, null);
  assert.equal(remoteOf(refused.state, 'caller'), '192.0.2.1:4000');
});

const GROUP = ['a=group:BUNDLE 0 1'];

test('a bundle that is offered on several ports has several, and all lines of its answer stand where the first does', () => {
  const scene = new NgScene();
  const offered = offer(scene, [AUDIO(4000, 'a=mid:0'), VIDEO(4002, 'a=mid:1')], {}, GROUP);
  assert.equal(new Set(ports(offered)).size, 2);
  const answered = answer(scene, [AUDIO(5000, 'a=mid:0'), VIDEO(5000, 'a=mid:1')], {}, GROUP);
  assert.equal(new Set(ports(answered)).size, 1);
  assert.deepEqual(lines(scene), [1]);
  assert.equal(scene.relay.heldPairs(), 2, 'what the bundle does not need is free');
  const later = offer(scene, [AUDIO(4000, 'a=mid:0'), VIDEO(4000, 'a=mid:1')], again, GROUP);
  assert.deepEqual(ports(later), [ports(offered)[0], ports(offered)[0]]);
  assert.deepEqual(lines(scene), [1]);
});

test('bundle-only lines have no port but that of the bundle, and their answer has its place', () => {
  const scene = new NgScene();
  const only = VIDEO(0, 'a=mid:1', 'a=bundle-only');
  const offered = offer(scene, [AUDIO(4000, 'a=mid:0'), only], {}, GROUP);
  assert.equal(ports(offered)[1], 0);
  assert.deepEqual(lines(scene), [1]);
  const answered = answer(scene, [AUDIO(5000, 'a=mid:0'), VIDEO(5000, 'a=mid:1')], {}, GROUP);
  assert.equal(new Set(ports(answered)).size, 1);
  assert.deepEqual(lines(scene), [1]);
});

test('a bundle that the proxy breaks has ports for each of its lines', () => {
  const scene = new NgScene();
  const offered = offer(scene, [AUDIO(4000, 'a=mid:0'), VIDEO(4000, 'a=mid:1')], { bundle: ['reject'] }, GROUP);
  assert.equal(new Set(ports(offered)).size, 2);
  assert.deepEqual(lines(scene), [1, 2]);
});

test('an answer without the bundle gives each line its own place', () => {
  const scene = new NgScene();
  offer(scene, [AUDIO(4000, 'a=mid:0'), VIDEO(4002, 'a=mid:1')], {}, GROUP);
  const answered = answer(scene, [AUDIO(5000), VIDEO(5002)]);
  assert.equal(new Set(ports(answered)).size, 2);
  assert.deepEqual(lines(scene), [1, 2]);
});

test('a group of very many mids is read in no time', () => {
  const scene = new NgScene();
  const group = `a=group:BUNDLE ${Array.from({ length: 20_000 }, (_, i) => i % 2).join(' ')}`;
  const from = performance.now();
  offer(scene, [AUDIO(4000, 'a=mid:0'), VIDEO(4002, 'a=mid:1')], {}, [group]);
  assert.ok(performance.now() - from < 500);
});

test('[NG-04] RTCP goes where `a=rtcp` says, also where only that changes; with RTCP on the RTP port there is none', () => {
  const scene = new NgScene();
  offer(scene, [AUDIO(4000, 'a=rtcp:4999')]);
  answer(scene, [AUDIO(5000, 'a=rtcp:5998 IN IP4 192.0.2.22')]);
  const rtcp = () => [scene.state.legs.caller.rtcp.address, scene.state.legs.callee.rtcp.address];
  assert.deepEqual(rtcp(), [
    { host: ALICE, port: 4999 },
    { host: '192.0.2.22', port: 5998 },
  ]);
  offer(scene, [AUDIO(4000, 'a=rtcp:4777')], again);
  assert.equal(rtcp()[0]?.port, 4999);
  answer(scene, [AUDIO(5000)]);
  assert.deepEqual(rtcp(), [
    { host: ALICE, port: 4777 },
    { host: BOB, port: 5001 },
  ]);
  const muxed = new NgScene();
  offer(muxed, [AUDIO(4000, 'a=rtcp-mux', 'a=rtcp:4000')]);
  assert.equal(muxed.state.legs.caller.rtcp.address?.port, 4001);
});

test('what is muted of a side is so of a line that is added, and a call that is recorded records it', () => {
  const scene = new NgScene({ setting: { recording: { form: 'ad-hoc', all: false } } });
  offer(scene, [AUDIO(4000)]);
  answer(scene, [AUDIO(5000)]);
  scene.ask({ command: 'block media', 'from-tag': 'bob', flags: ['directional'] });
  scene.ask({ command: 'start recording', 'recording-file': '/somewhere/take.wav' });
  offer(scene, [AUDIO(4000), VIDEO(4002)], again);
  assert.deepEqual(
    scene.states.map(({ legs }) => [legs.caller.mutes, legs.callee.mutes]),
    [
      [[], ['blocked']],
      [[], ['blocked']],
    ],
  );
  assert.deepEqual(
    scene.states.map(({ recordings }) => recordings.map(({ name }) => name)),
    [['take'], ['take-2']],
  );
});
