import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBencode } from '../../../src/protocol/ng/bencode.js';
import { peekCall } from '../../../src/protocol/ng/peekCall.js';
import { requestOf, SDP, said } from './ngGiven.js';

test('[NG-01] the very bytes of an offer of Kamailio 5.6.3 are read', () => {
  const payload = `d8:supportsl10:load limite3:sdp${SDP.length}:${SDP}3:ICE6:remove5:flagsl13:trust-addresse7:replacel6:origin18:session-connectione7:call-id16:1-1760@127.0.0.113:received-froml3:IP49:127.0.0.1e8:from-tag7:a1x17607:command5:offere`;
  const { request, ignored, notDone, encoding } = requestOf(payload);
  assert.equal(encoding, 'bencode');
  assert.deepEqual([ignored, notDone], [[], []]);
  assert.deepEqual(
    [request.command, request.callId, request.fromTag, request.toTag, request.sdp],
    ['offer', '1-1760@127.0.0.1', 'a1x1760', null, SDP],
  );
  assert.deepEqual([request.ice, request.supportsLoadLimit], ['remove', true]);
  assert.deepEqual([...request.flags], ['trust-address']);
  assert.deepEqual([...request.replace], ['origin', 'session-connection']);
  assert.deepEqual(request.receivedFrom, { family: 'IPv4', host: '127.0.0.1' });
  assert.deepEqual(peekCall(payload), { command: 'offer', callId: '1-1760@127.0.0.1' });
});

test('[NG-01] an answer of a Kamailio of today, with everything it translates itself', () => {
  const { request, ignored, notDone } = said({
    supports: ['load limit'],
    sdp: SDP,
    ICE: 'force-relay',
    flags: ['trust-address', 'symmetric', 'strict-source', 'media-handover', 'made-up'],
    direction: ['priv', 'pub'],
    replace: ['origin', 'SDP version', 'zero-address'],
    'rtcp-mux': ['demux'],
    SDES: ['off'],
    DTLS: 'off',
    codec: { strip: ['opus', 'G722/8000'], transcode: ['PCMA'] },
    'transport-protocol': 'RTP/AVP',
    'address-family': 'IP6',
    repacketize: 30,
    'delete-delay': 5,
    'delete delay': '5',
    'made-up-key': 'value',
    'sip-message-type': 'sip_reply',
    'sip-code': 200,
    'via-branch': 'z9hG4bK776asdhds.0',
    'received-from': ['IP6', '2001:db8::1'],
    'call-id': 'c1',
    'from-tag': 'a',
    'to-tag': 'b',
    command: 'answer',
  });
  assert.deepEqual(
    [ignored, notDone],
    [
      ['made-up', 'made-up-key'],
      ['ICE=force-relay', 'codec-transcode-PCMA'],
    ],
  );
  assert.deepEqual([...request.flags], ['trust-address', 'symmetric', 'strict-source', 'media-handover']);
  assert.deepEqual([...request.replace], ['origin', 'sdp-version', 'zero-address']);
  assert.deepEqual(request.networks, { from: 'priv', to: 'pub' });
  assert.deepEqual([request.rtcpMux, request.sdes, request.dtls], [['demux'], ['off'], 'off']);
  assert.deepEqual(request.codec, {
    ...{ strip: ['opus', 'G722/8000'], offer: [], except: [], mask: [], notDone: ['transcode PCMA'] },
  });
  assert.deepEqual([request.addressFamily, request.transportProtocol, request.ptime], ['IPv6', 'RTP/AVP', 30]);
  assert.deepEqual([request.deleteDelaySeconds, request.sipMessageType, request.sipCode], [5, 'reply', 200]);
  assert.deepEqual(request.receivedFrom, { family: 'IPv6', host: '2001:db8::1' });
  assert.deepEqual([request.viaBranch, request.ice], ['z9hG4bK776asdhds.0', 'force-relay']);
});

test('a delete with the flags of an offer says nothing of what is not done: it would not do it anyway', () => {
  const { ignored, notDone, request } = said({
    ...{
      command: 'delete',
      'call-id': 'c',
      'from-tag': 'a',
      'T.38': ['decode'],
      ICE: 'force',
      flags: ['always transcode', 'fatal'],
    },
  });
  assert.deepEqual([ignored, notDone, [...request.flags]], [[], [], ['fatal']]);
});

test('OpenSIPS deletes without a From tag, and with a delay', () => {
  const { request } = said({ command: 'delete', 'call-id': 'c', 'via-branch': '1', 'delete-delay': 0 });
  assert.deepEqual([request.callId, request.fromTag, request.viaBranch, request.deleteDelaySeconds], ['c', null, '1', 0]);
});

test('OpenSIPS offers with an obsolete word in `replace`, and pings', () => {
  const keys = { sdp: SDP, 'call-id': 'c', 'from-tag': 'a', replace: ['session-connection', 'origin'], command: 'offer' };
  assert.deepEqual([...said(keys).request.replace], ['session-connection', 'origin']);
  assert.deepEqual(said({ command: 'ping' }).ignored, []);
});

test('which call a request is about is told without reading it, however it is spelled', () => {
  const rest = { sdp: SDP, 'from-tag': 'a', list: [['x'], { 'call-id': 'inner', command: 'ping' }], n: 7 };
  const table: readonly (readonly [Record<string, string>, string])[] = [
    [{ command: 'offer', 'call-id': 'c' }, 'c'],
    [{ command: 'OFFER', call_id: 'c' }, 'c'],
    [{ Command: 'offer', 'Call-ID': 'c' }, 'c'],
    [{ command: 'offer', 'call-id': 'c', 'call id': 'd' }, 'd'],
    [{ command: 'offer', 'call-id': '', 'rtpp-flags': 'call-id=e' }, 'e'],
    [{ command: 'offer', 'rtpp-flags': 'call-id=f' }, 'f'],
    [{ command: 'offer', 'call-id': 'c', 'rtpp-flags': 'call-id=f' }, 'c'],
    [{ command: 'offer', 'call-id': 'c', flags: 'call-id=f' }, 'c'],
  ];
  for (const [keys, callId] of table)
    for (const payload of [encodeBencode({ ...rest, ...keys }), JSON.stringify({ ...rest, ...keys })]) {
      assert.deepEqual(peekCall(payload), { command: 'offer', callId }, payload);
      assert.equal(requestOf(payload).request.callId, callId);
    }
  assert.deepEqual(peekCall('d7:command4:pinge'), { command: 'ping', callId: null });
  assert.deepEqual(peekCall('{"command":"list"}'), { command: 'list', callId: null });
  for (const none of [
    '',
    'x',
    'd',
    'd7:call-id1:ce',
    'd7:call-id1:c7:command4:frobe',
    'd7:command5:offer7:call-id99:ce',
    '{"command":',
  ])
    assert.equal(peekCall(none), null, none);
});
