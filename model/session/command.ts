import type { Address, CallId } from '../kernel/index.js';
import type { Dialogue, MediaOffer } from './dialogue.js';
import type { CloseReason, DtmfCatch, ForkSource, PlayedDtmf, RecoveryCause, Reference } from './event.js';
import type { Network } from './network.js';
import type { Notify } from './notify.js';
import type { Playback, PlaybackEnd } from './playback.js';
import type { RecordingEnd, RecordingForm } from './recording.js';
import type { Component, Side } from './side.js';
import type { Mute } from './state.js';

/** Which networks a command asks for. Null: none in particular. */
export type NetworkWish =
  /** Of every leg that it opens. */
  | { readonly kind: 'both'; readonly network: Network }
  /**
   * Of each leg of a new session. One that exists heeds them only where a new port is asked for and both are given, and opens it in the
   * second, whichever leg it is of.
   */
  | { readonly kind: 'each'; readonly caller: Network; readonly callee: Network | null }
  | null;

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
      readonly resizeMs: number | null;
      /** Open other ports for the facing leg even if it has some. */
      readonly newPort: boolean;
      readonly networks: NetworkWish;
      /** Whom to tell of a timeout; `keep`: as before. */
      readonly notify: Notify | null | 'keep';
      /** How long a side may be silent from now on. Null: as before. */
      readonly ttlMs: Readonly<Record<Side, number | null>>;
      /** The reference that the command takes, if it takes one. */
      readonly reference: Reference | null;
      /** Given when the session does not exist yet. */
      readonly opening: { readonly call: CallId; readonly tag: string } | null;
    }
  /**
   * A whole session description of `side` passed by. An offer changes nothing of media that are agreed on before it is answered; an answer
   * takes effect at once, and with it what it answers. Opens the leg that faces the other side, as `Signal` does.
   */
  | {
      readonly type: 'Negotiate';
      readonly kind: 'offer' | 'answer';
      readonly side: Side;
      readonly offer: MediaOffer;
      /** Said within the dialogue (its message had a To tag): it may fail, even where it changes nothing. */
      readonly within: boolean;
      /** Who said it. Null: as before. */
      readonly tag: string | null;
      readonly networks: NetworkWish;
      /** Whom to tell of a timeout over the classic protocol; `keep`: as before. */
      readonly notify: Notify | null | 'keep';
      /** Given when the session does not exist yet. */
      readonly opening: { readonly call: CallId; readonly tag: string; readonly dialogue: Dialogue } | null;
    }
  /** What this side (null: any) has offered, and the other one has not answered yet, is given up. */
  | { readonly type: 'Withdraw'; readonly side: Side | null }
  | { readonly type: 'SetDialogue'; readonly dialogue: Dialogue }
  | { readonly type: 'SetMute'; readonly side: Side; readonly mute: Mute; readonly on: boolean }
  /** Ends the session, at once or in so long. `unlessHeard`: if then not both sides still send. */
  | { readonly type: 'Delete'; readonly delayMs: number; readonly unlessHeard: boolean }
  /** A packet came from a source that the latching rule accepts (`learned`: a new one). Sent by the packet path. */
  | {
      readonly type: 'NoteSource';
      readonly side: Side;
      readonly component: Component;
      readonly address: Address;
      readonly latched: boolean;
      readonly learned: boolean;
    }
  /** Packets come from a source that the latching rule refuses. Sent by the packet path, now and then. */
  | { readonly type: 'NoteRefused'; readonly side: Side; readonly component: Component; readonly address: Address }
  /** The network says that nobody receives where the packets for this side's component go. Sent by the packet path. */
  | { readonly type: 'NoteUnreachable'; readonly side: Side; readonly component: Component }
  /** The session stands again on its ports. */
  | { readonly type: 'Recover'; readonly cause: RecoveryCause; readonly downMs: number }
  /** Let a side be silent for so long; where one side's media keeps the session, this is for both. */
  | { readonly type: 'SetTtl'; readonly side: Side; readonly ttlMs: number }
  /** Mark what is sent to a side. */
  | { readonly type: 'SetTos'; readonly side: Side; readonly tos: number }
  /** Tell whoever is notified of a side's digits. The first tag stays. */
  | { readonly type: 'CatchDtmf'; readonly side: Side; readonly dtmf: DtmfCatch }
  /** Send what is received from a side to another host as well: the sockets for it stand at `local`. */
  | { readonly type: 'Copy'; readonly side: Side; readonly to: Address; readonly local: Address }
  /** Do that no more: from the pair at `local`, or (null) from any. */
  | { readonly type: 'StopCopy'; readonly side: Side; readonly local: Address | null }
  /** Let a side hear a prompt, which may take the place of another one. */
  | { readonly type: 'Play'; readonly side: Side; readonly playback: Omit<Playback, 'startedAt'> }
  | { readonly type: 'StopPlay'; readonly side: Side; readonly reason: Exclude<PlaybackEnd, 'replaced'> }
  /** Send the other side a key, as if this one had pressed it. */
  | { readonly type: 'PlayDtmf'; readonly side: Side; readonly dtmf: PlayedDtmf }
  /** Record what is received from these sides, as far as that is not done under the same name already. */
  | {
      readonly type: 'Record';
      readonly sides: readonly Side[];
      readonly form: RecordingForm;
      readonly single: boolean;
      readonly name: string | null;
    }
  /** The recorder says what the files of a recording are called. */
  | { readonly type: 'NameRecording'; readonly recording: number; readonly files: readonly string[] }
  | {
      readonly type: 'StopRecording';
      readonly recording: number;
      readonly sides: readonly Side[];
      readonly reason: RecordingEnd;
    }
  /** Send the media of another session into this one. */
  | { readonly type: 'Fork'; readonly source: ForkSource }
  /** Somebody is done with the session: it ends when no reference is left. */
  | { readonly type: 'Release'; readonly reference: Reference }
  /** The timer rang: end the session if it has been silent for its time to live. */
  | { readonly type: 'CheckIdle' }
  /** End the session whatever references are held. */
  | { readonly type: 'Close'; readonly reason: CloseReason };
