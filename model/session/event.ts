import type { Address, CallId, Millis } from '../kernel/index.js';
import type { Dialogue, MediaDescription, MediaOffer, SourceRule } from './dialogue.js';
import type { Network } from './network.js';
import type { Notify } from './notify.js';
import type { Playback, PlaybackEnd } from './playback.js';
import type { Recording, RecordingEnd } from './recording.js';
import type { Component, Side } from './side.js';
import type { Mute } from './state.js';

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
  /** After a crash: one of its ports could not be had again. */
  | 'port-lost'
  /** A command for it made its media thread die, and did so again. */
  | 'set-aside'
  /** A bug: the log holds the last events. */
  | 'defect';

/** A reference keeps the session alive: the strong one, or the weak one of a leg. */
export type Reference = 'strong' | Side;

/** Digits that a side presses (RFC 4733) are told to whoever is notified. `swallow`: their packets are not relayed. */
export type DtmfCatch = { readonly tag: string; readonly payloadType: number; readonly swallow: boolean };

/** A key that the relay presses in the place of a side (RFC 4733). */
export type PlayedDtmf = {
  /** 0…15: `0-9*#ABCD`. */
  readonly code: number;
  /** Of the telephone events that the other side understands. */
  readonly payloadType: number;
  readonly durationMs: number;
  /** Power level without its sign, dBm0: 0…63. */
  readonly volume: number;
};

/** What died: the whole relay, or one media thread. */
export type RecoveryCause = 'process' | 'thread';

/** Another session whose media this one gets. `hears`: whose packets of that session each side of this one is sent; null: nobody's. */
export type ForkSource = { readonly call: CallId; readonly tag: string; readonly hears: Readonly<Record<Side, Side | null>> };

