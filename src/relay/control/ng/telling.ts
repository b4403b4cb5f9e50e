import { callId, familyOf, ok, type Result, sameAddress } from '../../../../model/kernel/index.js';
import type { NetworkWish, SessionCommand } from '../../../../model/session/command.js';
import type { Dialogue, MediaOffer } from '../../../../model/session/dialogue.js';
import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import { type Leg, MUTES, type SessionState } from '../../../../model/session/state.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import type { Sdp, SdpMedia } from '../../../protocol/sdp/sdp.js';
import type { NetworkFound } from '../../networks/chooseNamed.js';
import { networkCalled } from '../../networks/table.js';
import type { Session } from '../../session/session.js';
import { carriersOf } from './carriers.js';
import type { FoundDialogue } from './dialogues.js';
import { offerOf, refusedOf } from './mediaOffer.js';
import { NG_ERRORS as E, type NgExecution } from './ngExecution.js';
import { recordLike } from './recording.js';
import { networkLike, networkOf, type Standing, standingElsewhere, wishOf } from './standing.js';

/** What an offer or answer says, once it is read. */
export type Said = {
  readonly request: NgRequest;
  readonly call: string;
  readonly sdp: Sdp;
  readonly kind: 'offer' | 'answer';
  /** See `carriersOf`. */
  readonly carriers: readonly number[];
  readonly execution: NgExecution;
};

type Negotiate = Extract<SessionCommand, { type: 'Negotiate' }>;
type Opening = Negotiate['opening'];

export const saidOf = (request: NgRequest, sdp: Sdp, kind: Said['kind'], execution: NgExecution): Said => ({
  ...{ request, call: request.callId ?? '', sdp, kind, carriers: carriersOf(sdp, request), execution },
});

/** Whether the ports of a line carry it, and maybe others. */
const carriesItself = ({ carriers }: Said, { index }: SdpMedia): boolean => carriers[index] === index + 1;

/**
 * Tells the streams of a dialogue what is offered, `side` being who offers; streams of lines that are new are opened, and put into `streams`.
 * `standing`: of a dialogue that begins. Answers why not, and then nothing is open or offered that was not before (but where the
 * callee is another one, and ports run out, some lines may be with that one already); null: it is done.
 */
export function tellOffer(
  said: Said,
  found: FoundDialogue,
  streams: Map<number, Session>,
  standing: Standing | null,
): string | null {
  const { shard } = said.execution;
  const elsewhere = standingElsewhere(said.request, found, said.execution);
  if (!elsewhere.ok) return elsewhere.error;
  const other = elsewhere.value;
  const meant = other === null ? found : { ...found, dialogue: toAnother(found.dialogue, other) };
  const offers = offersOf(said, meant);
  if (!offers.ok) return offers.error;
  const opened: Session[] = [];
  const told: Session[] = [];
  const problem = openLines(said, meant, streams, opened, standing, other) ?? tellLines(said, meant, offers.value, told, other);
  if (problem === null) {
    if (other !== null) leaveParty(meant, offers.value, streams, said);
    if (found.streams.size > 0 && opened.length > 0) treatLike(found, opened, said);
    return null;
  }
  for (const session of opened) shard.command(session, { type: 'Close', reason: 'deleted' });
  for (const session of told) withdraw(session, found.side, said.execution);
  return problem;
}

/** A dialogue whose callee is somebody else, who is elsewhere: who that is, the answer will say. */
const toAnother = (dialogue: Dialogue, { name }: NetworkFound): Dialogue => ({
  ...dialogue,
  networks: { caller: dialogue.networks.caller, callee: name },
});

/** The streams of a dialogue are those of another party now. What only the one before had offered ends. */
function leaveParty(
  { dialogue: { networks }, streams: present }: FoundDialogue,
  offers: ReadonlyMap<Session, MediaOffer>,
  streams: Map<number, Session>,
  { execution }: Said,
): void {
  for (const [line, session] of present) {
    const { dialogue } = session.snapshot.context;
    if (dialogue === null) continue;
    if (offers.has(session)) {
      execution.shard.command(session, { type: 'SetDialogue', dialogue: { ...dialogue, networks } });
      continue;
    }
    execution.shard.command(session, { type: 'Close', reason: 'deleted' });
    streams.delete(line);
  }
}

