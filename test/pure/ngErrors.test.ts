/** What the NG protocol says when it says no: texts that clients know (ng-protocol 3.1), and our own where there are none. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { errorReply, reasonLine } from '../../src/protocol/ng/reply.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { HostileScene } from '../fuzz/ngCommandsGiven.js';
import { sdpOf } from './ngGiven.js';

const SDP = sdpOf('203.0.113.1', 4000);
const OFFER = { command: 'offer', 'call-id': 'new', 'from-tag': 'a', sdp: SDP };
const TWO = { 'call-id': 'two', 'from-tag': 'alice', 'to-tag': 'bob' };
const NOPE = { 'call-id': 'nope', 'from-tag': 'a', 'to-tag': 'b', sdp: SDP };

/** What is said of each request, by a relay that has heard nothing of the others; none of them changes anything. */
function areRefused(table: readonly (readonly [NgDictionary, string])[]): void {
  const scene = new HostileScene();
  for (const [request, reason] of table)
    deepEqual(
      JSON.parse(JSON.stringify(scene.say(request))),
      { result: 'error', 'error-reason': reason },
      JSON.stringify(request).slice(0, 300),
    );
  scene.isTrue();
}

test('[NG-02] a description that is none is refused with the text that clients know, and with what is wrong with it', () => {
  const said = (sdp: string, why: string) => [{ ...OFFER, sdp }, `Failed to parse SDP: ${why}`] as const;
  const line = (text: string) => `v=0\r\nm=${text}\r\n`;
  const expected = 'and one from 0 to 65535 is expected';
  areRefused([
    said('hello', 'the description begins with "hello", and v=0 is expected'),
    said('v=1\r\n', 'the description begins with "v=1", and v=0 is expected'),
    said('v=0\r\n', 'the description has no m= line'),
    said(SDP.slice(0, 60), 'the description has no m= line'),
    said(line('audio'), 'm= line 1, "audio", lacks a kind, port or protocol'),
    said(line('audio x RTP/AVP 0'), `m= line 1, "audio x RTP/AVP 0", has the port "x", ${expected}`),
    said(line('audio 99999 RTP/AVP 0'), `m= line 1, "audio 99999 RTP/AVP 0", has the port "99999", ${expected}`),
    said(line('audio -1 RTP/AVP 0'), `m= line 1, "audio -1 RTP/AVP 0", has the port "-1", ${expected}`),
    said(`${SDP}${'m=audio 4 RTP/AVP 0\r\n'.repeat(120)}`, 'the description has more than 100 m= lines'),
    said('x'.repeat(70_000), 'the description has 70000 characters, and at most 65536 are read'),
    [{ ...OFFER, ...TWO, command: 'answer', sdp: 'v=0' }, 'Failed to parse SDP: the description has no m= line'],
  ]);
});

test('[NG-02] what a request lacks is told in the words that clients know', () => {
  areRefused([
    [{ ...OFFER, sdp: '' }, 'No SDP body in message'],
    [{ ...OFFER, sdp: ['v=0'] }, 'No SDP body in message'],
    [{ ...OFFER, 'call-id': '' }, 'No call-id in message'],
    [{ ...OFFER, 'call-id': {} }, 'No call-id in message'],
    [{ ...OFFER, 'from-tag': '' }, 'No from-tag in message'],
    [{ ...OFFER, 'from-tag': ['a'] }, 'No from-tag in message'],
    [{ ...OFFER, command: 'answer' }, 'No to-tag in message'],
    [{ command: 'delete' }, 'No call-id in message'],
    [{ command: 'query' }, 'No call-id in message'],
    [{ command: 'unsubscribe', 'call-id': 'two' }, 'No to-tag in message'],
    [{ command: 'play DTMF', ...TWO, code: 16 }, "Out of range 'code' specified"],
    [{ command: 'list', limit: -1 }, 'invalid limit, must be >= 0'],
    [{ command: 'events' }, 'No controller in message'],
    [{ command: 'frob' }, 'Unrecognized command'],
    [{ command: ['ping'] }, 'Dictionary contains no key "command"'],
    [{}, 'Dictionary contains no key "command"'],
    [{ command: 'publish', ...TWO }, 'rtpbridge does not do "publish"'],
  ]);
});

test('[NG-02] names that are longer than names are, are refused: the log has them many times over', () => {
  const long = 'x'.repeat(2049);
  areRefused([
    ...['call-id', 'from-tag', 'to-tag', 'via-branch', 'notify-tag'].map(
      (key) => [{ ...OFFER, [key]: long }, `${key}: expected at most 2048 bytes, not 2049`] as const,
    ),
    [{ ...TWO, command: 'start recording', 'recording-file': long }, 'recording-file: expected at most 2048 bytes, not 2049'],
    [{ ...OFFER, metadata: 'x'.repeat(65_536) }, 'metadata: expected at most 32768 bytes, not 65536'],
  ]);
  const scene = new HostileScene();
  equal(scene.say({ ...OFFER, 'call-id': 'x'.repeat(2048), metadata: 'x'.repeat(32_768) })['result'], 'ok');
});

