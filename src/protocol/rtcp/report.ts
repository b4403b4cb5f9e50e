/**
 * Compound RTCP packets (RFC 3550 §6), read within their bounds. Every packet in the compound begins
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |V=2|P|  count  |     type      |  length in words, less one    |
 *
 * The second half of a sender report is a receiver report; both may end in profile extensions (§6.4.3), which are stepped over.
 */
export const RTCP_SENDER_REPORT = 200;
export const RTCP_RECEIVER_REPORT = 201;
const RTCP_BYE = 203;

/** Types that RTCP has or may get (RFC 5761 §4). Others are no RTCP, whatever the rest looks like. */
const FIRST_TYPE = 192;
const LAST_TYPE = 223;

const VERSION = 2;
const HEADER_BYTES = 4;
const SSRC_BYTES = 4;
const SENDER_BYTES = 20;
const BLOCK_BYTES = 24;

/** What a sender says of itself (§6.4.1). */
export type SenderInformation = {
  /** Seconds since 1900, and the fraction of a second in units of 2^-32. */
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
  readonly packets: number;
  /** Payload octets. */
  readonly octets: number;
};

/** What a receiver says of one source (§6.4.1). */
export type ReportBlock = {
  readonly source: number;
  /** Since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Since the beginning; negative where duplicates outnumber the losses. */
  readonly packetsLost: number;
  /** Extended: cycles in the high half. */
  readonly highestSequence: number;
  /** Units of the RTP timestamp. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report, 0 if none came. */
  readonly lastSenderReport: number;
  /** Since it came, in 1/65536 s. */
  readonly delaySinceLast: number;
};

/** A sender report, or a receiver report where `sender` is null. */
export type RtcpReport = {
  readonly ssrc: number;
  readonly sender: SenderInformation | null;
  readonly blocks: readonly ReportBlock[];
};

/** What of a compound packet is looked at. */
export type RtcpCompound = {
  /** In their order. */
  readonly reports: readonly RtcpReport[];
  /** The sources that say that they have ended (§6.6). */
  readonly goodbyes: readonly number[];
};

/** Whether a packet on a port that RTP and RTCP share is RTCP (RFC 5761 §4), by its first bytes alone. */
export const isRtcp = (bytes: Uint8Array, start: number, length: number): boolean =>
  length >= HEADER_BYTES + SSRC_BYTES && bytes[start]! >> 6 === VERSION && isType(bytes[start + 1]!);

const isType = (type: number): boolean => type >= FIRST_TYPE && type <= LAST_TYPE;

/**
 * The reports of a compound packet in their order; packets of other types (SDES, BYE, APP, …) are stepped over. Null if it is not one:
 * a version other than 2, a type that is none of RTCP, a length beyond the end, bytes left over, padding that does not fit, more report
 * blocks announced than there is room for. An encrypted packet (SRTCP) is such.
 */
export const parseRtcpReports = (bytes: Uint8Array): readonly RtcpReport[] | null => parseRtcp(bytes)?.reports ?? null;

/** The same with what else is looked at. */
export function parseRtcp(bytes: Uint8Array): RtcpCompound | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reports: RtcpReport[] = [];
  const goodbyes: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + HEADER_BYTES > bytes.length || view.getUint8(at) >> 6 !== VERSION) return null;
    const end = at + (view.getUint16(at + 2) + 1) * 4;
    const type = view.getUint8(at + 1);
    if (end > bytes.length || !isType(type)) return null;
    if (type === RTCP_SENDER_REPORT || type === RTCP_RECEIVER_REPORT) {
      const report = readReport(view, at, end - paddingOf(view, at, end), type === RTCP_SENDER_REPORT);
      if (report === null) return null;
      reports.push(report);
    } else if (type === RTCP_BYE) goodbyes.push(...readSources(view, at, end));
    at = end;
  }
  return at === 0 ? null : { reports, goodbyes };
}

/** As many as are announced and there. */
const readSources = (view: DataView, at: number, end: number): number[] =>
  Array.from({ length: Math.min(view.getUint8(at) & 0x1f, (end - at - HEADER_BYTES) / SSRC_BYTES) }, (_, i) =>
    view.getUint32(at + HEADER_BYTES + i * SSRC_BYTES),
  );

/** The bytes of padding, whose number stands in the last of them. More than fit are refused with the room for the report. */
const paddingOf = (view: DataView, at: number, end: number): number =>
  (view.getUint8(at) & 0x20) === 0 ? 0 : view.getUint8(end - 1);

function readReport(view: DataView, at: number, end: number, isSender: boolean): RtcpReport | null {
  const count = view.getUint8(at) & 0x1f;
  const senderAt = at + HEADER_BYTES + SSRC_BYTES;
  const blocksAt = senderAt + (isSender ? SENDER_BYTES : 0);
  if (blocksAt + count * BLOCK_BYTES > end) return null;
  return {
    ssrc: view.getUint32(at + HEADER_BYTES),
    sender: isSender ? readSender(view, senderAt) : null,
    blocks: Array.from({ length: count }, (_, i) => readBlock(view, blocksAt + i * BLOCK_BYTES)),
  };
}

function readSender(view: DataView, at: number): SenderInformation {
  return {
    ntpSeconds: view.getUint32(at),
    ntpFraction: view.getUint32(at + 4),
    rtpTimestamp: view.getUint32(at + 8),
    packets: view.getUint32(at + 12),
    octets: view.getUint32(at + 16),
  };
}

function readBlock(view: DataView, at: number): ReportBlock {
  return {
    source: view.getUint32(at),
    fractionLost: view.getUint8(at + 4),
    packetsLost: (view.getInt32(at + 4) << 8) >> 8,
    highestSequence: view.getUint32(at + 8),
    jitter: view.getUint32(at + 12),
    lastSenderReport: view.getUint32(at + 16),
    delaySinceLast: view.getUint32(at + 20),
  };
}
