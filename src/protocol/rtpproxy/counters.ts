/** Counters of the whole relay that `G` names: rtpproxy's 29, the last two of them with fractions, then our own. */
export const GLOBAL_COUNTERS = [
  'nsess_created',
  'nsess_destroyed',
  'nsess_timeout',
  /** Sessions that came to have both sides. */
  'nsess_complete',
  /** Of the complete sessions, when they end: without RTP from either side, with RTP from one side only, and the same of RTCP. */
  'nsess_nortp',
  'nsess_owrtp',
  'nsess_nortcp',
  'nsess_owrtcp',
  /** Players of prompts. */
  'nplrs_created',
  'nplrs_destroyed',
  /** Packets read on complete sessions. */
  'npkts_rcvd',
  'npkts_played',
  'npkts_relayed',
  'npkts_resizer_in',
  'npkts_resizer_out',
  'npkts_resizer_discard',
  'npkts_discard',
  /** Commands, without their repetitions. */
  'ncmds_rcvd',
  'ncmds_rcvd_ndups',
  'ncmds_succd',
  'ncmds_errs',
  'ncmds_repld',
  /** Sums over the streams of sessions that have ended. */
  'rtpa_nsent',
  'rtpa_nrcvd',
  'rtpa_ndups',
  'rtpa_nlost',
  'rtpa_perrs',
  /** Lifetimes of the sessions that have ended, seconds. */
  'total_duration',
  /** `npkts_rcvd` of the last second, per second. */
  'pps_in',
  /** Sessions refused because the relay had too much to do; rtpproxy has no such counter. */
  'nsess_overload',
] as const;
export type GlobalCounter = (typeof GLOBAL_COUNTERS)[number];

/** Of the counters that `G` and `Q` name, those with six decimals: seconds, packets a second, RTP timestamp units. */
const FLOATS: ReadonlySet<string> = new Set([
  ...(['total_duration', 'pps_in'] satisfies GlobalCounter[]),
  ...['longest_ipi', 'rtpa_jlast', 'rtpa_jmax', 'rtpa_javg'],
]);

/** The answer to G and to Q: values in the order given, or with `verbose` as `name=value`. */
export function formatStatistics(values: readonly (readonly [name: string, value: number])[], verbose: boolean): string {
  return values
    .map(([name, value]) => (verbose ? `${name}=` : '') + (FLOATS.has(name) ? value.toFixed(6) : `${value}`))
    .join(' ');
}
