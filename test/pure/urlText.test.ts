import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUrlText } from '../../src/protocol/bytes/urlText.js';

test('percent and plus are undone, everything else is as it was', () => {
  assert.equal(decodeUrlText(''), '');
  assert.equal(decodeUrlText('Dd12.34'), 'Dd12.34');
  assert.equal(decodeUrlText('a+b%20c%2Bd'), 'a b c+d');
  assert.equal(decodeUrlText('%41%e4%E4%0a%00'), 'A\xe4\xe4\n\0');
  assert.equal(decodeUrlText('%2541'), '%41', 'once only');
  assert.equal(decodeUrlText('\xff\x80'), '\xff\x80');
});

test('a percent without two hexadecimal digits is refused, wherever it stands', () => {
  for (const text of ['%', '%4', 'a%', '%zz', '%4g', '%g4', '100%+', '%20%', '%%41', '% 41', '%+1']) {
    assert.equal(decodeUrlText(text), null, text);
  }
});

test('whatever is encoded byte by byte comes back', () => {
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(bytes, fc.boolean(), (content, upper) => {
      const hex = (byte: number) => byte.toString(16).padStart(2, '0');
      const encoded = Array.from(content, (byte) => `%${upper ? hex(byte).toUpperCase() : hex(byte)}`).join('');
      assert.equal(decodeUrlText(encoded), Buffer.from(content).toString('latin1'));
    }),
  );
});
