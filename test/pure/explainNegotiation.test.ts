/** What is explained of calls that an NG client has described. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, isKnown } from '../../src/relay/explain/explain.js';
import { formatExplanation } from '../../src/relay/explain/format.js';
import { formatTime, remarksOf } from './explainGiven.js';
import { ALICE, BOB, NgCall, portOf, remarked, toldFirst } from './explainNgGiven.js';
import { sdpOf } from './ngGiven.js';

const linesOf = (call: NgCall): string[] => formatExplanation(explain(call.story(), formatTime), formatTime);
const text = (call: NgCall): string => linesOf(call).join('\n');
const within = { 'to-tag': 'bob' };

test('a call without faults says who is in dialogue, and what each side has described', () => {
  const call = NgCall.answered({ offer: { 'via-branch': 'b1', label: 'agent' } })
    .talk(6000)
    .hangUp();
  assert.equal(call.session.causes.length, 0);
  assert.deepEqual(call.session.dialogue?.tags, { caller: 'alice', callee: 'bob' });
  assert.match(text(call), /\(dialogue of alice "agent" and bob, branch b1, media line 1, networks .*, media thread 0\)/);
  assert.match(text(call), /the proxy deleted it$/m);
  assert.match(text(call), /^ {4}described audio by RTP\/AVP, sendrecv, PCMU\/8000/m);
});

test('a change that is never answered is told, with what was offered; a fresh one is no fault', () => {
  const call = NgCall.answered().talk(1000);
  call.offer('203.0.113.9', 4100, within);
  call.talk(6000);
  remarked(call.session, 'offer-unanswered', /^At .* the caller offered a change of the running call, and it was neither/);
  call.talk(30_000);
  toldFirst(call.session, 'offer-unanswered', 'caller', /neither answered nor taken back \(36 s\): all goes on as it was agreed/);
  assert.match(call.session.causes[0]?.evidence[0] ?? '', /^offered: 203\.0\.113\.9:4100, audio by RTP\/AVP, sendrecv/);
  assert.match(text(call), /^ {4}offers {4}since .*, at 203\.0\.113\.9:4100: audio by/m);
});

test('a change that was answered is none of that, and one that was taken back is only worth knowing', () => {
  const call = NgCall.answered().talk(1000);
  call.offer('203.0.113.1', 4000, { ...within, sdp: sdpOf('203.0.113.1', 4000, ['a=ptime:40']) });
  call.answer('198.51.100.2', 6000);
  call.talk(40_000);
  assert.deepEqual(
    remarksOf(call.session).filter((id) => id.startsWith('offer')),
    [],
  );
  call.offer('203.0.113.9', 4100, within);
  call.ask({ command: 'rollback', 'from-tag': 'alice', 'to-tag': 'bob' });
  call.talk(6000);
  remarked(call.session, 'offer-given-up', /^A change that the caller offered at .* was given up at .*, and the media went on/);
});

test('of two branches the one that was not answered last says that it is muted', () => {
  const call = new NgCall();
  const [one, two] = ['one', 'two'].map((branch) => portOf(call.begin(ALICE, { 'via-branch': branch })));
  call.answer('198.51.100.2', 6000, { 'via-branch': 'one', 'to-tag': 'bob' });
  call.talk(1000, {});
  call.answer('198.51.100.3', 6000, { 'via-branch': 'two', 'to-tag': 'carol' });
  call.ports.callee = one!;
  call.talk(4000, { callee: BOB });
  const [first, second] = call.sessions;
  assert.ok(one !== two && first && second);
  assert.equal(first.dialogue?.branch, 'one');
  const muted = first.causes.find(({ id }) => id === 'branch-muted');
  assert.equal(muted?.side, 'callee');
  assert.match(muted?.sentence ?? '', /^Branch one is not heard since .* what its callee still sends is not sent on\.$/);
  assert.ok(!second.causes.some(({ id }) => id === 'branch-muted'));
});

test('media that the proxy has blocked is told first, and not any more when it is let through again', () => {
  const call = NgCall.answered().talk(1000);
  call.ask({ command: 'block media', 'from-tag': 'alice', flags: ['directional'] });
  call.talk(6000);
  toldFirst(
    call.session,
    'media-blocked',
    'caller',
    /^What the caller sends is blocked since .*, so the callee does not hear it/,
  );
  assert.match(text(call), /^ {4}muted {5}media is blocked, since /m);
  call.ask({ command: 'unblock media', 'from-tag': 'alice', flags: ['directional'] });
  call.ask({ command: 'block DTMF', 'from-tag': 'alice', flags: ['directional'] });
  call.talk(6000);
  remarked(call.session, 'dtmf-blocked', /^Digits of the caller \(RFC 4733\) are not sent on since/);
  call.ask({ command: 'silence media', 'from-tag': 'alice', flags: ['directional'] });
  toldFirst(call.session, 'media-blocked', 'caller', /is replaced by silence since .* \(silence media\)\.$/);
});

test('hold by direction is hold: nothing is missing that was to come', () => {
  const call = NgCall.answered().talk(2000);
  call.offer('203.0.113.1', 4000, { ...within, sdp: sdpOf('203.0.113.1', 4000, ['a=sendonly']) });
  call.answer('198.51.100.2', 6000, { sdp: sdpOf('198.51.100.2', 6000, ['a=recvonly']) });
  call.talk(20_000, { caller: ALICE });
  toldFirst(call.session, 'hold', 'callee', /^The caller has put the call on hold/);
  assert.match(call.session.causes[0]?.evidence.join() ?? '', /the caller wants to send only since/);
  assert.match(call.session.causes[0]?.advice ?? '', /re-INVITE \(offer and answer\)/);
});

test('a call that was deleted for a failed change, and went on, is told to have been kept', () => {
  const call = NgCall.answered().talk(2000);
  call.hangUp({ 'sip-message-type': 'sip_reply' });
  call.talk(4000);
  remarked(call.session, 'deletion-held', /^The proxy deleted the call at .*; it is held until .*, to see whether both sides/);
  call.talk(10_000);
  remarked(call.session, 'kept', /both sides went on sending, so it was kept/);
});

test('a call that ended behind a doubtful deletion says how long it was held', () => {
  const call = NgCall.answered().talk(2000).hangUp({ 'sip-message-type': 'sip_reply' });
  call.wait(11_000);
  assert.equal(call.session.closeReason, 'deleted');
  const held = call.session.remarks.find(({ id }) => id === 'deletion-held');
  assert.match(held?.sentence ?? '', /^The proxy deleted the call at 03:04:08\.678; it was held until 03:04:18\.\d+, to see/);
});

test('a call that was deleted with a delay, and described again meanwhile, is told to have gone on', () => {
  const call = NgCall.answered().talk(2000).hangUp({ 'delete-delay': 30 });
  call.begin(ALICE, within);
  call.talk(6000);
  remarked(call.session, 'kept', /^The proxy deleted the call at .*, and described it again at .*: it went on\.$/);
});

test('another party that answers in the place of the first is told', () => {
  const call = NgCall.answered().talk(1000);
  call.answer('198.51.100.7', 6000, { 'to-tag': 'carol' });
  call.talk(6000, { caller: ALICE, callee: '198.51.100.7:6000' });
  remarked(call.session, 'another-party', /another party took the place of the callee/);
});

test('what is not done is said once', () => {
  const call = NgCall.answered({ offer: { flags: ['force-transcoding', 'detect-DTMF'] } }).talk(6000);
  remarked(
    call.session,
    'not-done',
    /^The proxy asked for what the relay does not do, .*: force-transcoding, detect-DTMF \(offer\)\.$/,
  );
});

test('advice speaks of offer and answer, and not of letters that the proxy does not send', () => {
  const waiting = new NgCall();
  waiting.begin(ALICE);
  waiting.wait(5000);
  toldFirst(waiting.session, 'no-answer', null, /^The call was never answered/);
  const elsewhere = NgCall.answered({ answer: { flags: ['asymmetric'] } });
  elsewhere.talk(6000, { caller: ALICE, callee: '198.51.100.77:6000' });
  toldFirst(elsewhere.session, 'asymmetric-elsewhere', 'callee', /198\.51\.100\.77:6000 and are refused/);
  const silent = NgCall.answered({ answer: { sdp: sdpOf('10.1.2.3', 6000) } }).talk(6000, { caller: ALICE });
  toldFirst(silent.session, 'private-address', 'callee', /10\.1\.2\.3 is private/);
  for (const { session } of [waiting, elsewhere, silent]) {
    const advice = session.causes.map((cause) => cause.advice).join();
    assert.doesNotMatch(advice, /\b[ULD]\b|say s\b/);
  }
});

test('refused requests stand in the explanation with what they mean, also where there is no session', () => {
  const call = NgCall.answered();
  call.answer('198.51.100.2', 6000, { 'from-tag': 'nobody' });
  const lines = linesOf(call);
  const refused = lines[lines.indexOf('commands that were refused') + 1] ?? '';
  assert.match(
    refused,
    /answer bob -> nobody, audio .* => Invalid dialogue association: The call is there, but nobody has offered/,
  );
  const none = new NgCall();
  none.relay.drain();
  none.relay.shard.isDraining = true;
  none.offer('192.0.2.1', 4000);
  const explanation = explain(none.story(), formatTime);
  assert.ok(isKnown(explanation));
  assert.match(explanation.failed[0]?.meaning ?? '', /The relay takes no new calls/);
});

test('a video line that the answer refuses is told as that', () => {
  const call = new NgCall();
  const video = ['m=video 4002 RTP/AVP 31'];
  call.begin(ALICE, { sdp: sdpOf('203.0.113.1', 4000, video) });
  call.take(BOB, { sdp: sdpOf('198.51.100.2', 6000, ['m=video 0 RTP/AVP 31']) });
  call.talk(6000);
  const [audio, other] = call.sessions;
  assert.deepEqual(audio?.causes, []);
  toldFirst(other!, 'no-answer', null, /^Media line 2 of the call was never answered/);
  assert.match(other?.causes[0]?.advice ?? '', /An answer that refuses it \(port 0\) ends it/);
});
