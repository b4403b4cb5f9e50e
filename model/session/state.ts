import type { Address, CallId, Millis } from '../kernel/index.js';
import type { Dialogue, MediaDescription, PendingOffer, SourceRule } from './dialogue.js';
import type { CloseReason, DtmfCatch, ForkSource } from './event.js';
import type { Network } from './network.js';
import type { Notify } from './notify.js';
import type { Playback } from './playback.js';
import type { Recording } from './recording.js';
import { type Component, otherSide, SIDES, type Side } from './side.js';

/** What is known of where a component's packets come from and go to (rtpproxy calls this "latching"). */
export type Remote = {
  readonly address: Address | null;
  /** The address before the last signalled change, if packets had confirmed it. */
  readonly previous: Address | null;
  /** Packets have confirmed the address: another source must pass the override rule. */
  readonly latched: boolean;
  /** The address was learned from a packet, not signalled: signalling does not move it any more. */
  readonly untrusted: boolean;
  /** When signalling last touched an address that was already known. For ten seconds after, any source is believed. */
  readonly signalledAt: Millis | null;
};

/** Refused sources of a leg that are remembered: who sprays a port with packets must not fill the log. */
export const MAX_REFUSED = 8;

/** What of a side is not relayed as it comes. `branch`: another branch of the call is the one that is heard. */
export const MUTES = ['blocked', 'silenced', 'dtmf', 'branch'] as const;
export type Mute = (typeof MUTES)[number];

/** Another host that is sent what is received from a side. */
export type Copy = { readonly to: Address; readonly local: Address };

export type Leg = {
  /** Where its sockets are, or will be, bound. */
  readonly network: Network;
  /** The bound RTP address; RTCP is the next port. Null until the leg is opened. */
  readonly local: Address | null;
  readonly rtp: Remote;
  readonly rtcp: Remote;
  /** The client does not send from where it receives: never learn, accept packets by host. */
  readonly asymmetric: boolean;
  /** The payload types last offered, for prompts. Empty: none named. */
  readonly codecs: readonly number[];
  /** Signalled with an all-zero address (RFC 3264 §8.4, the old way). */
  readonly held: boolean;
  /** How often that happened. */
  readonly holds: number;
  /** Packets of this side are made so long, milliseconds; null: left as they are. */
  readonly resizeMs: number | null;
  /** TOS of what is sent to this side; null: as configured. */
  readonly tos: number | null;
  /** Silence this side was allowed by command; null: as the session was opened with. */
  readonly ttlMs: number | null;
  readonly dtmf: DtmfCatch | null;
  readonly mutes: readonly Mute[];
  /** What its last description says of the media. Null: none was told, as in the classic protocol. */
  readonly description: MediaDescription | null;
  /** Another party was there before: packets from where that one was (`previous`) are refused. */
  readonly strict: boolean;
  readonly sources: SourceRule;
  /** A change that this side has offered, and the other one has not answered yet. */
  readonly pending: PendingOffer | null;
  /** Where what is received from this side is sent as well, and from where; the first one first. */
  readonly copies: readonly Copy[];
  /** What this side hears instead of the other one. */
  readonly playback: Playback | null;
  /** The sources that were refused, the last one last; no more than `MAX_REFUSED`. */
  readonly refused: readonly Address[];
  /** Where nobody receives, as the network says: the present address of a component, or one it had before. */
  readonly unreachable: Readonly<Record<Component, Address | null>>;
  /** The last signalled address and its time, to tell a repeated offer from a new one. `rtcp`: where that was said to be, if not next to it. */
  readonly lastSignal: { readonly address: Address; readonly at: Millis; readonly rtcp?: Address } | null;
};

/** A session lives while any reference is held: one strong, and one weak for each leg. */
export type References = { readonly strong: boolean; readonly caller: boolean; readonly callee: boolean };

/** A session that was deleted and is held for a while. */
export type Deletion = {
  readonly since: Millis;
  readonly until: Millis;
  /** It is kept if both sides go on sending. */
  readonly unlessHeard: boolean;
};

