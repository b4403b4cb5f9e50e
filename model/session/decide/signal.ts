import { type Millis, ok, refuse, sameAddress } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import type { Reference, SessionEvent } from '../event.js';
import { otherSide, type Side } from '../side.js';
import type { Leg, SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';

type Signal = Extract<SessionCommand, { type: 'Signal' }>;

/**
 * The same address again within this time is a retransmitted offer, not a new one, and changes nothing. rtpproxy would let any source
 * take the stream over for ten seconds each time; we do that only when signalling says something new, or says it again later.
 */
export const REPEATED_SIGNAL_MS = 10_000;

/** The leg whose socket the command needs and the session does not have yet, or null. The shell binds a port pair for it. */
export function legToOpen(state: SessionState, command: SessionCommand): Side | null {
  if (command.type !== 'Signal' || state.closed !== null) return null;
  const facing = otherSide(command.side);
  return state.legs[facing].local === null ? facing : null;
}

export function decideSignal(state: SessionState, command: Signal, around: Surroundings): Decision {
  const at = around.now;
  const isNew = state.call === '';
  if (isNew && command.opening === null) return refuse('no-such-session');
  const facing = legToOpen(state, command);
  if (facing !== null && around.sparePort === null) return refuse('no-free-port');

  const events: SessionEvent[] = [];
  if (isNew && command.opening !== null) {
    const { setupTtlMs, ttlMs } = around;
    events.push({ type: 'SessionOpened', ...command.opening, setupTtlMs, ttlMs, reference: command.reference ?? 'strong', at });
  } else if (command.reference !== null && !holds(state, command.reference)) {
    events.push({ type: 'ReferenceTaken', reference: command.reference, at });
  }
  if (facing !== null && around.sparePort !== null) events.push({ type: 'LegOpened', side: facing, local: around.sparePort, at });
  describeRemote(state.legs[command.side], command, at, events);
  return ok(events);
}

const holds = (state: SessionState, reference: Reference): boolean => state.references[reference];

function describeRemote(leg: Leg, command: Signal, at: Millis, events: SessionEvent[]): void {
  const { side } = command;
  if (command.held) {
    if (!leg.held) events.push({ type: 'LegHeld', side, at });
  } else if (command.address !== null && !isRepeated(leg, command, at)) {
    events.push({ type: 'RemoteSignalled', side, address: command.address, at });
  }
  if (leg.asymmetric !== command.asymmetric) events.push({ type: 'SymmetryChanged', side, asymmetric: command.asymmetric, at });
  if (!sameCodecs(leg.codecs, command.codecs)) events.push({ type: 'CodecsOffered', side, codecs: command.codecs, at });
}

function isRepeated(leg: Leg, command: Signal, at: Millis): boolean {
  if (leg.lastSignal === null || leg.held || command.address === null) return false;
  return sameAddress(leg.lastSignal.address, command.address) && at - leg.lastSignal.at < REPEATED_SIGNAL_MS;
}

const sameCodecs = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((codec, i) => codec === b[i]);
