/**
 * rtpproxy's own form of a recording: a file is packets one behind the other, each with a header of 30 bytes in the byte order of the
 * machine, which is little-endian here.
 *
 *     0   2    address family, as Linux numbers it: 2 or 10
 *     2   2    source port, network order
 *     4   16   source address, 4 or 16 bytes in network order; the rest zeros
 *     20  8    when it came, seconds since the Unix epoch, a double
 *     28  2    length of the packet, which follows
 */
export const AD_HOC_HEADER_BYTES = 30;

const AF_INET = 2;
const AF_INET6 = 10;
/** How far from now a time may lie that is still believed: from 1970 to 2286. */
const MAX_SECONDS = 1e10;

const time = new Float64Array(1);
const timeBytes = new Uint8Array(time.buffer);

/**
 * Writes a packet with its header at `at`, where there must be room for `AD_HOC_HEADER_BYTES` more than `length` (0…65535). `words`,
 * `source`: where it came from (see `bytes/sockaddr.ts`). Answers how many bytes that are.
 */
export function writeAdHocRecord(
  into: Uint8Array,
  at: number,
  atMs: number,
  words: Uint32Array,
  source: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): number {
  const family = words[source]! & 0xffff;
  const addressWords = family === AF_INET6 ? 4 : 1;
  const addressFrom = family === AF_INET6 ? source + 2 : source + 1;
  writeWord(into, at, words[source]!);
  for (let i = 0; i < 4; i++) writeWord(into, at + 4 + i * 4, i < addressWords ? words[addressFrom + i]! : 0);
  time[0] = atMs / 1000;
  into.set(timeBytes, at + 20);
  into[at + 28] = length & 0xff;
  into[at + 29] = length >> 8;
  into.set(bytes.subarray(start, start + length), at + AD_HOC_HEADER_BYTES);
  return AD_HOC_HEADER_BYTES + length;
}

/** What a record of a recording says of itself. */
export type RecordHead = {
  /** Its header and its packet. */
  readonly bytes: number;
  /** When the packet came, milliseconds since the Unix epoch. */
  readonly atMs: number;
};

/** Reads the header at `at`, all of which must be there. Null: no record begins here. */
export function readAdHocHead(bytes: Uint8Array, at: number): RecordHead | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, AD_HOC_HEADER_BYTES);
  const family = view.getUint16(0, true);
  const seconds = view.getFloat64(20, true);
  if ((family !== AF_INET && family !== AF_INET6) || !(seconds >= 0 && seconds < MAX_SECONDS)) return null;
  return { bytes: AD_HOC_HEADER_BYTES + view.getUint16(28, true), atMs: seconds * 1000 };
}

function writeWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word;
  into[at + 1] = word >> 8;
  into[at + 2] = word >> 16;
  into[at + 3] = word >> 24;
}
