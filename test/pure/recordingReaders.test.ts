import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { readPcap } from '../../src/protocol/recording/readPcap.js';
import { kindOfRecording, readRecording } from '../../src/protocol/recording/readRecording.js';
import { recordingInMemory } from '../../src/protocol/recording/recordingBytes.js';
import {
  adHocFile,
  adHocRecord,
  EPOCH_MS,
  joined,
  type PcapForm,
  pcapFile,
  pcapHeader,
  pcapRecord,
  type Recorded,
  udpFrame,
} from '../rig/recordings.js';

type Read = { readonly packets: { host: string; port: number; atMs: number; payload: number[] }[]; readonly problem: unknown };

function read(file: Uint8Array, reader = readRecording): Read {
  const packets: Read['packets'] = [];
  for (const packet of reader(recordingInMemory(file))) {
    if (!packet.ok) return { packets, problem: packet.error };
    const { atMs, source, payload } = packet.value;
    packets.push({ host: source.host, port: source.port, atMs, payload: [...payload] });
  }
  return { packets, problem: null };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const TWO: readonly Recorded[] = [
  { atMs: EPOCH_MS + 1.5, payload: bytes(1, 2, 3) },
  { atMs: EPOCH_MS + 20, payload: bytes(), host: '2001:db8:0:0:0:0:0:1', port: 65_535 },
];
const THEIR_PACKETS = [
  { host: '192.0.2.7', port: 4000, atMs: EPOCH_MS + 1.5, payload: [1, 2, 3] },
  { host: '2001:db8::1', port: 65_535, atMs: EPOCH_MS + 20, payload: [] },
];

test('an ad-hoc record is read as rtpproxy writes it: its own example, byte by byte', () => {
  const time = Buffer.alloc(8);
  time.writeDoubleLE(1_700_000_000.25);
  const example = joined(
    Buffer.from(`0200e7617f000001${'00'.repeat(12)}`, 'hex'),
    time,
    Buffer.from('0200', 'hex'),
    Buffer.from([7, 8]),
  );
  const { packets, problem } = read(example);
  deepEqual(packets, [{ host: '127.0.0.1', port: 0xe761, atMs: 1_700_000_000_250, payload: [7, 8] }]);
  equal(problem, null);
});

test('ad-hoc packets of both families are read, and an empty file holds none', () => {
  deepEqual(read(adHocFile(TWO)), { packets: THEIR_PACKETS, problem: null });
  deepEqual(read(bytes()), { packets: [], problem: null });
});

test('pcap packets are read in either order, with micro- and nanoseconds, from Ethernet, VLANs and BSD loopback', () => {
  const forms: readonly PcapForm[] = [
    {},
    { littleEndian: false },
    { nanoseconds: true },
    { littleEndian: false, nanoseconds: true },
    { vlans: 1 },
    { vlans: 2 },
    { link: 0 },
    { link: 0, littleEndian: false },
    { link: 0x1000_0001 },
  ];
  for (const form of forms) {
    const file = pcapFile(TWO, form.link === 0x1000_0001 ? { ...form } : form);
    const frames =
      form.link === 0x1000_0001 ? joined(pcapHeader(form), ...TWO.map((one) => pcapRecord(udpFrame(one), one.atMs))) : file;
    deepEqual(read(frames), { packets: THEIR_PACKETS, problem: null }, JSON.stringify(form));
  }
});

test('a recording is pcap if it begins like that, and ad-hoc otherwise', () => {
  equal(kindOfRecording(recordingInMemory(pcapHeader())), 'pcap');
  equal(kindOfRecording(recordingInMemory(pcapHeader({ littleEndian: false, nanoseconds: true }))), 'pcap');
  equal(kindOfRecording(recordingInMemory(adHocFile(TWO))), 'ad-hoc');
  equal(kindOfRecording(recordingInMemory(bytes(0xd4, 0xc3, 0xb2))), 'ad-hoc');
});

test('of a file that was cut the whole packets come, and then where it ends', () => {
  const cases = [
    [adHocFile(TWO), 33, 30] as const, // The first record has 33 bytes, the second none but its header.
    [pcapFile(TWO), 24 + 16 + 45, 16 + 62] as const,
  ];
  for (const [file, second, length] of cases) {
    for (let cut = 1; cut < length; cut++) {
      const { packets, problem } = read(file.subarray(0, file.length - cut));
      deepEqual(packets, THEIR_PACKETS.slice(0, 1));
      deepEqual({ ...(problem as object), message: '' }, { kind: 'truncated', offset: second, message: '' });
    }
    deepEqual(read(file.subarray(0, second)), { packets: THEIR_PACKETS.slice(0, 1), problem: null }, 'cut between two packets');
  }
});

test('what is no recording is refused at its place, with what was found and what was expected', () => {
  const strange = (change: (view: DataView) => void): unknown => {
    const record = adHocRecord(TWO[0]!);
    change(new DataView(record.buffer));
    return read(joined(adHocRecord(TWO[0]!), record)).problem;
  };
  const broken = (offset: number, message: string) => ({ kind: 'broken', offset, message });
  deepEqual(
    strange((view) => view.setUint16(0, 3, true)),
    broken(33, 'address family 3: 2 (IPv4) or 10 (IPv6) expected'),
  );
  for (const time of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300]) {
    deepEqual(
      strange((view) => view.setFloat64(20, time, true)),
      broken(33, `time of arrival ${time}: seconds since 1970 expected`),
    );
  }
  const header = (form: PcapForm): unknown => read(pcapFile(TWO, form)).problem;
  deepEqual(header({ version: [2, 3] }), broken(4, 'pcap version 2.3: 2.4 expected'));
  deepEqual(header({ version: [4, 2] }), broken(4, 'pcap version 4.2: 2.4 expected'));
  deepEqual(header({ link: 113 }), broken(20, 'link type 113: 1 (Ethernet) or 0 (BSD loopback) expected'));
  deepEqual(read(pcapHeader().subarray(0, 23)).problem, broken(0, 'a pcap file of 23 bytes: a header of 24 expected'));
  const long = joined(pcapHeader(), new Uint8Array(8), bytes(1, 0, 4, 0), new Uint8Array(4));
  deepEqual(read(long).problem, broken(24, 'a frame of 262145 bytes: at most 262144 expected'));
  deepEqual(read(adHocFile(TWO), readPcap).problem, broken(0, 'the first four bytes are not those of a pcap file'));
});

