import { COMPONENTS, otherSide, SIDES, type Side } from '../../../model/session/side.js';
import { isComplete, isMuxed, type Leg, type SessionState } from '../../../model/session/state.js';
import type { MediaPlane } from '../../media/plane.js';
import { type ComponentIndex, type LegIndex, rowOf } from '../../media/streams.js';
import { clearSockaddr, encodeSockaddr } from '../../protocol/bytes/sockaddr.js';
import { codecsSentBy, telephoneEventOf } from './codecs.js';

/**
 * The meeting point of the two planes: makes the streams of a session do what its state says. Called after every change; writes every
 * row whole, so it does not matter what stood there before.
 */
export function compilePath(state: SessionState, slot: number, plane: MediaPlane): void {
  const relaying = isComplete(state) && state.closed === null;
  for (let leg = 0; leg < SIDES.length; leg++) {
    const side = SIDES[leg]!;
    for (let component = 0; component < COMPONENTS.length; component++) {
      const row = rowOf(slot, leg as LegIndex, component as ComponentIndex);
      installRemote(state.legs[side], component as ComponentIndex, row, plane);
      if (component === 0) installSound(state, side, row, plane, relaying);
      plane.route(row, relaying ? wishesOf(state, side, component as ComponentIndex) : null);
    }
  }
}

function installRemote(leg: Leg, component: ComponentIndex, row: number, plane: MediaPlane): void {
  const remote = leg[COMPONENTS[component]!];
  const at = plane.remoteAt(row);
  if (remote.address === null) clearSockaddr(plane.engine.remotes, at);
  else encodeSockaddr(remote.address, plane.engine.remotes, at);
  const previous = plane.latch.previousAt(row);
  if (remote.previous !== null) encodeSockaddr(remote.previous, previous.words, previous.at);
  const signalledAtMs = remote.signalledAt ?? Number.NEGATIVE_INFINITY;
  const { asymmetric, strict, sources } = leg;
  const hasPrevious = remote.previous !== null;
  plane.latch.install(row, { asymmetric, latched: remote.latched, hasPrevious, signalledAtMs, strict, sources });
}

/** What of the RTP of a side depends on what is in it. */
function installSound(state: SessionState, side: Side, row: number, plane: MediaPlane, relaying: boolean): void {
  const { resizeMs } = state.legs[side];
  plane.resizing.set(row, relaying ? resizeMs : null);
  plane.dtmf.set(row, digitsOf(state, side));
  if (state.dialogue !== null) plane.sources.setCodecs(row, codecsSentBy(state, side));
}

/** Whose digits are told: somebody asked for them, or the call has an owner, who is told of all that happens. */
function digitsOf(state: SessionState, side: Side): { readonly payloadType: number; readonly swallow: boolean } | null {
  const { dtmf } = state.legs[side];
  if (dtmf !== null) return dtmf;
  if (state.dialogue === null || state.dialogue.owner === null) return null;
  const payloadType = telephoneEventOf(state, side);
  return payloadType === null ? null : { payloadType, swallow: false };
}

/** `side`: whose packets come in on the row. */
function wishesOf(state: SessionState, side: Side, component: ComponentIndex) {
  const { resizeMs, mutes } = state.legs[side];
  const other = state.legs[otherSide(side)];
  const isRtp = component === 0;
  const isMuted = mutes.includes('blocked') || mutes.includes('branch');
  return {
    resize: resizeMs !== null,
    mute: state.fork !== null,
    // RTCP of the sender goes on: who hears a prompt is still told how well it would be heard. Nothing is recorded meanwhile where rtpproxy
    // does not; the clients of rtpengine want to have all.
    prompt: isRtp && other.playback !== null && state.dialogue === null,
    drown: isRtp && other.playback !== null && state.dialogue !== null,
    // As rtpproxy has it, who asked for them hears nothing of them while a prompt is heard; an owner is told of all.
    dtmf: isRtp && state.legs[side].dtmf !== null,
    keys: isRtp && state.legs[side].dtmf === null && digitsOf(state, side) !== null,
    block: isRtp && isMuted,
    silence: isRtp && mutes.includes('silenced'),
    blockDtmf: isRtp && mutes.includes('dtmf'),
    demux: isMuxed(state, side),
    mux: isMuxed(state, otherSide(side)),
  };
}
