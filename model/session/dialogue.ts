import type { Address, Millis } from '../kernel/index.js';
import type { Side } from './side.js';

/** One codec of a media description, by its payload type (RFC 8866 §6.6). */
export type Format = {
  readonly payloadType: number;
  /** As `a=rtpmap` has it: `PCMU/8000`, `opus/48000/2`. Static types have their name of RFC 3551; empty: not known. */
  readonly name: string;
  /** `a=fmtp`, without the payload type. Null: there is none. */
  readonly fmtp: string | null;
};

export const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
export type MediaDirection = (typeof DIRECTIONS)[number];

/** What a session description says of one of its media, as far as the relay goes by it. */
export type MediaDescription = {
  /** `audio`, `video`, `image`, … */
  readonly kind: string;
  /** `RTP/AVP`, `RTP/SAVPF`, `udptl`, … */
  readonly protocol: string;
  /** In their order; empty where the media is no RTP. */
  readonly formats: readonly Format[];
  /** Seen from the side that said it. */
  readonly direction: MediaDirection;
  /** RTCP comes and goes on the port of RTP (RFC 5761). */
  readonly rtcpMux: boolean;
  readonly ptimeMs: number | null;
};

/** Whose packets are believed once the address of a side is confirmed: who goes on with its stream, nobody else, or whoever sends media. */
export const SOURCE_RULES = ['usual', 'strict', 'handover'] as const;
export type SourceRule = (typeof SOURCE_RULES)[number];

/** Where a side receives one media, and what. `address` null: it named none that is of use; `held`: an all-zero one. */
export type MediaOffer = {
  readonly address: Address | null;
  /** Where RTCP is to go, if not to the next port (RFC 3605). */
  readonly rtcp: Address | null;
  readonly held: boolean;
  readonly asymmetric: boolean;
  /** Null: as before. */
  readonly sources: SourceRule | null;
  /** What was learned of where it sends from is forgotten. */
  readonly reset: boolean;
  /** Where the place is another one, so are the ports that the side sends to. */
  readonly newPorts: boolean;
  readonly description: MediaDescription;
};

/** The part of an offer that leaves all as it is. */
export const AS_BEFORE = { sources: null, reset: false, newPorts: false } as const;

/** A change of running media that a side has offered, and the other one has not answered yet. */
export type PendingOffer = { readonly side: Side; readonly offer: MediaOffer; readonly at: Millis };

/** Whom the events of a call go to. */
export type Owner = {
  /** The name under which a controller collects its events. */
  readonly controller: string;
  /** Where they are sent, each as it was asked for: `connection`, `http://…`, `https://…`, `xmlrpc:http://…`, `unix:PATH`, `tcp:HOST:PORT`. */
  readonly ways: readonly string[];
  /** What stands in front on the lines of `unix:` and `tcp:` (`notify-tag`). Left out: the Call-ID. */
  readonly tag?: string;
};

/** Whose media a subscriber is sent a copy of: what one side of a media stream of the same call sends. */
export type Subscribed = {
  /** The dialogue of that stream: the tag of who began it, and its branch. */
  readonly caller: string | null;
  readonly branch: string | null;
  /** Its media line, from 1. */
  readonly media: number;
  readonly side: Side;
};

/**
 * The dialogue (RFC 3261 §12) that a session is a media stream of, as a SIP proxy tells it with whole session descriptions. A call that forks
 * has one for each branch.
 */
export type Dialogue = {
  /** The tags of who offered first, and (null: not known yet) of who answered. */
  readonly tags: Readonly<Record<Side, string | null>>;
  /** What the proxy calls the branch (`via-branch`); null: it does not say. */
  readonly branch: string | null;
  /** Which media line of the descriptions it is, from 1. */
  readonly media: number;
  /** Free names for the sides. */
  readonly labels: Readonly<Record<Side, string | null>>;
  /** Names of the networks the legs stand in. */
  readonly networks: Readonly<Record<Side, string>>;
  /** The last version of `o=` that was sent on for each side, and of what, where the proxy has us count it. */
  readonly origins: Readonly<Record<Side, { readonly version: string; readonly digest: string } | null>>;
  /** RTCP is taken apart from RTP: a side that wants both on one port (RFC 5761) has them so, though the other one does not. */
  readonly demux: boolean;
  readonly owner: Owner | null;
  readonly metadata: string | null;
  /** The session is a subscription: its callee is the subscriber, and it has no caller. Left out: it is a stream of a call. */
  readonly subscribes?: Subscribed;
};

/**
 * Whether two sessions of a call are media of one dialogue: the same branch that the same party began, and nobody else answered the other; or of
 * the same subscription.
 */
export function sameDialogue(a: Dialogue, b: Dialogue): boolean {
  const [one, other] = [a.tags.callee, b.tags.callee];
  if (a.subscribes !== undefined || b.subscribes !== undefined)
    return a.subscribes !== undefined && b.subscribes !== undefined && one === other;
  return a.branch === b.branch && a.tags.caller === b.tags.caller && (one === other || one === null || other === null);
}

/** Whether a session of the same call is the one whose media a subscription gets. */
export const isSubscribed = ({ branch, tags, media, subscribes }: Dialogue, to: Subscribed): boolean =>
  subscribes === undefined && branch === to.branch && tags.caller === to.caller && media === to.media;
