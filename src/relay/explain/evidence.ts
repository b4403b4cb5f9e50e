import { type Address, udpPort } from '../../../model/kernel/index.js';
import type { Phase } from '../../../model/session/chart.js';
import type { MediaOffer } from '../../../model/session/dialogue.js';
import type { CloseReason, RecoveryCause } from '../../../model/session/event.js';
import type { Playback, PlaybackEnd } from '../../../model/session/playback.js';
import type { RecordingForm } from '../../../model/session/recording.js';
import type { Refusal } from '../../../model/session/refusal.js';
import type { Component, Side } from '../../../model/session/side.js';
import type { Leg, Mute, SessionState } from '../../../model/session/state.js';
import type { StreamCounter } from '../../media/counters.js';
import type { StreamAnalysis } from '../../media/stages/analyse.js';

/** A side that is silent for less may just be listening, or use silence suppression; and nobody hangs up within less. */
export const SILENCE_MS = 5000;
/** A side may fall silent a moment before the message that puts the call on hold arrives. */
const HOLD_SLACK_MS = 5000;
/** From a call that was relayed for less nothing can be told. */
export const SHORTEST_WATCH_MS = 2000;

export type StreamEvidence = Readonly<Record<Exclude<StreamCounter, 'heardAtMs'>, number>> & {
  /** When the last packet was sent on; null: none was. */
  readonly heardAt: number | null;
  /** From where the last packet came of a side that was asymmetric then; null: not known. */
  readonly sourcePort: number | null;
  /** Null: no packet, an RTCP stream, or a log of an earlier version. */
  readonly analysis: StreamAnalysis | null;
};

/**
 * Why packets of a side are sent where they are: it came from where it was said to; its first packet came from there; it moved after
 * signalling had said something new; its stream came from another place with the same SSRC. `before`: that was before the log begins.
 */
export type MoveReason = 'as-signalled' | 'first-packet' | 'after-signalling' | 'same-stream' | 'before';
export type Move = { readonly at: number | null; readonly address: Address; readonly reason: MoveReason };

/** Something that was seen of an address. `at` null: before the log begins. */
export type Seen = { readonly at: number | null; readonly address: Address; readonly component: Component };

/** `until` null: to the end. */
export type Span = { readonly from: number; readonly until: number | null };

/** Why a side may be silent: it signalled an all-zero address, or its description is not of media both ways. */
export type Hold = Span & { readonly how: 'zeros' | 'sendonly' | 'recvonly' | 'inactive' };

/** A change of running media that a side offered. `until` null: it was neither answered nor given up; `taken` null: it is not known which. */
export type MadeOffer = {
  readonly at: number;
  readonly offer: MediaOffer;
  readonly until: number | null;
  readonly taken: boolean | null;
};

/** Something of a side was not relayed as it came. */
export type Muting = Span & { readonly mute: Mute };

/** The session was deleted, and held. `end`: what became of that; null: it is held yet. */
export type HeldDeletion = {
  readonly at: number;
  readonly until: number;
  readonly unlessHeard: boolean;
  readonly end: 'signalled' | 'heard' | 'renewed' | 'closed' | null;
  readonly endAt: number | null;
};

/** A command asked for something that is known and not done. */
export type Undone = { readonly at: number; readonly command: string; readonly words: readonly string[] };

/**
 * No RTP of a side that was to send some, at the end of what is known: `start`, since packets are relayed; `later`, since its last packet.
 * `isHeld`: since about then one of the sides has the call on hold.
 */
export type Silence = {
  readonly kind: 'start' | 'later';
  readonly since: number;
  readonly ms: number;
  readonly isHeld: boolean;
  /** Since about then one of the sides hears a prompt: whoever plays music to the other one need not send anything. */
  readonly isPrompted: boolean;
};

/** The longest time without RTP between two packets; `from` null: it cannot be told when. */
export type Pause = { readonly from: number | null; readonly ms: number };

/** A prompt that a side heard. `until` null: to the end. `end` null: nothing ended it, or it is not known what did. */
export type HeardPrompt = { readonly playback: Playback; readonly until: number | null; readonly end: PlaybackEnd | null };

/** `from` null: since before the log begins; `until` null: to the end. */
export type MadeCopy = {
  readonly to: Address;
  readonly local: Address;
  readonly from: number | null;
  readonly until: number | null;
};

export type MadeRecording = {
  readonly id: number;
  /** Who was recorded at its beginning, and who is still. */
  readonly sides: readonly Side[];
  readonly left: readonly Side[];
  /** Null: its beginning is not in the log. */
  readonly form: RecordingForm | null;
  readonly startedAt: number;
  /** While it was made, relative to where recordings are made. */
  readonly files: readonly string[];
  /** When nobody was recorded any more; null: it went on to the end. */
  readonly endedAt: number | null;
  readonly hasFailed: boolean;
  /** What the recorder said of it when it was complete. */
  readonly done: { readonly packets: number; readonly durationMs: number; readonly files: readonly string[] } | null;
};

