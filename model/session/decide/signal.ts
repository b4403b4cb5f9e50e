import { type Address, type CallId, type Millis, ok, refuse, sameAddress } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import type { Reference, SessionEvent } from '../event.js';
import { type Network, sameNetwork } from '../network.js';
import { sameNotify } from '../notify.js';
import { otherSide, type Side } from '../side.js';
import { isSubscription, type Leg, type SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';
import { ttlChanges } from './settings.js';

type Signal = Extract<SessionCommand, { type: 'Signal' }>;
type Negotiate = Extract<SessionCommand, { type: 'Negotiate' }>;

/**
 * The same address again within this time is a retransmitted offer, not a new one, and changes nothing. rtpproxy would let any source
 * take the stream over for ten seconds each time; we do that only when signalling says something new, or says it again later.
 */
export const REPEATED_SIGNAL_MS = 10_000;

/** A leg whose sockets have to be opened, and where. */
export type LegToOpen = { readonly side: Side; readonly network: Network };

/**
 * The leg whose sockets the command needs and the session does not have yet, or is to have anew; null if none. The shell binds a port
 * pair for it. `standard`: where legs stand for which nothing else is asked.
 */
export function legToOpen(state: SessionState, command: SessionCommand, standard: Network): LegToOpen | null {
  if ((command.type !== 'Signal' && command.type !== 'Negotiate') || state.closed !== null) return null;
  const side = otherSide(command.side);
  // There is nobody whom the other leg of a subscription would face.
  if (command.type === 'Negotiate' && isSubscription(state) && side === 'caller') return null;
  if (state.legs[side].local !== null && !asksForOther(command)) return null;
  const network = state.call === '' ? openingNetworks(command, standard)[side] : nextNetwork(state.legs[side], command);
  return { side, network };
}

/**
 * Whether other ports are to take the place of those that are there. Where it is negotiated, that is so where one network is named: by the answer
 * to who speaks another family of addresses now, or by an offer to somebody else who is elsewhere. An offer within the dialogue may fail, and
 * changes no ports.
 */
function asksForOther(command: Signal | Negotiate): boolean {
  if (command.type === 'Signal') return command.newPort;
  return command.networks?.kind === 'both' && (command.kind === 'answer' || !command.within);
}

export function decideSignal(state: SessionState, command: Signal, around: Surroundings): Decision {
  const at = around.now;
  const isNew = state.call === '';
  if (isNew && command.opening === null) return refuse('no-such-session');
  const facing = legToOpen(state, command, around.network);
  if (facing !== null && around.sparePort === null) return refuse('no-free-port');

  const events: SessionEvent[] = [];
  if (isNew && command.opening !== null) {
    events.push(openedEvent(command, command.opening, command.reference ?? 'strong', around));
  } else {
    if (command.reference !== null && !holds(state, command.reference))
      events.push({ type: 'ReferenceTaken', reference: command.reference, at });
    if (state.deletion !== null) events.push({ type: 'DeletionCancelled', reason: 'signalled', at });
  }
  if (facing !== null && around.sparePort !== null) events.push(...openedLeg(state, facing, around.sparePort, at));
  describeRemote(state.legs[command.side], command, at, events);
  const { notify, ttlMs } = command;
  if (notify !== 'keep' && !sameNotify(state.notify, notify)) events.push({ type: 'NotifyChanged', notify, at });
  events.push(...ttlChanges(state.legs, isNew ? around.independentTtl : state.independentTtl, ttlMs, at));
  return ok(events);
}

/** A leg gets sockets, and stands from then on where they do. */
export function openedLeg(state: SessionState, { side, network }: LegToOpen, local: Address, at: Millis): SessionEvent[] {
  const opened: SessionEvent = { type: 'LegOpened', side, local, at };
  const isElsewhere = state.call !== '' && !sameNetwork(network, state.legs[side].network);
  return isElsewhere ? [{ type: 'NetworkChosen', side, network, at }, opened] : [opened];
}

/** How a session begins. */
export function openedEvent(
  command: Pick<Signal, 'networks'>,
  { call, tag }: { readonly call: CallId; readonly tag: string },
  reference: Reference,
  { setupTtlMs, ttlMs, independentTtl, network, now }: Surroundings,
): SessionEvent {
  const networks = openingNetworks(command, network);
  return { type: 'SessionOpened', call, tag, setupTtlMs, ttlMs, independentTtl, networks, reference, at: now };
}

export const holds = (state: SessionState, reference: Reference): boolean => state.references[reference];

function openingNetworks({ networks }: Pick<Signal, 'networks'>, standard: Network): Record<Side, Network> {
  if (networks === null) return { caller: standard, callee: standard };
  if (networks.kind === 'both') return { caller: networks.network, callee: networks.network };
  return { caller: networks.caller, callee: networks.callee ?? standard };
}

/**
 * The network a leg of an existing session is opened in. A pair of networks is heard only where a new port is asked for, and there the
 * second one is meant, whichever leg it is: as in the original.
 */
function nextNetwork(leg: Leg, command: Signal | Negotiate): Network {
  const { networks } = command;
  if (networks === null) return leg.network;
  if (networks.kind === 'both') return networks.network;
  return command.type === 'Signal' && command.newPort && networks.callee !== null ? networks.callee : leg.network;
}

function describeRemote(leg: Leg, command: Signal, at: Millis, events: SessionEvent[]): void {
  const { side, resizeMs } = command;
  if (command.held) {
    if (!leg.held) events.push({ type: 'LegHeld', side, at });
  } else if (command.address !== null && !isRepeated(leg, command, at)) {
    events.push({ type: 'RemoteSignalled', side, address: command.address, at });
  }
  if (leg.asymmetric !== command.asymmetric) events.push({ type: 'SymmetryChanged', side, asymmetric: command.asymmetric, at });
  if (!sameCodecs(leg.codecs, command.codecs)) events.push({ type: 'CodecsOffered', side, codecs: command.codecs, at });
  if (leg.resizeMs !== resizeMs) events.push({ type: 'ResizingChanged', side, resizeMs, at });
}

function isRepeated(leg: Leg, command: Signal, at: Millis): boolean {
  if (leg.lastSignal === null || leg.held || command.address === null) return false;
  return sameAddress(leg.lastSignal.address, command.address) && at - leg.lastSignal.at < REPEATED_SIGNAL_MS;
}

const sameCodecs = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((codec, i) => codec === b[i]);
