import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64 } from '../../../src/protocol/ng/base64.js';
import { decodeBencode, encodeBencode } from '../../../src/protocol/ng/bencode.js';
import { MAX_NG_DEPTH, MAX_NG_VALUES } from '../../../src/protocol/ng/bounds.js';
import { decodeJson, encodeJson } from '../../../src/protocol/ng/json.js';
import { payloadScanner, type Scanned } from '../../../src/protocol/ng/payloadScanner.js';
import type { NgValue } from '../../../src/protocol/ng/value.js';

/** Dictionaries of NG have no prototype; to compare them they are given one. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const bytes = (text: string): string => Buffer.from(text).toString('latin1');

function bencoded(text: string): unknown {
  const decoded = decodeBencode(text);
  return decoded.ok ? plain(decoded.value) : decoded.error;
}

function jsonOf(text: string): unknown {
  const decoded = decodeJson(text);
  return decoded.ok ? plain(decoded.value) : decoded.error.kind;
}

test('bencode is read: keys in any order, nested, strings of any bytes, integers of 64 bits', () => {
  assert.deepEqual(bencoded('de'), {});
  assert.deepEqual(bencoded('d1:bi-12e1:al0:3:\xff\r\ndee1:ci0ee'), { b: -12, a: ['', '\xff\r\n', {}], c: 0 });
  assert.deepEqual(bencoded('d1:ai9007199254740991ee'), { a: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(bencoded('d1:ai9223372036854775807e1:bi-9223372036854775808ee'), {
    a: '9223372036854775807',
    b: '-9223372036854775808',
  });
  assert.deepEqual(bencoded('d1:a1:x1:a1:ye'), { a: 'y' });
  assert.deepEqual(bencoded('de \r\n'), {});
});

test('what is no bencode is refused with its place', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['', /begins with d/],
    ['l1:ae', /begins with d/],
    ['d', /byte 1: the end is missing/],
    ['d1:a', /byte 4: the end is missing/],
    ['d1:ae', /byte 4: no value/],
    ['di1e1:ae', /byte 1: no value/],
    ['d1:a6:abcde', /byte 4: a string of 6 bytes goes beyond/],
    ['d1:a-1:e', /byte 4: no value/],
    ['d1:a05:abcdee', /leading zeros/],
    ['d1:a99999999999:e', /too many digits/],
    ['d1:a4294967296:e', /beyond the end/],
    ['d1:ai-0ee', /no -0/],
    ['d1:ai01ee', /leading zeros/],
    ['d1:aiee', /an integer and e/],
    ['d1:ai-ee', /an integer and e/],
    ['d1:ai+1ee', /an integer and e/],
    ['d1:ai1e400ee', /a length and : expected/],
    ['d1:ai9223372036854775808ee', /64 bits/],
    [`d1:ai${'9'.repeat(1_000_000)}ee`, /64 bits/],
    ['dex', /nothing expected/],
    [`d1:a${'l'.repeat(MAX_NG_DEPTH)}`, /deeper than 32/],
    [`d1:al${'0:'.repeat(MAX_NG_VALUES)}ee`, /more than/],
  ];
  for (const [text, wanted] of table) assert.match(String(bencoded(text)), wanted, text.slice(0, 40));
  assert.ok(decodeBencode(`d1:a${'l'.repeat(MAX_NG_DEPTH - 1)}${'e'.repeat(MAX_NG_DEPTH)}`).ok);
});

test('bencode is written with exact lengths, keys in their order, numbers whole', () => {
  assert.equal(encodeBencode({ b: ['x', 2], a: { c: '\xff\0' } }), 'd1:bl1:xi2ee1:ad1:c2:\xff\0ee');
  assert.equal(encodeBencode([4.9, -4.9, -0, Number.NaN, 2 ** 60]), 'li4ei-4ei0ei0ei1152921504606846976ee');
});

test('JSON is read as the same bytes that bencode has', () => {
  assert.deepEqual(jsonOf('{"a":"v=0\\r\\n","b":[1,"x",{}]}'), { a: 'v=0\r\n', b: [1, 'x', {}] });
  assert.deepEqual(jsonOf(bytes('{"a":"Zoë 😀"}')), { a: bytes('Zoë 😀') });
  assert.deepEqual(jsonOf('{"a":"Zo\\u00eb \\ud83d\\ude00 \\u20ac"}'), { a: bytes('Zoë 😀 €') });
  assert.deepEqual(jsonOf('{"a":"\\\\u00eb \\u000d\\u0022"}'), { a: '\\u00eb \r"' });
  assert.deepEqual(jsonOf('{"a":"\\ud83d x","b":"\\ude00"}'), { a: bytes('\ufffd x'), b: bytes('\ufffd') });
  assert.deepEqual(jsonOf('{"a":"x\xff"}'), { a: 'x\xff' });
});

test('what NG has no value for becomes one: true is yes, null is not there, fractions are cut off, big numbers are text', () => {
  assert.deepEqual(jsonOf('{"a":true,"b":false,"c":null,"d":[null,1],"e":2.9,"f":-2.9,"g":-0.1}'), {
    ...{ a: 'yes', b: 'no', d: [1], e: 2, f: -2, g: 0 },
  });
  assert.deepEqual(jsonOf('{"a":1e18}'), { a: '1000000000000000000' });
  assert.deepEqual(jsonOf('{"a":"x","a":"y"}'), { a: 'y' });
});

test('what is no JSON, and what is none that can be a message, are two errors', () => {
  for (const text of ['{', '{"a":}', '{"a":1}x', '{"a":"\n"}', '{"a":01}', '']) assert.equal(jsonOf(text), 'syntax', text);
  for (const text of ['[]', '"a"', 'null', '{"a":1e400}']) assert.equal(jsonOf(text), 'content', text);
  assert.equal(jsonOf(`{"a":${'['.repeat(MAX_NG_DEPTH)}${']'.repeat(MAX_NG_DEPTH)}}`), 'content');
  assert.equal(jsonOf(`{"a":[${'1,'.repeat(MAX_NG_VALUES)}1]}`), 'content');
  assert.equal(jsonOf(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'content');
});

test('JSON is written as UTF-8: what is none becomes the character of the same number', () => {
  assert.equal(encodeJson({ b: 'x"\r\n', a: 1 }), '{"b":"x\\"\\r\\n","a":1}');
  assert.equal(encodeJson({ a: bytes('Zoë 😀') }), bytes('{"a":"Zoë 😀"}'));
  assert.equal(encodeJson({ a: 'Zo\xeb \xc3 \xed\xa0\x80 \xc0\xaf' }), bytes('{"a":"Zoë Ã í\xa0\x80 À¯"}'));
});

test('names that objects have anyway are keys like any other', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const decoded = decodeBencode(encodeBencode({ [name]: 'x' } as Record<string, NgValue>));
    assert.ok(decoded.ok);
    assert.deepEqual(Object.entries(decoded.value), [[name, 'x']]);
    assert.equal(decoded.value['valueOf'], undefined);
    const json = decodeJson(`{"${name}":"x"}`);
    assert.ok(json.ok);
    assert.deepEqual(Object.entries(json.value), [[name, 'x']]);
    assert.equal(json.value['valueOf'], undefined);
  }
});

test('base64 is undone, with and without its end, and refused where something else stands', () => {
  for (const text of ['', 'a', 'ab', 'abc', 'abcd', '\0\xff\xfe'.repeat(10_000)]) {
    const coded = Buffer.from(text, 'latin1').toString('base64');
    assert.equal(decodeBase64(coded), text);
    assert.equal(decodeBase64(coded.replaceAll('=', '')), text);
  }
  assert.equal(decodeBase64('YW\r\nJj'), 'abc');
  for (const bad of ['*', 'YQ=a', 'Y', 'YWJj=='.slice(0, 5).concat('Z'), 'Y WJj']) assert.equal(decodeBase64(bad), null, bad);
});

const STREAMED = ['de', 'd1:ai-1e1:bl0:d3:\xff:e0:eee', '{}', '{"a":"}\\"{\\\\","b":[{}]}', 'd3:sdp4:e}de1:xlee'];

/** What a scanner says of a text that begins at `at`. */
const scanned = (text: string, at = 0): Scanned['kind'] | null =>
  payloadScanner(text.charCodeAt(at))?.scan(text, at).kind ?? null;

