import { type Address, formatAddress, sameAddress } from './kernel/index.js';
import type { SessionEvent } from './session/event.js';
import type { Recording } from './session/recording.js';
import { COMPONENTS, type Component, SIDES, type Side } from './session/side.js';
import { isComplete, isSubscription, type Leg, MAX_REFUSED, type SessionState } from './session/state.js';

/** What is true of every session after every event. Answers the first rule that is broken, in words, or null. */
export function brokenInvariant(state: SessionState, phase: string): string | null {
  if ((phase === 'closed') !== (state.closed !== null))
    return `the chart is in ${phase} but the state says closed: ${state.closed}`;
  if (phase === 'relaying' && !isComplete(state)) return 'relaying without both legs open';
  if (phase === 'waiting' && isComplete(state)) return 'waiting although both legs are open';
  if (phase === 'new') return state.call === '' ? null : 'a session that is new has a Call-ID already';
  const { strong, caller, callee } = state.references;
  if (state.closed === null && state.deletion === null && !strong && !caller && !callee) return 'open without any reference';
  const negotiated = brokenDialogue(state);
  if (negotiated !== null) return negotiated;
  if (state.fork !== null && state.fork.call === state.call && state.fork.tag === state.tag) return 'it is sent its own media';
  if (state.fork !== null && state.fork.call !== state.call && isSubscription(state))
    return 'a subscription is sent the media of another call';
  const badly = brokenRecordings(state);
  if (badly !== null) return badly;
  for (const side of SIDES) {
    const broken = brokenOfLeg(state.legs[side], side);
    if (broken !== null) return broken;
  }
  return null;
}

/** Descriptions belong to a dialogue, and a change can only be offered of what is there. */
function brokenDialogue({ dialogue, legs, deletion, openedAt }: SessionState): string | null {
  if (deletion !== null && deletion.since > deletion.until) return 'it is to be deleted before it was';
  if (deletion !== null && deletion.since < openedAt) return 'it was deleted before it began';
  for (const side of SIDES) {
    const { description, pending, mutes, strict } = legs[side];
    if (dialogue === null && (description !== null || pending !== null || strict))
      return `the ${side} has a description, and the session no dialogue`;
    if (pending !== null && (description === null || pending.side !== side)) return `the ${side} has offered a change of nothing`;
    if (new Set(mutes).size < mutes.length) return `the ${side} is muted twice in one way`;
  }
  return null;
}

function brokenRecordings({ recordings, recordingsBegun }: SessionState): string | null {
  const idle = recordings.find(({ sides }) => sides.length === 0);
  if (idle !== undefined) return `recording ${idle.id} is of no side`;
  const late = recordings.find(({ id }) => id > recordingsBegun);
  if (late !== undefined) return `recording ${late.id} is there, and ${recordingsBegun} were begun`;
  for (const [i, { id, name, sides }] of recordings.entries()) {
    for (const before of recordings.slice(0, i)) {
      if (before.id >= id) return `recording ${id} stands behind recording ${before.id}`;
      // Both would write to one file.
      const side = sides.find((each) => before.name === name && before.sides.includes(each));
      if (side !== undefined) return `the ${side} is recorded twice under one name, as ${before.id} and as ${id}`;
    }
  }
  return null;
}

function brokenOfLeg({ local, copies, playback, rtp, rtcp, refused, strict }: Leg, side: Side): string | null {
  if (local !== null && local.port % 2 !== 0) return `the RTP port ${local.port} of the ${side} is odd`;
  const odd = copies.find((copy) => copy.local.port % 2 !== 0);
  if (odd !== undefined) return `the RTP port ${odd.local.port} of a copy of the ${side} is odd`;
  const again = copies.find(({ to }, i) => copies.findIndex((other) => sameAddress(other.to, to)) < i);
  if (again !== undefined) return `the ${side} is copied to ${formatAddress(again.to)} twice`;
  if (playback !== null && playback.count === 0) return `the ${side} is to hear ${playback.prompt} no times`;
  for (const remote of [rtp, rtcp]) {
    if (remote.untrusted && remote.address === null) return `the ${side} has an address learned from packets, but no address`;
    // Of another party it is known where that one was, before it is where the present one is.
    if (remote.previous !== null && remote.address === null && !strict)
      return `the ${side} has a previous address but no present one`;
  }
  if (refused.length > MAX_REFUSED) return `of the ${side} ${refused.length} refused sources are kept, more than ${MAX_REFUSED}`;
  const twice = refused.find((address, i) => refused.findIndex((other) => sameAddress(other, address)) < i);
  return twice === undefined ? null : `the source ${formatAddress(twice)} of the ${side} is refused twice`;
}