function withdraw(session: Session, side: Side, { shard }: NgExecution): void {
  if (session.snapshot.context.legs[side].pending !== null) shard.command(session, { type: 'Withdraw', side });
}

function openLines(
  said: Said,
  { dialogue, side, streams: present }: FoundDialogue,
  streams: Map<number, Session>,
  opened: Session[],
  standing: Standing | null,
  other: NetworkFound | null,
): string | null {
  const { request, call, sdp, execution } = said;
  for (const media of sdp.media) {
    const line = media.index + 1;
    if (present.has(line) || !carriesItself(said, media)) continue;
    const networks = standing === null ? networkLike(present, execution, other) : ok(wishOf(standing));
    if (!networks.ok) return networks.error;
    const session = execution.shard.draft(call, `${dialogue.tags.caller ?? ''};${line}`);
    if (session === null) return E.noPorts;
    const offer = offerOf(media, request, isAsymmetric(dialogue, side, null, execution));
    const opening = {
      call: callId(call),
      tag: session.tag,
      dialogue: line === dialogue.media ? dialogue : { ...dialogue, media: line },
    };
    const problem = tell(session, said, side, dialogue, offer, networks.value, opening);
    if (problem !== null) return problem;
    opened.push(session);
    streams.set(line, session);
  }
  return null;
}

/** What is offered of lines that are there; one that is refused now is on hold until that is answered. The error says why nothing is. */
function offersOf(said: Said, { dialogue, side, streams }: FoundDialogue): Result<ReadonlyMap<Session, MediaOffer>, string> {
  const { request, sdp, execution } = said;
  const offers = new Map<Session, MediaOffer>();
  for (const [line, session] of streams) {
    const media = sdp.media[line - 1];
    const leg = session.snapshot.context.legs[side];
    if (media === undefined || !carriesItself(said, media)) {
      if (leg.description !== null) offers.set(session, refusedOf(leg, leg.description));
      continue;
    }
    const offer = offerOf(media, request, isAsymmetric(dialogue, side, leg, execution));
    // Who comes with another family of addresses needs a network that has it, by the time that is answered.
    const moves = networkOf(leg, offer.address, dialogue.networks[side], execution);
    if (!moves.ok) return moves;
    offers.set(session, offer);
  }
  return ok(offers);
}

/** Offers them, as far as that goes: to `told`. `other`: where the legs go that face who is offered to. */
function tellLines(
  said: Said,
  { dialogue, side }: FoundDialogue,
  offers: ReadonlyMap<Session, MediaOffer>,
  told: Session[],
  other: NetworkFound | null,
): string | null {
  const networks: NetworkWish = other === null ? null : { kind: 'both', network: other.network };
  for (const [session, offer] of offers) {
    const problem = tell(session, said, side, dialogue, offer, networks, null);
    if (problem !== null) return problem;
    told.push(session);
  }
  return null;
}

/**
 * Tells the streams of a dialogue what is answered, `side` being who answers. The stream of a line that is not carried by itself any more ends,
 * and its ports are free again. Where no line would be left, those that were agreed on are on hold; what was never agreed on waits on. Answers
 * why not, or null.
 */
export function tellAnswer(said: Said, { dialogue, side, streams }: FoundDialogue): string | null {
  const { request, sdp, execution } = said;
  const refused: Session[] = [];
  let isAnySaid = false;
  for (const [line, session] of streams) {
    const media = sdp.media[line - 1];
    if (media === undefined || !carriesItself(said, media)) {
      refused.push(session);
      continue;
    }
    const { legs } = session.snapshot.context;
    const offer = offerOf(media, request, isAsymmetric(dialogue, side, legs[side], execution));
    const problem = tell(
      session,
      said,
      side,
      dialogue,
      reachable(offer, legs[side]),
      movesOf(session, said, side, dialogue),
      null,
    );
    if (problem !== null) return problem;
    isAnySaid = true;
  }
  if (refused.length > 0) tellRefused(refused, isAnySaid, said, side, dialogue);
  return null;
}

