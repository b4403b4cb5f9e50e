import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ascii, cut, duration, isoTime, wrap } from '../../src/relay/events/words.js';

test('times are those of ISO 8601, in UTC, leap days and fractions too', () => {
  const property = fc.property(fc.integer({ min: -2e12, max: 8e12 }), (ms) => {
    const { date, time } = isoTime(ms);
    assert.equal(`${date}T${time}Z`, new Date(ms).toISOString());
  });
  fc.assert(property);
  assert.equal(isoTime(Date.UTC(2028, 1, 29)).date, '2028-02-29');
  assert.equal(isoTime(1.6).time, '00:00:00.002');
});

test('text is broken at blanks and cut where a word is too long; no line is wider than it may be', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('onetwothree', 7), ['onetwo~']);
  assert.deepEqual(wrap('a b c d e f', 1), ['a', 'b', 'c', '~']);
  const property = fc.property(fc.string(), fc.nat(20), (text, width) => wrap(text, width).every((line) => line.length <= width));
  fc.assert(property);
});

test('spans of time are said with the unit that people would take', () => {
  assert.deepEqual([0, 999, 1000, 12_340, 119_000, 125_000, 7_260_000].map(duration), [
    ...['0 ms', '999 ms', '1 s', '12.3 s', '119 s', '2 min 5 s', '2 h 1 min'],
  ]);
});

test('what is no ASCII is written as a number', () => {
  assert.equal(ascii('a b\n\u00fc\u{1f600}'), 'a b\\x0a\\xfc\\x1f600');
  assert.deepEqual([cut('abc', 3), cut('abcd', 3), cut('abc', 1), cut('abc', 0)], ['abc', 'ab~', '~', '']);
});
