import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { formatStatistics, GLOBAL_COUNTERS } from '../../src/protocol/rtpproxy/counters.js';

test('[PN-52 SY-20] the global counters are those of rtpproxy in its order, then ours', () => {
  deepEqual(
    GLOBAL_COUNTERS.join(' '),
    [
      'nsess_created nsess_destroyed nsess_timeout nsess_complete nsess_nortp nsess_owrtp nsess_nortcp nsess_owrtcp nplrs_created',
      'nplrs_destroyed npkts_rcvd npkts_played npkts_relayed npkts_resizer_in npkts_resizer_out npkts_resizer_discard npkts_discard',
      'ncmds_rcvd ncmds_rcvd_ndups ncmds_succd ncmds_errs ncmds_repld rtpa_nsent rtpa_nrcvd rtpa_ndups rtpa_nlost rtpa_perrs',
      'total_duration pps_in nsess_overload',
    ].join(' '),
  );
  equal(new Set(GLOBAL_COUNTERS).size, 29 + 1);
});

test('[PN-52 SY-20] of the global counters the duration and the rate have six decimals, the others none', () => {
  const withDecimals = GLOBAL_COUNTERS.filter((name) => formatStatistics([[name, 5]], false) === '5.000000');
  deepEqual(withDecimals, ['total_duration', 'pps_in']);
  const whole = GLOBAL_COUNTERS.filter((name) => formatStatistics([[name, 12_345_678_901]], false) === '12345678901');
  equal(whole.length, GLOBAL_COUNTERS.length - 2);
});

test('[PN-52 PN-54] of the counters of a session the gap and the jitter have six decimals, the others none', () => {
  const names = 'ttl npkts_ina npkts_ino nrelayed ndropped rtpa_nsent rtpa_nrcvd rtpa_ndups rtpa_nlost rtpa_perrs'.split(' ');
  for (const name of names) equal(formatStatistics([[name, 60]], false), '60');
  for (const name of ['longest_ipi', 'rtpa_jlast', 'rtpa_jmax', 'rtpa_javg'])
    equal(formatStatistics([[name, 0]], false), '0.000000');
});

test('[PN-52] values come in the order asked, one blank between, with their names when verbose', () => {
  const values = [
    ['npkts_rcvd', 10],
    ['total_duration', 1 / 3],
    ['nsess_created', 0],
    ['npkts_rcvd', 10],
  ] as const;
  equal(formatStatistics(values, false), '10 0.333333 0 10');
  equal(formatStatistics(values, true), 'npkts_rcvd=10 total_duration=0.333333 nsess_created=0 npkts_rcvd=10');
  equal(formatStatistics([], false), '');
  equal(formatStatistics([], true), '');
});
