import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packr } from '../../src/io/log/segment.js';
import { Packer } from '../../src/protocol/events/packer.js';
import { runs } from './runs.js';

/** What another implementation of MessagePack reads. */
function throughBytes(value: unknown): unknown {
  const packer = new Packer();
  packer.pack(value);
  return packr.unpack(packer.bytes.slice(0, packer.fill));
}

const LENGTHS = [0, 1, 15, 16, 31, 32, 63, 64, 255, 256, 65_535, 65_536, 70_000];
const NUMBERS = [
  0,
  1,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  -1,
  -32,
  -33,
  -(2 ** 31),
  0.5,
  -1e300,
];

const texts = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.string({ maxLength: 300 }));
const numbers = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constantFrom(...NUMBERS, Infinity, -Infinity));
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, texts, numbers, fc.boolean(), fc.constant(null), tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 20 }),
  map: fc.dictionary(fc.string(), tie('value'), { maxKeys: 20, noNullPrototype: true }),
}));

/** Zero has no sign in it, as in the packer that was used before; a name that is a prototype's is not read back. */
const isAlike = (value: unknown): boolean => !JSON.stringify(value).includes('__proto__');

test('any plain value is read back by another implementation as it was', () => {
  const property = fc.property(values.filter(isAlike), (value) => {
    assert.deepEqual(JSON.stringify(throughBytes(value)), JSON.stringify(value));
  });
  fc.assert(property, { numRuns: runs(500) });
});

test('texts, lists and maps of every length that has a form of its own, and numbers, come back as they were', () => {
  for (const length of LENGTHS) {
    for (const unit of ['a', 'ä', '€', '😀']) assert.equal(throughBytes(unit.repeat(length)), unit.repeat(length));
    const list = Array.from({ length }, (_, i) => i);
    assert.deepEqual(throughBytes(list), list);
    if (length > 65_535) continue;
    const map = Object.fromEntries(list.map((i) => [`name ${i}`, i]));
    assert.deepEqual(throughBytes(map), map);
  }
  for (const number of NUMBERS) assert.equal(throughBytes(number), number);
  assert.ok(Number.isNaN(throughBytes(Number.NaN)));
});

test('what is undefined is null, half a character the one that stands for it', () => {
  assert.deepEqual(throughBytes({ a: undefined, b: [undefined] }), { a: null, b: [null] });
  assert.equal(throughBytes('a\ud800b'), 'a\ufffdb');
});

test('values stand one behind the other, and what cannot be written is refused', () => {
  const packer = new Packer();
  packer.pack('first');
  const end = packer.fill;
  packer.pack({ second: 2 });
  assert.equal(packr.unpack(packer.bytes.slice(0, end)), 'first');
  assert.deepEqual(packr.unpack(packer.bytes.slice(end, packer.fill)), { second: 2 });
  const endless: unknown[] = [];
  endless.push(endless);
  for (const value of [() => {}, 1n, Symbol('x'), endless]) assert.throws(() => new Packer().pack(value));
});
