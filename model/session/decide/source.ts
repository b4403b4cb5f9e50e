import { ok, sameAddress } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import { isComplete, MAX_REFUSED, type SessionState } from '../state.js';
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

type NoteRefused = Extract<SessionCommand, { type: 'NoteRefused' }>;

/** Each source once, and only the first few: the log is to tell that packets came from elsewhere, not how many. */
export function decideRefused(state: SessionState, command: NoteRefused, around: Surroundings): Decision {
  const { side, component, address } = command;
  const { refused } = state.legs[side];
  if (refused.length >= MAX_REFUSED || refused.some((known) => sameAddress(known, address))) return ok([]);
  return ok([{ type: 'SourceRefused', side, component, address, at: around.now }]);
}

type NoteUnreachable = Extract<SessionCommand, { type: 'NoteUnreachable' }>;

/** The address is the present one of the component: what the network said belongs to a packet that was sent a moment ago. */
export function decideUnreachable(state: SessionState, { side, component }: NoteUnreachable, around: Surroundings): Decision {
  const { address } = state.legs[side][component];
  const known = state.legs[side].unreachable[component];
  if (address === null || (known !== null && sameAddress(known, address))) return ok([]);
  return ok([{ type: 'RemoteUnreachable', side, component, address, at: around.now }]);
}
