import { ok } from '../../kernel/index.js';
import type { CloseReason, Reference } from '../event.js';
import { idleDeadline, type SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';

export const decideClose = (reason: CloseReason, around: Surroundings): Decision =>
  ok([{ type: 'SessionClosed', reason, tally: around.tally, at: around.now }]);

/** Ends the session when the last reference goes. Releasing one that is not held, while others are, is no error and no event. */
export function decideRelease(state: SessionState, reference: Reference, around: Surroundings): Decision {
  const left = { ...state.references, [reference]: false };
  if (!left.strong && !left.caller && !left.callee) return decideClose('deleted', around);
  return ok(state.references[reference] ? [{ type: 'ReferenceReleased', reference, at: around.now }] : []);
}

export function decideIdle(state: SessionState, around: Surroundings): Decision {
  return around.now < idleDeadline(state, around.heardAt) ? ok([]) : decideClose('timeout', around);
}
