/** Recordings of whatever somebody sends, and files of whatever a crash has left. */
import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutTornTail } from '../../src/io/recording/tornTail.js';
import { writeAdHocRecord } from '../../src/protocol/recording/adHocWriter.js';
import { PCAP_OVERHEAD_BYTES, PcapWriter, pcapFileHeader } from '../../src/protocol/recording/pcapWriter.js';
import { fileNamesOf, isSafeName, stemOf } from '../../src/relay/recording/fileNames.js';
import { WavRecording } from '../../src/relay/recording/wavRecording.js';
import { openOrder, rtpPacket, START_MS, TEST_CODECS, wordsOf } from '../rig/recordingFolder.js';
import { damaged, damages, FUZZ_BOUND, search } from './budget.js';

const packets = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 5_000 })),
    channel: fc.constantFrom(0 as const, 1 as const),
    sequence: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 0xffff })),
    timestamp: fc.oneof(fc.nat({ max: 16_000 }), fc.nat({ max: 2 ** 32 - 1 })),
    ssrc: fc.nat({ max: 8 }),
    payloadType: fc.constantFrom(0, 8, 9, 13, 18, 101),
    bytes: fc.oneof({ weight: 9, arbitrary: fc.constant(160) }, { weight: 1, arbitrary: fc.nat({ max: 8_000 }) }),
    damage: fc.option(damages(), { freq: 10, nil: [] }),
  }),
  { maxLength: 80, size: 'max' },
);

test('a WAV recording stays within the time that has passed, and writes little, whatever comes', FUZZ_BOUND, async (t) => {
  await search(t, packets, (list) => {
    let [now, written, behind, decoded] = [0, 0, 0, 0];
    const write = (offset: number, bytes: Uint8Array): void => {
      assert.ok(offset >= behind, 'it never writes back');
      behind = offset + bytes.length;
      written += bytes.length;
    };
    const recording = new WavRecording({ codecs: TEST_CODECS, startedAt: START_MS, begun: null, write });
    for (const { afterMs, channel, bytes, damage, ...fields } of list) {
      now += afterMs;
      const packet = damaged(rtpPacket({ ...fields, payload: new Uint8Array(bytes).fill(1) }), damage);
      recording.packet(channel, START_MS + now, packet, 0, packet.length);
      if (afterMs > 1000) recording.turn(START_MS + now);
      decoded += bytes;
    }
    recording.end(START_MS + now);
    assert.ok(behind <= (now + 1_000) * 64, `${behind} bytes after ${now} ms`);
    assert.ok(written <= (decoded + list.length * 16_000) * 8, `${written} bytes of ${decoded}`);
  });
});

test('names of files stay in their folder and fit, whatever calls and tags are', FUZZ_BOUND, async (t) => {
  const text = fc.string({
    unit: fc.constantFrom('a', '.', '/', '\\', '\0', ';', '1', '\xff', '=', ' '),
    maxLength: 400,
    size: 'max',
  });
  const forms = fc.constantFrom('ad-hoc' as const, 'pcap' as const, 'wav' as const);
  await search(
    t,
    fc.tuple(text, text, fc.option(text), forms, fc.boolean(), fc.nat(9999)),
    ([call, tag, name, form, single, n]) => {
      const place = { shard: 0, session: 1, call, id: 1 };
      const { base, kinds } = fileNamesOf(openOrder({ place, tag, name, form, single }));
      for (const { suffix } of kinds) assert.ok(isSafeName(stemOf(base, n, kinds) + suffix));
    },
  );
});

function fileOf(form: 'ad-hoc' | 'pcap', lengths: readonly number[]): Uint8Array {
  const scratch = new Uint8Array(70_000);
  const pieces = form === 'pcap' ? [pcapFileHeader()] : [];
  const writer = new PcapWriter();
  for (const length of lengths) {
    const [words, payload] = [wordsOf('192.0.2.1', 4000), new Uint8Array(length + PCAP_OVERHEAD_BYTES).fill(7)];
    const bytes =
      form === 'pcap'
        ? writer.write(scratch, 0, START_MS, words, 0, words, 0, payload, 0, length)
        : writeAdHocRecord(scratch, 0, START_MS, words, 0, payload, 0, length);
    pieces.push(scratch.slice(0, bytes));
  }
  return Buffer.concat(pieces);
}

for (const form of ['ad-hoc', 'pcap'] as const) {
  test(`what is left of a file (${form}) is cut behind a whole record, and again nowhere else`, FUZZ_BOUND, async (t) => {
    const path = join(tmpdir(), `rtpbridge-tail-${process.pid}-${form}`);
    t.after(() => rmSync(path, { force: true }));
    const files = fc.tuple(
      fc.array(fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 9_000 })), { maxLength: 40, size: 'max' }),
      fc.nat({ max: 400 }),
      fc.option(damages(), { nil: [] }),
    );
    await search(t, files, ([lengths, torn, damage]) => {
      const whole = fileOf(form, lengths);
      const left = whole.subarray(0, Math.max(0, whole.length - torn));
      const bytes = damaged(left, damage);
      writeFileSync(path, bytes);
      const fd = openSync(path, 'r+');
      try {
        const found = cutTornTail(fd, form);
        if (!found.ok) return;
        assert.equal(fstatSync(fd).size, found.value.bytes);
        assert.deepEqual(cutTornTail(fd, form), found);
        if (damage.length > 0) return;
        const expected = lengths.map((_, i) => fileOf(form, lengths.slice(0, i + 1)).length).filter((end) => end <= left.length);
        const begin = left.length >= fileOf(form, []).length ? fileOf(form, []).length : 0;
        assert.deepEqual([found.value.packets, found.value.bytes], [expected.length, expected.at(-1) ?? begin]);
      } finally {
        closeSync(fd);
      }
    });
  });
}