test('[NG-02] calls and parties that nobody knows have the words for it that clients know', () => {
  const other = { ...TWO, 'from-tag': 'eve', 'to-tag': 'mallory' };
  const muting = ['block media', 'unblock media', 'silence media', 'unsilence media', 'block DTMF', 'unblock DTMF'];
  areRefused([
    ...['answer', 'query', 'start recording', 'stop recording'].map(
      (command) => [{ ...NOPE, command }, 'Unknown call-id'] as const,
    ),
    ...['rollback', 'play media', 'stop media', ...muting].map((command) => [{ ...NOPE, command }, 'Unknown call-ID'] as const),
    [{ ...NOPE, command: 'delete', flags: ['fatal'] }, "Call-ID not found or tags didn't match"],
    [{ ...other, command: 'delete', flags: ['fatal'] }, "Call-ID not found or tags didn't match"],
    [{ ...other, command: 'rollback' }, "Call-ID not found or tags didn't match"],
    [{ ...other, command: 'answer', sdp: SDP }, 'Invalid dialogue association'],
    ...muting.flatMap(
      (command) =>
        [
          [{ ...other, command, flags: ['directional'] }, 'From-tag given, but no such tag exists'],
          [{ ...TWO, command, label: 'zz' }, 'No monologue matching the given label'],
          [{ ...TWO, command, address: '9.9.9.9' }, 'Failed to match address to any tag'],
        ] as const,
    ),
    [{ ...other, command: 'stop media' }, 'From-tag given, but no such tag exists'],
    [{ command: 'play media', 'call-id': 'two', file: 'hold' }, 'No participant party specified'],
    [{ ...TWO, command: 'stop media' }, 'Not currently playing media'],
  ]);
  const scene = new HostileScene();
  const { result, warning } = scene.say({ ...NOPE, command: 'delete' });
  deepEqual([result, warning], ['ok', "Call-ID not found or tags didn't match"]);
});

test('[NG-02] wishes that cannot be met are refused before anything is done, and say which', () => {
  const converted = (wanted: string, has: string): string =>
    `transport-protocol=${wanted}: media of ${has} is not converted, since this release does not encrypt or decrypt media; it is relayed as it is without that`;
  const secure = SDP.replace('RTP/AVP', 'RTP/SAVP');
  const ways = 'expected connection, http://..., https://..., xmlrpc:http://..., unix:PATH or tcp:HOST:PORT';
  areRefused([
    [{ ...OFFER, 'transport-protocol': 'RTP/SAVP' }, converted('RTP/SAVP', 'RTP/AVP')],
    [{ ...OFFER, flags: ['SRTP'] }, converted('RTP/SAVP', 'RTP/AVP')],
    [{ ...OFFER, 'transport-protocol': 'UDP/TLS/RTP/SAVPF' }, converted('UDP/TLS/RTP/SAVPF', 'RTP/AVP')],
    [{ ...OFFER, sdp: secure, 'transport-protocol': 'RTP/AVP' }, converted('RTP/AVP', 'RTP/SAVP')],
    [{ ...OFFER, sdp: secure, 'transport-protocol': 'x\r\ny' }, converted('x??y', 'RTP/SAVP')],
    [{ ...OFFER, direction: ['nowhere', 'default'] }, 'no network is called nowhere: there are default, six'],
    [{ ...OFFER, direction: ['default', 'nowhere'] }, 'no network is called nowhere: there are default, six'],
    [{ ...OFFER, 'from-interface': 'a\nb' }, 'no network is called a?b: there are default, six'],
    [{ ...OFFER, direction: ['default', 'default'], 'address-family': 'IP6' }, 'network default has no IPv6 address'],
    [
      { ...OFFER, 'sdp-attr': { audio: { substitute: [['rtpmap', 'x'.repeat(100_000)]] } } },
      'Error rewriting SDP: sdp-attr can make it longer by more than 262144 characters',
    ],
    [{ ...OFFER, notify: ['x'] }, `notify "x": ${ways}`],
    [
      { ...OFFER, notify: ['http://a/'] },
      'notify "http://a/": not permitted; events.ways of the settings names what is, or option -n',
    ],
    [{ ...OFFER, controller: 'x\n' }, 'controller "x\\n": expected 1 to 128 bytes without control characters'],
  ]);
});

test('[NG-02] without room the words are those by which proxies take another node, in the way that they know', () => {
  areRefused([[{ ...OFFER, sdp: `${SDP}${'m=audio 4 RTP/AVP 0\r\n'.repeat(60)}` }, 'Ran out of ports']]);
  const scene = new HostileScene();
  scene.relay.drain();
  deepEqual({ ...scene.say(OFFER) }, { result: 'error', 'error-reason': 'Load limit exceeded' });
  deepEqual({ ...scene.say({ ...OFFER, supports: ['load limit'] }) }, { result: 'load limit', message: 'Load limit exceeded' });
  equal(scene.say({ ...TWO, command: 'query' })['result'], 'ok', 'calls that are there go on');
});

test('a reason is one line of bounded length, one character a byte, whatever it quotes', () => {
  equal(reasonLine('plain "text" of \xc3\xa4'), 'plain "text" of \xc3\xa4');
  equal(reasonLine('a\r\nSIP/2.0 200 OK\0\x7f\x1b[2J'), 'a??SIP/2.0 200 OK???[2J');
  equal(reasonLine('http://…'), 'http://...');
  match(reasonLine('x'.repeat(100_000)), /^x{300}\.\.\.$/);
  deepEqual(errorReply('a\nb'), { result: 'error', 'error-reason': 'a?b' });
});
