/** Requests of every command, and what strangers make of them. */
import fc from 'fast-check';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import { encodeJson } from '../../src/protocol/ng/json.js';
import { referenceTables } from '../../src/protocol/ng/referenceTables.js';
import { NG_COMMANDS, type NgCommand } from '../../src/protocol/ng/request.js';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { damaged, damages } from './budget.js';
import { latin1 } from './commands.js';
import { CALLS } from './ngCommandsGiven.js';
import { sdps } from './ngDescriptions.js';

const { keys: KEY_ROWS, flags: FLAG_ROWS } = referenceTables();
const KEYS = KEY_ROWS.flatMap(({ name, also }) => [name, ...also]).filter((name) => name !== 'command');
const FLAGS = FLAG_ROWS.map(({ name }) => name);
const KINDS = ['audio', 'video', 'image', 'application', 'none', 'x'];
const CODECS = [
  'PCMU',
  'PCMA',
  'opus',
  'opus/48000/2',
  'telephone-event',
  'all',
  'full',
  'AMR-WB',
  'PCMU/0',
  'PCMU/8000/1/2/3',
  '',
  '\0',
];

/** What is given where something else is expected. A `SURROGATE` becomes half of a pair in JSON. */
const STRANGE: readonly NgValue[] = [
  ...['', ' ', '\0', 'a\r\nb', 'a\tb', 'SURROGATE', '\xff\xfe', '\xc3', 'alice', 'bob', 'Alice', 'alice;1', ';', '%', 'a b', '*'],
  ...[
    'x'.repeat(300),
    'y'.repeat(65_536),
    '\n'.repeat(500),
    'yes',
    'no',
    'on',
    'all',
    'ok',
    '[',
    ']',
    '__proto__',
    'constructor',
  ],
  ...[
    0,
    -1,
    1,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    '1e9',
    '-0',
    '0x10',
    '99999999999999999999',
  ],
  ...['127.0.0.1', '::1', '203.0.113.1', '0.0.0.0', '::', '256.1.1.1', 'fe80::1%eth0', '[::1]', 'example.net', '127.0.0.1/8'],
  ...[
    'IP4',
    'IP6',
    'default',
    'six',
    'internal',
    'external',
    'nowhere',
    'a\nb',
    'RTP/SAVP',
    'RTP/AVP',
    'UDP/TLS/RTP/SAVPF',
    'SAVP\n\nX',
  ],
  ...[
    'remove',
    'force',
    'hold',
    'quiet',
    'empty',
    '../../etc/passwd',
    '/',
    '.',
    'connection',
    'http://x/',
    'unix:/x',
    'sip_reply',
  ],
  [],
  [[]],
  [[[['a']]]],
  ['a', 'b', 'c'],
  ['default', 'six'],
  ['six', 'six'],
  ['nowhere\r\nx', 'default'],
  ['IP6', '2001:db8::9'],
  ['IP4', '300.1.1.1'],
  Array.from({ length: 500 }, (_, n) => `w${n}`),
  {},
  { a: { b: { c: ['d'] } } },
  { strip: ['all'] },
  { strip: ['PCMU'], offer: ['PCMA'], except: 'x', mask: ['full'], transcode: ['opus'] },
  { audio: { add: ['a\r\nm=audio 1 RTP/AVP 0', 'x'], remove: ['rtpmap'], substitute: [['a', 'b'], ['c']] } },
  { none: { add: ['ice-lite'] }, video: [] },
];

