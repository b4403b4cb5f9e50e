/** How a description is looked at. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { describeMedia } from '../../../src/protocol/sdp/describe.js';
import { parseSdp } from '../../../src/protocol/sdp/parse.js';
import type { SdpMedia } from '../../../src/protocol/sdp/sdp.js';
import { description, parsed, printed } from './sdpGiven.js';

/** The only section. */
const mediaOf = (...lines: readonly string[]): SdpMedia => parsed(description(lines)).media[0]!;
const errorOf = (text: string): string => {
  const result = parseSdp(text);
  ok(!result.ok, 'it is refused');
  return result.error;
};

test('[NG-04] a section is seen as its lines say', () => {
  const lines = [
    ...['m=audio 4000 RTP/AVPF 0 96 97 13 96 x 200', 'c=IN IP4 192.0.2.1', 'a=rtpmap:96 opus/48000/2', 'a=fmtp:96 stereo=1; x=y'],
    ...[
      'a=fmtp:96 ignored',
      'a=rtpmap: 97  telephone-event/8000 more',
      'a=rtcp:4005 IN IP6 2001:db8::1',
      'a=rtcp-mux',
      'a=mid: a1 ',
    ],
    ...['a=ptime:20', 'a=recvonly', 'a=sendonly'],
  ];
  deepEqual(mediaOf(...lines), {
    index: 0,
    kind: 'audio',
    port: 4000,
    protocol: 'RTP/AVPF',
    formats: ['0', '96', '97', '13', '96', 'x', '200'],
    address: { family: 'IP4', host: '192.0.2.1' },
    hasConnection: true,
    rtcp: { port: 4005, address: { family: 'IP6', host: '2001:db8::1' } },
    isRejected: false,
    isBundleOnly: false,
    isZeroAddress: false,
    isIcePlaceholder: false,
    direction: 'recvonly',
    rtcpMux: true,
    mid: 'a1',
    ptimeMs: 20,
    codecs: [
      { payloadType: 0, name: 'PCMU/8000', fmtp: null },
      { payloadType: 96, name: 'opus/48000/2', fmtp: 'stereo=1; x=y' },
      { payloadType: 97, name: 'telephone-event/8000', fmtp: null },
      { payloadType: 13, name: 'CN/8000', fmtp: null },
    ],
    carrier: 'rtp',
    isSecure: false,
  });
});

test('[NG-04] what a section does not say is what the session says, or what RFC 8866 supposes', () => {
  const bare = mediaOf('m=audio 4000 RTP/AVP 8');
  deepEqual(bare.address, { family: 'IP4', host: '192.0.2.9' });
  deepEqual([bare.hasConnection, bare.rtcp, bare.mid, bare.ptimeMs, bare.rtcpMux], [false, null, null, null, false]);
  equal(bare.direction, 'sendrecv');
  const held = parsed('v=0\na=inactive\nm=audio 4000 RTP/AVP 8\nm=audio 4000 RTP/AVP 8\na=sendrecv').media;
  deepEqual(
    held.map(({ direction, address }) => [direction, address]),
    [
      ['inactive', null],
      ['sendrecv', null],
    ],
  );
});

