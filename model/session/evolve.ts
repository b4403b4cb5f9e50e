import { type Address, type Millis, sameAddress, udpPort, unreachable } from '../kernel/index.js';
import { legWith, stateWith } from './changed.js';
import type { DialogueEvent, SessionEvent } from './event.js';
import type { Recording } from './recording.js';
import type { Side } from './side.js';
import { type Copy, type Leg, NO_REMOTE, type References, type Remote, type SessionState } from './state.js';

/** What an event makes of the state. Total: an event is never refused. */
export function evolve(state: SessionState, event: SessionEvent): SessionState {
  switch (event.type) {
    case 'SessionOpened': {
      const { call, tag, setupTtlMs, ttlMs, independentTtl, networks, reference, at } = event;
      const caller = legWith(state.legs.caller, { network: networks.caller });
      const callee = legWith(state.legs.callee, { network: networks.callee });
      const references = withReference(state.references, reference, true);
      const legs = { caller, callee };
      return stateWith(state, { call, tag, setupTtlMs, ttlMs, independentTtl, openedAt: at, references, legs });
    }
    case 'NetworkChosen':
      return withLeg(state, event.side, { network: event.network });
    case 'LegOpened':
      return withLeg(state, event.side, { local: event.local });
    case 'RemoteSignalled':
      return withLeg(state, event.side, signalled(state.legs[event.side], event));
    case 'LegHeld':
      return withLeg(state, event.side, { held: true, holds: state.legs[event.side].holds + 1 });
    case 'SymmetryChanged':
      return withLeg(state, event.side, symmetry(state.legs[event.side], event.asymmetric));
    case 'CodecsOffered':
      return withLeg(state, event.side, { codecs: event.codecs });
    case 'ResizingChanged':
      return withLeg(state, event.side, { resizeMs: event.resizeMs });
    case 'TosChanged':
      return withLeg(state, event.side, { tos: event.tos });
    case 'TtlChanged':
      return withLeg(state, event.side, { ttlMs: event.ttlMs });
    case 'DtmfCatchChanged':
      return withLeg(state, event.side, { dtmf: event.dtmf });
    case 'CopyStarted':
      return withLeg(state, event.side, { copies: [...state.legs[event.side].copies, { to: event.to, local: event.local }] });
    case 'CopyStopped':
      return withLeg(state, event.side, { copies: copiesBut(state.legs[event.side].copies, event.local) });
    case 'PlaybackStarted':
      return withLeg(state, event.side, { playback: event.playback });
    case 'PlaybackEnded':
      return withLeg(state, event.side, { playback: null });
    case 'DtmfPlayed':
      return state;
    case 'RecordingStarted':
      return stateWith(state, { recordings: [...state.recordings, event.recording], recordingsBegun: event.recording.id });
    case 'RecordingNamed':
      return withRecording(state, event.recording, (recording) => ({ ...recording, files: event.files }));
    case 'RecordingStopped':
      return withRecording(state, event.recording, (recording) => withoutSides(recording, event.sides));
    case 'NotifyChanged':
      return stateWith(state, { notify: event.notify });
    case 'ForkStarted':
      return stateWith(state, { fork: event.source });
    case 'RemoteLatched':
      return withLeg(state, event.side, latched(state.legs[event.side], event));
    case 'SourceRefused':
      return withLeg(state, event.side, { refused: [...state.legs[event.side].refused, event.address] });
    case 'RemoteUnreachable': {
      const { unreachable: before } = state.legs[event.side];
      return withLeg(state, event.side, { unreachable: { ...before, [event.component]: event.address } });
    }
    case 'SessionRecovered':
      return stateWith(state, { recoveries: state.recoveries + 1 });
    case 'ReferenceTaken':
      return stateWith(state, { references: withReference(state.references, event.reference, true) });
    case 'ReferenceReleased':
      return stateWith(state, { references: withReference(state.references, event.reference, false) });
    case 'SessionClosed':
      return stateWith(state, { closed: event.reason });
    default:
      return evolveDialogue(state, event);
  }
}

/** What descriptions that a proxy hands over whole make of the state, and deletions that wait. */
function evolveDialogue(state: SessionState, event: DialogueEvent): SessionState {
  switch (event.type) {
    case 'DialogueChanged':
      return stateWith(state, { dialogue: event.dialogue });
    case 'PartyChanged':
      return withLeg(state, event.side, forgotten(state.legs[event.side]));
    case 'RemoteForgotten':
      return withLeg(state, event.side, unlearned(state.legs[event.side]));
    case 'SourcesChanged':
      return withLeg(state, event.side, { sources: event.sources });
    case 'MediaDescribed':
      return withLeg(state, event.side, { description: event.description });
    case 'OfferMade':
      return withLeg(state, event.side, { pending: { side: event.side, offer: event.offer, at: event.at } });
    case 'OfferClosed':
      return withLeg(state, event.side, { pending: null });
    case 'MutesChanged':
      return withLeg(state, event.side, { mutes: event.mutes });
    case 'DeletionSet':
      return stateWith(state, { deletion: { since: event.at, until: event.until, unlessHeard: event.unlessHeard } });
    case 'DeletionCancelled':
      return stateWith(state, { deletion: null });
    default:
      return unreachable(event);
  }
}

