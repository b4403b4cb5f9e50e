import type { Side } from '../../../model/session/side.js';
import { rowOf } from '../../media/streams.js';
import { DEFAULT_QUERY_COUNTERS, QUERY_COUNTERS, type QueryCommand, type QueryCounter } from '../../protocol/rtpproxy/command.js';
import { formatStatistics } from '../../protocol/rtpproxy/counters.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { fitsReply, formatSubresults } from '../../protocol/rtpproxy/format.js';
import type { Direction, Found } from '../session/directory.js';
import { legIndexOf, type Session } from '../session/session.js';
import type { Shard } from '../session/shard.js';
import type { Execution } from './execution.js';
import { runSubcommands } from './subcommands.js';

/** Q: counters of a session, of RTP only; what RTCP does is not shown. */
export function query(command: QueryCommand, execution: Execution): string {
  const { shard } = execution;
  const found = shard.directory.find(command.call, command.tags);
  if (found === null) return E.noSuchSession;
  for (const letter of command.modifiers) if (letter !== 'v' && letter !== 'V') return E.queryModifier;
  const names = command.names.length > 0 ? command.names : DEFAULT_QUERY_COUNTERS;
  const values: [QueryCounter, number][] = [];
  for (const name of names) {
    if (!isCounter(name)) return E.queryCounter;
    values.push([name, READERS[name](shard, found)]);
  }
  const main = formatStatistics(values, command.modifiers !== '');
  if (!fitsReply(main)) return E.queryOverflow;
  return formatSubresults(main, runSubcommands(command.subcommands, found.session, firstSide(found.direction), execution));
}

const isCounter = (name: string): name is QueryCounter => (QUERY_COUNTERS as readonly string[]).includes(name);

/** Whose tag the command names first: the side that `ina` and `rtpa_…` are about. */
const firstSide = (direction: Direction): Side => (direction === 'forward' ? 'caller' : 'callee');

type Reader = (shard: Shard, found: Found<Session>) => number;

const analysisOf = (shard: Shard, { session, direction }: Found<Session>) =>
  shard.plane.analysis.read(rowOf(session.slot, legIndexOf(firstSide(direction)), 0));

const READERS: Readonly<Record<QueryCounter, Reader>> = {
  ttl: (shard, { session }) => shard.secondsLeft(session),
  npkts_ina: (shard, { session, direction }) =>
    rtpCounter(shard, session, direction === 'forward' ? 'caller' : 'callee', 'received'),
  npkts_ino: (shard, { session, direction }) =>
    rtpCounter(shard, session, direction === 'forward' ? 'callee' : 'caller', 'received'),
  nrelayed: (shard, { session }) => bothLegs(shard, session, 'relayed'),
  ndropped: (shard, { session }) => bothLegs(shard, session, 'dropped'),
  rtpa_nsent: (shard, found) => analysisOf(shard, found).nsent,
  rtpa_nrcvd: (shard, found) => analysisOf(shard, found).nrcvd,
  rtpa_ndups: (shard, found) => analysisOf(shard, found).ndups,
  rtpa_nlost: (shard, found) => analysisOf(shard, found).nlost,
  rtpa_perrs: (shard, found) => analysisOf(shard, found).perrs,
  longest_ipi: (shard, found) => analysisOf(shard, found).longestIpiS,
  rtpa_jlast: (shard, found) => analysisOf(shard, found).jitterLast,
  rtpa_jmax: (shard, found) => analysisOf(shard, found).jitterMax,
  rtpa_javg: (shard, found) => analysisOf(shard, found).jitterAverage,
};

function rtpCounter(shard: Shard, session: Session, side: Side, name: 'received' | 'relayed' | 'dropped'): number {
  return shard.counters.stream(rowOf(session.slot, legIndexOf(side), 0), name);
}

const bothLegs = (shard: Shard, session: Session, name: 'relayed' | 'dropped'): number =>
  rtpCounter(shard, session, 'caller', name) + rtpCounter(shard, session, 'callee', name);
