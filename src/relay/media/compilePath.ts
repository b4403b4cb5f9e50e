import { COMPONENTS, otherSide, SIDES } from '../../../model/session/side.js';
import { isComplete, type SessionState } from '../../../model/session/state.js';
import type { MediaPlane } from '../../media/plane.js';
import { type ComponentIndex, type LegIndex, rowOf } from '../../media/streams.js';
import { clearSockaddr, encodeSockaddr } from '../../protocol/bytes/sockaddr.js';

/**
 * The meeting point of the two planes: makes the streams of a session do what its state says. Called after every change; writes every
 * row whole, so it does not matter what stood there before.
 */
export function compilePath(state: SessionState, slot: number, plane: MediaPlane): void {
  const relaying = isComplete(state) && state.closed === null;
  for (let leg = 0; leg < SIDES.length; leg++) {
    const { asymmetric, resizeMs, dtmf, ...components } = state.legs[SIDES[leg]!];
    for (let component = 0; component < COMPONENTS.length; component++) {
      const row = rowOf(slot, leg as LegIndex, component as ComponentIndex);
      const remote = components[COMPONENTS[component]!];
      const at = plane.remoteAt(row);
      if (remote.address === null) clearSockaddr(plane.engine.remotes, at);
      else encodeSockaddr(remote.address, plane.engine.remotes, at);
      const previous = plane.latch.previousAt(row);
      if (remote.previous !== null) encodeSockaddr(remote.previous, previous.words, previous.at);
      const signalledAtMs = remote.signalledAt ?? Number.NEGATIVE_INFINITY;
      plane.latch.install(row, { asymmetric, latched: remote.latched, hasPrevious: remote.previous !== null, signalledAtMs });
      if (component === 0) {
        plane.resizing.set(row, relaying ? resizeMs : null);
        plane.dtmf.set(row, dtmf);
      }
      // RTCP of the sender goes on: who hears a prompt is still told how well it would be heard.
      const prompt = component === 0 && state.legs[otherSide(SIDES[leg]!)].playback !== null;
      const wishes = { resize: resizeMs !== null, mute: state.fork !== null, prompt, dtmf: dtmf !== null };
      plane.route(row, relaying ? wishes : null);
    }
  }
}