const text = fc.string({ unit: 'binary', maxLength: 12 }).map((each) => Buffer.from(each).toString('latin1'));
/** Seldom longer than anything that is meant: that takes its time. */
const strange: fc.Arbitrary<NgValue> = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...STRANGE) },
  { weight: 1, arbitrary: fc.constant('y'.repeat(65_536)) },
  { weight: 10, arbitrary: fc.integer({ min: -70_000, max: 70_000 }) },
  { weight: 10, arbitrary: text },
  { weight: 10, arbitrary: fc.array(fc.constantFrom(...STRANGE), { maxLength: 4 }) },
);
/** Flags, wishes and switches in any company. */
const wishes: fc.Arbitrary<NgDictionary> = fc.record(
  {
    flags: fc.array(
      fc.constantFrom(...FLAGS, 'codec-strip-all', 'SRTP', 'RTP/SAVP', 'sdp-attr-add-audio-x', 'internal', 'ptime=0', ''),
      { maxLength: 8 },
    ),
    replace: fc.subarray([
      'origin',
      'origin-full',
      'username',
      'session-name',
      'SDP-version',
      'force-increment-sdp-ver',
      'zero-address',
      'x',
    ]),
    codec: fc
      .dictionary(fc.constantFrom('strip', 'offer', 'except', 'mask', 'transcode', 'x'), fc.subarray(CODECS), {
        noNullPrototype: true,
      })
      .map(plain),
    direction: fc.array(fc.constantFrom('default', 'six', 'internal', 'nowhere', ''), { maxLength: 3 }),
    'address-family': fc.constantFrom('IP4', 'IP6', 'IP5'),
    'transport-protocol': fc.constantFrom('RTP/AVP', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF', 'accept', 'x\r\ny'),
    'media-address': fc.constantFrom('203.0.113.77', '2001:db8::77', 'x'),
    ICE: fc.constantFrom('remove', 'force', 'default'),
    'rtcp-mux': fc.subarray(['offer', 'require', 'demux', 'accept', 'reject']),
    bundle: fc.subarray(['accept', 'offer', 'require', 'strict', 'reject']),
    'sdp-media-remove': fc.subarray(KINDS),
    'sdp-attr': fc
      .dictionary(fc.constantFrom(...KINDS), fc.record({ add: fc.subarray(['x', 'rtcp-mux', 'inactive', 'a\r\nb']) }), {
        noNullPrototype: true,
      })
      .map(plain),
    'rtpp-flags': fc.constantFrom(
      'trust-address replace-origin',
      'codec-strip-[PCMU opus]',
      'a=[b',
      'direction=six direction=default to-tag=x',
    ),
    supports: fc.constant(['load limit']),
    'delete-delay': fc.constantFrom(0, 1, -1, 2 ** 53 - 1, '5', 'x'),
    'sip-message-type': fc.constantFrom('sip_request', 'sip_reply'),
    all: fc.constantFrom('all', 'flows', 'offer-answer', 'x'),
    file: fc.constantFrom('hold', 'none', 'none\r\nx'),
    code: fc.constantFrom(0, 15, 16, '#', 'x'),
    TOS: fc.constantFrom(0, 255, 256),
    ptime: fc.constantFrom(0, 20, 1001),
  },
  { requiredKeys: [] },
);

function plain(value: object): NgDictionary {
  return value as NgDictionary;
}

type Key = { readonly key: string; readonly value: NgValue | null };

/** A request as it ought to be: of a call that is there, by parties who are in it, mostly. */
const base: fc.Arbitrary<NgDictionary> = fc
  .record({
    command: fc.oneof(fc.constantFrom(...NG_COMMANDS), fc.constantFrom<NgCommand>('offer', 'answer', 'delete', 'rollback')),
    call: fc.oneof(
      { weight: 60, arbitrary: fc.constantFrom(...CALLS) },
      { weight: 10, arbitrary: fc.constant('new') },
      fc.constant('x'.repeat(65_000)),
    ),
    from: fc.oneof(
      { weight: 60, arbitrary: fc.constantFrom('alice', 'bob') },
      { weight: 10, arbitrary: fc.constant('eve') },
      fc.constant('z'.repeat(65_536)),
    ),
    to: fc.constantFrom('bob', 'alice', 'carol', null),
    branch: fc.constantFrom(null, null, 'b1', 'b2', 'b3'),
    sdp: sdps,
  })
  .map(({ command, call, from, to, branch, sdp }) => ({
    ...{ command, 'call-id': call, 'from-tag': from, sdp },
    ...(to !== null && { 'to-tag': to }),
    ...(branch !== null && { 'via-branch': branch }),
  }));

/** Dictionaries of every command, sound but for what was done to their keys. */
export const requests: fc.Arbitrary<NgDictionary> = fc
  .tuple(
    base,
    fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: wishes }),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Key[]>([]) },
      fc.array(fc.record({ key: fc.oneof(fc.constantFrom(...KEYS), fc.constant('command')), value: fc.option(strange) }), {
        maxLength: 3,
      }),
    ),
  )
  .map(([request, more, keys]) => {
    const given: Record<string, NgValue> = { ...request, ...more };
    for (const { key, value } of keys) {
      if (value === null) delete given[key];
      else given[key] = value;
    }
    return given;
  });

const written = (request: NgDictionary, isJson: boolean): string =>
  isJson ? encodeJson(request).replaceAll('SURROGATE', '\\ud800') : encodeBencode(request);

/** A key that is there twice, the second time with something else. */
const doubled = (payload: string, key: string, value: NgValue): string =>
  payload.startsWith('{')
    ? `${payload.slice(0, -1)},${JSON.stringify(key)}:${encodeJson({ v: value }).slice(5, -1)}}`
    : `${payload.slice(0, -1)}${key.length}:${key}${encodeBencode({ v: value }).slice(4, -1)}e`;

/** Payloads of either encoding: requests, and what is left of them when keys are doubled and bytes are damaged. */
export const payloads: fc.Arbitrary<string> = fc
  .tuple(
    requests,
    fc.boolean(),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      fc.record({ key: fc.constantFrom('call-id', 'from-tag', 'sdp', 'command'), value: strange }),
    ),
    fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, damages()),
  )
  .map(([request, isJson, twice, damage]) => {
    const payload = written(request, isJson);
    const whole = twice === null ? payload : doubled(payload, twice.key, twice.value);
    return damage === null ? whole : latin1(damaged(Buffer.from(whole, 'latin1'), damage));
  });