export type SessionState = {
  readonly call: CallId;
  /** The From tag of the offer that made the session, as given, with its `;N` media number if it had one. */
  readonly tag: string;
  readonly openedAt: Millis;
  /** How long the session lives without packets before both legs are open, and after. */
  readonly setupTtlMs: number;
  readonly ttlMs: number;
  /** Silence of either side ends the session, not only of both. */
  readonly independentTtl: boolean;
  readonly notify: Notify | null;
  readonly fork: ForkSource | null;
  readonly recordings: readonly Recording[];
  /** How many were begun so far. */
  readonly recordingsBegun: number;
  readonly legs: Readonly<Record<Side, Leg>>;
  readonly references: References;
  /** Null: the session was made by the classic protocol. */
  readonly dialogue: Dialogue | null;
  readonly deletion: Deletion | null;
  /** How often it was taken up again after a crash. */
  readonly recoveries: number;
  readonly closed: CloseReason | null;
};

/** Of which nothing is known. */
export const NO_REMOTE: Remote = { address: null, previous: null, latched: false, untrusted: false, signalledAt: null };
const NO_LEG: Leg = {
  network: { host: '', advertised: null },
  local: null,
  rtp: NO_REMOTE,
  rtcp: NO_REMOTE,
  asymmetric: false,
  codecs: [],
  held: false,
  holds: 0,
  resizeMs: null,
  tos: null,
  ttlMs: null,
  dtmf: null,
  mutes: [],
  description: null,
  strict: false,
  sources: 'usual',
  pending: null,
  copies: [],
  playback: null,
  refused: [],
  unreachable: { rtp: null, rtcp: null },
  lastSignal: null,
};

/** Where every session starts: nothing has happened. The first event must be `SessionOpened`. */
export const INITIAL_STATE: SessionState = {
  call: '' as CallId,
  tag: '',
  openedAt: 0 as Millis,
  setupTtlMs: 0,
  ttlMs: 0,
  independentTtl: false,
  notify: null,
  fork: null,
  recordings: [],
  recordingsBegun: 0,
  legs: { caller: NO_LEG, callee: NO_LEG },
  references: { strong: false, caller: false, callee: false },
  dialogue: null,
  deletion: null,
  recoveries: 0,
  closed: null,
};

/** Whether a session is a copy of the media of another one of its call. */
export const isSubscription = ({ dialogue }: Pick<SessionState, 'dialogue'>): boolean => dialogue?.subscribes !== undefined;

/** Whether packets are relayed: both legs have their sockets. Of a subscription nobody but the subscriber needs one. */
export const isComplete = (state: SessionState): boolean =>
  state.legs.callee.local !== null && (state.legs.caller.local !== null || isSubscription(state));

/** Media that is on hold may be silent for so long, as with rtpengine: an hour. */
export const HOLD_TTL_MS = 3_600_000;

/** Whether the descriptions of the sides let one of them send nothing, so that silence is no sign of the end. */
export const isOnHold = ({ legs }: SessionState): boolean =>
  SIDES.some((side) => {
    const { held, description } = legs[side];
    return description !== null && (held || description.direction !== 'sendrecv');
  });

/** Whether a side sends and takes RTCP on its RTP port (RFC 5761): it wants to, and either the other one does too or we take it apart. */
export function isMuxed({ legs, dialogue }: SessionState, side: Side): boolean {
  const wants = (each: Side): boolean => legs[each].description?.rtcpMux === true;
  return wants(side) && (wants(otherSide(side)) || dialogue?.demux === true);
}

/** How long a side may be silent in the present state of the session. */
export function currentTtlMs(state: SessionState, side: Side): number {
  const asked = state.legs[side].ttlMs;
  if (asked !== null) return asked;
  if (!isComplete(state)) return state.setupTtlMs;
  return isOnHold(state) ? Math.max(state.ttlMs, HOLD_TTL_MS) : state.ttlMs;
}

/** When the session ends if nothing more is heard, milliseconds. `heardAt`: the last sign of life of each side. */
export function idleDeadline(state: SessionState, heardAt: Readonly<Record<Side, number>>): number {
  const [caller, callee] = [heardAt.caller + currentTtlMs(state, 'caller'), heardAt.callee + currentTtlMs(state, 'callee')];
  // Both sides have the same time to live then, and media of either keeps the session.
  const idle = state.independentTtl ? Math.min(caller, callee) : Math.max(caller, callee);
  return state.deletion === null ? idle : Math.min(idle, state.deletion.until);
}
