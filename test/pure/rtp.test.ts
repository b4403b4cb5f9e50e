import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildRtp, rtpHeaderSize, writeRtpHeader } from '../../src/protocol/rtp/build.js';
import {
  isRtp,
  RTP_MALFORMED,
  rtpCsrcCount,
  rtpHasExtension,
  rtpHasPadding,
  rtpHeaderLength,
  rtpMarker,
  rtpPaddingLength,
  rtpPayloadLength,
  rtpPayloadType,
  rtpSequence,
  rtpSsrc,
  rtpTimestamp,
  rtpVersion,
} from '../../src/protocol/rtp/header.js';
import { Reception } from '../../src/protocol/rtp/reception.js';
import { buildSenderReport } from '../../src/protocol/rtp/senderReport.js';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const headers = fc.record(
  {
    payloadType: fc.integer({ min: 0, max: 127 }),
    marker: fc.boolean(),
    sequence: uint16,
    timestamp: uint32,
    ssrc: uint32,
    csrc: fc.array(uint32, { maxLength: 15 }),
    extension: fc.record({
      profile: uint16,
      content: fc.integer({ min: 0, max: 6 }).map((words) => new Uint8Array(words * 4).fill(0xee)),
    }),
  },
  { requiredKeys: ['payloadType', 'marker', 'sequence', 'timestamp', 'ssrc'] },
);
const packetOf = (second: number, length = 12) => Uint8Array.from({ length }, (_, i) => (i === 0 ? 0x80 : i === 1 ? second : 0));

test('what is written into an RTP packet is read from it, wherever it lies in the buffer', () => {
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 40 }), fc.nat(9), (header, payload, start) => {
      const packet = buildRtp(header, payload);
      const bytes = new Uint8Array(start + packet.length + 5).fill(0xaa);
      bytes.set(packet, start);
      const second = (header.marker ? 128 : 0) + header.payloadType;
      assert.equal(isRtp(bytes, start, packet.length), second < 200 || second > 213);
      assert.equal(rtpVersion(bytes, start), 2);
      assert.equal(rtpMarker(bytes, start), header.marker);
      assert.equal(rtpPayloadType(bytes, start), header.payloadType);
      assert.equal(rtpSequence(bytes, start), header.sequence);
      assert.equal(rtpTimestamp(bytes, start), header.timestamp);
      assert.equal(rtpSsrc(bytes, start), header.ssrc);
      assert.equal(rtpCsrcCount(bytes, start), header.csrc?.length ?? 0);
      assert.equal(rtpHasExtension(bytes, start), header.extension !== undefined);
      assert.equal(rtpHasPadding(bytes, start), false);
      const headerLength = rtpHeaderLength(bytes, start, packet.length);
      assert.equal(headerLength, rtpHeaderSize(header));
      assert.equal(rtpPayloadLength(bytes, start, packet.length), payload.length);
      assert.deepEqual(bytes.slice(start + headerLength, start + headerLength + payload.length), payload);
    }),
  );
});

test('an RTP header lies on the wire as RFC 3550 section 5.1 draws it', () => {
  const packet = buildRtp(
    {
      payloadType: 96,
      marker: true,
      sequence: 0x0102,
      timestamp: 0x03040506,
      ssrc: 0xf7f8f9fa,
      csrc: [0x0b0c0d0e],
      extension: { profile: 0xbede, content: Uint8Array.of(1, 2, 3, 4) },
    },
    Uint8Array.of(0x55),
  );
  assert.equal(Buffer.from(packet).toString('hex'), '91e0010203040506f7f8f9fa0b0c0d0ebede00010102030455');
});

test('padding is not payload, and its count must be at least one and at most what follows the header', () => {
  const header = { payloadType: 0, marker: false, sequence: 1, timestamp: 1, ssrc: 1, padding: true };
  const lengths = [1, 4, 5, 6, 0, 255].map((count) => {
    const packet = buildRtp(header, Uint8Array.of(7, 7, 0, 0, count));
    assert.equal(rtpPaddingLength(packet, 0, packet.length), count);
    return rtpPayloadLength(packet, 0, packet.length);
  });
  assert.deepEqual(lengths, [4, 1, 0, RTP_MALFORMED, RTP_MALFORMED, RTP_MALFORMED]);
  const empty = buildRtp(header, new Uint8Array(0));
  assert.equal(rtpPayloadLength(empty, 0, empty.length), RTP_MALFORMED);
});

test('a second byte of 200 to 213 is RTCP, its neighbours are RTP', () => {
  const verdicts = [199, 200, 213, 214].map((second) => isRtp(packetOf(second), 0, 12));
  assert.deepEqual(verdicts, [true, false, false, true]);
});

test('a packet that is short or of another version is not RTP', () => {
  assert.equal(isRtp(packetOf(0), 0, 11), false);
  assert.equal(isRtp(packetOf(0), 0, 0), false);
  for (const first of [0x00, 0x40, 0xc0]) assert.equal(isRtp(Uint8Array.of(first, ...packetOf(0).subarray(1)), 0, 12), false);
});

test('a header whose CSRC list or extension reaches beyond the packet is malformed, at every length that cuts it', () => {
  fc.assert(
    fc.property(headers, (header) => {
      const size = rtpHeaderSize(header);
      // Room behind the packet, so that a reader that looked past `length` would find something.
      const bytes = new Uint8Array(size + 64);
      assert.equal(writeRtpHeader(bytes, 0, header), size);
      for (let length = 0; length < size; length++) {
        assert.equal(rtpHeaderLength(bytes, 0, length), RTP_MALFORMED);
        assert.equal(rtpPayloadLength(bytes, 0, length), RTP_MALFORMED);
      }
      assert.equal(rtpPayloadLength(bytes, 0, size), 0);
    }),
  );
});