export type SideEvidence = {
  readonly side: Side;
  /** As it was last. */
  readonly leg: Leg;
  readonly rtp: StreamEvidence;
  readonly rtcp: StreamEvidence;
  readonly signals: readonly { readonly at: number; readonly address: Address }[];
  readonly holds: readonly Hold[];
  readonly ports: readonly { readonly at: number; readonly local: Address }[];
  /** Of RTP. */
  readonly moves: readonly Move[];
  readonly refused: readonly Seen[];
  readonly unreachable: readonly Seen[];
  /** Payload types that were the last one when a sample was taken. */
  readonly payloadTypes: readonly number[];
  readonly firstHeardAt: number | null;
  readonly lastHeardAt: number | null;
  /** What it heard instead of the other side. */
  readonly prompts: readonly HeardPrompt[];
  /** Where what it said was sent as well. */
  readonly copies: readonly MadeCopy[];
  /** Changes of running media that it offered. */
  readonly offers: readonly MadeOffer[];
  readonly mutings: readonly Muting[];
  readonly silence: Silence | null;
  readonly pause: Pause | null;
};

/** A control command that was refused, and what was answered: U, L, P, R or C, or any of the NG protocol. */
export type FailedCommand = {
  readonly at: number;
  /** As it was given; of the NG protocol in words. */
  readonly command: string;
  /** `U`, `offer`, … */
  readonly name: string;
  readonly reply: string;
  /** What the answer means; '' where it says so itself. */
  readonly meaning: string;
  /** It was to open something, and has not, for another reason than want of ports. */
  readonly isTelling: boolean;
};

export type Recovery = { readonly at: number; readonly cause: RecoveryCause; readonly downMs: number };

/** Everything that is known of one session, over all runs that had it. What rules look at. */
export type Evidence = {
  readonly log: number;
  /** Of the last run that had it. */
  readonly run: number;
  readonly shard: number;
  readonly session: number;
  readonly tag: string;
  readonly phase: Phase;
  /** As it was last. */
  readonly state: SessionState;
  readonly openedAt: number;
  /** Since when both legs are open, as far as is known; null: they never were. */
  readonly relayingAt: number | null;
  /** When it ended, or else the last moment of which something is known. */
  readonly endAt: number;
  readonly closed: { readonly at: number; readonly reason: CloseReason } | null;
  /** A running relay has it now. */
  readonly isLive: boolean;
  /** The log tells of its beginning. */
  readonly isWhole: boolean;
  readonly recoveries: readonly Recovery[];
  readonly refusals: readonly { readonly at: number; readonly refusal: Refusal }[];
  /** Of the whole call: which session was meant cannot be told. */
  readonly failed: readonly FailedCommand[];
  readonly sides: Readonly<Record<Side, SideEvidence>>;
  readonly recordings: readonly MadeRecording[];
  /** Other parties that answered in the place of a side. */
  readonly parties: readonly { readonly at: number; readonly side: Side }[];
  readonly deletions: readonly HeldDeletion[];
  /** Of the whole call. */
  readonly undone: readonly Undone[];
  readonly changes: readonly { readonly at: number; readonly text: string }[];
  /** Records that cannot follow the ones before them. */
  readonly problems: readonly string[];
  /** How a time is shown. */
  readonly clock: (at: number) => string;
};

/** How long both legs have been open, milliseconds. */
export const watchedMs = ({ relayingAt, endAt }: Evidence): number => (relayingAt === null ? 0 : endAt - relayingAt);

/** The address that signalling last said. */
export const signalledOf = ({ leg }: SideEvidence): Address | null => leg.lastSignal?.address ?? null;

/**
 * From where the packets of an asymmetric side come, since signalling has named the host that they are taken from: nothing is learned from them.
 * Null: it is not asymmetric, or that is not known.
 */
export function sourceOf({ leg, rtp, lastHeardAt }: SideEvidence): Address | null {
  const { asymmetric, lastSignal } = leg;
  if (!asymmetric || leg.rtp.address === null || rtp.sourcePort === null) return null;
  const isSince = lastSignal === null || (lastHeardAt ?? 0) >= lastSignal.at;
  return isSince ? { host: leg.rtp.address.host, port: udpPort(rtp.sourcePort) } : null;
}

/** Whether a hold that was not taken back accounts for a silence since then. */
export const covers = ({ from, until }: Span, since: number): boolean => until === null && from <= since + HOLD_SLACK_MS;
