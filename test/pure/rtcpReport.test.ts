import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRtcpReports, type ReportBlock, type RtcpReport } from '../../src/protocol/rtcp/report.js';
import { formatReports } from '../../src/protocol/rtcp/reportJson.js';
import { buildSenderReport } from '../../src/protocol/rtp/senderReport.js';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const plain = { noNullPrototype: true };
const blocks: fc.Arbitrary<ReportBlock> = fc.record(
  {
    source: uint32,
    fractionLost: fc.integer({ min: 0, max: 255 }),
    packetsLost: fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 }),
    highestSequence: uint32,
    jitter: uint32,
    lastSenderReport: uint32,
    delaySinceLast: uint32,
  },
  plain,
);
const senders = fc.record(
  { ntpSeconds: uint32, ntpFraction: uint32, rtpTimestamp: uint32, packets: uint32, octets: uint32 },
  plain,
);
const reports: fc.Arbitrary<RtcpReport> = fc.record(
  {
    ssrc: uint32,
    sender: fc.option(senders),
    blocks: fc.array(blocks, { maxLength: 31 }),
  },
  plain,
);

const BLOCK: ReportBlock = {
  source: 2005674503,
  fractionLost: 0,
  packetsLost: 2,
  highestSequence: 31520,
  jitter: 2,
  lastSenderReport: 2976541490,
  delaySinceLast: 252406,
};

/** As RFC 3550 §6.4 draws it. `tail`: profile extension or padding, whole words. */
function encoded({ ssrc, sender, blocks: list }: RtcpReport, tail: readonly number[] = [], padded = false): Buffer {
  const words = [ssrc];
  if (sender !== null) words.push(sender.ntpSeconds, sender.ntpFraction, sender.rtpTimestamp, sender.packets, sender.octets);
  for (const block of list) {
    const lost = ((block.fractionLost << 24) | (block.packetsLost & 0xff_ffff)) >>> 0;
    words.push(block.source, lost, block.highestSequence, block.jitter, block.lastSenderReport, block.delaySinceLast);
  }
  const body = Buffer.concat([...words.map(uint32Bytes), Buffer.from(tail)]);
  const head = Buffer.of(0x80 | (padded ? 0x20 : 0) | list.length, sender === null ? 201 : 200, 0, body.length / 4);
  head.writeUInt16BE(body.length / 4, 2);
  return Buffer.concat([head, body]);
}

function uint32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const RECEIVER: RtcpReport = { ssrc: 7, sender: null, blocks: [BLOCK] };
const SDES = Buffer.of(0x81, 202, 0, 2, 0, 0, 0, 7, 1, 2, 0x61, 0x62);
const BYE = Buffer.of(0x81, 203, 0, 1, 0, 0, 0, 7);

test('the reports of a compound packet are read as they were written, in their order', () => {
  fc.assert(
    fc.property(fc.array(reports, { minLength: 1, maxLength: 4 }), (list) => {
      assert.deepEqual(parseRtcpReports(Buffer.concat(list.map((report) => encoded(report)))), list);
    }),
  );
});

test('packets of other types, profile extensions and padding are stepped over', () => {
  const extended = encoded(RECEIVER, [1, 2, 3, 4, 5, 6, 7, 8]);
  const padded = encoded(RECEIVER, [0, 0, 0, 4], true);
  assert.deepEqual(parseRtcpReports(Buffer.concat([SDES, extended, BYE, padded])), [RECEIVER, RECEIVER]);
  assert.deepEqual(parseRtcpReports(SDES), []);
});

test('what our own sender reports say is read from them', () => {
  const packet = buildSenderReport({ ssrc: 9, atMs: 1500, rtpTimestamp: 8000, packets: 3, octets: 480, cname: 'a@b' });
  const sender = { ntpSeconds: 2_208_988_801, ntpFraction: 2 ** 31, rtpTimestamp: 8000, packets: 3, octets: 480 };
  assert.deepEqual(parseRtcpReports(packet), [{ ssrc: 9, sender, blocks: [] }]);
});

