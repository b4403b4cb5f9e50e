import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32 } from '../../src/protocol/bytes/crc32.js';
import { runs } from '../property/runs.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Bit by bit, as the definition has it. */
function plainCrc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test('the check value of CRC-32/ISO-HDLC is 0xCBF43926, and other known ones are right', () => {
  assert.equal(crc32(ascii('123456789')), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
  assert.equal(crc32(ascii('a')), 0xe8b7be43);
  assert.equal(crc32(ascii('abc')), 0x352441c2);
  assert.equal(crc32(ascii('The quick brown fox jumps over the lazy dog')), 0x414fa339);
  assert.equal(crc32(new Uint8Array(32).fill(0xff)), 0xff6cab0b);
});

test('it is what the definition says, for any bytes and any part of them', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
    const start = Math.min(a, bytes.length);
    const length = Math.min(b, bytes.length - start);
    const wanted = plainCrc32(bytes.subarray(start, start + length));
    assert.equal(crc32(bytes, start, length), wanted);
    assert.equal(crc32(bytes, start), plainCrc32(bytes.subarray(start)));
  });
  fc.assert(property, { numRuns: runs(300) });
});
