/** Bad input to the NG protocol. */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import { payloadScanner, type Scanned } from '../../src/protocol/ng/payloadScanner.js';
import { peekCall } from '../../src/protocol/ng/peekCall.js';
import { decodeNg, readNg } from '../../src/protocol/ng/readRequest.js';
import { encodeReply, errorReply, okReply } from '../../src/protocol/ng/reply.js';
import { splitRtppFlags } from '../../src/protocol/ng/rtppFlags.js';
import { splitMessage } from '../../src/relay/ng/ngMessage.js';
import { damaged, damages, FUZZ_BOUND, isQuick, parserSeconds, search } from './budget.js';
import { latin1 } from './commands.js';

/** For whatever fits into a datagram: 65,507 bytes. */
const LIMIT_MS = 60;

const OFFER = {
  ...{
    supports: ['load limit'],
    sdp: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n',
    ICE: 'remove',
    flags: ['trust-address', 'codec-strip-PCMU'],
  },
  ...{
    direction: ['priv', 'pub'],
    replace: ['origin'],
    'call-id': 'c1',
    'from-tag': 'f',
    'sdp-attr': { audio: { substitute: [['a', 'b']] } },
  },
  ...{
    codec: { strip: ['all'], transcode: ['opus'] },
    'rtpp-flags': 'a=[b c=[d]] to-tag=t..x',
    ptime: 20,
    blob64: 'YWJj',
    command: 'offer',
  },
};
const GOOD = [encodeBencode(OFFER), JSON.stringify(OFFER), 'd7:command4:pinge', '{"command":"ping"}'];

const letters = fc.string({ unit: fc.constantFrom(...'dlie0123456789:-{}[]",\\u '), maxLength: 60 });
const bomb = fc
  .tuple(
    fc.constantFrom(
      'l',
      'd1:a',
      'd0:',
      '[',
      '{"a":',
      '9',
      '-',
      'i1e',
      '0:',
      '\\u00e9',
      ',',
      '[x=',
      'codec-strip-',
      '\xc3',
      '--..',
    ),
    fc.nat({ max: 60_000 }),
    fc.constantFrom(
      '',
      'd1:a',
      'd1:ai',
      'd1:ai-',
      'd7:command5:offer1:a',
      '{"command":"ping","a":',
      '{"a":"',
      'd',
      'd10:rtpp-flags60000:',
      'd5:flags60000:',
    ),
    fc.constantFrom('', 'e', '"}', ':e', '}'),
  )
  .map(([unit, count, head, tail]) => `${head}${unit.repeat(Math.ceil(count / unit.length))}${tail}`);
const payload = fc.oneof(
  letters,
  letters.map((text) => `d${text}`),
  fc.uint8Array({ maxLength: 80 }).map(latin1),
  bomb,
  fc.json().map((text) => Buffer.from(text).toString('latin1')),
  fc.tuple(fc.constantFrom(...GOOD), damages()).map(([text, list]) => latin1(damaged(Buffer.from(text, 'latin1'), list))),
);

test('[NG-01 NG-02] whatever comes with a cookie is answered, at once', FUZZ_BOUND, async (t) => {
  await search(
    t,
    payload,
    (text) => {
      const message = splitMessage(`c ${text}`);
      equal(message?.payload, text);
      isQuick(LIMIT_MS, () => readNg(text));
      const reading = readNg(text);
      const reply = reading.kind === 'error' ? errorReply(reading.reason) : okReply({ command: reading.request.command });
      const answer = encodeReply(reading.encoding, reply);
      if (reading.kind === 'error') ok(reading.reason.length > 0 && reading.reason.length < 100);
      ok(reading.encoding === 'json' ? JSON.parse(answer).result : decodeBencode(answer).ok);
      const call = peekCall(text);
      if (reading.kind === 'request') equal(call?.callId, reading.request.callId);
    },
    parserSeconds(),
  );
});

test('a stream of anything is complete, wants more or is broken, in pieces as at once', FUZZ_BOUND, async (t) => {
  await search(
    t,
    fc.tuple(payload, fc.integer({ min: 1, max: 50 })),
    ([text, length]) => {
      const whole = payloadScanner(text.charCodeAt(0))?.scan(text, 0);
      if (whole === undefined) return ok(!/^[d{]/.test(text));
      ok(whole.end >= 0 && whole.end <= text.length);
      if (whole.kind === 'complete') ok(whole.end >= 2);
      if (whole.kind === 'broken') equal(readNg(text).kind, 'error');
      if (decodeNg(text).ok) equal(whole.kind, 'complete');
      const scanner = payloadScanner(text.charCodeAt(0))!;
      let seen: Scanned = { kind: 'more', end: 0 };
      let at = 0;
      for (; at < text.length && seen.kind === 'more'; at += length) seen = scanner.scan(`xx${text.slice(at, at + length)}`, 2);
      equal(seen.kind, whole.kind);
      if (seen.kind !== 'more') equal(at - length + seen.end - 2, whole.end);
    },
    parserSeconds(),
  );
});

test('any line of flags is taken apart', FUZZ_BOUND, async (t) => {
  const line = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab=[] -.\t,'), maxLength: 60 }),
    fc
      .tuple(fc.constantFrom('[', 'a=[', '= ', '] ', 'a=[b '), fc.nat({ max: 10_000 }))
      .map(([unit, count]) => unit.repeat(count)),
  );
  await search(t, line, (text) => {
    isQuick(LIMIT_MS, () => splitRtppFlags(text));
    ok(splitRtppFlags(text).length <= text.length);
  });
});

test('[NG-02] bombs are answered in less than 10 ms', () => {
  const bombs = [
    `d${'l'.repeat(100_000)}`,
    `d1:a${'d1:a'.repeat(30_000)}`,
    'd1:a99999999999:e',
    `d1:a${'9'.repeat(60_000)}:e`,
    'd1:a-1:e',
    `d1:ai${'9'.repeat(1_000_000)}ee`,
    `d1:ai-${'1'.repeat(1_000_000)}`,
    `{"a":${'['.repeat(60_000)}`,
    `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    `{"a":${'9'.repeat(60_000)}}`,
    `{"a":"${'\\u00e9'.repeat(10_000)}`,
  ];
  for (const text of bombs)
    isQuick(10, () => {
      equal(readNg(text).kind, 'error');
      equal(peekCall(text), null);
    });
});
