import type { Address, CallId, Millis } from '../kernel/index.js';
import type { Component, Side } from './side.js';

/** Packets of one side, RTP and RTCP together, over the whole life of a session. */
export type Tally = { readonly received: number; readonly relayed: number; readonly dropped: number };

export type CloseReason =
  /** The last reference was deleted. */
  | 'deleted'
  /** No packet and no command for the time to live. */
  | 'timeout'
  /** All sessions were deleted at once. */
  | 'purged'
  /** The relay ended. */
  | 'shutdown'
  /** A bug: the log holds the last events. */
  | 'defect';

/** A reference keeps the session alive: the strong one, or the weak one of a leg. */
export type Reference = 'strong' | Side;

/** What has happened to a session. Past tense, final, never refused. */
export type SessionEvent = { readonly at: Millis } & (
  | {
      readonly type: 'SessionOpened';
      readonly call: CallId;
      readonly tag: string;
      readonly setupTtlMs: number;
      readonly ttlMs: number;
      readonly reference: Reference;
    }
  /** The leg that receives this side's packets has its sockets: RTP at `local`, RTCP at the next port. */
  | { readonly type: 'LegOpened'; readonly side: Side; readonly local: Address }
  /** Signalling said where this side receives RTP; RTCP is the next port. */
  | { readonly type: 'RemoteSignalled'; readonly side: Side; readonly address: Address }
  /** Signalling gave an all-zero address. */
  | { readonly type: 'LegHeld'; readonly side: Side }
  | { readonly type: 'SymmetryChanged'; readonly side: Side; readonly asymmetric: boolean }
  | { readonly type: 'CodecsOffered'; readonly side: Side; readonly codecs: readonly number[] }
  /** A packet confirmed the address of a component, or (`learned`) moved it. */
  | {
      readonly type: 'RemoteLatched';
      readonly side: Side;
      readonly component: Component;
      readonly address: Address;
      readonly latched: boolean;
      readonly learned: boolean;
    }
  | { readonly type: 'ReferenceTaken'; readonly reference: Reference }
  | { readonly type: 'ReferenceReleased'; readonly reference: Reference }
  | { readonly type: 'SessionClosed'; readonly reason: CloseReason; readonly tally: Readonly<Record<Side, Tally>> }
);

export type EventType = SessionEvent['type'];
