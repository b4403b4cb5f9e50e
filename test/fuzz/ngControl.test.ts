/** Requests of strangers, carried out on a shard. */
import { equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { executeNg } from '../../src/relay/control/ng/executeNg.js';
import { NO_PROMPTS } from '../../src/relay/control/ng/ngExecution.js';
import { HOST, PureRelay, settingOf } from '../property/pureRelay.js';
import { plainExecution } from '../property/shardWorld.js';
import { PAIRS } from '../pure/sdp/pairs.js';
import { textsOf } from '../pure/sdp/sdpGiven.js';
import { damaged, damages, FUZZ_BOUND, parserSeconds, search } from './budget.js';
import { latin1 } from './commands.js';

const TEXTS = PAIRS.map((pair) => textsOf(pair).before);
const COMMANDS = ['offer', 'offer', 'offer', 'answer', 'answer', 'delete', 'rollback', 'query', 'block media', 'start recording'];
const one = <T>(...values: T[]) => fc.constantFrom(...values);
const maybe = (values: fc.Arbitrary<NgValue>) => fc.option(values, { nil: undefined, freq: 3 });

const sdp = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.tuple(fc.constantFrom(...TEXTS), damages(20)).map(([text, list]) => latin1(damaged(Buffer.from(text, 'latin1'), list))),
);
const request: fc.Arbitrary<NgDictionary> = fc
  .record({
    command: fc.constantFrom(...COMMANDS),
    'call-id': one('a', 'b'),
    'from-tag': one('alice', 'bob', ''),
    'to-tag': maybe(one('alice', 'bob', 'carol', '')),
    'via-branch': maybe(one('1', '2', '')),
    sdp,
    flags: maybe(
      fc.subarray(['SIP-source-address', 'asymmetric', 'record-call', 'loop-protect', 'fragment', 'single-codec', 'fast']),
    ),
    replace: maybe(fc.subarray(['origin', 'SDP-version', 'zero-address'])),
    direction: maybe(one<NgValue>(['default', 'default'], ['x'], 'default')),
    'address-family': maybe(one('IP4', 'IP6', 'IP9')),
    'received-from': maybe(one<NgValue>(['IP4', '192.0.2.9'], ['IP6', '2001:db8::1'], ['IP4', 'x'], 'IP4')),
    'media-address': maybe(one('192.0.2.8', 'x', '999.1.1.1')),
    'sdp-media-remove': maybe(one<NgValue>(['video'], 'audio')),
    bundle: maybe(one<NgValue>(['reject'], ['require'])),
    'delete-delay': maybe(one<NgValue>(0, 5, '-1', 'x', 2 ** 40)),
    'sip-message-type': maybe(one('sip_reply', 'sip_request')),
    TOS: maybe(one<NgValue>(0, 184, -1, 999)),
  })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as NgDictionary);

test(
  'whatever is asked, in whatever order, is answered in one line, ends no call as a defect and leaves no port behind',
  FUZZ_BOUND,
  async (t) => {
    const property = (requests: readonly NgDictionary[]): void => {
      const relay = new PureRelay(settingOf(8, 60_000, 60_000));
      for (const each of requests) {
        const reply = relay.ng(each);
        match(String(reply['result']), /^(ok|error|load limit)$/);
        if (reply['result'] === 'error') match(String(reply['error-reason']), /^[^\r\n]{1,400}$/);
        relay.advance(500);
      }
      equal(relay.shard.counters.shard('defects'), 0, relay.told.warnings.join());
      for (const call of ['a', 'b']) relay.ng({ command: 'delete', 'call-id': call, 'delete-delay': 0 });
      relay.advance(11_000);
      equal(relay.heldPairs(), 0);
    };
    await search(t, fc.array(request, { maxLength: 12 }), property, parserSeconds());
  },
);

test('any payload is answered', FUZZ_BOUND, async (t) => {
  const relay = new PureRelay(settingOf(8, 60_000, 60_000));
  const origin = { host: null, local: null, transport: 'udp', client: 'x', identity: null, connection: null } as const;
  const execution = { ...plainExecution(relay.shard, HOST), origin, prompts: NO_PROMPTS };
  const payloads = fc
    .tuple(request.map(encodeBencode), damages(6))
    .map(([text, list]) => latin1(damaged(Buffer.from(text, 'latin1'), list)));
  await search(
    t,
    payloads,
    (payload) => {
      const { reply } = executeNg(payload, execution);
      if (!payload.trimStart().startsWith('{')) ok(decodeBencode(reply).ok);
    },
    parserSeconds(),
  );
});
