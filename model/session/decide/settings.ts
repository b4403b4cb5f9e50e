import { familyOf, type Millis, ok, refuse, sameAddress } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import type { ForkSource, SessionEvent } from '../event.js';
import { SIDES, type Side } from '../side.js';
import { type Copy, isSubscription, type SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';

type Command<Type extends SessionCommand['type']> = Extract<SessionCommand, { type: Type }>;

/**
 * What times to live given for the sides change; null: none was given. Where media of either side keeps the session (not `independent`) both
 * have the same, so that the longer one counts.
 */
export function ttlChanges(
  legs: SessionState['legs'],
  independent: boolean,
  ttlMs: Readonly<Record<Side, number | null>>,
  at: Millis,
): SessionEvent[] {
  const longest = Math.max(ttlMs.caller ?? 0, ttlMs.callee ?? 0);
  return SIDES.flatMap((side) => {
    const wanted = independent ? ttlMs[side] : longest || null;
    return wanted === null || legs[side].ttlMs === wanted ? [] : [{ type: 'TtlChanged', side, ttlMs: wanted, at }];
  });
}

export function decideTtl(state: SessionState, { side, ttlMs }: Command<'SetTtl'>, around: Surroundings): Decision {
  return ok(ttlChanges(state.legs, state.independentTtl, { caller: null, callee: null, [side]: ttlMs }, around.now));
}

export function decideTos(state: SessionState, { side, tos }: Command<'SetTos'>, around: Surroundings): Decision {
  const leg = state.legs[side];
  if (familyOf(leg.network.host) !== 'IPv4') return refuse('not-ipv4');
  return ok(leg.tos === tos ? [] : [{ type: 'TosChanged', side, tos, at: around.now }]);
}

export function decideDtmf(state: SessionState, { side, dtmf }: Command<'CatchDtmf'>, around: Surroundings): Decision {
  if (state.notify === null) return refuse('no-notification');
  const present = state.legs[side].dtmf;
  const next = { ...dtmf, tag: present?.tag ?? dtmf.tag };
  const isSame = present !== null && present.payloadType === next.payloadType && present.swallow === next.swallow;
  return ok(isSame ? [] : [{ type: 'DtmfCatchChanged', side, dtmf: next, at: around.now }]);
}

export function decideFork(state: SessionState, { source }: Command<'Fork'>, around: Surroundings): Decision {
  if (source.call === state.call && source.tag === state.tag) return refuse('own-media');
  if (isSubscription(state) && source.call !== state.call) return refuse('subscription');
  return ok(sameSource(state.fork, source) ? [] : [{ type: 'ForkStarted', source, at: around.now }]);
}

/** A stream is copied to each place once. */
export function decideCopy(state: SessionState, { side, to, local }: Command<'Copy'>, around: Surroundings): Decision {
  const isCopied = state.legs[side].copies.some((copy) => sameAddress(copy.to, to));
  return ok(isCopied ? [] : [{ type: 'CopyStarted', side, to, local, at: around.now }]);
}

export function decideStopCopy(state: SessionState, { side, local }: Command<'StopCopy'>, around: Surroundings): Decision {
  const isMeant = (copy: Copy): boolean => local === null || sameAddress(copy.local, local);
  return ok(state.legs[side].copies.some(isMeant) ? [{ type: 'CopyStopped', side, local, at: around.now }] : []);
}

const sameSource = (a: ForkSource | null, b: ForkSource): boolean =>
  a !== null && a.call === b.call && a.tag === b.tag && a.hears.caller === b.hears.caller && a.hears.callee === b.hears.callee;
