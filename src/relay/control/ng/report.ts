import type { NgDictionary } from '../../../protocol/ng/value.js';
import type { Session } from '../../session/session.js';
import type { NgExecution } from './ngExecution.js';
import { tagOf } from './participants.js';
import { byStrangers, DETAILS, type Detail, type Draft, secondsOf } from './report/draft.js';
import type { Total } from './report/stream.js';
import { describeTags } from './report/tags.js';

/** What is asked of a call. */
export type Asked = {
  /** Only the dialogues of this party, and with this other one, are shown; null: all. */
  readonly from: string | null;
  readonly to: string | null;
  /** How much there is to tell, if there is room. */
  readonly detail: Extract<Detail, 'whole' | 'brief'>;
};

/**
 * The end of a call: everything but how the quality went on. Its last answer stands in the event log, is kept for repetitions, and would not
 * fit an unfragmented datagram otherwise, for which nobody who ends a call waits.
 */
const AT_THE_END: Asked = { from: null, to: null, detail: 'brief' };

/** What a datagram has room for, less what UDP, a cookie and the rest of the reply take: as JSON, which is longer than bencode. */
const MOST_BYTES = 60_000;

/**
 * What was counted of a call, with the keys that clients of rtpengine read (`query`, and the answer to `delete`); what we add stands in
 * `report/keys.ts`. Over UDP less is told of a large call, so that it fits. Units: packets, bytes of UDP payload, seconds since 1970, and
 * those of `report/keys.ts`.
 */
export function reportCall(call: string, execution: NgExecution, asked: Asked = AT_THE_END): NgDictionary {
  const sessions = execution.shard.directory.ofCall(call);
  const shown = asked.from === null && asked.to === null ? sessions : sessions.filter((session) => isMeant(session, asked));
  const of = (detail: Detail): NgDictionary => describe(sessions, shown, execution, detail);
  const first = DETAILS.indexOf(asked.detail);
  const report = of(asked.detail);
  if (execution.origin.transport !== 'udp' || isSmall(report, shown, asked.detail) || fits(report)) return report;
  for (const detail of DETAILS.slice(first + 1)) {
    const less = of(detail);
    if (detail === 'totals' || fits(less)) return less;
  }
  return report;
}

const fits = (report: NgDictionary): boolean => JSON.stringify(report).length < MOST_BYTES;

/** What nearly all calls come to when they end, without looking closer. */
function isSmall(report: NgDictionary, sessions: readonly Session[], detail: Detail): boolean {
  const { metadata } = report;
  const isPlain = typeof metadata !== 'string' || metadata.length < 1000;
  return detail === 'brief' && isPlain && sessions.length < 4 && Object.keys(report['SSRC'] as NgDictionary).length < 5;
}

/** A To tag that nobody has yet names nobody. */
function isMeant(session: Session, { from, to }: Asked): boolean {
  const tags = [tagOf({ session, side: 'caller' }), tagOf({ session, side: 'callee' })];
  if (from !== null && !tags.includes(from)) return false;
  return to === null || tags.includes(to) || tags.includes(null);
}

function describe(sessions: readonly Session[], shown: readonly Session[], { shard }: NgExecution, detail: Detail): Draft {
  let created = Number.POSITIVE_INFINITY;
  let signalled = 0;
  let metadata: string | null = null;
  let isRecorded = false;
  for (const { snapshot, touchedAt } of sessions) {
    const { openedAt, dialogue, recordings } = snapshot.context;
    created = Math.min(created, openedAt);
    signalled = Math.max(signalled, touchedAt.caller, touchedAt.callee);
    metadata ??= dialogue?.metadata ?? null;
    isRecorded ||= recordings.length > 0;
  }
  const totals = { RTP: nothing(), RTCP: nothing() };
  const ssrcs = byStrangers();
  const report: Draft = {
    created: secondsOf(created),
    created_us: Math.round((created % 1000) * 1000),
    created_ts: secondsOf(created),
    'last signal': secondsOf(signalled),
    'last redis update': 0,
  };
  if (metadata !== null && detail !== 'totals') report['metadata'] = metadata;
  report['SSRC'] = ssrcs;
  const world = { counters: shard.counters, sources: shard.plane.sources, ssrcs, totals, detail };
  const tags = describeTags(shown, world);
  report['tags'] = detail === 'totals' ? {} : tags;
  report['totals'] = totals;
  if (isRecorded) report['recording'] = { 'call recording': 1, forwarding: 0 };
  if (detail === 'lean' || detail === 'totals') report['shortened'] = detail;
  if (detail === 'totals') report['SSRC'] = {};
  return report;
}

const nothing = (): Total => ({ packets: 0, bytes: 0, errors: 0 });
