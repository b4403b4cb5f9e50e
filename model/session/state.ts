import type { Address, CallId, Millis } from '../kernel/index.js';
import type { CloseReason } from './event.js';
import type { Side } from './side.js';

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

export type Leg = {
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
  /** The last signalled address and its time, to tell a repeated offer from a new one. */
  readonly lastSignal: { readonly address: Address; readonly at: Millis } | null;
};

/** A session lives while any reference is held: one strong, and one weak for each leg. */
export type References = { readonly strong: boolean; readonly caller: boolean; readonly callee: boolean };

export type SessionState = {
  readonly call: CallId;
  /** The From tag of the offer that made the session, as given, with its `;N` media number if it had one. */
  readonly tag: string;
  readonly openedAt: Millis;
  /** How long the session lives without packets before both legs are open, and after. */
  readonly setupTtlMs: number;
  readonly ttlMs: number;
  readonly legs: Readonly<Record<Side, Leg>>;
  readonly references: References;
  readonly closed: CloseReason | null;
};

const NO_REMOTE: Remote = { address: null, previous: null, latched: false, untrusted: false, signalledAt: null };
const NO_LEG: Leg = {
  local: null,
  rtp: NO_REMOTE,
  rtcp: NO_REMOTE,
  asymmetric: false,
  codecs: [],
  held: false,
  lastSignal: null,
};

/** Where every session starts: nothing has happened. The first event must be `SessionOpened`. */
export const INITIAL_STATE: SessionState = {
  call: '' as CallId,
  tag: '',
  openedAt: 0 as Millis,
  setupTtlMs: 0,
  ttlMs: 0,
  legs: { caller: NO_LEG, callee: NO_LEG },
  references: { strong: false, caller: false, callee: false },
  closed: null,
};

/** Whether packets are relayed: both legs have their sockets. */
export const isComplete = (state: SessionState): boolean => state.legs.caller.local !== null && state.legs.callee.local !== null;

/** How long the session lives without packets, in its present state. */
export const currentTtlMs = (state: SessionState): number => (isComplete(state) ? state.ttlMs : state.setupTtlMs);
