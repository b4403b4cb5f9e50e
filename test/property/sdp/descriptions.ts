import fc from 'fast-check';
import type { SdpMediaPlan, SdpPlan } from '../../../src/protocol/sdp/sdp.js';

const line = (type: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> => value.map((text) => `${type}=${text}`);
const oneOf = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);

export const connections = line(
  'c',
  fc.oneof(
    oneOf('IN IP4 192.0.2.1', 'IN IP4 192.0.2.2', 'IN IP6 2001:db8::1', 'IN IP4 0.0.0.0', 'IN IP6 ::'),
    oneOf('IN IP4 224.2.1.1/127', 'IN IP4 a.invalid', 'IN IP4 203.0.113.5', 'ATM x y'),
  ),
);

const sessionAttributes = line(
  'a',
  oneOf(
    ...[
      'group:BUNDLE 0 1 2',
      'group:BUNDLE 1',
      'group:BUNDLE',
      'ice-lite',
      'ice-ufrag:x',
      'sendonly',
      'inactive',
      'x-a:1',
      'x-c',
    ],
    ...['extmap:1 urn:x', 'fingerprint:sha-1 00', 'rtpbridge:other', 'tool:x'],
  ),
);

/** That change nothing but themselves, wherever they stand. */
const plainAttributes = line(
  'a',
  oneOf(
    'x-a:1',
    'x-a',
    'x-c:2',
    'x-d:1',
    'label:7',
    'ssrc:1 cname:y',
    'rtcp-fb:96 nack',
    'rtcp-fb:* nack',
    'setup:actpass',
    'rtcp-rsize',
  ),
);
const attributes = fc.oneof(
  plainAttributes,
  line(
    'a',
    oneOf(
      ...[
        'rtpmap:96 opus/48000/2',
        'rtpmap:97 rtx/90000',
        'fmtp:97 apt=96',
        'rtpmap:98 red/8000',
        'fmtp:98 0/8',
        'rtpmap:101 telephone-event/8000',
      ],
      ...[
        'rtcp:5001',
        'rtcp:5001 IN IP4 192.0.2.1',
        'rtcp-mux',
        'rtcp-mux-only',
        'mid:0',
        'mid:1',
        'mid:2',
        'ptime:20',
        'maxptime:30',
      ],
      ...['sendrecv', 'sendonly', 'recvonly', 'inactive', 'candidate:1 1 UDP 1 192.0.2.1 1 typ host', 'ice-ufrag:x', 'ice-pwd:y'],
      ...['end-of-candidates', 'remote-candidates:1 192.0.2.1 2', 'bundle-only', 'extmap:1 urn:x', 'crypto:1 X inline:y'],
    ),
  ),
);

const firstLines = fc
  .tuple(
    oneOf('audio', 'audio', 'video', 'image', 'message', 'application'),
    oneOf('0', '9', '4000', '4000', '4002', '4000/2', '65535'),
    oneOf('RTP/AVP', 'RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF', 'udptl', 'TCP/MSRP'),
    fc.shuffledSubarray(['0', '8', '18', '96', '97', '98', '101', '120', 'x'], { minLength: 1 }),
  )
  .map(([kind, port, protocol, formats]) => `m=${kind} ${port} ${protocol} ${formats.join(' ')}`);

const sections = fc
  .tuple(
    firstLines,
    fc.array(connections, { maxLength: 2 }),
    fc.array(attributes, { maxLength: 10 }),
    oneOf('', '', 'i=x', 'b=AS:1'),
  )
  .map(([first, own, others, extra]) => [first, ...(extra === '' ? [] : [extra]), ...own, ...others]);

/** Descriptions of every shape, with any line ends. */
export const descriptions: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(connections, { maxLength: 2 }),
    fc.array(fc.oneof({ weight: 6, arbitrary: sessionAttributes }, oneOf('', 'junk', 'z=0 0')), { maxLength: 6 }),
    fc.array(sections, { minLength: 1, maxLength: 4 }),
    fc.infiniteStream(oneOf('\r\n', '\r\n', '\r\n', '\n', '\r\r\n')),
    fc.tuple(oneOf('\r\n', '\n', '', '\r', '\r\n\r\n', '\r\n\r'), fc.boolean()),
  )
  .map(([connection, session, media, ends, [last, isMixed]]) => {
    const lines = ['v=0', 'o=a 1 2 IN IP4 192.0.2.1', 's=-', ...connection, 't=0 0', ...session, ...media.flat()];
    return lines.map((text, i) => text + (i === lines.length - 1 ? last : isMixed ? ends.next().value : '\r\n')).join('');
  });

