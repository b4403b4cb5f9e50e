import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NG_FLAGS, type NgFlag } from '../../../src/protocol/ng/request.js';
import type { NgDictionary, NgValue } from '../../../src/protocol/ng/value.js';
import { offered, said } from './ngGiven.js';

const flagsOf = (keys: NgDictionary): NgFlag[] => [...offered(keys).request.flags];

test('[NG-02] keys and flags nobody knows are named and change nothing', () => {
  const { request, ignored, notDone } = offered({ 'x-new': 'y', nested: { a: [1] }, flags: ['later', 'trust-address'] });
  assert.deepEqual([ignored, notDone], [['x-new', 'nested', 'later'], []]);
  assert.deepEqual({ ...request }, { ...offered({ flags: ['trust-address'] }).request });
});

test('a name is the same in any case, and with blanks and underscores for hyphens', () => {
  for (const name of [
    'transport-protocol',
    'transport protocol',
    'transport_protocol',
    'Transport-Protocol',
    'TRANSPORT PROTOCOL',
  ])
    assert.equal(offered({ [name]: 'RTP/AVP' }).request.transportProtocol, 'RTP/AVP', name);
  for (const name of ['ICE', 'ice', 'Ice']) assert.equal(offered({ [name]: 'remove' }).request.ice, 'remove', name);
  for (const name of ['record call', 'record-call', 'Record_Call', 'RECORD CALL'])
    assert.deepEqual(flagsOf({ flags: [name] }), ['record-call'], name);
  for (const name of ['SIP source address', 'sip-source-address', 'SIP_source_address'])
    assert.deepEqual(flagsOf({ flags: [name] }), ['sip-source-address'], name);
  assert.equal(said({ command: 'query', Call_ID: 'C-1 x_Y' }).request.callId, 'C-1 x_Y');
});

test('numbers may be text, and text may be a number', () => {
  for (const value of [30, '30', ' 30 ', '+30']) assert.equal(offered({ ptime: value }).request.ptime, 30);
  assert.equal(offered({ label: 7 }).request.label, '7');
  assert.equal(said({ command: 'delete', 'call-id': 12, 'delete-delay': '0' }).request.deleteDelaySeconds, 0);
  assert.equal(said({ command: 'delete', 'call-id': 12 }).request.callId, '12');
});

test('a value that cannot be is named and leaves what was', () => {
  const table: readonly (readonly [string, NgValue, string])[] = [
    ['ptime', 'x', 'ptime=x'],
    ['ptime', 0, 'ptime=0'],
    ['ptime', '99999999999999999999', 'ptime=99999999999999999999'],
    ['TOS', 256, 'TOS=256'],
    ['delete-delay', -1, 'delete-delay=-1'],
    ['address-family', 'IP5', 'address-family=IP5'],
    ['received-from', ['IP4', 'not an address'], 'received-from'],
    ['record-call', 'perhaps', 'record-call=perhaps'],
    ['all', 'some', 'all=some'],
    ['call-id', ['a'], 'call-id'],
    ['from-tag', { a: 'b' }, 'from-tag'],
    ['blob64', '***', 'blob64=***'],
    ['duration', 'x', 'duration=x'],
    ['codec', 'PCMU', 'codec=PCMU'],
    ['codec', { frobnicate: ['PCMU'] }, 'codec-frobnicate'],
    ['sdp-attr', { audio: { change: ['a'] } }, 'sdp-attr-change'],
    ['sdp-attr', { audio: { substitute: ['a'] } }, 'sdp-attr-substitute-audio'],
    ['rtcp-mux', ['maybe'], 'rtcp-mux=maybe'],
    ['replace', 'everything', 'replace=everything'],
    ['sip-message-type', 'sip_letter', 'sip-message-type=sip_letter'],
  ];
  const before = said({ command: 'events' }).request;
  for (const [key, value, wanted] of table) {
    const { request, ignored } = said({ command: 'events', [key]: value });
    assert.deepEqual(ignored, [wanted]);
    assert.deepEqual(key === 'sdp-attr' ? { ...request, sdpAttr: before.sdpAttr } : { ...request }, { ...before }, key);
  }
});

test('what strangers send is not repeated to them without end', () => {
  const { ignored } = offered({ flags: Array.from({ length: 5000 }, (_, i) => `${i}-${'x'.repeat(1000)}`) });
  assert.equal(ignored.length, 64);
  assert.ok(ignored.every((each) => each.length <= 103));
});

test('a list may be one string with commas', () => {
  assert.deepEqual(flagsOf({ flags: 'trust-address, symmetric,,made-up' }), ['trust-address', 'symmetric']);
  assert.deepEqual([...offered({ replace: 'origin,username' }).request.replace], ['origin', 'username']);
  assert.deepEqual(offered({ direction: 'priv,pub' }).request.networks, { from: 'priv', to: 'pub' });
  assert.deepEqual(offered({ codec: { strip: 'PCMU,PCMA' } }).request.codec.strip, ['PCMU', 'PCMA']);
  assert.deepEqual(offered({ 'rtcp-mux': 'offer,require' }).request.rtcpMux, ['offer', 'require']);
  assert.equal(offered({ supports: 'load limit' }).request.supportsLoadLimit, true);
  assert.deepEqual(offered({ notify: 'http://127.0.0.1/a,b' }).request.notify, ['http://127.0.0.1/a,b']);
  assert.deepEqual(offered({ notify: ['connection', 'http://127.0.0.1/'] }).request.notify, ['connection', 'http://127.0.0.1/']);
});

