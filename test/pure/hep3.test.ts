import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Family, udpPort } from '../../model/kernel/index.js';
import { buildHep3, type HepCapture } from '../../src/protocol/hep/hep3.js';
import { chunkOf, readHep3 } from '../rig/hepReader.js';

const CAPTURE: HepCapture = {
  family: 'IPv4',
  source: { host: '192.0.2.1', port: udpPort(4001) },
  destination: { host: '198.51.100.255', port: udpPort(35_001) },
  atMs: 1_800_000_000_123.456,
  captureId: 0xdead_beef,
  correlationId: 'a84b\xe9@host',
  payload: Buffer.from('{}\n'),
};

test('a capture over IPv4 has rtpproxy chunks in rtpproxy order, all of the generic vendor', () => {
  const chunks = readHep3(buildHep3(CAPTURE)!);
  assert.deepEqual(new Set(chunks.map(({ vendor }) => vendor)), new Set([0]));
  assert.deepEqual(
    chunks.map(({ type, content }) => `${type} ${content.toString('hex')}`),
    [
      '1 02',
      '2 11',
      '7 0fa1',
      '8 88b9',
      `9 ${(1_800_000_000).toString(16)}`,
      `10 ${(123_456).toString(16).padStart(8, '0')}`,
      '11 05',
      '12 deadbeef',
      `17 ${Buffer.from('a84b\xe9@host', 'latin1').toString('hex')}`,
      '3 c0000201',
      '4 c63364ff',
      `15 ${Buffer.from('{}\n').toString('hex')}`,
    ],
  );
});

test('over IPv6 the addresses are in the chunks of IPv6', () => {
  const source = { host: '2001:db8::1', port: udpPort(1) };
  const destination = { host: '::ffff:192.0.2.1', port: udpPort(65_535) };
  const chunks = readHep3(buildHep3({ ...CAPTURE, family: 'IPv6', source, destination })!);
  assert.deepEqual(
    chunks.map(({ type }) => type),
    [1, 2, 7, 8, 9, 10, 11, 12, 17, 5, 6, 15],
  );
  assert.equal(chunkOf(chunks, 1).toString('hex'), '0a');
  assert.equal(chunkOf(chunks, 5).toString('hex'), '20010db8000000000000000000000001');
  assert.equal(chunkOf(chunks, 6).toString('hex'), '00000000000000000000ffffc0000201');
});

test('a capture id of 32 bits is not shortened, a small one stands in the low half', () => {
  for (const [captureId, hex] of [
    [101, '00000065'],
    [0xffff_ffff, 'ffffffff'],
    [0, '00000000'],
  ] as const) {
    assert.equal(chunkOf(readHep3(buildHep3({ ...CAPTURE, captureId })!), 12).toString('hex'), hex);
  }
});

test('addresses that are not of the family, or not numeric, give no packet', () => {
  const bad: [Family, string][] = [
    ['IPv6', '192.0.2.1'],
    ['IPv4', '2001:db8::1'],
    ['IPv4', 'host.example'],
    ['IPv6', '2001:db8::1::'],
  ];
  for (const [family, host] of bad) {
    const address = { host, port: udpPort(1) };
    assert.equal(buildHep3({ ...CAPTURE, family, source: address, destination: address }), null, `${family} ${host}`);
  }
});

test('a packet has at most the 65535 bytes that its length can say', () => {
  const empty = buildHep3({ ...CAPTURE, payload: new Uint8Array() })!.length;
  assert.equal(buildHep3({ ...CAPTURE, payload: new Uint8Array(65_535 - empty) })?.length, 65_535);
  assert.equal(buildHep3({ ...CAPTURE, payload: new Uint8Array(65_536 - empty) }), null);
});