test('a sender report lies on the wire as RFC 3550 section 6.4.1 draws it, followed by the CNAME', () => {
  const report = { ssrc: 0x01020304, atMs: 500, rtpTimestamp: 160, packets: 3, octets: 480, cname: 'a@b' };
  assert.equal(
    Buffer.from(buildSenderReport(report)).toString('hex'),
    '80c8000601020304' +
      '83aa7e8080000000' +
      '000000a0' +
      '00000003' +
      '000001e0' +
      '81ca0003' +
      '01020304' +
      '0103614062' +
      '000000',
  );
});

/** Counts packets that all arrive when due: 160 ticks apart by sequence number. */
function listen(sequences: readonly number[]): { reception: Reception; kinds: string[] } {
  const reception = new Reception();
  const kinds = sequences.map((sequence) => reception.count(sequence, sequence * 160, sequence * 160));
  return { reception, kinds };
}

test('a gap is loss until the late packet comes, and a second copy is a duplicate', () => {
  const { reception, kinds } = listen([10, 11, 14, 13, 13, 14, 10]);
  assert.deepEqual(kinds, ['first', 'next', 'next', 'late', 'duplicate', 'duplicate', 'duplicate']);
  assert.equal(reception.expected, 5);
  assert.equal(reception.received, 4);
  assert.equal(reception.lost, 1);
  assert.equal(reception.duplicates, 3);
  assert.equal(reception.extendedHighest, 14);
});

test('sequence numbers go on counting over the wrap, and a late packet from before it is still late', () => {
  const { reception, kinds } = listen([65534, 65535, 1, 0, 65533, 2]);
  assert.deepEqual(kinds, ['first', 'next', 'next', 'late', 'late', 'next']);
  assert.equal(reception.extendedHighest, 65538);
  assert.equal(reception.extend(65535), 65535);
  assert.equal(reception.extend(1), 65537);
  assert.equal(reception.expected, 6);
  assert.equal(reception.lost, 0);
});

test('a packet from before the wrap that comes after the first packet has a negative extended number', () => {
  const { reception, kinds } = listen([0, 65535]);
  assert.deepEqual(kinds, ['first', 'late']);
  assert.equal(reception.extend(65535), -1);
  assert.equal(reception.expected, 2);
  assert.equal(reception.extendedHighest, 0);
});

test('many wraps are counted, with a loss in each', () => {
  const reception = new Reception();
  const total = 3 * 65536;
  for (let i = 0; i < total; i++) if (i % 1000 !== 999) reception.count(i & 0xffff, 0, 0);
  assert.equal(reception.lost, Math.floor(total / 1000));
  assert.equal(reception.extendedHighest, total - 1);
});

test('one packet far away is suspect, the next in sequence makes it a restart, and the counts so far are kept', () => {
  const { reception, kinds } = listen([1, 2, 4, 30_000, 5, 50_000, 50_001, 50_003]);
  assert.deepEqual(kinds, ['first', 'next', 'next', 'suspect', 'next', 'suspect', 'restart', 'next']);
  assert.equal(reception.restarts, 1);
  assert.equal(reception.suspects, 1);
  assert.equal(reception.received, 7);
  assert.equal(reception.lost, 2);
});

test('the same packets in any order within the window give the same counts', () => {
  const neighbours = fc.uniqueArray(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(neighbours, uint16, fc.infiniteStream(fc.boolean()), (offsets, base, twice) => {
      const reception = new Reception();
      let copies = 0;
      for (const offset of offsets) {
        const sequence = (base + offset) & 0xffff;
        reception.count(sequence, 0, 0);
        if (twice.next().value === true) {
          assert.equal(reception.count(sequence, 0, 0), 'duplicate');
          copies++;
        }
      }
      assert.equal(reception.received, offsets.length);
      assert.equal(reception.duplicates, copies);
      assert.equal(reception.expected, Math.max(...offsets) - Math.min(...offsets) + 1);
    }),
  );
});

test('nothing is counted before the first packet', () => {
  const reception = new Reception();
  assert.deepEqual([reception.expected, reception.received, reception.lost, reception.jitter], [0, 0, 0, 0]);
  assert.equal(reception.extendedHighest, -1);
});

test('jitter follows RFC 3550 A.8, computed by hand', () => {
  const reception = new Reception();
  // Spacing of the timestamps 160; arrivals 0, 160, 336 (16 late), 480 (the next is 16 early against it).
  reception.count(1, 1000, 0);
  reception.count(2, 1160, 160);
  assert.equal(reception.jitter, 0);
  reception.count(3, 1320, 336);
  assert.equal(reception.jitter, 1); // 0 + (16 - 0) / 16
  reception.count(4, 1480, 480);
  assert.equal(reception.jitter, 1.9375); // 1 + (16 - 1) / 16
});

test('jitter does not notice that the timestamp wraps, nor a duplicate', () => {
  const reception = new Reception();
  reception.count(1, 0xffff_ffb0, 5000);
  reception.count(2, 0x0000_0050, 5160);
  reception.count(2, 0x0000_0050, 9000);
  reception.count(3, 0x0000_00f0, 5320);
  assert.equal(reception.jitter, 0);
});