/** What has happened to a session. Past tense, final, never refused. */
export type SessionEvent = { readonly at: Millis } & (
  | {
      readonly type: 'SessionOpened';
      readonly call: CallId;
      readonly tag: string;
      readonly setupTtlMs: number;
      readonly ttlMs: number;
      /** Silence of either side ends the session, not only of both. */
      readonly independentTtl: boolean;
      readonly networks: Readonly<Record<Side, Network>>;
      readonly reference: Reference;
    }
  /** The leg of this side will stand, or from its next sockets on stands, in another network than it was opened with. */
  | { readonly type: 'NetworkChosen'; readonly side: Side; readonly network: Network }
  /** The leg that receives this side's packets has its sockets, or others than before: RTP at `local`, RTCP at the next port. */
  | { readonly type: 'LegOpened'; readonly side: Side; readonly local: Address }
  /**
   * Signalling said where this side receives RTP; RTCP is the next port unless it says where. `moved`: it is another place than it said before,
   * so that what was learned there does not count any more.
   */
  | {
      readonly type: 'RemoteSignalled';
      readonly side: Side;
      readonly address: Address;
      readonly rtcp?: Address;
      readonly moved?: true;
    }
  /** Signalling gave an all-zero address. */
  | { readonly type: 'LegHeld'; readonly side: Side }
  | { readonly type: 'SymmetryChanged'; readonly side: Side; readonly asymmetric: boolean }
  | { readonly type: 'CodecsOffered'; readonly side: Side; readonly codecs: readonly number[] }
  /** Packets of this side are made so long, milliseconds, before they are sent on; null: they are left as they are. */
  | { readonly type: 'ResizingChanged'; readonly side: Side; readonly resizeMs: number | null }
  /** The TOS byte of what is sent to this side (IPv4 only, RFC 2474). */
  | { readonly type: 'TosChanged'; readonly side: Side; readonly tos: number }
  /** How long this side may be silent, from now on and whether or not both legs are open. */
  | { readonly type: 'TtlChanged'; readonly side: Side; readonly ttlMs: number }
  | { readonly type: 'NotifyChanged'; readonly notify: Notify | null }
  | { readonly type: 'DtmfCatchChanged'; readonly side: Side; readonly dtmf: DtmfCatch }
  /** What is received from this side is sent to another host as well, from the pair at `local`. */
  | { readonly type: 'CopyStarted'; readonly side: Side; readonly to: Address; readonly local: Address }
  /** That is not done any more: from the pair at `local`, or (null) from any. */
  | { readonly type: 'CopyStopped'; readonly side: Side; readonly local: Address | null }
  /** This side hears a prompt, and not what the other one says. */
  | { readonly type: 'PlaybackStarted'; readonly side: Side; readonly playback: Playback }
  | { readonly type: 'PlaybackEnded'; readonly side: Side; readonly reason: PlaybackEnd }
  /** The other side is sent a key as a telephone event (RFC 4733), as if this one had pressed it. */
  | { readonly type: 'DtmfPlayed'; readonly side: Side; readonly dtmf: PlayedDtmf }
  | { readonly type: 'RecordingStarted'; readonly recording: Recording }
  /** These are the files of a recording, relative to where recordings are made. */
  | { readonly type: 'RecordingNamed'; readonly recording: number; readonly files: readonly string[] }
  /** These sides are not recorded any more; a recording without sides is complete. */
  | {
      readonly type: 'RecordingStopped';
      readonly recording: number;
      readonly sides: readonly Side[];
      readonly reason: RecordingEnd;
    }
  | { readonly type: 'ForkStarted'; readonly source: ForkSource }
  /** What is known of the dialogue that the session belongs to. */
  | { readonly type: 'DialogueChanged'; readonly dialogue: Dialogue }
  /** Another party has answered in the place of this side: what was known of the one before is forgotten, and its packets are refused. */
  | { readonly type: 'PartyChanged'; readonly side: Side }
  /** What was learned of where this side sends from is forgotten, and what was signalled before. */
  | { readonly type: 'RemoteForgotten'; readonly side: Side }
  | { readonly type: 'SourcesChanged'; readonly side: Side; readonly sources: SourceRule }
  | { readonly type: 'MediaDescribed'; readonly side: Side; readonly description: MediaDescription }
  /** This side wants running media to change; nothing does before the other one has answered. */
  | { readonly type: 'OfferMade'; readonly side: Side; readonly offer: MediaOffer }
  /** The change was agreed on, and is told by the events behind this one; or (not `taken`) it was given up. */
  | { readonly type: 'OfferClosed'; readonly side: Side; readonly taken: boolean }
  | { readonly type: 'MutesChanged'; readonly side: Side; readonly mutes: readonly Mute[] }
  /** The session was deleted, and is held until then. `unlessHeard`: it is kept if both sides go on sending. */
  | { readonly type: 'DeletionSet'; readonly until: Millis; readonly unlessHeard: boolean }
  /** It goes on: somebody described a side again, or both sides went on sending. */
  | { readonly type: 'DeletionCancelled'; readonly reason: 'signalled' | 'heard' }
  /** A packet confirmed the address of a component, or (`learned`) moved it. */
  | {
      readonly type: 'RemoteLatched';
      readonly side: Side;
      readonly component: Component;
      readonly address: Address;
      readonly latched: boolean;
      readonly learned: boolean;
    }
  /** Packets came from a source that the latching rule refuses, and were thrown away. Told once a source, and not of every one. */
  | { readonly type: 'SourceRefused'; readonly side: Side; readonly component: Component; readonly address: Address }
  /** The network says that nobody receives at the address of this side (ICMP, RFC 792). Told once an address. */
  | { readonly type: 'RemoteUnreachable'; readonly side: Side; readonly component: Component; readonly address: Address }
  /** The session was taken up again, on its own ports, after what had it died `downMs` before. */
  | { readonly type: 'SessionRecovered'; readonly cause: RecoveryCause; readonly downMs: number }
  | { readonly type: 'ReferenceTaken'; readonly reference: Reference }
  | { readonly type: 'ReferenceReleased'; readonly reference: Reference }
  | { readonly type: 'SessionClosed'; readonly reason: CloseReason; readonly tally: Readonly<Record<Side, Tally>> }
);

export type EventType = SessionEvent['type'];

/** Events of sessions that belong to a dialogue, and of deletions that wait. */
export type DialogueEvent = Extract<
  SessionEvent,
  {
    type:
      | (
          | 'DialogueChanged'
          | 'PartyChanged'
          | 'RemoteForgotten'
          | 'SourcesChanged'
          | 'MediaDescribed'
          | 'OfferMade'
          | 'OfferClosed'
        )
      | ('MutesChanged' | 'DeletionSet' | 'DeletionCancelled');
  }
>;
