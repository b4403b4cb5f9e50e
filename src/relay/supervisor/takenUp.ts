import { ReplyCache, replyKey } from '../control/replyCache.js';
import type { ExchangeRecord } from '../events/record.js';
import type { TakenUp } from './messages.js';

/** What became of the calls that a crash has left behind, in one line; null: there were none. */
export function describeTakenUp(shards: readonly TakenUp[]): string | null {
  const sum = (key: 'sessions' | 'lost'): number => shards.reduce((total, each) => total + each[key], 0);
  const [sessions, lost] = [sum('sessions'), sum('lost')];
  if (sessions + lost === 0) return null;
  const downMs = Math.round(Math.max(...shards.map((each) => each.downMs)));
  const said = `${countSessions(sessions)} of a relay that died ${sessions === 1 ? 'is' : 'are'} taken up, ${downMs} ms after it was last heard of`;
  return lost > 0 ? `${said}; ${lost} could not have ${lost === 1 ? 'its' : 'their'} ports again` : said;
}

export const countSessions = (count: number): string => (count === 1 ? '1 session' : `${count} sessions`);

/** What clients were told before the relay died: a repeated command is not carried out again. */
export const repliesOf = (shards: readonly TakenUp[]): ReplyCache =>
  restored(shards, ({ from, command }) => replyKey(from, command));

/** The same of NG requests, by their cookies; those without one are not known again. */
export const ngRepliesOf = (shards: readonly TakenUp[]): ReplyCache =>
  restored(shards, ({ from }) => (from.endsWith(' -') ? null : from));

function restored(shards: readonly TakenUp[], keyOf: (exchange: ExchangeRecord) => string | null): ReplyCache {
  const replies = new ReplyCache();
  for (const exchange of shards.flatMap(({ exchanges }) => exchanges).sort((a, b) => a.at - b.at)) {
    const key = keyOf(exchange);
    if (key !== null) replies.restore(key, exchange.reply, exchange.at);
  }
  return replies;
}
