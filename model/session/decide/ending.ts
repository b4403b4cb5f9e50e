import { millis, ok } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import type { CloseReason, Reference, SessionEvent } from '../event.js';
import { SIDES } from '../side.js';
import { type Deletion, idleDeadline, type SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';

export const decideClose = (reason: CloseReason, around: Surroundings): Decision =>
  ok([{ type: 'SessionClosed', reason, tally: around.tally, at: around.now }]);

/**
 * Ends the session when the last reference goes, or holds it for the grace time. Releasing one that is not held, while others are, is no
 * error and no event; so is releasing the last one again meanwhile.
 */
export function decideRelease(state: SessionState, reference: Reference, around: Surroundings): Decision {
  const left = { ...state.references, [reference]: false };
  const released: SessionEvent[] = state.references[reference] ? [{ type: 'ReferenceReleased', reference, at: around.now }] : [];
  if (left.strong || left.caller || left.callee) return ok(released);
  const { deleteGraceMs = 0 } = around;
  if (deleteGraceMs === 0) return decideClose('deleted', around);
  if (state.deletion !== null) return ok(released);
  return ok([deletion(deleteGraceMs, true, around), ...released]);
}

const deletion = (delayMs: number, unlessHeard: boolean, { now }: Surroundings): SessionEvent => ({
  type: 'DeletionSet',
  until: millis(now + delayMs),
  unlessHeard,
  at: now,
});

/** Ends the session whoever holds it: references that others may still have are taken from them. */
function closeAll({ references }: SessionState, { tally, now: at }: Surroundings): Decision {
  const [, ...others] = REFERENCES.filter((each) => references[each]);
  const released = others.map((reference): SessionEvent => ({ type: 'ReferenceReleased', reference, at }));
  return ok([...released, { type: 'SessionClosed', reason: 'deleted', tally, at }]);
}

const REFERENCES: readonly Reference[] = ['strong', ...SIDES];

type Delete = Extract<SessionCommand, { type: 'Delete' }>;

/** Deleted again, the session ends no later than it was to before. */
export function decideDelete(state: SessionState, { delayMs, unlessHeard }: Delete, around: Surroundings): Decision {
  if (delayMs === 0) return closeAll(state, around);
  const isSooner = state.deletion === null || around.now + delayMs < state.deletion.until;
  return ok(isSooner ? [deletion(delayMs, unlessHeard, around)] : []);
}

export function decideIdle(state: SessionState, around: Surroundings): Decision {
  const { deletion: set } = state;
  if (set !== null && around.now >= set.until) return decideDeleted(state, set, around);
  if (around.now < idleDeadline(state, around.heardAt)) return ok([]);
  return around.keptUntil !== undefined && around.now < around.keptUntil ? ok([]) : decideClose('timeout', around);
}

/** Both sides went on sending: whoever deleted the session meant a change of it that failed. */
function decideDeleted(state: SessionState, { since, until, unlessHeard }: Deletion, around: Surroundings): Decision {
  const { references, legs } = state;
  const halfway = (since + until) / 2;
  const isHeard = unlessHeard && SIDES.every((side) => around.heardAt[side] >= halfway);
  if (!isHeard) return closeAll(state, around);
  const kept: SessionEvent[] = [];
  if (!references.strong) kept.push({ type: 'ReferenceTaken', reference: 'strong', at: around.now });
  kept.push({ type: 'DeletionCancelled', reason: 'heard', at: around.now });
  for (const side of SIDES)
    if (legs[side].pending !== null) kept.push({ type: 'OfferClosed', side, taken: false, at: around.now });
  return ok(kept);
}