function tellRefused(refused: readonly Session[], isAnyLeft: boolean, said: Said, side: Side, dialogue: Dialogue): void {
  const { shard } = said.execution;
  const isAgreed = refused.some(({ snapshot }) => snapshot.context.legs[side].description !== null);
  for (const session of refused) {
    const leg = session.snapshot.context.legs[side];
    if (isAnyLeft || (isAgreed && leg.description === null)) shard.command(session, { type: 'Close', reason: 'deleted' });
    else if (leg.description !== null) tell(session, said, side, dialogue, refusedOf(leg, leg.description), null, null);
  }
}

/**
 * Where who offered is to be sent to by an address of another family than its leg has, the leg goes where that can be done; and it gets other
 * ports where it stands if that was asked for with a place that is new.
 */
function movesOf({ snapshot }: Session, { execution }: Said, side: Side, { networks }: Dialogue): NetworkWish {
  const offerer = otherSide(side);
  const leg = snapshot.context.legs[offerer];
  const { pending, lastSignal } = leg;
  const address = pending === null ? (lastSignal?.address ?? null) : pending.offer.address;
  const network = networkOf(leg, address, networks[offerer], execution);
  if (network.ok && network.value !== null) return { kind: 'both', network: network.value };
  const isMoving = address !== null && lastSignal !== null && !sameAddress(address, lastSignal.address);
  return pending?.offer.newPorts === true && isMoving ? { kind: 'both', network: leg.network } : null;
}

/** Nothing can be sent to an address of another family than that of the leg: its packets will tell a better one. */
function reachable(offer: MediaOffer, { local }: Leg): MediaOffer {
  const { address } = offer;
  const isReachable = local === null || address === null || familyOf(address.host) === familyOf(local.host);
  return isReachable ? offer : { ...offer, address: null, rtcp: null };
}

/** Whether a side is asymmetric where the request does not say: as before, or as the network has it that it is in. */
function isAsymmetric({ networks }: Dialogue, side: Side, leg: Leg | null, { setting }: NgExecution): boolean {
  if (leg !== null && leg.description !== null) return leg.asymmetric;
  return networkCalled(setting.networks, networks[side])?.policy.latching === 'asymmetric';
}

/** Answers why not, or null. */
function tell(
  session: Session,
  { request, kind, execution }: Said,
  side: Side,
  dialogue: Dialogue,
  offer: MediaOffer,
  networks: NetworkWish,
  opening: Opening,
): string | null {
  const before = session.snapshot.context;
  // Written out, not spread: this is on the path of every call that is set up.
  const told = execution.shard.command(session, {
    type: 'Negotiate',
    kind,
    side,
    offer,
    within: kind === 'offer' && request.toTag !== null,
    tag: kind === 'answer' ? request.toTag : null,
    networks,
    notify: 'keep',
    opening,
  });
  if (!told.ok) return told.error === 'no-free-port' ? E.noPorts : `The media line could not be negotiated: ${told.error}`;
  markPackets(session, before, dialogue, request, execution);
  return null;
}

/** What is sent to a side is marked as the request says, or else as the network that its leg has come to stand in. IPv6 sockets are not marked. */
function markPackets(
  session: Session,
  before: SessionState,
  { networks }: Dialogue,
  { tos }: NgRequest,
  { shard, setting }: NgExecution,
): void {
  for (const side of SIDES) {
    const leg = session.snapshot.context.legs[side];
    if (leg.local === null || (tos === null && before.legs[side].local === leg.local) || familyOf(leg.local.host) !== 'IPv4')
      continue;
    const asked = tos ?? (leg.tos === null ? (networkCalled(setting.networks, networks[side])?.policy.tos ?? null) : null);
    if (asked !== null && asked !== leg.tos) shard.command(session, { type: 'SetTos', side, tos: asked });
  }
}

/** What a controller has asked for a side holds for lines that are added, too: mutes, and that the call is recorded. */
function treatLike({ streams }: FoundDialogue, opened: readonly Session[], { execution }: Said): void {
  const [first] = streams.values();
  if (first === undefined) return;
  const { legs } = first.snapshot.context;
  for (const session of opened) {
    for (const side of SIDES)
      for (const mute of MUTES)
        if (legs[side].mutes.includes(mute)) execution.shard.command(session, { type: 'SetMute', side, mute, on: true });
    recordLike(first, session, execution);
  }
}
