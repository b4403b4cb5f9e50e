import { type Address, familyOf } from '../../../model/kernel/index.js';
import type { StreamAnalysis } from '../../media/stages/analyse.js';
import type { LegAccount, SessionAccount } from './sessionAccount.js';

/** Who writes the record. */
export type AccountingNode = { readonly hostname: string; readonly pid: number };

type Column = { readonly name: string; readonly value: (account: SessionAccount, node: AccountingNode) => string };

/** Version of the record, not of the relay: changes with the columns. */
const RECORD_VERSION = '1.2';

const seconds = (atMs: number): string => (atMs / 1000).toFixed(6);
const host = (address: Address | null): string => {
  if (address === null) return '';
  return familyOf(address.host) === 'IPv6' ? `[${address.host}]` : address.host;
};
const port = (address: Address | null): string => (address === null ? '' : `${address.port}`);

/**
 * Text of strangers, such as a Call-ID. Beyond rtpproxy, which writes it as it came: what would break the line or hide columns (control
 * characters, commas, quotes) is written as `%HH`.
 */
const clean = (text: string): string =>
  Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    const isSafe = code >= 0x20 && code !== 0x7f && character !== ',' && character !== '"';
    return isSafe ? character : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

/** rtpproxy's suffixes: what comes from the callee is `_ino` and `_o`, what comes from the caller `_ina` and `_a`. */
const CALLEE_THEN_CALLER = [
  { counted: 'ino', side: 'o', legOf: ({ callee }: SessionAccount) => callee },
  { counted: 'ina', side: 'a', legOf: ({ caller }: SessionAccount) => caller },
] as const;

const ofBoth = (columns: (counted: string, side: string, legOf: (account: SessionAccount) => LegAccount) => readonly Column[]) =>
  CALLEE_THEN_CALLER.flatMap(({ counted, side, legOf }) => columns(counted, side, legOf));

const ANALYSIS: readonly (readonly [string, (analysis: StreamAnalysis) => string])[] = [
  ['nsent', ({ nsent }) => `${nsent}`],
  ['nrcvd', ({ nrcvd }) => `${nrcvd}`],
  ['ndups', ({ ndups }) => `${ndups}`],
  ['nlost', ({ nlost }) => `${nlost}`],
  ['perrs', ({ perrs }) => `${perrs}`],
  ['ssrc_last', ({ ssrcLast }) => (ssrcLast === null ? '' : `0x${ssrcLast.toString(16).toUpperCase().padStart(8, '0')}`)],
  ['ssrc_cnt', ({ ssrcCount }) => `${ssrcCount}`],
  ['pt_last', ({ payloadTypeLast }) => `${payloadTypeLast}`],
];

const JITTER: readonly (readonly [string, (analysis: StreamAnalysis) => number])[] = [
  ['jitter_last', ({ jitterLast }) => jitterLast],
  ['jitter_max', ({ jitterMax }) => jitterMax],
  ['jitter_avg', ({ jitterAverage }) => jitterAverage],
];

const remoteColumns = (kind: 'rtp' | 'rtcp', remoteOf: (leg: LegAccount) => Address | null): readonly Column[] =>
  ofBoth((_, side, legOf) => [
    { name: `rtpp_${kind}_rmt_ip_${side}`, value: (account) => host(remoteOf(legOf(account))) },
    { name: `rtpp_${kind}_rmt_pt_${side}`, value: (account) => port(remoteOf(legOf(account))) },
  ]);

/** The columns of rtpproxy's module acct_csv, in its order: 54. */
const COLUMNS: readonly Column[] = [
  { name: 'rec_ver', value: () => RECORD_VERSION },
  { name: 'rtpp_node_id', value: (_, { hostname }) => clean(hostname) },
  { name: 'rtpp_pid', value: (_, { pid }) => `${pid}` },
  { name: 'sess_uid', value: ({ uid }) => `${uid}` },
  { name: 'call_id', value: ({ call }) => clean(call) },
  { name: 'from_tag', value: ({ fromTag }) => clean(fromTag) },
  { name: 'setup_ts', value: ({ setupAtMs }) => seconds(setupAtMs) },
  { name: 'teardown_ts', value: ({ teardownAtMs }) => seconds(teardownAtMs) },
  ...ofBoth((counted, _, legOf) => [
    { name: `first_rtp_ts_${counted}`, value: (account) => seconds(legOf(account).analysis.firstAtMs) },
    { name: `last_rtp_ts_${counted}`, value: (account) => seconds(legOf(account).analysis.lastAtMs) },
  ]),
  { name: 'rtp_npkts_ina', value: ({ caller }) => `${caller.rtpReceived}` },
  { name: 'rtp_npkts_ino', value: ({ callee }) => `${callee.rtpReceived}` },
  { name: 'rtp_nrelayed', value: ({ rtpRelayed }) => `${rtpRelayed}` },
  { name: 'rtp_ndropped', value: ({ rtpDropped }) => `${rtpDropped}` },
  { name: 'rtcp_npkts_ina', value: ({ caller }) => `${caller.rtcpReceived}` },
  { name: 'rtcp_npkts_ino', value: ({ callee }) => `${callee.rtcpReceived}` },
  { name: 'rtcp_nrelayed', value: ({ rtcpRelayed }) => `${rtcpRelayed}` },
  { name: 'rtcp_ndropped', value: ({ rtcpDropped }) => `${rtcpDropped}` },
  ...ofBoth((counted, _, legOf) =>
    ANALYSIS.map(([name, value]) => ({ name: `rtpa_${name}_${counted}`, value: (account) => value(legOf(account).analysis) })),
  ),
  ...ofBoth((counted, _, legOf) =>
    JITTER.map(([name, value]) => ({
      name: `rtpa_${name}_${counted}`,
      value: (account) => value(legOf(account).analysis).toFixed(6),
    })),
  ),
  ...remoteColumns('rtp', ({ rtpRemote }) => rtpRemote),
  ...remoteColumns('rtcp', ({ rtcpRemote }) => rtcpRemote),
  ...ofBoth((_, side, legOf) => [{ name: `rtpp_hld_sts_${side}`, value: (account) => (legOf(account).held ? 't' : 'f') }]),
  ...ofBoth((_, side, legOf) => [{ name: `rtpp_hld_cnt_${side}`, value: (account) => `${legOf(account).holds}` }]),
];

/** The first line of the file, without its line end. */
export const CSV_HEADER = COLUMNS.map(({ name }) => name).join(',');

/** The line of one session, without its line end; Latin-1. Times are Unix seconds, nothing is quoted. */
export function formatCsvRow(account: SessionAccount, node: AccountingNode): string {
  return COLUMNS.map(({ value }) => value(account, node)).join(',');
}
