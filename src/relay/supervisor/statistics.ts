import type { ShardCounter } from '../../media/counters.js';
import type { GlobalCounter } from '../../protocol/rtpproxy/counters.js';

/** How commands fared, of the whole relay. Counted where they arrive. */
export class CommandCounts {
  /** Carried out or refused; repetitions do not count. */
  received = 0;
  /** Repetitions that were answered from the cache. */
  duplicates = 0;
  succeeded = 0;
  /** Answered with an error, or a lookup that found nothing. */
  failed = 0;
  replied = 0;
}

type Source = (sum: (counter: ShardCounter) => number, commands: CommandCounts) => number;

const ofShards =
  (counter: ShardCounter): Source =>
  (sum) =>
    sum(counter);

const SOURCES: Readonly<Record<GlobalCounter, Source>> = {
  nsess_created: ofShards('sessionsOpened'),
  nsess_destroyed: ofShards('sessionsClosed'),
  nsess_timeout: ofShards('sessionsTimedOut'),
  nsess_complete: ofShards('sessionsCompleted'),
  nsess_nortp: ofShards('sessionsWithoutRtp'),
  nsess_owrtp: ofShards('sessionsOneWayRtp'),
  nsess_nortcp: ofShards('sessionsWithoutRtcp'),
  nsess_owrtcp: ofShards('sessionsOneWayRtcp'),
  nplrs_created: ofShards('playersStarted'),
  nplrs_destroyed: ofShards('playersEnded'),
  npkts_rcvd: ofShards('packetsReceived'),
  npkts_played: ofShards('packetsPlayed'),
  npkts_relayed: ofShards('packetsRelayed'),
  npkts_resizer_in: ofShards('packetsResized'),
  npkts_resizer_out: ofShards('packetsMadeByResizing'),
  npkts_resizer_discard: ofShards('packetsLostInResizing'),
  npkts_discard: ofShards('packetsDiscarded'),
  total_duration: ofShards('secondsOfSessions'),
  ncmds_rcvd: (_, { received }) => received,
  ncmds_rcvd_ndups: (_, { duplicates }) => duplicates,
  ncmds_succd: (_, { succeeded }) => succeeded,
  ncmds_errs: (_, { failed }) => failed,
  ncmds_repld: (_, { replied }) => replied,
  rtpa_nsent: ofShards('rtpSent'),
  rtpa_nrcvd: ofShards('rtpReceived'),
  rtpa_ndups: ofShards('rtpDuplicates'),
  rtpa_nlost: ofShards('rtpLost'),
  rtpa_perrs: ofShards('rtpParseErrors'),
  pps_in: ofShards('packetsPerSecond'),
  nsess_overload: ofShards('sessionsRefused'),
};

/** A counter by the name that `G` knows it by; null if it knows none. `sum` adds a counter up over all shards. */
export function readStatistic(name: string, sum: (counter: ShardCounter) => number, commands: CommandCounts): number | null {
  return Object.hasOwn(SOURCES, name) ? SOURCES[name as GlobalCounter](sum, commands) : null;
}
