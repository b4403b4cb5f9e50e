import type { RecordHead } from './adHocWriter.js';

/**
 * A recording as a capture file (libpcap 2.4, microseconds, little-endian) of Ethernet frames that were never on any wire: IPv4 or IPv6, as
 * the source of the packet is, and UDP with correct checksums (RFC 791, 8200, 768). Ethernet addresses are made of the IP addresses: of IPv4
 * two zeros and its four bytes, of IPv6 its sixteen bytes folded into six by exclusive or.
 */
export const PCAP_FILE_HEADER_BYTES = 24;
export const PCAP_RECORD_HEADER_BYTES = 16;
const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
/** What stands in front of a packet at most. */
export const PCAP_OVERHEAD_BYTES = PCAP_RECORD_HEADER_BYTES + ETHERNET_BYTES + IPV6_BYTES + UDP_BYTES;

const AF_INET6 = 10;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const PROTOCOL_UDP = 17;
const TTL = 127;
const HOP_LIMIT = 64;
/** A frame is not longer in the file. */
const SNAP_LENGTH = 65535;
const MAGIC = 0xa1b2c3d4;

/** What a capture file begins with. */
export function pcapFileHeader(): Uint8Array {
  const header = new Uint8Array(PCAP_FILE_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, 1, true); // LINKTYPE_ETHERNET
  return header;
}

/** Whether this is what `pcapFileHeader` makes; `bytes` must be as long. */
export function isPcapFileHeader(bytes: Uint8Array): boolean {
  return pcapFileHeader().every((byte, i) => bytes[i] === byte);
}

/** Reads the header of a record at `at`, all of which must be there. Null: no record of ours begins here. */
export function readPcapHead(bytes: Uint8Array, at: number): RecordHead | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, PCAP_RECORD_HEADER_BYTES);
  const micros = view.getUint32(4, true);
  const captured = view.getUint32(8, true);
  if (micros >= 1_000_000 || captured < ETHERNET_BYTES || captured > SNAP_LENGTH) return null;
  return { bytes: PCAP_RECORD_HEADER_BYTES + captured, atMs: view.getUint32(0, true) * 1000 + micros / 1000 };
}

/** Writes packets as records of capture files: one for the whole process, because IPv4 packets are numbered. */
export class PcapWriter {
  #identification = 0;

  /**
   * Writes a record at `at`, where there must be room for `PCAP_OVERHEAD_BYTES` more than `length` (0…65507). Both addresses are words of
   * `bytes/sockaddr.ts`; a destination of another family than the source, or none, counts as all zeros. Answers how many bytes that are.
   */
  write(
    into: Uint8Array,
    at: number,
    atMs: number,
    words: Uint32Array,
    source: number,
    destinationWords: Uint32Array,
    destination: number,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): number {
    const isIPv6 = (words[source]! & 0xffff) === AF_INET6;
    const ipBytes = isIPv6 ? IPV6_BYTES : IPV4_BYTES;
    const frameBytes = ETHERNET_BYTES + ipBytes + UDP_BYTES + length;
    const captured = Math.min(frameBytes, SNAP_LENGTH);
    const ip = at + PCAP_RECORD_HEADER_BYTES + ETHERNET_BYTES;
    const udp = ip + ipBytes;
    into.set(bytes.subarray(start, start + length), udp + UDP_BYTES);
    const udpBytes = UDP_BYTES + length;
    const isSameFamily = (destinationWords[destination]! & 0xffff) === (words[source]! & 0xffff);
    if (isIPv6)
      writeIPv6(into, ip, udpBytes, words, source, isSameFamily ? destinationWords : NOBODY, isSameFamily ? destination : 0);
    else
      this.#writeIPv4(
        into,
        ip,
        udpBytes,
        words,
        source,
        isSameFamily ? destinationWords : NOBODY,
        isSameFamily ? destination : 0,
      );
    writePort(into, udp, words[source]!);
    writePort(into, udp + 2, isSameFamily ? destinationWords[destination]! : 0);
    write16(into, udp + 4, udpBytes);
    write16(into, udp + 6, 0);
    // The addresses stand right before the UDP header, and with it they are summed up: all of the pseudo header but two numbers.
    const addressBytes = isIPv6 ? 32 : 8;
    const sum = ~onesSum(into, udp - addressBytes, addressBytes + udpBytes, PROTOCOL_UDP + udpBytes) & 0xffff;
    write16(into, udp + 6, sum === 0 ? 0xffff : sum);
    writeEthernet(into, at + PCAP_RECORD_HEADER_BYTES, ip, isIPv6);
    writeRecordHeader(into, at, atMs, captured, frameBytes);
    return PCAP_RECORD_HEADER_BYTES + captured;
  }

  #writeIPv4(
    into: Uint8Array,
    at: number,
    udpBytes: number,
    words: Uint32Array,
    source: number,
    destinationWords: Uint32Array,
    destination: number,
  ): void {
    into[at] = 0x45;
    into[at + 1] = 0;
    write16(into, at + 2, IPV4_BYTES + udpBytes);
    write16(into, at + 4, this.#identification);
    this.#identification = (this.#identification + 1) & 0xffff;
    write16(into, at + 6, 0);
    into[at + 8] = TTL;
    into[at + 9] = PROTOCOL_UDP;
    write16(into, at + 10, 0);
    write32(into, at + 12, words[source + 1]!);
    write32(into, at + 16, destinationWords[destination + 1]!);
    write16(into, at + 10, ~onesSum(into, at, IPV4_BYTES, 0) & 0xffff);
  }
}