/** Descriptions of one address, each section its own or that of the session, and whether it is held; nothing that a move has to say anew. */
export const movable: fc.Arbitrary<string> = fc
  .tuple(
    oneOf('IN IP4 192.0.2.1', 'IN IP4 0.0.0.0', 'IN IP4 224.2.1.1/127'),
    fc.array(
      fc.tuple(
        oneOf('4000', '4002', '0', '4000/2'),
        fc.option(oneOf('IN IP4 192.0.2.1', 'IN IP4 0.0.0.0'), { nil: null }),
        fc.array(fc.oneof(plainAttributes, oneOf('a=rtcp:4001', 'a=sendonly', 'a=mid:0', 'a=rtcp-mux')), { maxLength: 8 }),
      ),
      { minLength: 1, maxLength: 5 },
    ),
    oneOf('\r\n', '\n'),
    fc.boolean(),
  )
  .map(([session, media, end, isOpen]) => {
    const lines = ['v=0', 'o=a 1 2 IN IP4 192.0.2.1', 's=-', `c=${session}`, 't=0 0', 'a=group:BUNDLE 0'];
    for (const [port, own, others] of media) {
      const only = others.filter((text, i) => text !== 'a=rtcp:4001' || others.indexOf(text) === i);
      lines.push(`m=audio ${port} RTP/AVP 0 8`, ...(own === null ? [] : [`c=${own}`]), ...only);
    }
    return lines.join(end) + (isOpen ? '' : end);
  });

const mediaPlans = fc.tuple(
  oneOf('relay', 'relay', 'relay', 'keep', 'reject'),
  oneOf('203.0.113.5', '198.18.0.1', '2001:db8:1::5'),
  fc.boolean(),
);

const mediaPlan = ([kind, host, isApart]: readonly [string, string, boolean], i: number): SdpMediaPlan => {
  if (kind !== 'relay') return { kind: kind === 'keep' ? 'keep' : 'reject' };
  const port = 30_000 + i * 10;
  return { kind, place: { host, family: host.includes(':') ? 'IP6' : 'IP4', port, rtcpPort: isApart ? port + 5 : port + 1 } };
};

const codecNames = fc.array(oneOf('PCMU', 'pcma/8000', 'opus', '96', 'telephone-event', 'rtx', 'red', 'all', '120', 'G729'), {
  maxLength: 3,
});

/** Plans of every kind. Attributes are changed so that the second time nothing is left to do. */
export const plans: fc.Arbitrary<SdpPlan> = fc.record({
  media: fc.array(mediaPlans, { maxLength: 4 }).map((list) => list.map(mediaPlan)),
  ice: fc.constantFrom('keep' as const, 'remove' as const),
  rtcpMux: fc.subarray(['offer', 'require', 'demux', 'accept', 'reject'] as const, { maxLength: 2 }),
  rtcpAttribute: fc.constantFrom('as-was' as const, 'never' as const, 'full' as const),
  bundle: fc.subarray(['accept', 'reject', 'strict'] as const, { maxLength: 1 }),
  replace: fc
    .subarray(['origin', 'origin-full', 'username', 'session-name', 'sdp-version', 'zero-address', 'session-connection'])
    .map((words) => new Set(words)),
  origin: fc.constant({ address: { family: 'IP4' as const, host: '203.0.113.5' }, username: 'r', sessionName: 'n' }),
  version: fc.constantFrom(null, '7'),
  codec: fc.record({ strip: codecNames, offer: codecNames, except: codecNames, mask: codecNames }),
  singleCodec: fc.boolean(),
  allowNoCodecMedia: fc.boolean(),
  ptimeMs: fc.constantFrom(null, 20, 40),
  transportProtocol: fc.constantFrom(null, 'RTP/AVP', 'RTP/AVPF', 'RTP/SAVP'),
  stripExtmap: fc.boolean(),
  generateMid: fc.boolean(),
  attributes: fc.constantFrom(
    {},
    {
      none: { add: ['x-d:1'], remove: ['x-c'], substitute: [] },
      audio: { add: ['x-d:1', 'x-d:2'], remove: ['x-c', 'x-d'], substitute: [{ from: 'x-a', to: 'x-b' }] },
    },
  ),
  removeKinds: fc.subarray(['video', 'message'], { maxLength: 1 }),
  loopMark: fc.constantFrom(null, 'id'),
});
