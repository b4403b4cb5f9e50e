/** What a sender report says of its sender (RFC 3550 §6.4.1). */
export type SenderReport = {
  readonly ssrc: number;
  /** Wall-clock time, milliseconds since the Unix epoch; goes out as an NTP timestamp. */
  readonly atMs: number;
  /** The same instant on the clock of the RTP timestamps. */
  readonly rtpTimestamp: number;
  readonly packets: number;
  /** Payload octets, without headers and padding. */
  readonly octets: number;
  /** Canonical name of the sender, ASCII, at most 255 characters; RFC 3550 §6.1 wants it in every compound packet. */
  readonly cname: string;
};

const PACKET_TYPE_SR = 200;
const PACKET_TYPE_SDES = 202;
const SDES_CNAME = 1;
const SR_BYTES = 28;
/** 1900-01-01 to 1970-01-01, seconds. */
const NTP_EPOCH_OFFSET_SECONDS = 2_208_988_800;

/** A compound RTCP packet: a sender report without report blocks, and an SDES with the CNAME. */
export function buildSenderReport(report: SenderReport): Uint8Array {
  // SDES chunk: SSRC, one item, and the null that ends the list, padded to a whole word (§6.5).
  const chunkBytes = Math.ceil((4 + 2 + report.cname.length + 1) / 4) * 4;
  const bytes = new Uint8Array(SR_BYTES + 4 + chunkBytes);
  const view = new DataView(bytes.buffer);
  writeRtcpHeader(view, 0, 0, PACKET_TYPE_SR, SR_BYTES);
  view.setUint32(4, report.ssrc);
  const seconds = Math.floor(report.atMs / 1000);
  view.setUint32(8, (seconds + NTP_EPOCH_OFFSET_SECONDS) % 2 ** 32);
  view.setUint32(12, Math.floor(((report.atMs - seconds * 1000) / 1000) * 2 ** 32));
  view.setUint32(16, report.rtpTimestamp >>> 0);
  view.setUint32(20, report.packets >>> 0);
  view.setUint32(24, report.octets >>> 0);
  writeRtcpHeader(view, SR_BYTES, 1, PACKET_TYPE_SDES, 4 + chunkBytes);
  view.setUint32(SR_BYTES + 4, report.ssrc);
  view.setUint8(SR_BYTES + 8, SDES_CNAME);
  view.setUint8(SR_BYTES + 9, report.cname.length);
  for (let i = 0; i < report.cname.length; i++) view.setUint8(SR_BYTES + 10 + i, report.cname.charCodeAt(i));
  return bytes;
}

function writeRtcpHeader(view: DataView, at: number, count: number, type: number, bytes: number): void {
  view.setUint8(at, 0x80 | count);
  view.setUint8(at + 1, type);
  view.setUint16(at + 2, bytes / 4 - 1);
}
