/** What holds of every message of the NG protocol. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import { decodeJson, encodeJson } from '../../src/protocol/ng/json.js';
import { payloadScanner, type Scanned } from '../../src/protocol/ng/payloadScanner.js';
import { peekCall } from '../../src/protocol/ng/peekCall.js';
import { keyNamed } from '../../src/protocol/ng/readKey.js';
import { readNg } from '../../src/protocol/ng/readRequest.js';
import { referenceTables } from '../../src/protocol/ng/referenceTables.js';
import { NG_COMMANDS } from '../../src/protocol/ng/request.js';
import { asUtf8 } from '../../src/protocol/ng/utf8.js';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { runs } from './runs.js';

const RUNS = { numRuns: runs(300) };

const bytes = (text: string): string => Buffer.from(text).toString('latin1');
const utf8 = fc.string({ unit: 'grapheme', maxLength: 12 }).map(bytes);
const anyBytes = fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 12 });
const whole = fc.maxSafeInteger();

/** Values of up to four levels, their strings out of `text`. Negative zero is none of them: nobody can write it. */
function values(text: fc.Arbitrary<string>): fc.Arbitrary<NgDictionary> {
  return fc.letrec<{ value: NgValue; dictionary: NgDictionary }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      whole,
      fc.array(tie('value'), { maxLength: 4 }),
      tie('dictionary'),
    ) as fc.Arbitrary<NgValue>,
    dictionary: fc.dictionary(text, tie('value'), { maxKeys: 5, noNullPrototype: false }),
  })).dictionary;
}

/** Prototypes apart. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('[NG-01] what is written in bencode is read again, whatever bytes it has', () => {
  fc.assert(
    fc.property(values(anyBytes), (dictionary) => {
      const decoded = decodeBencode(encodeBencode(dictionary));
      ok(decoded.ok);
      deepEqual(plain(decoded.value), plain(dictionary));
    }),
    RUNS,
  );
});

test('[NG-01] what is written in JSON is read again where it is text, and is JSON in any case', () => {
  fc.assert(
    fc.property(values(utf8), (dictionary) => {
      const decoded = decodeJson(encodeJson(dictionary));
      ok(decoded.ok);
      deepEqual(plain(decoded.value), plain(dictionary));
    }),
    RUNS,
  );
  fc.assert(
    fc.property(values(anyBytes), (dictionary) => {
      const wire = Buffer.from(encodeJson(dictionary), 'latin1');
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(wire));
    }),
    RUNS,
  );
});

test('bytes become UTF-8 exactly where they are none, and then stay what they are', () => {
  fc.assert(
    fc.property(anyBytes, utf8, (some, text) => {
      equal(asUtf8(text), text);
      const repaired = asUtf8(some);
      equal(Buffer.from(repaired, 'latin1').toString('utf8').includes('\ufffd'), false);
      equal(asUtf8(repaired), repaired);
      equal(Buffer.from(some, 'latin1').equals(Buffer.from(repaired, 'latin1')), asUtf8(some) === some);
    }),
    RUNS,
  );
});

const { keys: KEY_ROWS, flags: FLAG_ROWS } = referenceTables();
const NAMES = KEY_ROWS.flatMap(({ name, also }) => [name, ...also]).filter((name) => name !== 'command');
const FLAGS = [
  ...FLAG_ROWS.map(({ name }) => name),
  'codec-strip-PCMU',
  'ICE-remove',
  'SRTP',
  'RTP/SAVP',
  'ptime=20',
  'internal',
];
const WORDS = [
  'remove',
  'off',
  'yes',
  'no',
  'origin',
  'offer',
  'demux',
  '20',
  'IP4',
  'all',
  'flows',
  '192.0.2.1',
  'a,b',
  'x=[y z]',
  'PCMU',
  '',
];

const word = fc.oneof(fc.constantFrom(...WORDS), utf8);
const flags = fc.array(fc.oneof(fc.constantFrom(...FLAGS), word), { maxLength: 5 });
const value: fc.Arbitrary<NgValue> = fc.oneof(
  word,
  fc.integer({ min: -5, max: 300 }),
  flags,
  fc.dictionary(word, flags, { maxKeys: 3 }),
);
const given = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 8 });
const spelled = (name: string, how: number): string =>
  [name, name.toUpperCase(), name.replaceAll('-', '_'), name.replaceAll('-', ' ')][how % 4]!;

/** Requests with anything in them that the tables know. */
const requests: fc.Arbitrary<NgDictionary> = fc
  .tuple(fc.constantFrom(...NG_COMMANDS), fc.boolean(), given, fc.nat())
  .map(([command, isWhole, pairs, how]) => ({
    ...Object.fromEntries(pairs.map(([name, each], i) => [spelled(name, how >> i), each])),
    ...(isWhole && { 'call-id': 'c-1', 'from-tag': 'f', 'to-tag': 't', sdp: 'v=0\r\n', code: 1 }),
    [spelled('command', how)]: spelled(command.replaceAll(' ', '-'), how + 2),
  }));

test('[NG-01] a request is the same in bencode and in JSON', () => {
  fc.assert(
    fc.property(requests, (dictionary) => {
      const [bencode, json] = [readNg(encodeBencode(dictionary)), readNg(encodeJson(dictionary))];
      deepEqual({ ...bencode, encoding: '' }, { ...json, encoding: '' });
    }),
    RUNS,
  );
});

test('which call it is about is told as it is read', () => {
  fc.assert(
    fc.property(requests, (dictionary) => {
      for (const payload of [encodeBencode(dictionary), encodeJson(dictionary)]) {
        const reading = readNg(payload);
        if (reading.kind === 'request')
          deepEqual(peekCall(payload), { command: reading.request.command, callId: reading.request.callId });
      }
    }),
    RUNS,
  );
});

test('[NG-02] keys and flags that nobody knows change nothing but what is said of them', () => {
  const unknown = fc.tuple(utf8, values(utf8)).map(([name, inside]) => [`x-${name}`, inside] as const);
  fc.assert(
    fc.property(requests, fc.array(unknown, { maxLength: 3 }), (dictionary, strangers) => {
      ok(strangers.every(([name]) => keyNamed(name) === undefined));
      const before = readNg(encodeBencode(dictionary));
      const after = readNg(encodeBencode({ ...Object.fromEntries(strangers), ...dictionary }));
      equal(after.kind, before.kind);
      if (before.kind !== 'request' || after.kind !== 'request') return deepEqual(after, before);
      deepEqual(after.request, before.request);
      deepEqual(after.notDone, before.notDone);
      deepEqual(
        after.ignored.filter((each) => !each.startsWith('x-')),
        before.ignored.filter((each) => !each.startsWith('x-')),
      );
    }),
    RUNS,
  );
});

test('the end of a message in a stream is found where it is, in whatever pieces it comes', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values(anyBytes), fc.boolean(), pieces, anyBytes, (dictionary, isJson, lengths, tail) => {
      const payload = isJson ? encodeJson(dictionary) : encodeBencode(dictionary);
      const stream = payload + tail;
      const scanner = payloadScanner(stream.charCodeAt(0))!;
      let [at, turn] = [0, 0];
      let seen: Scanned = { kind: 'more', end: 0 };
      while (seen.kind === 'more' && at < stream.length) {
        const piece = stream.slice(at, at + lengths[turn++ % lengths.length]!);
        seen = scanner.scan(piece, 0);
        if (seen.kind === 'complete') equal(at + seen.end, payload.length);
        at += piece.length;
      }
      equal(seen.kind, 'complete');
    }),
    RUNS,
  );
});
