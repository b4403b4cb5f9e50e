/** Session descriptions as strangers write them. */
import fc from 'fast-check';
import { sdpOf } from '../pure/ngGiven.js';
import { damaged, damages } from './budget.js';
import { latin1 } from './commands.js';

const media = (n: number): string[] => Array.from({ length: n }, (_, i) => `m=audio ${4000 + 2 * i} RTP/AVP 0`);
const SDPS = [
  sdpOf('203.0.113.1', 4000),
  sdpOf('198.51.100.2', 6000),
  sdpOf('2001:db8::1', 4000),
  sdpOf('0.0.0.0', 4000),
  sdpOf('203.0.113.1', 4000, [
    'a=rtcp:4100',
    'a=rtcp-mux',
    'a=mid:0',
    'a=candidate:1 1 UDP 2113667326 203.0.113.1 4000 typ host',
  ]),
  sdpOf('203.0.113.1', 4000, ['a=sendonly', 'm=video 4002 RTP/AVP 31', 'a=inactive', 'm=image 4004 udptl t38']),
  sdpOf('203.0.113.1', 4000, ['a=mid:0', 'm=video 0 RTP/AVP 31', 'a=bundle-only', 'a=mid:1']).replace(
    't=0 0',
    't=0 0\r\na=group:BUNDLE 0 1',
  ),
  sdpOf('203.0.113.1', 4000).replace('RTP/AVP', 'RTP/SAVP'),
];

/** A line of a description, wherever it may come to stand. */
const line = fc.oneof(
  fc.constantFrom(
    ...[
      'v=0',
      'v=1',
      'o=',
      'o=- 1 1 IN IP4',
      'o=- x 99999999999999999999 IN IP4 1.2.3.4',
      's=',
      't=0 0',
      'm=',
      'm=audio',
      'a=',
      'c=',
    ],
    ...[
      'c=IN IP4 203.0.113.5',
      'c=IN IP6 ::',
      'c=IN IP4 224.2.1.1/127/3',
      'c=IN IP4 host.example',
      'c=IN IP4 256.1.1.1',
      'c=IN IP9 x',
    ],
    ...[
      'a=rtcp:0',
      'a=rtcp:65536',
      'a=rtcp:1 IN IP4 1.2.3.4',
      'a=rtcp-mux',
      'a=sendonly',
      'a=inactive',
      'a=ptime:0',
      'a=ptime:x',
    ],
    ...[
      'a=group:BUNDLE 0 0 1 x',
      'a=mid:0',
      'a=bundle-only',
      'a=rtpmap:0 PCMU/0',
      'a=rtpmap:999 X/1',
      'a=rtpmap:-1',
      'a=fmtp:101 0-16',
    ],
    ...[
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x',
      'a=fingerprint:sha-256 00',
      'a=candidate:',
      'a=ice-ufrag:x',
      'a=rtpbridge:test',
    ],
    ...['\0', '\xff', '', ' ', 'b=AS:0', 'garbage', 'a=x'.padEnd(5000, 'x')],
  ),
  fc
    .tuple(
      fc.constantFrom('audio', 'video', 'application', 'image', 'x', ''),
      fc.oneof(fc.integer({ min: -1, max: 99_999 }), fc.constantFrom(0, 1, 9, 65_535, 65_536)),
      fc.constantFrom('RTP/AVP', 'RTP/SAVPF', 'udptl', 'TCP/RTP/AVP', 'UDP/TLS/RTP/SAVP', 'x', ''),
      fc.constantFrom('0', '0 8 101', '0 0 0', '-1', '128', '*', '', Array.from({ length: 300 }, (_, n) => n).join(' ')),
    )
    .map(([kind, port, protocol, formats]) => `m=${kind} ${port} ${protocol} ${formats}`),
  fc.constantFrom(
    'm=audio 4000/2 RTP/AVP 0',
    'm=audio 4000/99999 RTP/AVP 0',
    'm=audio  4000 RTP/AVP 0',
    'm=audio 40e2 RTP/AVP 0',
  ),
);

type Edit = {
  readonly how: 'cut' | 'double' | 'delete' | 'swap' | 'put' | 'replace';
  readonly at: number;
  readonly other: number;
  readonly line: string;
};
const edit: fc.Arbitrary<Edit> = fc.record({
  how: fc.constantFrom('cut', 'double', 'delete', 'swap', 'put', 'replace'),
  ...{ at: fc.nat({ max: 1000 }), other: fc.nat({ max: 1000 }), line },
});

function edited(sdp: string, edits: readonly Edit[]): string {
  let lines = sdp.split('\r\n');
  for (const { how, at: anywhere, other: elsewhere, line: put } of edits) {
    const [at, other] = [anywhere % Math.max(1, lines.length), elsewhere % Math.max(1, lines.length)];
    if (how === 'cut') lines = lines.slice(0, at);
    else if (how === 'double') lines.splice(other, 0, lines[at] ?? '');
    else if (how === 'delete') lines.splice(at, 1);
    else if (how === 'put') lines.splice(at, 0, put);
    else if (how === 'replace') lines[at] = put;
    else [lines[at], lines[other]] = [lines[other] ?? '', lines[at] ?? ''];
  }
  return lines.join('\r\n');
}

/** Session descriptions of every kind, and what is left of them when lines and bytes of them are changed. */
export const sdps: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...SDPS),
  fc.tuple(fc.constantFrom(...SDPS), fc.array(edit, { minLength: 1, maxLength: 5 })).map(([sdp, edits]) => edited(sdp, edits)),
  fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: 200 })).map((n) => `${sdpOf('203.0.113.1', 4000)}${media(n).join('\r\n')}`),
  fc.tuple(fc.constantFrom(...SDPS), damages()).map(([sdp, list]) => latin1(damaged(Buffer.from(sdp, 'latin1'), list))),
);