function withLeg(state: SessionState, side: Side, change: Partial<Leg>): SessionState {
  const { caller, callee } = state.legs;
  const legs = side === 'caller' ? { caller: legWith(caller, change), callee } : { caller, callee: legWith(callee, change) };
  return stateWith(state, { legs });
}

function withReference(references: References, which: keyof References, isHeld: boolean): References {
  const { strong, caller, callee } = references;
  if (which === 'strong') return { strong: isHeld, caller, callee };
  return which === 'caller' ? { strong, caller: isHeld, callee } : { strong, caller, callee: isHeld };
}

const copiesBut = (copies: readonly Copy[], local: Address | null): readonly Copy[] =>
  local === null ? [] : copies.filter((copy) => !sameAddress(copy.local, local));

/** `change` answers null for a recording that is complete. */
function withRecording(state: SessionState, id: number, change: (recording: Recording) => Recording | null): SessionState {
  const recordings = state.recordings.flatMap((recording) => (recording.id === id ? (change(recording) ?? []) : [recording]));
  return stateWith(state, { recordings });
}

function withoutSides(recording: Recording, sides: readonly Side[]): Recording | null {
  const left = recording.sides.filter((side) => !sides.includes(side));
  return left.length > 0 ? { ...recording, sides: left } : null;
}

const nextPort = (address: Address): Address => ({ host: address.host, port: udpPort((address.port + 1) % 65536) });

type RemoteSignalled = Extract<SessionEvent, { type: 'RemoteSignalled' }>;

function signalled(leg: Leg, { address, rtcp, moved, at }: RemoteSignalled): Partial<Leg> {
  const into = (remote: Remote, to: Address): Remote =>
    prefilled(moved ? { ...remote, latched: leg.asymmetric, untrusted: false } : remote, to, at);
  return {
    rtp: into(leg.rtp, address),
    rtcp: into(leg.rtcp, rtcp ?? nextPort(address)),
    held: false,
    lastSignal: rtcp === undefined ? { address, at } : { address, at, rtcp },
  };
}

/** Its ports stay, and what it is asked to do. */
function forgotten(leg: Leg): Partial<Leg> {
  const of = ({ address }: Remote): Remote => ({ ...NO_REMOTE, latched: leg.asymmetric, previous: address });
  return { rtp: of(leg.rtp), rtcp: of(leg.rtcp), strict: true, lastSignal: null, description: null, held: false, pending: null };
}

/** The same party: its packets are as good as anybody's. */
function unlearned({ asymmetric }: Leg): Partial<Leg> {
  const remote: Remote = { ...NO_REMOTE, latched: asymmetric };
  return { rtp: remote, rtcp: remote, strict: false, lastSignal: null };
}

/** An address learned from packets stays whatever signalling says; the time is noted all the same, because it opens the window. */
function prefilled(remote: Remote, address: Address, at: Millis): Remote {
  if (remote.address === null) return { ...remote, address };
  if (remote.untrusted || sameAddress(remote.address, address)) return { ...remote, signalledAt: at };
  return { ...remote, address, previous: remote.latched ? remote.address : remote.previous, signalledAt: at };
}

/** A leg that is not symmetric never learns: it counts as latched from the start. */
function symmetry(leg: Leg, asymmetric: boolean): Partial<Leg> {
  if (!asymmetric) return { asymmetric };
  return { asymmetric, rtp: { ...leg.rtp, latched: true }, rtcp: { ...leg.rtcp, latched: true } };
}

type RemoteLatched = Extract<SessionEvent, { type: 'RemoteLatched' }>;

function latched(leg: Leg, event: RemoteLatched): Partial<Leg> {
  const remote = leg[event.component];
  if (!event.learned) return { [event.component]: { ...remote, latched: event.latched } };
  const learned: Remote = { ...remote, address: event.address, latched: event.latched, untrusted: true };
  if (event.component === 'rtcp') return { rtcp: learned };
  return { rtp: learned, rtcp: guessedRtcp(leg, event.address) };
}

/** Where RTP moved to another host, RTCP most likely did too: to the next port (RFC 3550 §11), until its own packets say better. */
function guessedRtcp(leg: Leg, rtp: Address): Remote {
  if (leg.rtcp.address !== null && leg.rtcp.address.host === rtp.host) return leg.rtcp;
  return { ...leg.rtcp, address: nextPort(rtp), latched: leg.asymmetric };
}