test('the end of a payload in a stream is found, whatever follows, and however small the pieces are', () => {
  for (const payload of STREAMED) {
    const first = payload.charCodeAt(0);
    assert.deepEqual(payloadScanner(first)!.scan(`c ${payload}tail`, 2), { kind: 'complete', end: 2 + payload.length }, payload);
    for (let length = 1; length < payload.length; length++) assert.equal(scanned(payload.slice(0, length)), 'more');
    const scanner = payloadScanner(first)!;
    const seen = [...payload].map((character) => scanner.scan(character, 0));
    assert.ok(seen.slice(0, -1).every(({ kind, end }) => kind === 'more' && end === 1));
    assert.deepEqual(seen.at(-1), { kind: 'complete', end: 1 });
    const halves = payloadScanner(first)!;
    assert.deepEqual(halves.scan(`xx${payload.slice(0, 1)}`, 2), { kind: 'more', end: 3 });
    assert.deepEqual(halves.scan(`${payload.slice(1)}next`, 0), { kind: 'complete', end: payload.length - 1 });
  }
});

test('a stream that can no longer become a payload is broken where that is seen', () => {
  const table: readonly (readonly [text: string, end: number])[] = [
    ['dx', 1],
    ['di', 1],
    ['d1:ae', 4],
    ['d1:aix', 5],
    ['d1:aie', 5],
    ['d1:ai1-', 6],
    ['d1x', 2],
    ['d01', 2],
    ['d99999999999', 8],
    ['d1:a-1:e', 4],
    ['d1:ai1eie', 7],
    [`d1:ai${'1'.repeat(21)}`, 25],
    [`d1:a${'l'.repeat(32)}`, 35],
    [`{"a":${'['.repeat(32)}`, 36],
  ];
  for (const [text, end] of table)
    assert.deepEqual(payloadScanner(text.charCodeAt(0))?.scan(text, 0), { kind: 'broken', end }, text);
  for (const text of ['x', '[', 'l', ' {', '']) assert.equal(scanned(text), null, text);
  assert.equal(scanned(`d1:a${'l'.repeat(31)}${'e'.repeat(32)}`), 'complete');
  assert.equal(scanned(`{"a":${'['.repeat(31)}${']'.repeat(31)}}`), 'complete');
});

test('a stream is looked at once: a large string in small pieces takes no time', () => {
  const scanner = payloadScanner('d'.charCodeAt(0))!;
  assert.equal(scanner.scan('d1:a1000000:', 0).kind, 'more');
  const piece = 'x'.repeat(100);
  for (let count = 0; count < 10_000; count++) assert.equal(scanner.scan(piece, 0).kind, 'more');
  assert.deepEqual(scanner.scan('ex', 0), { kind: 'complete', end: 1 });
});
