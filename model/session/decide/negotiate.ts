import { type Address, type Millis, ok, refuse, sameAddress } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import type { Dialogue, MediaDescription, MediaOffer } from '../dialogue.js';
import type { SessionEvent } from '../event.js';
import { sameNotify } from '../notify.js';
import { otherSide, SIDES, type Side } from '../side.js';
import { isComplete, type Leg, type SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';
import { holds, legToOpen, openedEvent, openedLeg } from './signal.js';

type Command<Type extends SessionCommand['type']> = Extract<SessionCommand, { type: Type }>;
type Negotiate = Command<'Negotiate'>;

/** An offer may ring for so long before it is answered: the proxy deletes what fails. */
export const OFFER_TTL_MS = 300_000;

export function decideNegotiate(state: SessionState, command: Negotiate, around: Surroundings): Decision {
  const at = around.now;
  const { opening, side, notify } = command;
  // What the classic protocol has made is no part of a dialogue.
  if (state.call === '' ? opening === null : state.dialogue === null) return refuse('no-such-session');
  const facing = legToOpen(state, command, around.network);
  if (facing !== null && around.sparePort === null) return refuse('no-free-port');

  const events: SessionEvent[] = [];
  if (state.call === '' && opening !== null) {
    const patient = { ...around, setupTtlMs: Math.max(around.setupTtlMs, OFFER_TTL_MS) };
    events.push(openedEvent(command, opening, 'strong', patient), { type: 'DialogueChanged', dialogue: opening.dialogue, at });
  } else events.push(...revived(state, at));
  if (facing !== null && around.sparePort !== null) events.push(...openedLeg(state, facing, around.sparePort, at));
  if (command.kind === 'answer') answer(state, command, at, events);
  else if (isElsewhere(state, command)) offerElsewhere(state, command, at, events);
  else if (isAgreed(state, side)) offerChange(state.legs[side], command, at, events);
  else describe(state.legs[side], side, command.offer, at, events);
  if (notify !== 'keep' && !sameNotify(state.notify, notify)) events.push({ type: 'NotifyChanged', notify, at });
  return ok(events);
}

/** Whoever describes a side wants the session to go on. */
function revived(state: SessionState, at: Millis): SessionEvent[] {
  const events: SessionEvent[] = [];
  if (!holds(state, 'strong')) events.push({ type: 'ReferenceTaken', reference: 'strong', at });
  if (state.deletion !== null) events.push({ type: 'DeletionCancelled', reason: 'signalled', at });
  return events;
}

/** Whether both sides have said what they want, so that an offer is a change that may fail. */
const isAgreed = (state: SessionState, side: Side): boolean =>
  isComplete(state) && state.legs[side].description !== null && state.legs[otherSide(side)].description !== null;

/** The same offer again is a retransmission; one that asks for what there is takes another one back, and may fail all the same. */
function offerChange(leg: Leg, { side, offer, within }: Negotiate, at: Millis, events: SessionEvent[]): void {
  if (leg.pending !== null && sameOffer(leg.pending.offer, offer)) return;
  const changes: SessionEvent[] = [];
  describe(leg, side, offer, at, changes);
  if (changes.length > 0 || within) events.push({ type: 'OfferMade', side, offer, at });
  else if (leg.pending !== null) events.push({ type: 'OfferClosed', side, taken: false, at });
}

/** An offer outside the dialogue that names where the other side is goes to somebody else than the one before it. */
const isElsewhere = ({ call }: SessionState, { networks, within }: Negotiate): boolean =>
  call !== '' && networks?.kind === 'both' && !within;

/** The other side is somebody else now, who has not spoken yet: what it said before does not count, and there is nothing to be changed. */
function offerElsewhere({ legs }: SessionState, { side, offer }: Negotiate, at: Millis, events: SessionEvent[]): void {
  if (legs[side].pending !== null) events.push({ type: 'OfferClosed', side, taken: false, at });
  const facing = otherSide(side);
  const { description, lastSignal, rtp, rtcp } = legs[facing];
  if (description !== null || lastSignal !== null || rtp.address !== null || rtcp.address !== null)
    events.push({ type: 'PartyChanged', side: facing, at });
  describe(legs[side], side, offer, at, events);
}

function answer(state: SessionState, { side, offer, tag }: Negotiate, at: Millis, events: SessionEvent[]): void {
  const offerer = otherSide(side);
  const { pending } = state.legs[offerer];
  if (pending !== null) {
    events.push({ type: 'OfferClosed', side: offerer, taken: true, at });
    describe(state.legs[offerer], offerer, pending.offer, at, events);
  }
  // Who answers has seen the offer, so what it had offered itself is over.
  if (state.legs[side].pending !== null) events.push({ type: 'OfferClosed', side, taken: false, at });
  const { dialogue } = state;
  let leg = state.legs[side];
  if (dialogue !== null && tag !== null && dialogue.tags[side] !== tag) {
    events.push({ type: 'DialogueChanged', dialogue: { ...dialogue, tags: { ...dialogue.tags, [side]: tag } }, at });
    if (dialogue.tags[side] !== null && leg.description !== null && !isSamePlace(leg, offer)) {
      events.push({ type: 'PartyChanged', side, at });
      leg = { ...leg, lastSignal: null, description: null, held: false };
    }
  }
  describe(leg, side, offer, at, events);
}

/** Who answers under another name from the same place is the same endpoint: what was learned of it still holds. */
const isSamePlace = ({ lastSignal }: Leg, { address }: MediaOffer): boolean =>
  lastSignal !== null && address !== null && sameAddress(lastSignal.address, address);

/** What a description changes. */
function describe(before: Leg, side: Side, offer: MediaOffer, at: Millis, events: SessionEvent[]): void {
  const { address, rtcp, held, asymmetric, sources, description } = offer;
  let leg = before;
  // First, because where it is asymmetric nothing is left to be confirmed.
  if (leg.asymmetric !== asymmetric) events.push({ type: 'SymmetryChanged', side, asymmetric, at });
  if (offer.reset && hasLearned(leg, asymmetric)) {
    events.push({ type: 'RemoteForgotten', side, at });
    leg = { ...leg, lastSignal: null };
  }
  if (held) {
    if (!leg.held) events.push({ type: 'LegHeld', side, at });
  } else if (address !== null && (leg.held || !isSignalled(leg, address, rtcp))) {
    const moved = leg.lastSignal !== null && !sameAddress(leg.lastSignal.address, address);
    events.push(signalled(side, address, rtcp, moved, at));
  }
  if (sources !== null && leg.sources !== sources) events.push({ type: 'SourcesChanged', side, sources, at });
  const { formats } = description;
  if (!sameCodecs(leg.codecs, formats))
    events.push({ type: 'CodecsOffered', side, codecs: formats.map(({ payloadType }) => payloadType), at });
  if (leg.description === null || !sameDescription(leg.description, description))
    events.push({ type: 'MediaDescribed', side, description, at });
}

/** Who is asymmetric counts as confirmed from the start. */
const hasLearned = ({ rtp, rtcp }: Leg, asymmetric: boolean): boolean =>
  rtp.untrusted || rtcp.untrusted || (!asymmetric && (rtp.latched || rtcp.latched));

const isSignalled = ({ lastSignal }: Leg, address: Address, rtcp: Address | null): boolean =>
  lastSignal !== null && sameAddress(lastSignal.address, address) && sameMaybe(lastSignal.rtcp ?? null, rtcp);

/** Written out, not spread: this is on the path of every call that is set up. */
function signalled(side: Side, address: Address, rtcp: Address | null, moved: boolean, at: Millis): SessionEvent {
  const type = 'RemoteSignalled';
  if (rtcp !== null) return moved ? { type, side, address, rtcp, moved, at } : { type, side, address, rtcp, at };
  return moved ? { type, side, address, moved, at } : { type, side, address, at };
}

export function decideWithdraw(state: SessionState, whose: Side | null, around: Surroundings): Decision {
  const offered = SIDES.filter((side) => state.legs[side].pending !== null && (whose === null || whose === side));
  return ok(offered.map((side) => ({ type: 'OfferClosed', side, taken: false, at: around.now })));
}

/** What a session is a copy of it is from its beginning. */
export function decideDialogue(state: SessionState, command: Command<'SetDialogue'>, around: Surroundings): Decision {
  const { subscribes: _, ...rest } = command.dialogue;
  const subscribes = state.dialogue?.subscribes;
  const dialogue: Dialogue = subscribes === undefined ? rest : { ...rest, subscribes };
  return ok(isSame(state.dialogue, dialogue) ? [] : [{ type: 'DialogueChanged', dialogue, at: around.now }]);
}

/** Plain data that says the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [of, other] = [a, b] as [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>];
  const keys = Object.keys(of);
  return (
    keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && isSame(of[key], other[key]))
  );
}

export function decideMute(state: SessionState, { side, mute, on }: Command<'SetMute'>, around: Surroundings): Decision {
  const { mutes } = state.legs[side];
  if (mutes.includes(mute) === on) return ok([]);
  const next = on ? [...mutes, mute] : mutes.filter((each) => each !== mute);
  return ok([{ type: 'MutesChanged', side, mutes: next, at: around.now }]);
}

const sameCodecs = (codecs: readonly number[], formats: readonly Format[]): boolean =>
  codecs.length === formats.length && codecs.every((each, i) => each === formats[i]?.payloadType);

function sameDescription(a: MediaDescription, b: MediaDescription): boolean {
  const isSame =
    a.kind === b.kind &&
    a.protocol === b.protocol &&
    a.direction === b.direction &&
    a.rtcpMux === b.rtcpMux &&
    a.ptimeMs === b.ptimeMs &&
    a.formats.length === b.formats.length;
  return isSame && a.formats.every((format, i) => sameFormat(format, b.formats[i]));
}

type Format = MediaDescription['formats'][number];
const sameFormat = (a: Format, b: Format | undefined): boolean =>
  b !== undefined && a.payloadType === b.payloadType && a.name === b.name && a.fmtp === b.fmtp;

const sameMaybe = (a: MediaOffer['address'], b: MediaOffer['address']): boolean =>
  a === null || b === null ? a === b : sameAddress(a, b);

const sameOffer = (a: MediaOffer, b: MediaOffer): boolean =>
  sameMaybe(a.address, b.address) &&
  sameMaybe(a.rtcp, b.rtcp) &&
  a.held === b.held &&
  a.asymmetric === b.asymmetric &&
  a.sources === b.sources &&
  a.reset === b.reset &&
  a.newPorts === b.newPorts &&
  sameDescription(a.description, b.description);
