import type { Millis } from '../../../model/kernel/index.js';
import type { Dialogue, Owner } from '../../../model/session/dialogue.js';
import type { Side } from '../../../model/session/side.js';

/** What the owner of a call is told. */
export const CALL_EVENTS = [
  /** The first packet of a side, or the first after `silence`. */
  'media-start',
  /** A side has been silent for so long as it was asked to tell. */
  'silence',
  /** No side was heard for the time to live: the relay has ended the call's media. `call-end` follows. */
  'media-timeout',
  'dtmf',
  'recording-finished',
  'play-finished',
  /** The last stream of a dialogue has ended. */
  'call-end',
] as const;
export type CallEventName = (typeof CALL_EVENTS)[number];

/** Counted of a side up to the event: what it sent. */
export type SideCounters = {
  readonly packets: number;
  readonly bytes: number;
  readonly relayed: number;
  readonly dropped: number;
  /** Milliseconds since the last packet; null: there was none. */
  readonly silentMs: number | null;
};

/** An event of a call, on its way to whoever owns the call. Plain data: it crosses threads. */
export type CallEvent = {
  readonly event: CallEventName;
  readonly at: Millis;
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string | null;
  readonly branch: string | null;
  /** The media line it is about, from 1; null: all of them. */
  readonly media: number | null;
  /** The tag of the side it is about; null: both. */
  readonly tag: string | null;
  readonly label: string | null;
  readonly reason: string | null;
  readonly counters: { readonly from: SideCounters; readonly to: SideCounters };
  /** What only this kind of event has: `digit`, `duration-ms`, `files`, … */
  readonly details: Readonly<Record<string, string | number | readonly string[]>>;
};

/** From a shard to the supervisor. */
export type OwnedEvent = { readonly owner: Owner; readonly event: CallEvent };

/** Of which call an event tells, and to whom. `tag`: of the session, with its `;N`. */
export type Told = { readonly owner: Owner; readonly dialogue: Dialogue; readonly call: string; readonly tag: string };
export type Counted = Readonly<Record<Side, SideCounters>>;
/** What not every event has. `media` null: it is of all lines. */
export type More = {
  readonly side?: Side;
  readonly reason?: string;
  readonly details?: CallEvent['details'];
  readonly media?: null;
};

/** Puts an event of a call into words. */
export function callEventOf(told: Told, event: CallEventName, counted: Counted, at: Millis, more: More): OwnedEvent {
  const { owner, dialogue, call, tag } = told;
  const { side, reason = null, details = {} } = more;
  const { tags, labels, branch, media } = dialogue;
  return {
    owner,
    event: {
      ...{ event, at, callId: call, branch, reason },
      fromTag: tags.caller ?? tag.split(';', 1)[0]!,
      toTag: tags.callee,
      media: more.media === null ? null : media,
      tag: side === undefined ? null : tags[side],
      label: side === undefined ? null : labels[side],
      counters: { from: counted.caller, to: counted.callee },
      // The tag of a side may not be known yet.
      details: side === undefined ? details : { side: side === 'caller' ? 'from' : 'to', ...details },
    },
  };
}
