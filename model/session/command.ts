import type { Address, CallId } from '../kernel/index.js';
import type { CloseReason, Reference } from './event.js';
import type { Component, Side } from './side.js';

/** What somebody wants of a session. Imperative, and may be refused. */
export type SessionCommand =
  /**
   * A session description of `side` passed by: note where that side receives, and open the leg that faces the other side, because its
   * port is what the description will carry on. `address` null: none, or none usable, was given; `held`: an all-zero one.
   */
  | {
      readonly type: 'Signal';
      readonly side: Side;
      readonly address: Address | null;
      readonly held: boolean;
      readonly asymmetric: boolean;
      readonly codecs: readonly number[];
      /** The reference that the command takes, if it takes one. */
      readonly reference: Reference | null;
      /** Given when the session does not exist yet. */
      readonly opening: { readonly call: CallId; readonly tag: string } | null;
    }
  /** A packet came from a source that the latching rule accepts (`learned`: a new one). Sent by the packet path. */
  | {
      readonly type: 'NoteSource';
      readonly side: Side;
      readonly component: Component;
      readonly address: Address;
      readonly latched: boolean;
      readonly learned: boolean;
    }
  /** Somebody is done with the session: it ends when no reference is left. */
  | { readonly type: 'Release'; readonly reference: Reference }
  /** The timer rang: end the session if it has been silent for its time to live. */
  | { readonly type: 'CheckIdle' }
  /** End the session whatever references are held. */
  | { readonly type: 'Close'; readonly reason: CloseReason };
