import { ok, sameAddress } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import { isComplete, type SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';

type NoteSource = Extract<SessionCommand, { type: 'NoteSource' }>;

/** The packet path has applied the latching rule already; here only what is news becomes an event. */
export function decideSource(state: SessionState, command: NoteSource, around: Surroundings): Decision {
  if (!isComplete(state)) return ok([]); // Until then packets are read and thrown away: nothing is learned from them.
  const remote = state.legs[command.side][command.component];
  const isKnown = remote.address !== null && sameAddress(remote.address, command.address);
  if (!isKnown && !command.learned) return ok([]); // Only the present address can be confirmed.
  if (isKnown && remote.latched === command.latched && (remote.untrusted || !command.learned)) return ok([]);
  const { side, component, address, latched, learned } = command;
  return ok([{ type: 'RemoteLatched', side, component, address, latched, learned, at: around.now }]);
}