test('frames without a whole UDP datagram are passed over', () => {
  const one: Recorded = { atMs: EPOCH_MS, payload: bytes(9) };
  const changed = (at: number, ...values: number[]): Uint8Array => {
    const frame = udpFrame(one);
    frame.set(values, at);
    return frame;
  };
  const frames = [
    bytes(),
    new Uint8Array(13),
    changed(12, 0x08, 0x06), // ARP
    changed(14, 0x35), // IP version 3
    changed(14, 0x44), // an IP header of 16 bytes
    changed(14, 0x4f), // one of 60 bytes, longer than the packet
    changed(23, 6), // TCP
    changed(20, 0x20, 0x00), // more fragments follow
    changed(20, 0x00, 0x01), // not the first fragment
    changed(16, 0, 30), // IP says one byte more than was captured
    changed(38, 0, 7), // UDP shorter than its own header
    changed(38, 0, 10), // UDP longer than IP
    udpFrame(one).subarray(0, 42),
    udpFrame({ ...one, host: '2001:db8:0:0:0:0:0:1' }).subarray(0, 50),
  ];
  const file = joined(pcapHeader(), ...frames.map((frame) => pcapRecord(frame, EPOCH_MS)), pcapRecord(udpFrame(one), EPOCH_MS));
  const { packets, problem } = read(file);
  deepEqual(
    packets.map(({ payload }) => payload),
    [[9]],
  );
  equal(problem, null);
  const padded = joined(udpFrame(one), new Uint8Array(17));
  deepEqual(read(joined(pcapHeader(), pcapRecord(padded, EPOCH_MS))).packets[0]?.payload, [9], 'Ethernet pads short frames');
});

test('senders that take turns keep their addresses', () => {
  const hosts = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '2001:db8:0:0:0:0:0:1', '192.0.2.1'];
  const packets = hosts.map((host, i) => ({ atMs: EPOCH_MS, payload: bytes(i), host, port: i < 2 ? 1000 + i : 7 }));
  for (const file of [adHocFile(packets), pcapFile(packets)]) {
    deepEqual(
      read(file).packets.map(({ host, port }) => `${host} ${port}`),
      ['192.0.2.1 1000', '192.0.2.1 1001', '192.0.2.2 7', '2001:db8::1 7', '192.0.2.1 7'],
    );
  }
});
