import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { familyOf, udpPort } from '../../model/kernel/index.js';
import {
  clearSockaddr,
  decodeSockaddr,
  encodeSockaddr,
  formatIPv6,
  parseIPv4,
  parseIPv6,
  SOCKADDR_BYTES,
  SOCKADDR_WORDS,
  sameHost,
  sameSockaddr,
  sockaddrLength,
} from '../../src/protocol/bytes/sockaddr.js';
import { runs } from '../property/runs.js';

function encoded(host: string, port: number): Uint32Array {
  const words = new Uint32Array(SOCKADDR_WORDS).fill(0xdeadbeef);
  assert.equal(encodeSockaddr({ host, port: udpPort(port) }, words, 0), true, host);
  return words;
}

const bytesOf = (words: Uint32Array, count: number): number[] => [...new Uint8Array(words.buffer)].slice(0, count);

test('IPv4 is written as the kernel has it: family, port and host in network order', () => {
  const words = encoded('192.0.2.1', 0x1234);
  assert.deepEqual(bytesOf(words, 16), [2, 0, 0x12, 0x34, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(sockaddrLength(words, 0), 16);
});

test('IPv6 is written as the kernel has it', () => {
  const words = encoded('2001:db8::ff00:42:8329', 65_535);
  const host = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0x42, 0x83, 0x29];
  assert.deepEqual(bytesOf(words, 28), [10, 0, 0xff, 0xff, 0, 0, 0, 0, ...host, 0, 0, 0, 0]);
  assert.equal(sockaddrLength(words, 0), SOCKADDR_BYTES);
});

test('any address comes back as it was written, at any place of a table', () => {
  const host = fc.oneof(fc.ipV4(), fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }).map(formatIPv6));
  const property = fc.property(host, fc.integer({ min: 0, max: 65_535 }), fc.nat(5), (text, port, row) => {
    const words = new Uint32Array(SOCKADDR_WORDS * 6);
    const address = { host: text, port: udpPort(port) };
    assert.equal(encodeSockaddr(address, words, row * SOCKADDR_WORDS), true);
    assert.deepEqual(decodeSockaddr(words, row * SOCKADDR_WORDS), address);
    for (let other = 0; other < 6; other++) if (other !== row) assert.equal(decodeSockaddr(words, other * SOCKADDR_WORDS), null);
  });
  fc.assert(property, { numRuns: runs(500) });
});

test('a row of zeros is no address, and what is not numeric leaves one', () => {
  const words = encoded('192.0.2.1', 4000);
  clearSockaddr(words, 0);
  assert.equal(decodeSockaddr(words, 0), null);
  assert.equal(sockaddrLength(words, 0), 0);
  for (const host of ['localhost', '192.0.2.256', '2001:db8::g', '']) {
    const row = encoded('192.0.2.1', 4000);
    assert.equal(encodeSockaddr({ host, port: udpPort(4000) }, row, 0), false, host);
    assert.deepEqual([...row], new Array(SOCKADDR_WORDS).fill(0));
  }
});

test('equal means host and port; the same host may have another port; the flow label of IPv6 counts in neither', () => {
  const same = (a: Uint32Array, b: Uint32Array): readonly [boolean, boolean] => [sameSockaddr(a, 0, b, 0), sameHost(a, 0, b, 0)];
  for (const [host, other] of [
    ['192.0.2.1', '192.0.2.2'],
    ['2001:db8::1', '2001:db8::1:0:0:1'],
  ] as const) {
    assert.deepEqual(same(encoded(host, 4000), encoded(host, 4000)), [true, true]);
    assert.deepEqual(same(encoded(host, 4000), encoded(host, 4001)), [false, true]);
    assert.deepEqual(same(encoded(host, 4000), encoded(other, 4000)), [false, false]);
  }
  const labelled = encoded('2001:db8::1', 4000);
  labelled[1] = 0x12345;
  assert.deepEqual(same(labelled, encoded('2001:db8::1', 4000)), [true, true]);
  assert.deepEqual(same(encoded('0.0.0.1', 4000), encoded('::1', 4000)), [false, false]);
});

