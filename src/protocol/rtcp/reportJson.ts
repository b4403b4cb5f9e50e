import { type ReportBlock, RTCP_RECEIVER_REPORT, RTCP_SENDER_REPORT, type RtcpReport } from './report.js';

/**
 * The text in which rtpproxy sends RTCP reports to a HOMER capture server: one JSON object a report, one behind the other, indented by
 * one blank a level. `ntp_timestamp_usec` is HOMER's name for what is the NTP fraction. Without report blocks there is no
 * `report_blocks`. Two things rtpproxy gets wrong are right here: a receiver report is valid JSON (no comma before its closing brace),
 * and the loss of its blocks is its own.
 */
export function formatReports(reports: readonly RtcpReport[]): string {
  return reports.map(formatReport).join('');
}

function formatReport({ ssrc, sender, blocks }: RtcpReport): string {
  const lines = ['{', ` "ssrc": ${ssrc},`];
  if (sender !== null) {
    lines.push(
      ' "sender_information": {',
      `  "ntp_timestamp_sec": ${sender.ntpSeconds},`,
      `  "ntp_timestamp_usec": ${sender.ntpFraction},`,
      `  "rtp_timestamp": ${sender.rtpTimestamp},`,
      `  "packets": ${sender.packets},`,
      `  "octets": ${sender.octets}`,
      ' },',
    );
  }
  lines.push(` "type": ${sender === null ? RTCP_RECEIVER_REPORT : RTCP_SENDER_REPORT},`);
  if (blocks.length > 0) lines.push(' "report_blocks": [', blocks.map(formatBlock).join('\n  ,\n'), ' ],');
  lines.push(` "report_count": ${blocks.length}`, '}', '');
  return lines.join('\n');
}

function formatBlock(block: ReportBlock): string {
  return [
    '  {',
    `   "source_ssrc": ${block.source},`,
    `   "fraction_lost": ${block.fractionLost},`,
    `   "packets_lost": ${block.packetsLost},`,
    `   "highest_seq_no": ${block.highestSequence},`,
    `   "ia_jitter": ${block.jitter},`,
    `   "lsr": ${block.lastSenderReport},`,
    `   "dlsr": ${block.delaySinceLast}`,
    '  }',
  ].join('\n');
}
