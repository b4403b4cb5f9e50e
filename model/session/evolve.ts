import { type Address, type Millis, sameAddress, udpPort, unreachable } from '../kernel/index.js';
import type { SessionEvent } from './event.js';
import type { Recording } from './recording.js';
import type { Side } from './side.js';
import type { Copy, Leg, Remote, SessionState } from './state.js';

/** What an event makes of the state. Total: an event is never refused. */
export function evolve(state: SessionState, event: SessionEvent): SessionState {
  switch (event.type) {
    case 'SessionOpened': {
      const { call, tag, setupTtlMs, ttlMs, independentTtl, networks, reference, at } = event;
      const caller = { ...state.legs.caller, network: networks.caller };
      const callee = { ...state.legs.callee, network: networks.callee };
      const references = { ...state.references, [reference]: true };
      return { ...state, call, tag, setupTtlMs, ttlMs, independentTtl, openedAt: at, references, legs: { caller, callee } };
    }
    case 'NetworkChosen':
      return withLeg(state, event.side, { network: event.network });
    case 'LegOpened':
      return withLeg(state, event.side, { local: event.local });
    case 'RemoteSignalled':
      return withLeg(state, event.side, signalled(state.legs[event.side], event.address, event.at));
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
    case 'RecordingStarted':
      return { ...state, recordings: [...state.recordings, event.recording], recordingsBegun: event.recording.id };
    case 'RecordingNamed':
      return withRecording(state, event.recording, (recording) => ({ ...recording, files: event.files }));
    case 'RecordingStopped':
      return withRecording(state, event.recording, (recording) => withoutSides(recording, event.sides));
    case 'NotifyChanged':
      return { ...state, notify: event.notify };
    case 'ForkStarted':
      return { ...state, fork: event.source };
    case 'RemoteLatched':
      return withLeg(state, event.side, latched(state.legs[event.side], event));
    case 'SourceRefused':
      return withLeg(state, event.side, { refused: [...state.legs[event.side].refused, event.address] });
    case 'RemoteUnreachable': {
      const { unreachable: before } = state.legs[event.side];
      return withLeg(state, event.side, { unreachable: { ...before, [event.component]: event.address } });
    }
    case 'SessionRecovered':
      return { ...state, recoveries: state.recoveries + 1 };
    case 'ReferenceTaken':
      return { ...state, references: { ...state.references, [event.reference]: true } };
    case 'ReferenceReleased':
      return { ...state, references: { ...state.references, [event.reference]: false } };
    case 'SessionClosed':
      return { ...state, closed: event.reason };
    default:
      return unreachable(event);
  }
}

function withLeg(state: SessionState, side: Side, change: Partial<Leg>): SessionState {
  return { ...state, legs: { ...state.legs, [side]: { ...state.legs[side], ...change } } };
}

const copiesBut = (copies: readonly Copy[], local: Address | null): readonly Copy[] =>
  local === null ? [] : copies.filter((copy) => !sameAddress(copy.local, local));

/** `change` answers null for a recording that is complete. */
function withRecording(state: SessionState, id: number, change: (recording: Recording) => Recording | null): SessionState {
  return {
    ...state,
    recordings: state.recordings.flatMap((recording) => (recording.id === id ? (change(recording) ?? []) : [recording])),
  };
}

function withoutSides(recording: Recording, sides: readonly Side[]): Recording | null {
  const left = recording.sides.filter((side) => !sides.includes(side));
  return left.length > 0 ? { ...recording, sides: left } : null;
}

const nextPort = (address: Address): Address => ({ host: address.host, port: udpPort((address.port + 1) % 65536) });

function signalled(leg: Leg, address: Address, at: Millis): Partial<Leg> {
  return {
    rtp: prefilled(leg.rtp, address, at),
    rtcp: prefilled(leg.rtcp, nextPort(address), at),
    held: false,
    lastSignal: { address, at },
  };
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
