/** What is told of exchanges of the NG protocol: in words, not as they are on the wire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import { encodeJson } from '../../src/protocol/ng/json.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { formatLadder } from '../../src/relay/events/ladder.js';
import { readNgExchange } from '../../src/relay/events/ngWords.js';
import { renderPage } from '../../src/relay/events/page/renderPage.js';
import { compareDescriptions, formatDifference } from '../../src/relay/events/sdpDifference.js';
import { describeRecord } from '../../src/relay/events/timeline.js';
import { FakePage } from './fakePage.js';
import { CALL, NgScene, placesIn, sdpOf } from './ngGiven.js';
import { storyIn } from './storyGiven.js';

const words = (request: NgDictionary, reply: NgDictionary): string => {
  const read = readNgExchange({ command: encodeBencode(request), reply: encodeBencode(reply) });
  assert.ok(read !== null);
  return `${read.asked} => ${read.answered}`;
};
const offer = { command: 'offer', 'call-id': CALL, 'from-tag': 'alice', sdp: sdpOf('192.0.2.1', 4000) };
const OK = { result: 'ok' };

test('an offer and its answer say who speaks to whom, and where media goes before and after', () => {
  const sdp = sdpOf('198.51.100.1', 30_000);
  assert.equal(
    words({ ...offer, 'via-branch': '1' }, { ...OK, sdp }),
    'offer alice -> (new), branch 1, audio 192.0.2.1:4000 => audio 198.51.100.1:30000',
  );
  const answer = { ...offer, command: 'answer', 'to-tag': 'bob', direction: ['priv', 'pub'], sdp: sdpOf('2001:db8::2', 5000) };
  assert.equal(
    words(answer, { ...OK, sdp, 'not-done': ['transcode'] }),
    'answer bob -> alice, networks priv/pub, audio [2001:db8::2]:5000 => audio 198.51.100.1:30000, not done: transcode',
  );
});

test('media that is on hold, one way, or refused is said to be', () => {
  const video = ['m=video 0 RTP/AVP 31', 'm=audio 4004 RTP/AVP 0', 'c=IN IP4 0.0.0.0', 'm=audio 4006 RTP/AVP 0', 'a=sendonly'];
  assert.match(
    words({ ...offer, sdp: sdpOf('192.0.2.1', 4000, video) }, OK),
    /audio 192\.0\.2\.1:4000, video refused, audio on hold, audio 192\.0\.2\.1:4006 sendonly => ok$/,
  );
});

test('other requests and what came of them', () => {
  const of = (request: NgDictionary, reply: NgDictionary = OK) => words({ 'call-id': CALL, ...request }, reply);
  const deleted = { command: 'delete', 'from-tag': 'alice', 'to-tag': 'bob', 'sip-message-type': 'sip_reply', 'sip-code': 487 };
  assert.equal(
    of(deleted, { ...OK, totals: { RTP: { packets: 1200 } } }),
    'delete alice -> bob, by a reply (487) => ok, 1200 RTP packets',
  );
  assert.equal(of({ command: 'delete', 'from-tag': 'a', 'delete-delay': 5 }), 'delete a, in 5 s => ok');
  assert.equal(of({ command: 'delete' }, { ...OK, warning: 'no match' }), 'delete => ok, but no match');
  assert.equal(
    of({ command: 'play media', 'from-tag': 'bob', file: '/p/hello', 'repeat-times': 3 }, { ...OK, duration: 900 }),
    'play media bob, /p/hello, 3 times => ok, 900 ms long',
  );
  assert.equal(of({ command: 'block media', label: 'agent' }), 'block media of agent => ok');
  assert.equal(
    of({ command: 'answer', 'from-tag': 'a', 'to-tag': 'b', sdp: 'v=0' }, { result: 'error', 'error-reason': 'Unknown call-id' }),
    'answer b -> a, a description that cannot be read => error: Unknown call-id',
  );
  assert.match(words(offer, { result: 'load limit', message: 'Load limit exceeded' }), /=> load limit: Load limit exceeded$/);
});

test('JSON is read like bencode; what is no exchange of the protocol is left to others', () => {
  const read = readNgExchange({ command: encodeJson(offer), reply: encodeJson(OK) });
  assert.equal(read?.asked, 'offer alice -> (new), audio 192.0.2.1:4000');
  for (const command of ['D call-1 alice', 'd call-1 alice', 'U call-1 192.0.2.1 4000 alice', '', '{', 'd7:command4:frobe'])
    assert.equal(readNgExchange({ command, reply: '0' }), null, command);
});

test('whatever strangers send, what is told is one bounded line of ASCII', () => {
  const evil = '\x1b[2J\n\xe2\x80\xae'.repeat(50);
  const media = Array.from({ length: 50 }, () => `m=audio 1 RTP/AVP 0\r\nc=IN IP6 ::1`);
  const request = { ...offer, 'from-tag': evil, 'to-tag': evil, 'via-branch': evil, label: evil, sdp: sdpOf('::1', 1, media) };
  const told = words(request, { result: 'error', 'error-reason': evil });
  assert.match(told, /^[ -~]*$/);
  assert.ok(told.length < 420, `${told.length}`);
});

test('descriptions are compared line by line, in time that does not depend on what they say', () => {
  const before = 'v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=candidate:1\r\na=sendrecv\r\n';
  const after = 'v=0\r\nc=IN IP4 198.51.100.1\r\nm=audio 30000 RTP/AVP 0\r\na=sendrecv\r\na=rtcp:30001\r\n';
  assert.deepEqual(formatDifference(compareDescriptions(before, after)), [
    '  v=0',
    ...['- c=IN IP4 192.0.2.1', '- m=audio 4000 RTP/AVP 0', '- a=candidate:1'],
    ...['+ c=IN IP4 198.51.100.1', '+ m=audio 30000 RTP/AVP 0'],
    ...['  a=sendrecv', '+ a=rtcp:30001'],
  ]);
  const long = (letter: string) => Array.from({ length: 30_000 }, (_, i) => `${letter}=${i}`).join('\n');
  const compared = compareDescriptions(long('a'), long('b'));
  assert.equal(compared.length, 801);
  assert.deepEqual(compareDescriptions(null, null), []);
});

/** A call with an offer that is answered, a change that is taken back, and an end. */
function call(): NgScene {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.answer('192.0.2.2', 5000);
  scene.offer('192.0.2.9', 4004, { 'to-tag': 'bob' });
  scene.ask({ command: 'rollback', 'from-tag': 'alice', 'to-tag': 'bob' });
  scene.ask({ command: 'delete', 'from-tag': 'alice', 'to-tag': 'bob' });
  return scene;
}

