import { RTP_FIXED_HEADER_BYTES, RTP_VERSION } from './header.js';

/** The fields of an RTP header (RFC 3550 §5.1) to be written. Numbers are taken modulo their width. */
export type RtpHeader = {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** Contributing sources, at most 15. */
  readonly csrc?: readonly number[];
  /** Header extension (§5.3.1). `content` must be whole words of four bytes. */
  readonly extension?: { readonly profile: number; readonly content: Uint8Array };
  /** The padding bit; whoever sets it writes the padding behind the payload, its count in the last byte. */
  readonly padding?: boolean;
};

/** Bytes that `writeRtpHeader` takes for this header. */
export function rtpHeaderSize(header: RtpHeader): number {
  const extension = header.extension === undefined ? 0 : 4 + header.extension.content.length;
  return RTP_FIXED_HEADER_BYTES + (header.csrc?.length ?? 0) * 4 + extension;
}

/** Writes the header at `start` and answers where the payload begins. `bytes` must have room for `rtpHeaderSize(header)`. */
export function writeRtpHeader(bytes: Uint8Array, start: number, header: RtpHeader): number {
  const csrc = header.csrc ?? [];
  const flags = (header.padding === true ? 0x20 : 0) | (header.extension === undefined ? 0 : 0x10);
  bytes[start] = (RTP_VERSION << 6) | flags | (csrc.length & 0x0f);
  bytes[start + 1] = (header.marker ? 0x80 : 0) | (header.payloadType & 0x7f);
  writeUint16(bytes, start + 2, header.sequence);
  writeUint32(bytes, start + 4, header.timestamp);
  writeUint32(bytes, start + 8, header.ssrc);
  let at = start + RTP_FIXED_HEADER_BYTES;
  for (const source of csrc) {
    writeUint32(bytes, at, source);
    at += 4;
  }
  if (header.extension === undefined) return at;
  writeUint16(bytes, at, header.extension.profile);
  writeUint16(bytes, at + 2, header.extension.content.length / 4);
  bytes.set(header.extension.content, at + 4);
  return at + 4 + header.extension.content.length;
}

/** A whole packet: header and payload. */
export function buildRtp(header: RtpHeader, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(rtpHeaderSize(header) + payload.length);
  bytes.set(payload, writeRtpHeader(bytes, 0, header));
  return bytes;
}

function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