test('what does not fit is no RTCP, and nothing of it is believed', () => {
  const good = encoded(RECEIVER);
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[at] = value;
    return bytes;
  };
  const bad: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'half a header': good.subarray(0, 3),
    'cut off': good.subarray(0, good.length - 1),
    'of version 1': changed(0, 0x41),
    'of version 3': changed(0, 0xc1),
    'bytes left over': Buffer.concat([good, Buffer.of(0x80, 200)]),
    'rubbish behind it': Buffer.concat([good, Buffer.alloc(8)]),
    'more blocks than room': changed(0, 0x82),
    'longer than it is': changed(3, 200),
    'without room for its SSRC': Buffer.of(0x80, 201, 0, 0),
    'a sender report without its sender': Buffer.of(0x80, 200, 0, 1, 0, 0, 0, 1),
    'padding over its blocks': changed(0, 0xa1),
  };
  for (const [what, bytes] of Object.entries(bad)) assert.equal(parseRtcpReports(bytes), null, what);
});

test('the JSON of a sender report is the text that rtpproxy sends', () => {
  const sender = { ntpSeconds: 3738098587, ntpFraction: 3798737781, rtpTimestamp: 191072, packets: 1190, octets: 23800 };
  const expected = [
    '{',
    ' "ssrc": 1309239164,',
    ' "sender_information": {',
    '  "ntp_timestamp_sec": 3738098587,',
    '  "ntp_timestamp_usec": 3798737781,',
    '  "rtp_timestamp": 191072,',
    '  "packets": 1190,',
    '  "octets": 23800',
    ' },',
    ' "type": 200,',
    ' "report_blocks": [',
    '  {',
    '   "source_ssrc": 2005674503,',
    '   "fraction_lost": 0,',
    '   "packets_lost": 2,',
    '   "highest_seq_no": 31520,',
    '   "ia_jitter": 2,',
    '   "lsr": 2976541490,',
    '   "dlsr": 252406',
    '  }',
    ' ],',
    ' "report_count": 1',
    '}',
    '',
  ];
  assert.equal(formatReports([{ ssrc: 1309239164, sender, blocks: [BLOCK] }]), expected.join('\n'));
});

test('a report without blocks has no report_blocks', () => {
  assert.equal(formatReports([{ ssrc: 1, sender: null, blocks: [] }]), '{\n "ssrc": 1,\n "type": 201,\n "report_count": 0\n}\n');
});

test('every report is valid JSON with all of its numbers, and several stand behind each other', () => {
  fc.assert(
    fc.property(fc.array(reports, { minLength: 1, maxLength: 3 }), (list) => {
      const objects = formatReports(list)
        .split(/(?<=\n\}\n)/)
        .map((text) => JSON.parse(text));
      assert.deepEqual(objects, list.map(asHomerHasIt));
    }),
  );
});

function asHomerHasIt({ ssrc, sender, blocks: list }: RtcpReport): object {
  return {
    ssrc,
    ...(sender === null
      ? {}
      : {
          sender_information: {
            ntp_timestamp_sec: sender.ntpSeconds,
            ntp_timestamp_usec: sender.ntpFraction,
            rtp_timestamp: sender.rtpTimestamp,
            packets: sender.packets,
            octets: sender.octets,
          },
        }),
    type: sender === null ? 201 : 200,
    ...(list.length === 0
      ? {}
      : {
          report_blocks: list.map((block) => ({
            source_ssrc: block.source,
            fraction_lost: block.fractionLost,
            packets_lost: block.packetsLost,
            highest_seq_no: block.highestSequence,
            ia_jitter: block.jitter,
            lsr: block.lastSenderReport,
            dlsr: block.delaySinceLast,
          })),
        }),
    report_count: list.length,
  };
}