/** What an event may do to a session, whatever the session was. `after`: with the event. Answers the rule that is broken, or null. */
export function brokenByEvent(before: SessionState, event: SessionEvent, after: SessionState): string | null {
  const { type } = event;
  if (before.closed !== null) return `${type} after the end`;
  if (type === 'SessionOpened' && before.call !== '') return `opened as ${event.call} though it is ${before.call}`;
  const others = Object.values(before.references).filter((isHeld) => isHeld).length - 1;
  if (type === 'SessionClosed' && event.reason === 'deleted' && others > 0)
    return `deleted while it is held ${others} times more`;
  if (type === 'RemoteUnreachable') {
    const { address } = before.legs[event.side][event.component];
    if (address === null || !sameAddress(address, event.address))
      return `nobody receives at ${formatAddress(event.address)}, where nothing of the ${event.side} was sent`;
  }
  if (type === 'DialogueChanged' && before.dialogue !== null && isSubscription(before) !== isSubscription(after))
    return 'a subscription has become a stream of a call, or that a subscription';
  const ofSound = brokenSound(before, event);
  if (ofSound !== null) return ofSound;
  for (const side of SIDES) {
    const { local } = after.legs[side];
    const isOpened = type === 'LegOpened' && event.side === side && local === event.local;
    if (local !== before.legs[side].local && !isOpened) return `${type} has moved the port of the ${side}`;
    for (const component of COMPONENTS) {
      const broken = brokenRemote(before, event, after, side, component);
      if (broken !== null) return broken;
    }
  }
  return null;
}

/** Prompts, recordings and copies begin before they end, and each but once. */
function brokenSound({ legs, recordings, recordingsBegun }: SessionState, event: SessionEvent): string | null {
  const known = (id: number): Recording | undefined => recordings.find((recording) => recording.id === id);
  switch (event.type) {
    case 'PlaybackStarted':
      return legs[event.side].playback === null ? null : `the ${event.side} is to hear a prompt while it hears another`;
    case 'PlaybackEnded':
      return legs[event.side].playback !== null ? null : `a prompt of the ${event.side} ends, which hears none`;
    case 'RecordingStarted': {
      const { id } = event.recording;
      return id === recordingsBegun + 1 ? null : `recording ${id} is begun behind recording ${recordingsBegun}`;
    }
    case 'RecordingNamed':
      return known(event.recording) !== undefined ? null : `recording ${event.recording} gets files, and is not there`;
    case 'RecordingStopped': {
      const unknown = event.sides.find((side) => known(event.recording)?.sides.includes(side) !== true);
      return unknown === undefined ? null : `recording ${event.recording} of the ${unknown} ends, and is not there`;
    }
    case 'CopyStopped': {
      const { local } = event;
      const isThere = legs[event.side].copies.some((copy) => local === null || sameAddress(copy.local, local));
      return isThere ? null : `a copy of the ${event.side} ends, and is not there`;
    }
    default:
      return null;
  }
}

