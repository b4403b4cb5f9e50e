import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_NG_COOKIE } from '../../src/protocol/ng/bounds.js';
import { isPlainPayload, joinMessage, MAX_MESSAGE_BYTES, NgStreamReader, splitMessage } from '../../src/relay/ng/ngMessage.js';

/** What a stream is read as: `cookie|payload`, and at its end `more`, or why it broke. */
function readAll(chunks: readonly string[]): string[] {
  const reader = new NgStreamReader();
  const found: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let read = reader.next(); ; read = reader.next()) {
      if (read.kind === 'more') break;
      if (read.kind === 'broken') return [...found, `broken ${read.cookie} ${read.encoding}: ${read.reason}`];
      found.push(`${read.message.cookie}|${read.message.payload}`);
    }
  }
  return [...found, reader.isMidway ? 'midway' : 'whole'];
}

test('[NG-01] the first blank parts cookie and payload; without cookie there is no message', () => {
  deepEqual(splitMessage('7_1 d7:command4:pinge'), { cookie: '7_1', payload: 'd7:command4:pinge' });
  deepEqual(splitMessage('a  {}'), { cookie: 'a', payload: ' {}' });
  deepEqual(splitMessage('a '), { cookie: 'a', payload: '' });
  deepEqual(splitMessage('a  b c'), { cookie: 'a', payload: ' b c' });
  deepEqual(splitMessage('\0\n\xff {}'), { cookie: '\0\n\xff', payload: '{}' });
  for (const text of [
    '',
    ' ',
    'abc',
    ' {}',
    ' d7:command4:pinge',
    'd7:command4:pinge',
    'x'.repeat(MAX_NG_COOKIE + 1).concat(' {}'),
  ])
    equal(splitMessage(text), null);
  for (const text of ['7_1 d6:result4:ponge', 'a  {}', 'a ']) equal(joinMessage(splitMessage(text)!), text);
  equal(joinMessage({ cookie: null, payload: '{}' }), '{}');
});

test('what begins as a dictionary has no cookie, where there may be none', () => {
  for (const text of ['{', '{"command":"ping"}', 'd7:command4:pinge', 'de']) equal(isPlainPayload(text), true, text);
  for (const text of ['', 'd', 'd1 {}', 'de {}', 'd41d8c d7:command4:pinge', 'a {}']) equal(isPlainPayload(text), false, text);
});

const STREAM = '1 d7:command4:pinge2 {"command":"ping","sdp":"}]\\"{["}\r\n3 d3:sdp5:e\r\n:d1:nli-7ed0:1:xeee 4 {"a":[{},[]]}';
const MESSAGES = [
  '1|d7:command4:pinge',
  '2|{"command":"ping","sdp":"}]\\"{["}',
  '3|d3:sdp5:e\r\n:d1:nli-7ed0:1:xeee',
  '4|{"a":[{},[]]}',
];

test('[NG-01] messages of a stream stand one behind the other in both encodings, with or without white space between', () => {
  deepEqual(readAll([STREAM]), [...MESSAGES, 'whole']);
});

test('however a stream is cut, it is read the same', () => {
  deepEqual(readAll([...STREAM]), [...MESSAGES, 'whole']);
  for (let size = 2; size < 40; size++) {
    const chunks = Array.from({ length: Math.ceil(STREAM.length / size) }, (_, n) => STREAM.slice(n * size, n * size + size));
    deepEqual(readAll(chunks), [...MESSAGES, 'whole'], `pieces of ${size}`);
  }
  for (const part of ['1', '1 ', '1 d', '1 d7:comm', '2 {"']) deepEqual(readAll([part]), ['midway']);
});

test('a stream that makes no sense is given up where that is certain, with the cookie that it had', () => {
  deepEqual(readAll(['1 {}2 hello']), ['1|{}', 'broken 2 bencode: Invalid NG data format']);
  deepEqual(readAll(['1 d7:command4:pingx']), ['broken 1 bencode: Could not decode bencode dictionary']);
  deepEqual(readAll(['1 di12', '34567890123456789012e']), ['broken 1 bencode: Could not decode bencode dictionary']);
  deepEqual(readAll(['1 d99999999999:']), ['broken 1 bencode: Could not decode bencode dictionary']);
  deepEqual(readAll(['1 d1:aede']), ['broken 1 bencode: Could not decode bencode dictionary']);
  deepEqual(readAll(['1 {}2 {"a":', '['.repeat(32)]), ['1|{}', 'broken 2 json: Could not decode JSON dictionary']);
  const longest = 'x'.repeat(MAX_NG_COOKIE);
  deepEqual(readAll([longest]), ['midway']);
  deepEqual(readAll([`${longest} {}`]), [`${longest}|{}`, 'whole']);
  for (const chunks of [[longest, 'x'], [`${longest}x {}`], [longest, 'x {}']])
    deepEqual(readAll(chunks), ['broken null bencode: Invalid NG data format']);
});

test('a message has at most a megabyte', () => {
  const rest = MAX_MESSAGE_BYTES - '{"a":""}'.length;
  equal(readAll([`1 {"a":"${'x'.repeat(rest)}"}`])[0]?.length, MAX_MESSAGE_BYTES + 2);
  const reason = 'Request too long (more than 1048576 bytes)';
  deepEqual(readAll([`1 {"a":"${'x'.repeat(rest + 1)}"}`]), [`broken 1 json: ${reason}`]);
  deepEqual(readAll([`1 d1:a${MAX_MESSAGE_BYTES}:`, 'x'.repeat(MAX_MESSAGE_BYTES)]), [`broken 1 bencode: ${reason}`]);
});