test('every flag with an effect sets it, as a word and as a key that is switched on', () => {
  for (const flag of NG_FLAGS) {
    assert.ok(offered({ flags: [flag] }).request.flags.has(flag), flag);
    assert.deepEqual(offered({ flags: [flag] }).ignored, [], flag);
    // Three of them are keys in their own right, of another kind.
    if (['to-tag', 'all', 'pause'].includes(flag)) continue;
    for (const on of ['yes', 'on', 1]) assert.ok(offered({ [flag]: on }).request.flags.has(flag), flag);
    for (const off of ['no', 'off', 0]) assert.equal(offered({ [flag]: off }).request.flags.size, 0, flag);
  }
  assert.deepEqual(flagsOf({ 'record call': 'yes' }), ['record-call']);
  assert.deepEqual(flagsOf({ flags: ['reuse codecs'] }), ['no-codec-renegotiation']);
  assert.deepEqual([...said({ command: 'stop recording', 'call-id': 'c', pause: 'yes' }).request.flags], ['pause']);
});

test('the To tag is a key, and the flag of that name another thing', () => {
  const { request } = said({ command: 'delete', 'call-id': 'c', 'to-tag': 'yes', flags: ['to-tag'] });
  assert.deepEqual([request.toTag, [...request.flags]], ['yes', ['to-tag']]);
  assert.deepEqual([...said({ command: 'delete', 'call-id': 'c', 'to-tag': 'yes' }).request.flags], []);
});

test('`all` is a flag or a key', () => {
  const all = (keys: NgDictionary) => said({ command: 'unblock media', 'call-id': 'c', ...keys }).request.all;
  assert.deepEqual([all({}), all({ flags: ['all'] }), all({ all: 'yes' }), all({ all: 'all' })], [null, 'all', 'all', 'all']);
  assert.deepEqual(
    [all({ all: 'flows', flags: ['all'] }), all({ all: 'except_offer-answer' })],
    ['flows', 'except-offer-answer'],
  );
});

test('keys and a word in one, as flags', () => {
  const { request, ignored } = offered({
    flags: [
      ...[
        'replace-origin',
        'replace-SDP-version',
        'codec-strip-PCMU',
        'codec-offer-opus/48000/2',
        'codec-except-G722',
        'codec-mask-GSM',
      ],
      ...[
        'rtcp-mux-demux',
        'rtcp-mux-accept',
        'ICE-remove',
        'SDES-off',
        'DTLS-off',
        'OSRTP-off',
        'ptime-40',
        'TOS-184',
        'bundle-reject',
      ],
      ...[
        'sdp-attr-add-audio-x-y:1',
        'sdp-attr-remove-none-sendrecv',
        'sdp-attr-substitute-video-a..b>c--d',
        'sdp-media-remove-video',
      ],
      ...['delete-delay-7', 'extmap-strip-all'],
    ],
  });
  assert.deepEqual(ignored, []);
  assert.deepEqual([...request.replace], ['origin', 'sdp-version']);
  assert.deepEqual(request.codec, { strip: ['PCMU'], offer: ['opus/48000/2'], except: ['G722'], mask: ['GSM'], notDone: [] });
  assert.deepEqual([request.rtcpMux, request.ice, request.sdes, request.dtls], [['demux', 'accept'], 'remove', ['off'], 'off']);
  assert.deepEqual([request.ptime, request.tos, request.bundle, request.deleteDelaySeconds], [40, 184, ['reject'], 7]);
  assert.deepEqual(
    { ...request.sdpAttr },
    {
      audio: { add: ['x-y:1'], remove: [], substitute: [] },
      none: { add: [], remove: ['sendrecv'], substitute: [] },
      video: { add: [], remove: [], substitute: [{ from: 'a b', to: 'c=d' }] },
    },
  );
  assert.deepEqual([request.sdpMediaRemove, [...request.flags]], [['video'], ['strip-extmap']]);
  assert.deepEqual(offered({ 'codec-strip': ['PCMU', 'PCMA'] }).request.codec.strip, ['PCMU', 'PCMA']);
  assert.deepEqual(offered({ flags: ['codec-strip', 'codec-strip-', 'ICE-', 'sdp-attr-add-audio'] }).ignored.length, 4);
});

test('a flag cannot say what call it is', () => {
  const { request, ignored } = offered({ flags: ['call-id=other', 'from-tag=other', 'sdp=other', 'ptime=20'] });
  assert.deepEqual([request.callId, request.fromTag, request.sdp, request.ptime], ['c1', 'a', 'v=0\r\n', 20]);
  assert.equal(ignored.length, 3);
});