test('hosts that differ in one group only are different', () => {
  for (let group = 0; group < 8; group++) {
    const other = formatIPv6(Array.from({ length: 8 }, (_, i) => (i === group ? 0xbeef : 0x1000 + i)));
    const host = formatIPv6(Array.from({ length: 8 }, (_, i) => 0x1000 + i));
    assert.equal(sameHost(encoded(host, 4000), 0, encoded(other, 4000), 0), false, other);
  }
});

test('a dotted quad is four decimal numbers without leading zeros, and nothing else', () => {
  assert.equal(parseIPv4('0.0.0.0'), 0);
  assert.equal(parseIPv4('255.255.255.255'), 0xffffffff);
  assert.equal(parseIPv4('192.0.2.1'), 0xc0000201);
  const wrong = [
    ...['', '1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.04', '1.2.3.00', '1.2.3.-4', '1.2.3.+4'],
    ...['1.2.3.4 ', ' 1.2.3.4', '1.2.3.0x4', '1.2.3.', '.1.2.3', '1..2.3', 'a.b.c.d', '1.2.3.4\n', '1e1.2.3.4', '::1', '1,2.3.4'],
  ];
  for (const text of wrong) assert.equal(parseIPv4(text), null, JSON.stringify(text));
});

test('IPv6 is read in all three forms of RFC 4291 §2.2', () => {
  assert.deepEqual(parseIPv6('2001:DB8:0:0:8:800:200C:417A'), [0x2001, 0xdb8, 0, 0, 8, 0x800, 0x200c, 0x417a]);
  assert.deepEqual(parseIPv6('2001:db8::8:800:200c:417a'), [0x2001, 0xdb8, 0, 0, 8, 0x800, 0x200c, 0x417a]);
  assert.deepEqual(parseIPv6('::'), [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(parseIPv6('::1'), [0, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(parseIPv6('ff01::'), [0xff01, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(parseIPv6('::13.1.68.3'), [0, 0, 0, 0, 0, 0, 0x0d01, 0x4403]);
  assert.deepEqual(parseIPv6('0:0:0:0:0:ffff:129.144.52.38'), [0, 0, 0, 0, 0, 0xffff, 0x8190, 0x3426]);
  assert.deepEqual(parseIPv6('1:2:3:4:5:6:7::'), [1, 2, 3, 4, 5, 6, 7, 0]);
});

test('what is no IPv6 address is refused', () => {
  const wrong = [
    ...['', ':', ':::', '1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', '1::2::3'],
    ...[
      '12345::',
      'g::',
      '[::1]',
      '::1%eth0',
      '1.2.3.4',
      '1.2.3.4::',
      '::1.2.3',
      '::01.2.3.4',
      '1:2:3:4:5:6:7:1.2.3.4',
      ' ::1',
      '::1 ',
    ],
  ];
  for (const text of wrong) assert.equal(parseIPv6(text), null, JSON.stringify(text));
});

test('IPv6 is written as RFC 5952 recommends', () => {
  const examples: Readonly<Record<string, string>> = {
    '2001:0db8::0001': '2001:db8::1',
    '2001:db8:0:0:0:0:2:1': '2001:db8::2:1',
    '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
    '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
    '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '2001:DB8::AAAA': '2001:db8::aaaa',
    '0:0:0:0:0:0:0:0': '::',
    '0:0:0:0:0:0:0:1': '::1',
    'ff01:0:0:0:0:0:0:0': 'ff01::',
    '1:0:0:2:3:4:5:6': '1::2:3:4:5:6',
    '1:2:3:4:5:6:7:0': '1:2:3:4:5:6:7:0',
    '0:1:0:1:0:1:0:1': '0:1:0:1:0:1:0:1',
  };
  for (const [given, wanted] of Object.entries(examples)) assert.equal(formatIPv6(parseIPv6(given)!), wanted, given);
});

test('any eight groups are read back as they are written', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  const property = fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
    assert.deepEqual(parseIPv6(formatIPv6(groups)), groups);
    assert.equal(familyOf(formatIPv6(groups)), 'IPv6');
  });
  fc.assert(property, { numRuns: runs(300) });
});