test('[NG-04] what carries a protocol, and whether it asks for keys', () => {
  const carriers = {
    rtp: ['RTP/AVP', 'rtp/avpf', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF'],
    udp: ['udptl', 'UDPTL', 'udp', 'UDP/DTLS/SCTP', 'UDP/BFCP', 'UDP/TLS/UDPTL', 'DTLS/SCTP'],
    none: ['TCP/MSRP', 'TCP/TLS/MSRP', 'TCP/RTP/AVP', 'TCP/DTLS/SCTP', 'DCCP/RTP/AVP', 'X', 'UDPX'],
  };
  for (const [carrier, protocols] of Object.entries(carriers))
    for (const protocol of protocols) equal(mediaOf(`m=x 4000 ${protocol} 0`).carrier, carrier, protocol);
  const secure = ['RTP/SAVP', 'RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'UDP/DTLS/SCTP', 'TCP/TLS/MSRP'];
  for (const protocol of secure) equal(mediaOf(`m=x 4000 ${protocol} 0`).isSecure, true, protocol);
  equal(mediaOf('m=audio 4000 RTP/AVP 0').isSecure, false);
  equal(mediaOf('m=audio 4000 RTP/AVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x').isSecure, true);
  equal(mediaOf('m=audio 4000 RTP/AVP 0', 'a=fingerprint:sha-1 00').isSecure, true);
  equal(parsed('v=0\na=fingerprint:sha-1 00\nm=audio 4000 RTP/AVP 0').media[0]!.isSecure, true);
  deepEqual(mediaOf('m=image 4000 udptl t38').codecs, []);
});

test('[NG-04] addresses that stand for none, and those that only look so', () => {
  const zero = ['IP4 0.0.0.0', 'IP6 ::', 'IP6 0:0:0:0:0:0:0:0', 'IP4 a.invalid', 'IP4 INVALID', 'IP6 ::0'];
  for (const host of zero) equal(mediaOf('m=audio 4000 RTP/AVP 0', `c=IN ${host}`).isZeroAddress, true, host);
  const others = ['IP4 10.0.0.0', 'IP4 0.0.0.1', 'IP6 2001:db8::', 'IP6 ::1', 'IP4 notinvalid', 'IP4 invalid.example'];
  for (const host of others) equal(mediaOf('m=audio 4000 RTP/AVP 0', `c=IN ${host}`).isZeroAddress, false, host);
  const waiting = (port: number, ...lines: string[]): boolean =>
    mediaOf(`m=audio ${port} RTP/SAVPF 0`, 'c=IN IP4 0.0.0.0', ...lines).isIcePlaceholder;
  deepEqual([waiting(9, 'a=ice-ufrag:x'), waiting(9), waiting(10, 'a=ice-ufrag:x')], [true, false, false]);
});

test('[NG-04] addresses in odd forms: TTL, the wrong family, other networks, none', () => {
  const read = (value: string) => mediaOf('m=audio 4000 RTP/AVP 0', `c=${value}`).address;
  deepEqual(read('IN IP4 224.2.1.1/127/3'), { family: 'IP4', host: '224.2.1.1' });
  deepEqual(read('in ip4 192.0.2.1'), { family: 'IP4', host: '192.0.2.1' });
  deepEqual(read('IN IP4 2001:db8::7'), { family: 'IP6', host: '2001:db8::7' });
  for (const value of ['', 'IN', 'IN IP4', 'IN IP4 /127', 'ATM NSAP 47.0091', 'IN IP5 x', `IN IP4 ${'a'.repeat(256)}`])
    equal(read(value), null, value);
});

test('[NG-04] port 0 is a rejected line, unless it is bundle-only', () => {
  const [rejected, bundled] = [mediaOf('m=audio 0 RTP/AVP 0'), mediaOf('m=audio 0 RTP/AVP 0', 'a=bundle-only')];
  deepEqual([rejected.isRejected, rejected.isBundleOnly], [true, false]);
  deepEqual([bundled.isRejected, bundled.isBundleOnly], [false, true]);
  deepEqual(mediaOf('m=audio 49170/2 RTP/AVP 0').port, 49_170);
});

test('[NG-04] origin and bundles are read from the session part', () => {
  const text =
    'v=0\r\no=me 12 34 IN IP6 ::1\r\na=group:BUNDLE 0 1\r\na=group:LS 0 1\r\na=group:BUNDLE\r\nm=audio 4 RTP/AVP 0\r\n';
  deepEqual(parsed(text).origin, { username: 'me', id: '12', version: '34', address: { family: 'IP6', host: '::1' } });
  deepEqual(parsed(text).bundles, [['0', '1'], []]);
  for (const line of ['o=me 12 34 IN IP6', 'o=me 12 34 IN IP6 ::1 x', 'o=', 'x=y'])
    equal(parsed(`v=0\n${line}\nm=audio 4 RTP/AVP 0`).origin, null, line);
});

test('[NG-04] line ends, lines that are none and empty ones are kept', () => {
  const text = 'v=0\ns=\r\n\r\r\nnonsense\n=x\nt\nm=audio 4 RTP/AVP 0\r\n\na=a\rb=c\r';
  equal(printed(parsed(text)), text);
  deepEqual(parsed('v=0\r\r\nm=audio 4 RTP/AVP 0\r\r\r\n').media[0]!.formats, ['0'], 'several CR before LF are one line end');
  deepEqual(
    parsed(text).session.map(({ type }) => type),
    ['v', 's', '', '', '', ''],
  );
  deepEqual(parsed(text).sections[0]!.at(-1), { type: 'a', value: 'a\rb=c', end: '\r' });
});

test('[NG-04] what cannot be used is refused in one sentence that says what is wrong', () => {
  const long = `v=0\n${'a=x\n'.repeat(20_000)}m=audio 4 RTP/AVP 0`;
  const table: readonly (readonly [string, RegExp])[] = [
    ['', /^the description is empty$/],
    ['m=audio 4000 RTP/AVP 0', /no v= line/],
    ['hello', /begins with "hello", and v=0 is expected/],
    ['\r\nv=0', /v=0 is expected/],
    ['v=1\nm=audio 4000 RTP/AVP 0', /begins with "v=1", and v=0 is expected/],
    ['v=0\r\ns=-\r\n', /no m= line/],
    ['v=0\nm=audio', /^m= line 1, "audio", lacks a kind, port or protocol$/],
    ['v=0\nm=audio 1 RTP/AVP 0\nm=audio 1', /^m= line 2, "audio 1", lacks/],
    ['v=0\nm=audio x RTP/AVP 0', /has the port "x", and one from 0 to 65535 is expected/],
    ['v=0\nm=audio 65536 RTP/AVP 0', /has the port "65536"/],
    ['v=0\nm=audio -1 RTP/AVP 0', /has the port "-1"/],
    ['v=0\nm=audio /2 RTP/AVP 0', /has the port "\/2"/],
    [`v=0\nm=audio ${'9'.repeat(500)} RTP/AVP 0`, /has the port "9{60}…"/],
    [`v=0\nm=audio 1 RTP/AVP${' 0'.repeat(257)}`, /has 257 formats, and at most 256 are read/],
    [`v=0\n${'m=audio 1 RTP/AVP 0\n'.repeat(101)}`, /more than 100 m= lines/],
    [long, /has \d+ characters, and at most 65536 are read/],
  ];
  for (const [text, expected] of table) {
    match(errorOf(text), expected, text.slice(0, 40));
    match(errorOf(text), /^[^\r\n]{1,250}$/, 'one line, and not too long');
  }
});

test('[NG-04] a hundred media and v=0 with a blank are read', () => {
  equal(parsed(`v=0 \n${'m=audio 1 RTP/AVP 0\n'.repeat(100)}`).media.length, 100);
});

test('a section is described as the model wants it', () => {
  deepEqual(describeMedia(mediaOf('m=audio 4000 RTP/AVP 18', 'a=fmtp:18 annexb=no', 'a=sendonly', 'a=ptime:30')), {
    kind: 'audio',
    protocol: 'RTP/AVP',
    formats: [{ payloadType: 18, name: 'G729/8000', fmtp: 'annexb=no' }],
    direction: 'sendonly',
    rtcpMux: false,
    ptimeMs: 30,
  });
});