test('the timeline has a line for each exchange, and the descriptions where they are asked for', () => {
  const { relay } = call();
  const exchanges = relay.log.filter(({ kind }) => kind === 'exchange');
  const lines = exchanges.flatMap((record) => describeRecord(record, () => 'T'));
  assert.equal(lines.length, 5);
  assert.match(lines[0] ?? '', /a client asks: offer alice -> \(new\), audio 192\.0\.2\.1:4000 => audio 127\.0\.0\.1:2\d{4}$/);
  assert.match(lines[3] ?? '', /asks: rollback alice -> bob => ok$/);
  const [head, ...described] = describeRecord(exchanges[0]!, () => 'T', { descriptions: true });
  assert.equal(head, lines[0]);
  assert.ok(
    described.includes('    - c=IN IP4 192.0.2.1') && described.includes('    + c=IN IP4 127.0.0.1'),
    described.join('\n'),
  );
});

test('the ladder shows each exchange before what it brought about', () => {
  const { relay } = call();
  const text = formatLadder(storyIn(relay, CALL), { width: 130, formatTime: () => '' }).join('\n');
  const at = ['[ offer alice -> (new)', 'session opened', '[ answer bob -> alice', '[ offer alice -> bob', 'offers a change']
    .concat(['[ rollback alice -> bob => ok ]', 'change given up', '[ delete alice -> bob => ok'])
    .map((part) => text.indexOf(part));
  assert.ok(!at.includes(-1), `${at}\n${text}`);
  assert.deepEqual(
    at,
    [...at].sort((a, b) => a - b),
    text,
  );
});

test('branches of a call have lanes of their own', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000, { 'via-branch': 'z9hG4bK-branch-1' });
  scene.offer('192.0.2.1', 4000, { 'via-branch': 'z9hG4bK-branch-2' });
  const text = formatLadder(storyIn(scene.relay, CALL), { width: 130, formatTime: () => '' }).join('\n');
  assert.match(text, /^ {2}~ranch-1;1: tag alice;1, branch z9hG4bK-branch-1$/m);
  assert.match(text, /^ {2}~ranch-2;1: tag alice;1, branch z9hG4bK-branch-2$/m);
});

test('the page shows what was handed on of the last description', () => {
  const { relay } = call();
  const page = new FakePage(renderPage(storyIn(relay, CALL), 'a call')).open();
  assert.match(page.byId('described').textContent, /offer alice -> bob, audio 192\.0\.2\.9:4004/);
  page.press('Home');
  assert.match(page.byId('described').textContent, /offer alice -> \(new\)/);
  const [toBob] = placesIn(sdpOf('192.0.2.1', 4000));
  assert.equal(toBob, '192.0.2.1:4000');
  assert.match(page.byId('description').textContent, /^- c=IN IP4 192\.0\.2\.1$/m);
  assert.match(page.byId('description').textContent, /^\+ c=IN IP4 127\.0\.0\.1$/m);
});
