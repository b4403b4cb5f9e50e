/** The bytes of recordings, packet by packet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AD_HOC_HEADER_BYTES, readAdHocHead, writeAdHocRecord } from '../../src/protocol/recording/adHocWriter.js';
import {
  isPcapFileHeader,
  PCAP_OVERHEAD_BYTES,
  PcapWriter,
  pcapFileHeader,
  readPcapHead,
} from '../../src/protocol/recording/pcapWriter.js';
import { wordsOf } from '../rig/recordingFolder.js';

const PAYLOAD = Uint8Array.from([0xde, 0xad, 0xbe, 0xef, 0x01]);
const AT_MS = 1_800_000_000_123.5;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function adHoc(host: string, port: number): Uint8Array {
  const into = new Uint8Array(100).fill(0xaa);
  const padded = Uint8Array.of(0, 0, ...PAYLOAD, 0);
  const length = writeAdHocRecord(into, 3, AT_MS, wordsOf(host, port), 0, padded, 2, PAYLOAD.length);
  assert.deepEqual([into[2], into[3 + length]], [0xaa, 0xaa], 'nothing is written beside it');
  return into.subarray(3, 3 + length);
}

test('[SY-17] an ad-hoc record of IPv4: family, port, address, zeros, seconds as a double, length, packet', () => {
  const seconds = Buffer.alloc(8);
  seconds.writeDoubleLE(AT_MS / 1000);
  const expected = ['0200', 'e761', '7f000001', '00'.repeat(12), hex(seconds), '0500', 'deadbeef01'];
  assert.equal(hex(adHoc('127.0.0.1', 0xe761)), expected.join(''));
});

test('[SY-17] an ad-hoc record of IPv6 has all sixteen bytes of the address', () => {
  const record = adHoc('2001:db8::1', 4000);
  assert.equal(hex(record.subarray(0, 20)), '0a000fa020010db8000000000000000000000001');
  assert.deepEqual(readAdHocHead(record, 0), { bytes: AD_HOC_HEADER_BYTES + 5, atMs: AT_MS });
});

test('what is no ad-hoc record is not taken for one', () => {
  for (const [at, byte] of [
    [0, 3],
    [27, 0xff],
    [27, 0x7f],
  ] as const) {
    const record = adHoc('127.0.0.1', 1);
    record[at] = byte;
    assert.equal(readAdHocHead(record, 0), null, `byte ${at} is ${byte}`);
  }
});

test('a capture file begins with the header of libpcap 2.4, Ethernet, 65535 bytes a frame', () => {
  assert.equal(hex(pcapFileHeader()), 'd4c3b2a1020004000000000000000000ffff000001000000');
  assert.deepEqual([isPcapFileHeader(pcapFileHeader()), isPcapFileHeader(new Uint8Array(24))], [true, false]);
});

function captured(writer: PcapWriter, from: [string, number], to: [string, number], payload = PAYLOAD): Uint8Array {
  const into = new Uint8Array(payload.length + PCAP_OVERHEAD_BYTES + 20).fill(0xaa);
  const length = writer.write(into, 2, AT_MS, wordsOf(...from), 0, wordsOf(...to), 0, payload, 0, payload.length);
  assert.equal(into[1], 0xaa);
  return into.subarray(2, 2 + length);
}

test('[SY-17] a capture of IPv4: Ethernet addresses of the IP addresses, TTL 127, both checksums', () => {
  const record = captured(new PcapWriter(), ['192.0.2.1', 4000], ['198.51.100.255', 35_001]);
  assert.equal(record.length, 58 + 5);
  assert.equal(
    hex(record),
    [
      '00d2496b' + '6ce20100' + '2f000000' + '2f000000', // 1 800 000 000 s, 123 500 µs, 47 bytes twice
      '0000c63364ff' + '0000c0000201' + '0800',
      '45000021' + '00000000' + '7f11' + '4e98' + 'c0000201' + 'c63364ff',
      '0fa088b9000d' + 'dba8',
      'deadbeef01',
    ].join(''),
  );
  assert.deepEqual(readPcapHead(record, 0), { bytes: 63, atMs: AT_MS });
});

/** The sum of RFC 1071 by its definition. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

test('[SY-17] a capture of IPv6: folded Ethernet addresses, hop limit 64, a checksum that holds', () => {
  const record = captured(new PcapWriter(), ['2001:db8::1', 4000], ['2001:db8::2:3', 35_000]);
  assert.equal(record.length, 78 + 5);
  const frame = record.subarray(16);
  // 20 01 0d b8 00 00 | 00 00 00 00 00 00 | 00 02 00 03 and 20 01 0d b8 00 00 | … | 00 00 00 01
  assert.equal(hex(frame.subarray(0, 14)), '20030dbb0000' + '20010db90000' + '86dd');
  assert.equal(hex(frame.subarray(14, 22)), '60000000000d1140');
  const pseudo = [...frame.subarray(22, 54), 0, 0, 0, 13, 0, 0, 0, 17];
  assert.equal(sumOf(Uint8Array.from([...pseudo, ...frame.subarray(54)])), 0xffff);
});

test('packets over IPv4 are numbered through all files, and their checksums hold', () => {
  const writer = new PcapWriter();
  for (let i = 0; i < 3; i++) {
    const frame = captured(writer, ['10.0.0.1', 1], ['10.0.0.2', 2]).subarray(16);
    assert.equal(frame[14 + 5], i);
    assert.equal(sumOf(frame.subarray(14, 34)), 0xffff);
    const pseudo = [...frame.subarray(26, 34), 0, 17, 0, 13];
    assert.equal(sumOf(Uint8Array.from([...pseudo, ...frame.subarray(34)])), 0xffff);
  }
});

test('a checksum that would be zero is sent as all ones (RFC 768)', () => {
  const writer = new PcapWriter();
  const sums = new Set<string>();
  for (let i = 0; i < 0x10000; i++) {
    const record = captured(writer, ['10.0.0.1', 1], ['10.0.0.2', 2], Uint8Array.of(i >> 8, i));
    sums.add(hex(record.subarray(56, 58)));
  }
  assert.deepEqual([sums.has('0000'), sums.has('ffff'), sums.size], [false, true, 0xffff]);
});

test('a destination of another family counts as none; a packet too long for a frame is cut, and its length told', () => {
  const frame = captured(new PcapWriter(), ['10.0.0.1', 1], ['::1', 2]).subarray(16);
  assert.equal(hex(frame.subarray(30, 38)), '0000000000010000');
  const long = captured(new PcapWriter(), ['10.0.0.1', 1], ['10.0.0.2', 2], new Uint8Array(65_507));
  const view = new DataView(long.buffer, long.byteOffset);
  assert.deepEqual([long.length, view.getUint32(8, true), view.getUint32(12, true)], [16 + 65_535, 65_535, 65_549]);
});
