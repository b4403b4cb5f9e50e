import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';

// What Kamailio 5.6 sends for a call through two phones: some 20 keys, descriptions of 1 KB, a request a SIP message.

export type NgVerb = 'ping' | 'offer' | 'answer' | 'delete';

/** Numbers of calls are written with so many digits, so that the lengths in bencode stay what they are. */
const DIGITS = 7;
const PLACE = '#'.repeat(DIGITS);
/** Of each side so many ports in turn. They lie below those of any relay that is measured. */
const PORTS = 2000;
const [CALLER_PORT, CALLEE_PORT] = [10_000, 14_000];
const PORT_PLACE = '@@@@@';

/** A phone behind a proxy, with the codecs that desk phones have. */
function description(user: string, host: string, codecs: readonly string[]): string {
  const types = codecs.map((codec) => codec.split(' ', 1)[0]);
  return [
    'v=0',
    `o=${user} 3972145901 3972145901 IN IP4 ${host}`,
    's=call',
    `c=IN IP4 ${host}`,
    'b=AS:128',
    't=0 0',
    'a=tool:desk phone 12.4.1.880',
    'a=msid-semantic:WMS stream',
    `m=audio ${PORT_PLACE} RTP/AVP ${types.join(' ')}`,
    'b=TIAS:96000',
    ...codecs.map((codec) => `a=rtpmap:${codec}`),
    'a=fmtp:96 maxplaybackrate=48000;sprop-maxcapturerate=48000;minptime=10;useinbandfec=1;stereo=0;usedtx=0',
    'a=fmtp:97 mode-set=0,1,2,3,4,5,6,7,8;octet-align=1;max-red=0',
    'a=fmtp:18 annexb=no',
    'a=fmtp:101 0-16',
    'a=fmtp:102 0-16',
    'a=rtcp-fb:96 nack',
    'a=rtcp-fb:96 transport-cc',
    'a=ptime:20',
    'a=maxptime:60',
    'a=label:1',
    'a=ssrc:2958110417 cname:9d3a6c1e-57b0-4f2e-8a11-6d5f40c2b7e9@phone.example.net',
    'a=candidate:1 1 UDP 2130706431 192.0.2.17 10000 typ host',
    'a=candidate:1 2 UDP 2130706430 192.0.2.17 10001 typ host',
    'a=sendrecv',
    '',
  ].join('\r\n');
}

const CODECS = [
  ...['96 opus/48000/2', '97 AMR-WB/16000/1', '9 G722/8000', '8 PCMA/8000', '0 PCMU/8000', '18 G729/8000'],
  ...['101 telephone-event/8000', '102 telephone-event/48000'],
];

const CALL_ID = `${PLACE}-5c0e7a41f2b94d8c@sbc-3.phone.example.net`;
const FROM_TAG = `a7f31c-${PLACE}`;
const TO_TAG = `c0ffee-${PLACE}`;

/** As the module writes them: what the script asks for in the order in which it stands there, then what every request has. */
const asked = (sdp: string, more: NgDictionary): NgDictionary => ({
  supports: ['load limit'],
  sdp,
  ICE: 'remove',
  DTLS: 'off',
  SDES: ['off'],
  flags: ['trust-address', 'symmetric', 'port-latching', 'no-rtcp-attribute', 'x-carrier-7'],
  replace: ['origin', 'session-connection'],
  'transport-protocol': 'RTP/AVP',
  'rtcp-mux': ['accept'],
  'address-family': 'IP4',
  metadata: 'trunk:carrier-7|customer:4711',
  'call-id': CALL_ID,
  'via-branch': `z9hG4bK${PLACE}.d41d8cd98f00b204`,
  'received-from': ['IP4', '192.0.2.17'],
  'from-tag': FROM_TAG,
  ...more,
});

const DICTIONARIES: Readonly<Record<NgVerb, NgDictionary>> = {
  ping: { command: 'ping' },
  offer: asked(description('alice', '192.0.2.17', CODECS), {
    ...{ label: 'caller', 'sip-message-type': 'sip_request', 'record-call': 'no', 'media-echo': 'no', command: 'offer' },
  }),
  answer: asked(description('bob', '198.51.100.44', CODECS), {
    ...{ 'to-tag': TO_TAG, label: 'callee', 'sip-message-type': 'sip_reply', 'sip-code': 200, command: 'answer' },
  }),
  delete: {
    ...{ supports: ['load limit'], flags: [], 'call-id': CALL_ID, 'via-branch': `z9hG4bK${PLACE}.d41d8cd98f00b204` },
    ...{ 'received-from': ['IP4', '192.0.2.17'], 'from-tag': FROM_TAG, 'to-tag': TO_TAG },
    ...{ 'sip-message-type': 'sip_request', command: 'delete' },
  },
};

type Template = { readonly parts: readonly string[]; readonly port: number };

/** Cut where the number of the call goes, and the port. */
function templateOf(verb: NgVerb): Template {
  const port = verb === 'offer' ? CALLER_PORT : CALLEE_PORT;
  return { parts: encodeBencode(DICTIONARIES[verb]).split(PLACE), port };
}

const TEMPLATES = Object.fromEntries(
  (['ping', 'offer', 'answer', 'delete'] as const).map((verb) => [verb, templateOf(verb)]),
) as Readonly<Record<NgVerb, Template>>;

/** The payload of a request for a call, without its cookie. */
export function ngPayload(verb: NgVerb, call: number): string {
  const { parts, port } = TEMPLATES[verb];
  const text = parts.join(`${call}`.padStart(DIGITS, '0'));
  return verb === 'offer' || verb === 'answer' ? text.replace(PORT_PLACE, `${port + (call % PORTS) * 2}`) : text;
}

const RESULT = /6:result(?:2:ok|4:pong)/;
const MEDIA = /\r\nm=audio (\d+) /;

/**
 * Why an answer is not what a relay on 127.0.0.1 must say, or null. A description must name an address of the relay's and none of the phones',
 * or nothing is relayed; `delete` must have found its call.
 */
export function ngRefusal(verb: NgVerb, answer: string): string | null {
  if (!RESULT.test(answer)) return `${verb} answered ${answer.slice(0, 200)}`;
  if (verb === 'ping') return null;
  if (verb === 'delete') return answer.includes('7:warning') ? 'delete found no call' : null;
  const port = Number(MEDIA.exec(answer)?.[1] ?? 0);
  if (port <= CALLEE_PORT + PORTS * 2) return `${verb} answered with the port ${port}`;
  return answer.includes('\r\nc=IN IP4 127.0.0.1\r\n') ? null : `${verb} answered with an address that is not the relay's`;
}
