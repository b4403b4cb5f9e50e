import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BASIC_VERSION, CAPABILITIES, isCapable } from '../../src/protocol/rtpproxy/capabilities.js';
import { ERROR_CODES } from '../../src/protocol/rtpproxy/errors.js';

/** The dates of rtpproxy 3.2. */
const ORIGINAL = [
  ...['20040107', '20050322', '20060704', '20071116', '20071218', '20080403', '20081102', '20081224', '20090810'],
  ...['20140323', '20140617', '20141004', '20150330', '20150420', '20150617', '20191015', '20200226', '20230205'],
  ...['20230314', '20230424', '20250523', '20251015', '20260306', '20260308', '20260309'],
];

test('[CW-11 PN-26 PN-41 PN-55] all dates of rtpproxy 3.2 are answered, and one that OpenSIPS asks for; the oldest first', () => {
  assert.equal(ORIGINAL.length, 25);
  assert.deepEqual(Object.keys(CAPABILITIES), [...ORIGINAL, '20170313'].sort());
  for (const date of Object.keys(CAPABILITIES)) assert.equal(isCapable(date, { notify: true }), true, date);
  for (const text of Object.values(CAPABILITIES)) assert.match(text, /^[A-Z][\x20-\x7e]{9,70}$/);
  assert.equal(BASIC_VERSION, '20040107');
});

test('[CW-12 PN-48] notifications are answered only where a socket is permitted, everything else in any case', () => {
  for (const date of Object.keys(CAPABILITIES)) assert.equal(isCapable(date, { notify: false }), date !== '20081224', date);
});

test('[CW-11] an unknown date is answered with no', () => {
  for (const date of ['20040108', '2004010', '200401070', '', '0', 'toString', '__proto__', '20040107x'])
    assert.equal(isCapable(date, { notify: true }), false, date);
});

test('every error code stands once', () => {
  const codes = Object.values(ERROR_CODES);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of codes) assert.match(code, /^E(0|[1-9][0-9]?)$/);
});
