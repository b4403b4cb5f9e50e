import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { type Datagram, datagramIn, LINK_TYPES, type LinkType } from './datagramIn.js';
import type { RecordedPacket } from './recordedPacket.js';
import { RecordedSource } from './recordedSource.js';
import { broken, type RecordingBytes, type RecordingProblem, truncated } from './recordingBytes.js';

/** The first word of a file, in the order of the host that wrote it: the other order, and which fractions its times have. */
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const MAGIC_BYTES = 4;

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const VERSION_MAJOR = 2;
const VERSION_MINOR = 4;
/** What no program captures more of: a larger number is no length. */
const LONGEST_FRAME = 262_144;
/** The upper bits of the link type say whether frames end in a check sum, which nobody here looks at. */
const LINK_TYPE_MASK = 0xffff;

type Header = { readonly isLittle: boolean; readonly fractionsPerMs: number; readonly link: LinkType };

/** Whether a file is a pcap capture, by its first four bytes; in either order, with micro- or nanoseconds. */
export function isPcap(file: RecordingBytes): boolean {
  return magicOf(file) !== null;
}

/**
 * The UDP packets of a pcap file (draft-ietf-opsawg-pcap: version 2.4, link types 0 and 1), in the order of the file. What is no UDP over IPv4 or
 * IPv6, or was not captured whole, or is a fragment, is passed over. The last thing that comes may be why it cannot be read on.
 */
export function* readPcap(file: RecordingBytes): Generator<Result<RecordedPacket, RecordingProblem>, void> {
  const header = readHeader(file);
  if (!header.ok) return yield header;
  const { isLittle, fractionsPerMs, link } = header.value;
  const source = new RecordedSource();
  for (let at = FILE_HEADER_BYTES; at < file.size; ) {
    const bytes = file.read(at, RECORD_HEADER_BYTES);
    if (bytes === null) {
      return yield refuse(truncated(at, `the file ends ${file.size - at} bytes into a header of ${RECORD_HEADER_BYTES}`));
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEADER_BYTES);
    const atMs = view.getUint32(0, isLittle) * 1000 + view.getUint32(4, isLittle) / fractionsPerMs;
    const captured = view.getUint32(8, isLittle);
    if (captured > LONGEST_FRAME)
      return yield refuse(broken(at, `a frame of ${captured} bytes: at most ${LONGEST_FRAME} expected`));
    const frame = file.read(at + RECORD_HEADER_BYTES, captured);
    if (frame === null) {
      const there = file.size - at - RECORD_HEADER_BYTES;
      return yield refuse(truncated(at, `the file ends ${there} bytes into a frame of ${captured}`));
    }
    const datagram = datagramIn(frame, link);
    if (datagram !== null) yield ok(packetOf(frame, datagram, atMs, source));
    at += RECORD_HEADER_BYTES + captured;
  }
}

function packetOf(frame: Uint8Array, datagram: Datagram, atMs: number, source: RecordedSource): RecordedPacket {
  const { hostAt, hostBytes, port, payloadAt, payloadBytes } = datagram;
  const payload = frame.subarray(payloadAt, payloadAt + payloadBytes);
  return { atMs, source: source.addressOf(frame, hostAt, hostBytes, port), payload };
}

type Magic = Pick<Header, 'isLittle' | 'fractionsPerMs'>;

function magicOf(file: RecordingBytes): Magic | null {
  const bytes = file.read(0, MAGIC_BYTES);
  if (bytes === null) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, MAGIC_BYTES);
  for (const isLittle of [true, false]) {
    const magic = view.getUint32(0, isLittle);
    if (magic === MAGIC_MICROSECONDS) return { isLittle, fractionsPerMs: 1000 };
    if (magic === MAGIC_NANOSECONDS) return { isLittle, fractionsPerMs: 1_000_000 };
  }
  return null;
}

function readHeader(file: RecordingBytes): Result<Header, RecordingProblem> {
  const magic = magicOf(file);
  if (magic === null) return refuse(broken(0, 'the first four bytes are not those of a pcap file'));
  const bytes = file.read(0, FILE_HEADER_BYTES);
  if (bytes === null) return refuse(broken(0, `a pcap file of ${file.size} bytes: a header of ${FILE_HEADER_BYTES} expected`));
  const view = new DataView(bytes.buffer, bytes.byteOffset, FILE_HEADER_BYTES);
  const version = [view.getUint16(4, magic.isLittle), view.getUint16(6, magic.isLittle)];
  if (version[0] !== VERSION_MAJOR || version[1] !== VERSION_MINOR) {
    return refuse(broken(4, `pcap version ${version.join('.')}: ${VERSION_MAJOR}.${VERSION_MINOR} expected`));
  }
  const network = view.getUint32(20, magic.isLittle) & LINK_TYPE_MASK;
  const link = LINK_TYPES.get(network);
  if (link === undefined) return refuse(broken(20, `link type ${network}: 1 (Ethernet) or 0 (BSD loopback) expected`));
  return ok({ ...magic, link });
}
