/** What a request may wish for besides ports: versions, marks, codecs, labels, metadata; and what is not done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { AUDIO, NgScene, sdpLines, sdpOf, VIDEO } from './ngGiven.js';

const text = (reply: NgDictionary): string => String(reply['sdp']);
const versionOf = (reply: NgDictionary): string => /^o=\S+ \S+ (\S+)/m.exec(text(reply))?.[1] ?? '';
const versioned = (version: number, more: readonly string[] = []): string =>
  sdpOf('192.0.2.1', 4000, more).replace('o=- 4711 1 ', `o=- 4711 ${version} `);

test('the version of `o=` grows with what is sent, where the proxy wants that, and else stays what it was', () => {
  const scene = new NgScene();
  const offer = (version: number, more: readonly string[] = [], wish = 'SDP-version'): string =>
    versionOf(scene.offer('', 0, { sdp: versioned(version, more), replace: [wish] }));
  assert.equal(offer(7), '7');
  assert.equal(offer(7), '7', 'the same again');
  assert.equal(offer(3), '7', 'a new version of the same');
  assert.equal(offer(3, ['a=sendonly']), '8');
  assert.equal(offer(3, ['a=sendonly']), '8');
  assert.equal(offer(3, ['a=sendonly'], 'force-increment-sdp-ver'), '9');
  assert.equal(offer(3, ['a=sendonly'], 'force-increment-sdp-ver'), '10');
  assert.equal(offer(3, [], 'origin'), '3', 'without the wish it is the one of the party');
  const huge = new NgScene();
  const far = (more: readonly string[]): string =>
    versionOf(
      huge.offer('', 0, {
        sdp: sdpOf('192.0.2.1', 4000, more).replace(' 1 IN', ' 18446744073709551614 IN'),
        replace: ['SDP-version'],
      }),
    );
  assert.deepEqual([far([]), far(['a=inactive'])], ['18446744073709551614', '18446744073709551615']);
});

test('each party has a version of its own', () => {
  const scene = new NgScene();
  const replace = { replace: ['SDP-version'] };
  scene.offer('', 0, { sdp: versioned(5), ...replace });
  assert.equal(versionOf(scene.answer('', 0, { sdp: versioned(40), ...replace })), '40');
  assert.deepEqual(scene.state.dialogue?.origins.caller?.version, '5');
  assert.deepEqual(scene.state.dialogue?.origins.callee?.version, '40');
});

test('a description that comes back to us in a loop goes on as it is, and makes no call', () => {
  const scene = new NgScene();
  const marked = text(scene.offer('192.0.2.1', 4000, { flags: ['loop-protect'] }));
  const call = { 'call-id': 'looped' };
  assert.equal(text(scene.offer('', 0, { ...call, sdp: marked, flags: ['loop-protect'] })), marked);
  assert.equal(scene.relay.shard.directory.calls, 1);
  assert.notEqual(text(scene.offer('', 0, { ...call, sdp: marked })), marked, 'unless nobody asks');
});

test('what would need transcoding is told as not done, and changes nothing', () => {
  const scene = new NgScene();
  const plain = text(scene.offer('192.0.2.1', 4000, { 'call-id': 'plain' }));
  const wishes = { codec: { transcode: ['opus', 'G729'] } };
  const reply = scene.offer('192.0.2.1', 4000, wishes);
  assert.equal(reply['result'], 'ok');
  assert.ok(Array.isArray(reply['not-done']) && reply['not-done'].length > 0);
  assert.equal(text(reply).replace(/m=audio \d+/, ''), plain.replace(/m=audio \d+/, ''));
  const late = scene.answer('192.0.2.2', 5000, { flags: ['codec-transcode-opus'] });
  assert.match(String(late['not-done']), /transcod/i);
});

test('codecs are stripped and put in order as asked', () => {
  const scene = new NgScene();
  const reply = scene.offer('192.0.2.1', 4000, { codec: { strip: ['PCMU'] } });
  assert.match(text(reply), /m=audio \d+ RTP\/AVP 8 101\r\n/);
  assert.deepEqual(scene.state.legs.caller.codecs, [0, 8, 101], 'what the party itself said');
  assert.match(text(scene.answer('192.0.2.2', 5000, { flags: ['single-codec'] })), /m=audio \d+ RTP\/AVP 0 101\r\n/);
});

const SECURE = sdpLines('192.0.2.1', [['audio 4000 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x']]);

test('[NG-35] encrypted media passes as it is; a wish to convert it is refused in words that say so, and touches no call', () => {
  const scene = new NgScene();
  for (const wish of [{ 'transport-protocol': 'RTP/AVP' }, { flags: ['RTP/AVP'] }]) {
    const reply = scene.offer('', 0, { sdp: SECURE, ...wish });
    assert.equal(reply['result'], 'error');
    assert.match(String(reply['error-reason']), /RTP\/AVP.*RTP\/SAVP is not converted.*does not encrypt or decrypt/);
  }
  assert.match(String(scene.offer('192.0.2.1', 4000, { 'transport-protocol': 'RTP/SAVPF' })['error-reason']), /is not converted/);
  assert.deepEqual(scene.states, []);
  assert.match(text(scene.offer('', 0, { sdp: SECURE })), /a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x/);
  assert.match(text(scene.answer('', 0, { sdp: SECURE, 'transport-protocol': 'accept' })), /RTP\/SAVP/);
  const before = scene.state;
  const late = scene.reoffer('', 0, { sdp: SECURE, 'transport-protocol': 'RTP/AVP' });
  assert.equal(late['result'], 'error');
  assert.equal(scene.state, before);
});

test('between profiles with and without feedback nothing is encrypted, and that is done', () => {
  const scene = new NgScene();
  assert.match(text(scene.offer('192.0.2.1', 4000, { 'transport-protocol': 'RTP/AVPF' })), /m=audio \d+ RTP\/AVPF 0/);
});

test('labels and metadata are kept with every line of the dialogue, whoever brings them', () => {
  const scene = new NgScene();
  const pictured = (host: string) => sdpLines(host, [AUDIO(4000), VIDEO(4002)]);
  scene.offer('', 0, { sdp: pictured('192.0.2.1'), label: 'left', metadata: 'k:v' });
  scene.answer('', 0, { sdp: pictured('192.0.2.2'), label: 'right' });
  for (const { dialogue } of scene.states)
    assert.deepEqual([dialogue?.labels, dialogue?.metadata], [{ caller: 'left', callee: 'right' }, 'k:v']);
  scene.reoffer('', 0, { sdp: pictured('192.0.2.2'), label: 'far', metadata: 'k:w' }, 'bob');
  for (const { dialogue } of scene.states)
    assert.deepEqual([dialogue?.labels, dialogue?.metadata], [{ caller: 'left', callee: 'far' }, 'k:w']);
});

test('who names a way for the events of a call must be permitted to, and then owns it, also later', () => {
  const scene = new NgScene({
    setting: { events: { secret: null, ways: ['https://a.example/hook'], silenceMs: null, keepMs: 1000 } },
  });
  const refused = scene.offer('192.0.2.1', 4000, { controller: 'sbc', notify: ['https://b.example/'] });
  assert.equal(refused['result'], 'error');
  assert.deepEqual(scene.states, []);
  scene.offer('192.0.2.1', 4000, { controller: 'sbc', notify: ['https://a.example/hook'] });
  assert.equal(scene.state.dialogue?.owner?.controller, 'sbc');
  scene.answer('192.0.2.2', 5000, { controller: 'other' });
  assert.equal(scene.state.dialogue?.owner?.controller, 'other');
  scene.reoffer('192.0.2.1', 4000);
  assert.equal(scene.state.dialogue?.owner?.controller, 'other', 'who says nothing changes nothing');
});
