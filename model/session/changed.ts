import type { Leg, SessionState } from './state.js';

// Copies with some fields changed. Each names every field, so that all copies have one shape: objects made by spreading others get a shape of
// their own at every place, and a state that comes by many of them costs five times as much, to make and to read.

/** `change` undefined: as before. */
const or = <T>(change: T | undefined, before: T): T => (change === undefined ? before : change);

/** A leg with these fields changed. */
export const legWith = (leg: Leg, change: Partial<Leg>): Leg => ({
  network: or(change.network, leg.network),
  local: or(change.local, leg.local),
  rtp: or(change.rtp, leg.rtp),
  rtcp: or(change.rtcp, leg.rtcp),
  asymmetric: or(change.asymmetric, leg.asymmetric),
  codecs: or(change.codecs, leg.codecs),
  held: or(change.held, leg.held),
  holds: or(change.holds, leg.holds),
  resizeMs: or(change.resizeMs, leg.resizeMs),
  tos: or(change.tos, leg.tos),
  ttlMs: or(change.ttlMs, leg.ttlMs),
  dtmf: or(change.dtmf, leg.dtmf),
  mutes: or(change.mutes, leg.mutes),
  description: or(change.description, leg.description),
  strict: or(change.strict, leg.strict),
  sources: or(change.sources, leg.sources),
  pending: or(change.pending, leg.pending),
  copies: or(change.copies, leg.copies),
  playback: or(change.playback, leg.playback),
  refused: or(change.refused, leg.refused),
  unreachable: or(change.unreachable, leg.unreachable),
  lastSignal: or(change.lastSignal, leg.lastSignal),
});

/** A state with these fields changed. */
export const stateWith = (state: SessionState, change: Partial<SessionState>): SessionState => ({
  call: or(change.call, state.call),
  tag: or(change.tag, state.tag),
  openedAt: or(change.openedAt, state.openedAt),
  setupTtlMs: or(change.setupTtlMs, state.setupTtlMs),
  ttlMs: or(change.ttlMs, state.ttlMs),
  independentTtl: or(change.independentTtl, state.independentTtl),
  notify: or(change.notify, state.notify),
  fork: or(change.fork, state.fork),
  recordings: or(change.recordings, state.recordings),
  recordingsBegun: or(change.recordingsBegun, state.recordingsBegun),
  legs: or(change.legs, state.legs),
  references: or(change.references, state.references),
  dialogue: or(change.dialogue, state.dialogue),
  deletion: or(change.deletion, state.deletion),
  recoveries: or(change.recoveries, state.recoveries),
  closed: or(change.closed, state.closed),
});
