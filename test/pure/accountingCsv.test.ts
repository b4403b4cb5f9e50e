import assert from 'node:assert/strict';
import { test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import type { StreamAnalysis } from '../../src/media/stages/analyse.js';
import { CSV_HEADER, formatCsvRow } from '../../src/relay/accounting/csv.js';
import type { LegAccount, SessionAccount } from '../../src/relay/accounting/sessionAccount.js';

const NODE = { hostname: 'media1.example', pid: 4711 };

const QUIET: StreamAnalysis = {
  ...{ nsent: 0, nrcvd: 0, ndups: 0, nlost: 0, perrs: 0, jitterLast: 0, jitterMax: 0, jitterAverage: 0, longestIpiS: 0 },
  ...{ ssrcLast: null, ssrcCount: 0, payloadTypeLast: -1, firstAtMs: 0, lastAtMs: 0 },
};

const leg = (base: number): LegAccount => ({
  rtpReceived: base + 1,
  rtcpReceived: base + 2,
  rtpRemote: { host: `192.0.2.${base / 100}`, port: udpPort(base + 3) },
  rtcpRemote: { host: '2001:db8::1', port: udpPort(base + 4) },
  held: base === 100,
  holds: base + 5,
  analysis: {
    ...{ nsent: base + 10, nrcvd: base + 11, ndups: base + 12, nlost: base + 13, perrs: base + 14 },
    ...{ jitterLast: base + 0.25, jitterMax: base + 0.5, jitterAverage: base + 1 / 3, longestIpiS: 9 },
    ...{ ssrcLast: base + 0xabc, ssrcCount: base + 15, payloadTypeLast: base === 100 ? 8 : 0 },
    ...{ firstAtMs: 1_800_000_000_000.125 + base, lastAtMs: 1_800_000_060_000 + base },
  },
});

const ACCOUNT: SessionAccount = {
  uid: 42,
  call: 'a84b4c76e66710@pc33.example',
  fromTag: '1928301774;1',
  setupAtMs: 1_799_999_999_999.5,
  teardownAtMs: 1_800_000_061_000,
  ...{ rtpRelayed: 1, rtpDropped: 2, rtcpRelayed: 3, rtcpDropped: 4 },
  caller: leg(100),
  callee: leg(200),
};

/** A row by the names of its columns. */
function fields(account: SessionAccount): Record<string, string> {
  const values = formatCsvRow(account, NODE).split(',');
  assert.equal(values.length, 54);
  return Object.fromEntries(CSV_HEADER.split(',').map((name, i) => [name, values[i]!]));
}

test('the header has the 54 columns of acct_csv in its order', () => {
  const analysis = (side: string) =>
    ['nsent', 'nrcvd', 'ndups', 'nlost', 'perrs', 'ssrc_last', 'ssrc_cnt', 'pt_last'].map((name) => `rtpa_${name}_${side}`);
  const jitter = (side: string) => ['last', 'max', 'avg'].map((name) => `rtpa_jitter_${name}_${side}`);
  assert.deepEqual(CSV_HEADER.split(','), [
    ...['rec_ver', 'rtpp_node_id', 'rtpp_pid', 'sess_uid', 'call_id', 'from_tag', 'setup_ts', 'teardown_ts'],
    ...['first_rtp_ts_ino', 'last_rtp_ts_ino', 'first_rtp_ts_ina', 'last_rtp_ts_ina'],
    ...['rtp_npkts_ina', 'rtp_npkts_ino', 'rtp_nrelayed', 'rtp_ndropped'],
    ...['rtcp_npkts_ina', 'rtcp_npkts_ino', 'rtcp_nrelayed', 'rtcp_ndropped'],
    ...analysis('ino'),
    ...analysis('ina'),
    ...jitter('ino'),
    ...jitter('ina'),
    ...['rtpp_rtp_rmt_ip_o', 'rtpp_rtp_rmt_pt_o', 'rtpp_rtp_rmt_ip_a', 'rtpp_rtp_rmt_pt_a'],
    ...['rtpp_rtcp_rmt_ip_o', 'rtpp_rtcp_rmt_pt_o', 'rtpp_rtcp_rmt_ip_a', 'rtpp_rtcp_rmt_pt_a'],
    ...['rtpp_hld_sts_o', 'rtpp_hld_sts_a', 'rtpp_hld_cnt_o', 'rtpp_hld_cnt_a'],
  ]);
  assert.equal(CSV_HEADER.split(',').length, 54);
});

test('a row says what is known of the session, the callee in ino and o, the caller in ina and a', () => {
  assert.equal(
    formatCsvRow(ACCOUNT, NODE),
    [
      ...['1.2', 'media1.example', '4711', '42', 'a84b4c76e66710@pc33.example', '1928301774;1'],
      ...['1799999999.999500', '1800000061.000000'],
      ...['1800000000.200125', '1800000060.200000', '1800000000.100125', '1800000060.100000'],
      ...['101', '201', '1', '2', '102', '202', '3', '4'],
      ...['210', '211', '212', '213', '214', '0x00000B84', '215', '0'],
      ...['110', '111', '112', '113', '114', '0x00000B20', '115', '8'],
      ...['200.250000', '200.500000', '200.333333', '100.250000', '100.500000', '100.333333'],
      ...['192.0.2.2', '203', '192.0.2.1', '103', '[2001:db8::1]', '204', '[2001:db8::1]', '104'],
      ...['f', 't', '205', '105'],
    ].join(','),
  );
});

test('what was never known is empty, zero or -1', () => {
  const nobody = { ...leg(100), rtpRemote: null, rtcpRemote: null, analysis: QUIET };
  const row = fields({ ...ACCOUNT, caller: nobody });
  const empty = ['rtpp_rtp_rmt_ip_a', 'rtpp_rtp_rmt_pt_a', 'rtpp_rtcp_rmt_ip_a', 'rtpp_rtcp_rmt_pt_a', 'rtpa_ssrc_last_ina'];
  for (const name of empty) assert.equal(row[name], '', name);
  for (const name of ['first_rtp_ts_ina', 'last_rtp_ts_ina']) assert.equal(row[name], '0.000000', name);
  assert.equal(row['rtpa_pt_last_ina'], '-1');
  assert.equal(row['rtpa_pt_last_ino'], '0');
});

test('the highest SSRC is written in full', () => {
  const caller = { ...ACCOUNT.caller, analysis: { ...QUIET, ssrcLast: 0xffff_fffe } };
  assert.equal(fields({ ...ACCOUNT, caller })['rtpa_ssrc_last_ina'], '0xFFFFFFFE');
});

test('no Call-ID, tag or host name can break the line or move the columns', () => {
  const call = 'a,b"c\nd\re\0f\x7fg\x1b%41\xe9';
  const row = formatCsvRow({ ...ACCOUNT, call, fromTag: ',\r\n' }, { ...NODE, hostname: 'a,b' });
  assert.equal(row.split(',').length, 54);
  assert.deepEqual(row.split(',').slice(1, 6), ['a%2Cb', '4711', '42', 'a%2Cb%22c%0Ad%0De%00f%7Fg%1B%41\xe9', '%2C%0D%0A']);
});