/** Packets go only where signalling said, or where packets came from; and what was learned from them signalling does not move. */
function brokenRemote(
  before: SessionState,
  event: SessionEvent,
  after: SessionState,
  side: Side,
  component: Component,
): string | null {
  const { address, untrusted } = before.legs[side][component];
  const now = after.legs[side][component].address;
  if (now === null ? address === null : address !== null && sameAddress(now, address)) return null;
  const where = now === null ? 'nowhere' : formatAddress(now);
  const isLeft = event.type === 'PartyChanged' || event.type === 'RemoteForgotten';
  if (now === null && isLeft && event.side === side) return null;
  if (now === null || !mayMove(event, side, component, now))
    return `${event.type} has moved the ${component} of the ${side} to ${where}, which nobody said and where nothing came from`;
  return event.type === 'RemoteSignalled' && untrusted && event.moved !== true
    ? `signalling has moved the ${component} of the ${side}, which was learned`
    : null;
}

/** Where RTP goes to, RTCP goes to the next port, unless its own packets say something else (RFC 3550 §11). */
function mayMove(event: SessionEvent, side: Side, component: Component, to: Address): boolean {
  if (event.type !== 'RemoteSignalled' && !(event.type === 'RemoteLatched' && event.learned)) return false;
  if (event.side !== side) return false;
  const isNext = to.host === event.address.host && to.port === (event.address.port + 1) % 65_536;
  if (event.type === 'RemoteLatched' && event.component === component) return sameAddress(to, event.address);
  if (event.type === 'RemoteLatched') return component === 'rtcp' && isNext;
  if (component === 'rtp') return sameAddress(to, event.address);
  return event.rtcp === undefined ? isNext : sameAddress(to, event.rtcp);
}

/** Numbers of sessions, watched over a whole log of one run of one shard: none is given twice. */
export class NumbersGiven {
  #last = 0;

  /** Takes one event of session `session`; answers the broken rule, or null. */
  follow(session: number, event: SessionEvent): string | null {
    if (event.type !== 'SessionOpened') return null;
    const last = this.#last;
    this.#last = Math.max(session, last);
    return session > last ? null : `session ${session} is opened behind session ${last}`;
  }
}

/** What holds a port of a session: a leg, or a copy of a side's media from that port. */
type Holding = Side | `copy of ${Side} ${string}`;

const copyOf = (side: Side, local: Address): Holding => `copy of ${side} ${formatAddress(local)}`;

/** Ports held by live sessions, watched over a whole log: no pair is held twice. One instance per port space (a family). */
export class PortsHeld {
  readonly #holders = new Map<string, string>();
  readonly #held = new Map<string, Map<Holding, string>>();

  /** Takes one event of the session named `session`; answers the broken rule, or null. */
  follow(session: string, event: SessionEvent): string | null {
    if (event.type === 'SessionClosed') {
      for (const port of this.#held.get(session)?.values() ?? []) this.#holders.delete(port);
      this.#held.delete(session);
    }
    if (event.type === 'LegOpened') return this.#take(session, event.side, event.local);
    if (event.type === 'CopyStarted') return this.#take(session, copyOf(event.side, event.local), event.local);
    if (event.type === 'CopyStopped') this.#endCopies(session, event.side, event.local);
    return null;
  }

  #endCopies(session: string, side: Side, local: Address | null): void {
    const isEnded = (holding: Holding): boolean =>
      local === null ? holding.startsWith(`copy of ${side} `) : holding === copyOf(side, local);
    for (const holding of [...(this.#held.get(session)?.keys() ?? [])]) if (isEnded(holding)) this.#leave(session, holding);
  }

  #take(session: string, holding: Holding, { host, port: number }: Address): string | null {
    const port = `${host}:${number}`;
    const holder = this.#holders.get(port);
    this.#leave(session, holding); // A leg that moves has left its old port for this one.
    this.#holders.set(port, session);
    this.#held.set(session, (this.#held.get(session) ?? new Map<Holding, string>()).set(holding, port));
    return holder === undefined ? null : `${port} is opened for ${session} while ${holder} holds it`;
  }

  #leave(session: string, holding: Holding): void {
    const port = this.#held.get(session)?.get(holding);
    if (port === undefined) return;
    this.#holders.delete(port);
    this.#held.get(session)?.delete(holding);
  }

  get count(): number {
    return this.#holders.size;
  }
}
