/** Recordings made by hand, byte by byte, so that the readers are not tested against our own writers. */
import { linearToMulaw } from '../../src/protocol/audio/g711.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';

/** A packet as it goes into a file. */
export type Recorded = { readonly atMs: number; readonly payload: Uint8Array; readonly host?: string; readonly port?: number };

const HOST = '192.0.2.7';
const PORT = 4000;
/** 14 November 2023. */
export const EPOCH_MS = 1_700_000_000_000;

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** The octets of an address: 4 or 16. Only whole IPv6 addresses, without `::`. */
function hostBytes(host: string): number[] {
  if (!host.includes(':')) return host.split('.').map(Number);
  return host.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
}

/** An ad-hoc record as rtpproxy writes it on a little-endian host. */
export function adHocRecord({ atMs, payload, host = HOST, port = PORT }: Recorded): Uint8Array {
  const bytes = new Uint8Array(30 + payload.length);
  const view = new DataView(bytes.buffer);
  const address = hostBytes(host);
  view.setUint16(0, address.length === 4 ? 2 : 10, true);
  view.setUint16(2, port, false);
  bytes.set(address, 4);
  view.setFloat64(20, atMs / 1000, true);
  view.setUint16(28, payload.length, true);
  bytes.set(payload, 30);
  return bytes;
}

export const adHocFile = (packets: readonly Recorded[]): Uint8Array => joined(...packets.map(adHocRecord));

export type PcapForm = {
  readonly littleEndian?: boolean;
  readonly nanoseconds?: boolean;
  readonly link?: number;
  readonly version?: readonly [number, number];
  /** Ethernet only: 802.1Q tags in front of the type. */
  readonly vlans?: number;
};

export function pcapHeader({ littleEndian = true, nanoseconds = false, link = 1, version = [2, 4] }: PcapForm = {}): Uint8Array {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, littleEndian);
  view.setUint16(4, version[0]!, littleEndian);
  view.setUint16(6, version[1]!, littleEndian);
  view.setUint32(16, 65_535, littleEndian);
  view.setUint32(20, link, littleEndian);
  return bytes;
}

/** A captured frame behind its record header. */
export function pcapRecord(
  frame: Uint8Array,
  atMs: number,
  { littleEndian = true, nanoseconds = false }: PcapForm = {},
): Uint8Array {
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  const seconds = Math.floor(atMs / 1000);
  view.setUint32(0, seconds, littleEndian);
  view.setUint32(4, Math.round((atMs - seconds * 1000) * (nanoseconds ? 1e6 : 1e3)), littleEndian);
  view.setUint32(8, frame.length, littleEndian);
  view.setUint32(12, frame.length, littleEndian);
  return joined(header, frame);
}

/** UDP over IPv4 or IPv6, in an Ethernet frame or behind a loopback header. Check sums are left zero: nobody looks at them. */
export function udpFrame({ payload, host = HOST, port = PORT }: Recorded, { link = 1, vlans = 0 }: PcapForm = {}): Uint8Array {
  const source = hostBytes(host);
  const udp = new Uint8Array(8);
  new DataView(udp.buffer).setUint16(0, port);
  new DataView(udp.buffer).setUint16(2, 40_000);
  new DataView(udp.buffer).setUint16(4, 8 + payload.length);
  const ip = new Uint8Array(source.length === 4 ? 20 : 40);
  const view = new DataView(ip.buffer);
  if (source.length === 4) {
    ip[0] = 0x45;
    view.setUint16(2, 28 + payload.length);
    ip[8] = 127;
    ip[9] = 17;
    ip.set(source, 12);
  } else {
    ip[0] = 0x60;
    view.setUint16(4, 8 + payload.length);
    ip[6] = 17;
    ip.set(source, 8);
  }
  const type = source.length === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  const tags = Array.from({ length: vlans }, () => [0x81, 0x00, 0x00, 0x07]).flat();
  const head = link === 1 ? [...new Uint8Array(12), ...tags, ...type] : [2, 0, 0, 0];
  return joined(Uint8Array.from(head), ip, udp, payload);
}

export const pcapFile = (packets: readonly Recorded[], form: PcapForm = {}): Uint8Array =>
  joined(pcapHeader(form), ...packets.map((packet) => pcapRecord(udpFrame(packet, form), packet.atMs, form)));

export type Talk = {
  readonly hz?: number;
  readonly amplitude?: number;
  readonly packets?: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly firstSequence?: number;
  readonly firstTimestamp?: number;
  /** When the first packet is sent. */
  readonly atMs?: number;
  /** How long after its sending each packet arrives; null: it is lost. Arrival decides the order in the file. */
  readonly travelMs?: (i: number) => number | null;
  /** What the packets say instead of a tone. */
  readonly payloadOf?: (i: number) => Uint8Array;
  /** What is added to the timestamp of a packet. */
  readonly leap?: (i: number) => number;
};

/** 20 ms of a tone in µ-law, the `i`-th of it. */
const toneOf = (hz: number, amplitude: number, i: number): Uint8Array =>
  Uint8Array.from({ length: 160 }, (_, k) =>
    linearToMulaw(Math.round(amplitude * Math.sin((2 * Math.PI * hz * (i * 160 + k)) / 8000))),
  );

/** Somebody speaks: a tone in G.711 µ-law unless told otherwise, 20 ms a packet, recorded in the order of arrival. */
export function talk(options: Talk = {}): Recorded[] {
  const { hz = 400, amplitude = 8000, packets = 100, ssrc = 0x1234, payloadType = 0, atMs = EPOCH_MS } = options;
  const { firstSequence = 100, firstTimestamp = 5000, travelMs = () => 0, leap = () => 0 } = options;
  const { payloadOf = (i: number) => toneOf(hz, amplitude, i) } = options;
  const recorded: Recorded[] = [];
  for (let i = 0; i < packets; i++) {
    const travel = travelMs(i);
    if (travel === null) continue;
    const header = {
      payloadType,
      marker: i === 0,
      sequence: firstSequence + i,
      timestamp: firstTimestamp + i * 160 + leap(i),
      ssrc,
    };
    recorded.push({ atMs: atMs + i * 20 + travel, payload: buildRtp(header, payloadOf(i)) });
  }
  return recorded.sort((a, b) => a.atMs - b.atMs);
}
