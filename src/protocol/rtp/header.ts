/**
 * The RTP header (RFC 3550 §5.1) read where it lies: `start` is the offset of the packet in `bytes`, `length` its size. Nothing
 * is allocated and nothing throws. The fixed fields may be asked once `isRtp` has said yes; the others check their own bounds.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *     |                           timestamp                           |
 *     |                             SSRC                              |
 *     |                      CSRC, CC times …                         |
 *     |  profile defined (if X)       |      words that follow        |
 *     |                      header extension …                       |
 */
export const RTP_FIXED_HEADER_BYTES = 12;
export const RTP_VERSION = 2;

/** What `rtpHeaderLength` and `rtpPayloadLength` answer where the packet is shorter than its own header says. */
export const RTP_MALFORMED = -1;

/**
 * The second byte tells RTCP from RTP on one port. RFC 5761 §4 sets 192…223 apart; rtpproxy, whose counters we give, takes
 * 200…213 (SR to the last type registered), so that payload types 64…71 and 86…95 with the marker bit are still relayed as RTP.
 */
const RTCP_TYPE_FIRST = 200;
const RTCP_TYPE_LAST = 213;

/**
 * Whether the packet is RTP: long enough, version 2, and not RTCP by its second byte. Whether its parts fit is
 * `rtpPayloadLength`'s word.
 */
export function isRtp(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < RTP_FIXED_HEADER_BYTES || bytes[start]! >> 6 !== RTP_VERSION) return false;
  const second = bytes[start + 1]!;
  return second < RTCP_TYPE_FIRST || second > RTCP_TYPE_LAST;
}

export function rtpVersion(bytes: Uint8Array, start: number): number {
  return bytes[start]! >> 6;
}

/** Whether the last byte of the packet counts padding bytes that are not payload. */
export function rtpHasPadding(bytes: Uint8Array, start: number): boolean {
  return (bytes[start]! & 0x20) !== 0;
}

export function rtpHasExtension(bytes: Uint8Array, start: number): boolean {
  return (bytes[start]! & 0x10) !== 0;
}

/** Number of contributing sources, 0…15. */
export function rtpCsrcCount(bytes: Uint8Array, start: number): number {
  return bytes[start]! & 0x0f;
}

export function rtpMarker(bytes: Uint8Array, start: number): boolean {
  return (bytes[start + 1]! & 0x80) !== 0;
}

/** 0…127. */
export function rtpPayloadType(bytes: Uint8Array, start: number): number {
  return bytes[start + 1]! & 0x7f;
}

/** 0…65535, wraps. */
export function rtpSequence(bytes: Uint8Array, start: number): number {
  return (bytes[start + 2]! << 8) | bytes[start + 3]!;
}

/** Units of the payload's clock, 0…2^32-1, wraps. */
export function rtpTimestamp(bytes: Uint8Array, start: number): number {
  return uint32(bytes, start + 4);
}

/** 0…2^32-1. */
export function rtpSsrc(bytes: Uint8Array, start: number): number {
  return uint32(bytes, start + 8);
}

/**
 * Bytes before the payload: the fixed header, CSRC list and header extension (§5.3.1); RTP_MALFORMED if they do not fit in
 * `length`.
 */
export function rtpHeaderLength(bytes: Uint8Array, start: number, length: number): number {
  if (length < RTP_FIXED_HEADER_BYTES) return RTP_MALFORMED;
  let header = RTP_FIXED_HEADER_BYTES + rtpCsrcCount(bytes, start) * 4;
  if (rtpHasExtension(bytes, start)) {
    if (header + 4 > length) return RTP_MALFORMED;
    const words = (bytes[start + header + 2]! << 8) | bytes[start + header + 3]!;
    header += 4 + words * 4;
  }
  return header > length ? RTP_MALFORMED : header;
}

/** Bytes of padding at the end, counting the count byte; 0 without the padding bit. Not checked against `length`. */
export function rtpPaddingLength(bytes: Uint8Array, start: number, length: number): number {
  return rtpHasPadding(bytes, start) ? bytes[start + length - 1]! : 0;
}

/**
 * Bytes of payload, which begins `rtpHeaderLength` after `start`. RTP_MALFORMED if the header does not fit, or if the padding bit
 * is set and the count at the end is zero (§5.1: it counts itself) or more than what follows the header.
 */
export function rtpPayloadLength(bytes: Uint8Array, start: number, length: number): number {
  const header = rtpHeaderLength(bytes, start, length);
  if (header === RTP_MALFORMED) return RTP_MALFORMED;
  const room = length - header;
  if (!rtpHasPadding(bytes, start)) return room;
  if (room === 0) return RTP_MALFORMED;
  const padding = rtpPaddingLength(bytes, start, length);
  return padding === 0 || padding > room ? RTP_MALFORMED : room - padding;
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
