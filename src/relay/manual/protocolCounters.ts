import type { QueryCounter } from '../../protocol/rtpproxy/command.js';
import type { GlobalCounter } from '../../protocol/rtpproxy/counters.js';

/** What each counter of Q tells. */
export const QUERY_COUNTER_TEXTS: Readonly<Record<QueryCounter, string>> = {
  ttl: 'Seconds the session has left if nothing more is heard, see TIME TO LIVE.',
  npkts_ina: 'Packets accepted from the side whose tag stands first.',
  npkts_ino: 'Packets accepted from the other side.',
  nrelayed: 'Packets of both sides that were sent on.',
  ndropped: 'Packets of both sides that were accepted and not sent on.',
  rtpa_nsent: 'Packets that the side whose tag stands first has sent, by their sequence numbers.',
  rtpa_nrcvd: 'How many of these were received.',
  rtpa_ndups: 'Packets that were received again.',
  rtpa_nlost: 'How many were lost.',
  rtpa_perrs: 'Packets that are no RTP.',
  longest_ipi: 'Longest time between two packets, seconds.',
  rtpa_jlast: 'Jitter (RFC 3550) now, in units of the RTP timestamp.',
  rtpa_jmax: 'The most it was.',
  rtpa_javg: 'What it was on average.',
};

/** What each counter of G tells. */
export const GLOBAL_COUNTER_TEXTS: Readonly<Record<GlobalCounter, string>> = {
  nsess_created: 'Sessions that began.',
  nsess_destroyed: 'Sessions that ended.',
  nsess_timeout: 'Those that ended because nothing was heard.',
  nsess_complete: 'Sessions whose legs both had ports.',
  nsess_nortp: 'Those of them that ended without any RTP.',
  nsess_owrtp: 'Those that ended with RTP from one side only.',
  nsess_nortcp: 'Those that ended without any RTCP.',
  nsess_owrtcp: 'Those that ended with RTCP from one side only.',
  nplrs_created: 'Prompts begun.',
  nplrs_destroyed: 'Prompts ended.',
  npkts_rcvd: 'Packets received on sessions whose legs both had ports.',
  npkts_played: 'Packets of prompts.',
  npkts_relayed: 'Packets sent on.',
  npkts_resizer_in: 'Packets to be resized.',
  npkts_resizer_out: 'Packets made of these.',
  npkts_resizer_discard: 'Packets lost in resizing: they came too late, or it ended before their turn.',
  npkts_discard: 'Packets received and not sent on.',
  ncmds_rcvd: 'Commands, repetitions aside.',
  ncmds_rcvd_ndups: 'Repetitions, which were answered from the cache.',
  ncmds_succd: 'Commands that were carried out.',
  ncmds_errs: 'Commands answered with an error, or with the 0 of L.',
  ncmds_repld: 'Replies.',
  rtpa_nsent: 'As the counter of Q, over both sides of all sessions that have ended.',
  rtpa_nrcvd: 'The same.',
  rtpa_ndups: 'The same.',
  rtpa_nlost: 'The same.',
  rtpa_perrs: 'The same.',
  total_duration: 'Lifetimes of all sessions that have ended, seconds.',
  pps_in: 'npkts_rcvd of the last second.',
  nsess_overload: 'Sessions that were refused with E98. rtpproxy has no such counter.',
};

/** The lines of I, in their order. */
export const INFO_LINE_TEXTS: Readonly<Record<string, string>> = {
  'sessions created': 'As nsess_created of G.',
  'active sessions': 'Sessions that there are now.',
  'active streams': 'Twice as many.',
  'packets received': 'As npkts_rcvd of G.',
  'packets transmitted': 'As npkts_relayed of G.',
  'average load': 'How busy the media threads are, from 0 to 1.',
};
