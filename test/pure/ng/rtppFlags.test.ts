import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitRtppFlags } from '../../../src/protocol/ng/rtppFlags.js';
import { offered, said } from './ngGiven.js';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const split = (text: string): unknown =>
  plain(splitRtppFlags(text).map(({ name, value }) => (value === null ? name : [name, value])));

test('words, keys, lists, dictionaries, one in another', () => {
  const table: readonly (readonly [string, unknown])[] = [
    ['', []],
    ['  a\tb=c \r\n', ['a', ['b', 'c']]],
    ['a=[b c]', [['a', ['b', 'c']]]],
    ['a=[]', [['a', []]]],
    ['a=[ b=c d=[e f] ]', [['a', { b: 'c', d: ['e', 'f'] }]]],
    ['a=[b=[c=[d [e f]]]] g', [['a', { b: { c: ['d', ['e', 'f']] } }], 'g']],
    ['a=[b c=d]', [['a', { b: 'yes', c: 'd' }]]],
    ['a=[b c', [['a', ['b', 'c']]]],
    ['a=b=c', [['a', 'b=c']]],
    ['a= b', [['a', ''], 'b']],
    ['a] [b', ['a]', '[b']],
  ];
  for (const [text, wanted] of table) assert.deepEqual(split(text), wanted, text);
});

test('deeper than anybody goes nothing is read, however many brackets there are', () => {
  assert.deepEqual(JSON.stringify(split(`x a=${'['.repeat(100_000)}`)).length < 200, true);
});

test('[NG-01] a whole line of an operator', () => {
  const { request, ignored, notDone } = offered({
    'rtpp-flags': [
      'trust-address replace-origin replace=[username session-name] ICE=remove internal direction=pub external to-tag RTP AVPF record-call=on',
      'codec-strip-PCMU codec=[offer=[opus PCMA] transcode=[G729]] rtcp-mux-demux SDES-off via-branch=1--2..3 delete-delay=5 ptime=40',
      'sdp-attr=[audio=[add=[x:a..b--c] substitute=[[sendrecv sendonly]]]] media-address=192.0.2.9 received-from=[IP4 192.0.2.1]',
      'codec-transcode-opus/48000/2///stereo--0 T.38=decode label=A..B metadata=k:a..b made-up made=up supports=[load..limit]',
    ].join(' '),
  });
  assert.deepEqual([...request.flags], ['trust-address', 'to-tag', 'record-call']);
  assert.deepEqual([...request.replace], ['origin', 'username', 'session-name']);
  assert.deepEqual([request.ice, request.networks], ['remove', { from: 'internal', to: 'pub' }]);
  assert.deepEqual([request.transportProtocol, request.rtcpMux, request.sdes], ['RTP/AVPF', ['demux'], ['off']]);
  assert.deepEqual([request.codec.strip, request.codec.offer], [['PCMU'], ['opus', 'PCMA']]);
  assert.deepEqual([request.viaBranch, request.label, request.metadata], ['1--2..3', 'A..B', 'k:a b']);
  assert.deepEqual([request.deleteDelaySeconds, request.ptime, request.mediaAddress], [5, 40, '192.0.2.9']);
  assert.deepEqual(request.sdpAttr['audio'], {
    add: ['x:a b=c'],
    remove: [],
    substitute: [{ from: 'sendrecv', to: 'sendonly' }],
  });
  assert.deepEqual([request.receivedFrom, request.supportsLoadLimit], [{ family: 'IPv4', host: '192.0.2.1' }, true]);
  assert.deepEqual(ignored, ['made-up', 'made']);
  assert.deepEqual(notDone, ['codec-transcode-G729', 'codec-transcode-opus/48000/2///stereo=0', 'T.38=decode']);
});

test('tags in the line: with a value they are tags, and a From tag means its party alone', () => {
  const { request } = said({ command: 'block media', 'call-id': 'c', 'rtpp-flags': 'from-tag=f--1 to-tag=t all=flows' });
  assert.deepEqual([request.fromTag, request.toTag, request.all, [...request.flags]], ['f--1', 't', 'flows', ['directional']]);
  const bare = said({ command: 'delete', 'call-id': 'c', rtpp_flags: 'to-tag fatal' }).request;
  assert.deepEqual([bare.toTag, [...bare.flags]], [null, ['to-tag', 'fatal']]);
});

test('keys beside the line count more where they are single, and join it where they are lists', () => {
  for (const keys of [
    {
      ICE: 'remove',
      direction: ['a', 'b'],
      flags: ['symmetric'],
      'rtpp-flags': 'ICE=default direction=x direction=y trust-address',
    },
    {
      'rtpp-flags': ['ICE=default', 'direction=x direction=y trust-address'],
      flags: ['symmetric'],
      direction: ['a', 'b'],
      ICE: 'remove',
    },
  ]) {
    const { request } = offered(keys);
    assert.deepEqual(
      [request.ice, request.networks, [...request.flags].sort()],
      ['remove', { from: 'a', to: 'b' }, ['symmetric', 'trust-address']],
    );
  }
});

test('the line cannot say what the message is', () => {
  const { request } = offered({ 'rtpp-flags': 'command=delete sdp=x flags=fatal rtpp-flags=[a=b] call-id=z' });
  assert.deepEqual([request.command, request.sdp, request.callId, request.flags.size], ['offer', 'v=0\r\n', 'c1', 0]);
});

test('networks in a row: a third says nothing', () => {
  assert.deepEqual(offered({ 'rtpp-flags': 'internal external direction=c' }).request.networks, {
    from: 'internal',
    to: 'external',
  });
  assert.deepEqual(offered({ 'rtpp-flags': 'direction=a' }).request.networks, { from: 'a', to: null });
});