/** No address. */
const NOBODY = new Uint32Array(8);

function writeIPv6(
  into: Uint8Array,
  at: number,
  udpBytes: number,
  words: Uint32Array,
  source: number,
  destinationWords: Uint32Array,
  destination: number,
): void {
  write32(into, at, 0x60);
  write16(into, at + 4, udpBytes);
  into[at + 6] = PROTOCOL_UDP;
  into[at + 7] = HOP_LIMIT;
  for (let i = 0; i < 4; i++) {
    write32(into, at + 8 + i * 4, words[source + 2 + i]!);
    write32(into, at + 24 + i * 4, destinationWords[destination + 2 + i]!);
  }
}

/** In front of the IP header at `ip`, of whose addresses it is made. */
function writeEthernet(into: Uint8Array, at: number, ip: number, isIPv6: boolean): void {
  const from = isIPv6 ? ip + 8 : ip + 12;
  writeEthernetAddress(into, at, isIPv6 ? from + 16 : from + 4, isIPv6);
  writeEthernetAddress(into, at + 6, from, isIPv6);
  write16(into, at + 12, isIPv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
}

function writeEthernetAddress(into: Uint8Array, at: number, from: number, isIPv6: boolean): void {
  into.fill(0, at, at + 6);
  if (isIPv6) for (let i = 0; i < 16; i++) into[at + (i % 6)]! ^= into[from + i]!;
  else for (let i = 0; i < 4; i++) into[at + 2 + i] = into[from + i]!;
}

function writeRecordHeader(into: Uint8Array, at: number, atMs: number, captured: number, frameBytes: number): void {
  const micros = Math.round(atMs * 1000);
  write32(into, at, Math.floor(micros / 1_000_000));
  write32(into, at + 4, micros % 1_000_000);
  write32(into, at + 8, captured);
  write32(into, at + 12, frameBytes);
}

/** The port of an address, which stands in its first word as it goes over the wire. */
function writePort(into: Uint8Array, at: number, word: number): void {
  into[at] = word >> 16;
  into[at + 1] = word >> 24;
}

/** Network order. */
function write16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >> 8;
  into[at + 1] = value;
}

/** The order of the machine, in which words of addresses are over the wire's already. */
function write32(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >> 8;
  into[at + 2] = value >> 16;
  into[at + 3] = value >> 24;
}

/** The sum of RFC 1071 over 16-bit words in network order, an odd byte at the end padded, and `sum`. */
function onesSum(bytes: Uint8Array, at: number, length: number, sum: number): number {
  const end = at + (length & ~1);
  let total = sum;
  for (let i = at; i < end; i += 2) total += (bytes[i]! << 8) | bytes[i + 1]!;
  if ((length & 1) !== 0) total += bytes[end]! << 8;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}