test('attributes are added, removed and replaced, however pairs are written', () => {
  const pairs = (substitute: NgValue) => offered({ 'sdp-attr': { audio: { substitute } } }).request.sdpAttr['audio']?.substitute;
  for (const written of [[['a', 'b']], ['a', 'b'], ['a>b'], 'a>b', [{ from: 'a', to: 'b' }], { a: 'b' }, [['a=a', 'a=b']]])
    assert.deepEqual(pairs(written), [{ from: 'a', to: 'b' }], JSON.stringify(written));
  assert.deepEqual(
    pairs([
      ['a', 'b'],
      ['c', 'd'],
    ]),
    [
      { from: 'a', to: 'b' },
      { from: 'c', to: 'd' },
    ],
  );
  const { sdpAttr } = offered({ 'sdp-attr': { global: { add: ['a=x,y', 'z'] }, Audio: { remove: 'ptime:20' } } }).request;
  assert.deepEqual(sdpAttr['none']?.add, ['x,y', 'z']);
  assert.deepEqual(sdpAttr['audio']?.remove, ['ptime:20']);
});

test('[NG-02] what is known and not done is named, and nothing else', () => {
  const { notDone, ignored } = offered({
    ...{
      'T.38': ['decode'],
      'audio player': 'always',
      ICE: 'force',
      DTLS: 'passive',
      SDES: 'only-X,off',
      OSRTP: 'offer',
      transcode: 'G729',
    },
    codec: { transcode: ['opus'], set: ['opus/48000/2'], strip: ['x'] },
    flags: [
      'always transcode',
      'pierce NAT',
      'SDES-nonew',
      'codec-accept-all',
      'T.38-force',
      'transcode-PCMA',
      'generate RTCP',
      'no-player',
    ],
    'generate-RTCP': 'no',
  });
  assert.deepEqual(ignored, []);
  assert.deepEqual(notDone, [
    ...['T.38', 'audio-player=always', 'ICE=force', 'DTLS=passive', 'SDES=only-X', 'OSRTP=offer', 'transcode=G729'],
    ...['codec-transcode-opus', 'codec-set-opus/48000/2', 'always-transcode', 'pierce-NAT', 'SDES=nonew', 'codec-accept-all'],
    ...['T.38=force', 'transcode=PCMA', 'generate-RTCP'],
  ]);
});

test('WebRTC stands for what a browser needs; keys that say otherwise count more', () => {
  const { request, notDone } = offered({ flags: ['WebRTC'] });
  assert.deepEqual(
    [request.transportProtocol, request.ice, request.rtcpMux],
    ['UDP/TLS/RTP/SAVPF', 'force', ['offer', 'require']],
  );
  assert.deepEqual([[...request.flags], request.sdes], [['no-rtcp-attribute', 'generate-mid'], ['off']]);
  assert.deepEqual(notDone, ['ICE=force', 'trickle-ICE']);
  for (const keys of [
    { flags: 'WebRTC', 'transport-protocol': 'RTP/AVP', ICE: 'remove' },
    { ICE: 'remove', 'transport-protocol': 'RTP/AVP', flags: 'webrtc' },
  ])
    assert.deepEqual([offered(keys).request.transportProtocol, offered(keys).request.ice], ['RTP/AVP', 'remove']);
});

test('transports are words too, whole or in parts', () => {
  const table: readonly (readonly [string[], string | null])[] = [
    [['RTP/SAVPF'], 'RTP/SAVPF'],
    [['udp/tls/rtp/savp'], 'UDP/TLS/RTP/SAVP'],
    [['RTP', 'AVP'], 'RTP/AVP'],
    [['SRTP', 'AVP'], 'RTP/SAVP'],
    [['SRTP', 'AVPF'], 'RTP/SAVPF'],
    [['AVPF'], 'RTP/AVPF'],
    [['DTLS', 'AVPF', 'SRTP'], 'UDP/TLS/RTP/SAVPF'],
    [['symmetric'], null],
  ];
  for (const [flags, wanted] of table) assert.equal(offered({ flags }).request.transportProtocol, wanted);
  assert.equal(offered({ flags: ['SRTP'], 'transport-protocol': 'RTP/AVP' }).request.transportProtocol, 'RTP/AVP');
});

test('networks are named by pairs, one by one, or by side', () => {
  assert.deepEqual(offered({ interface: ['a', 'b'] }).request.networks, { from: 'a', to: 'b' });
  assert.deepEqual(offered({ 'from-interface': 'a', 'to-interface': 'b' }).request.networks, { from: 'a', to: 'b' });
  assert.deepEqual(offered({ flags: ['internal', 'external', 'internal'] }).request.networks, {
    from: 'internal',
    to: 'external',
  });
  assert.deepEqual(offered({ 'inbound-peer': '192.0.2.1', peer: ['192.0.2.2', '::1'] }).request.peers, {
    from: '192.0.2.2',
    to: '::1',
  });
});
