import type { CloseReason } from '../../../model/session/event.js';
import { isComplete, isSubscription, type SessionState } from '../../../model/session/state.js';
import type { Counters } from '../../media/counters.js';
import type { MediaPlane } from '../../media/plane.js';
import { type ComponentIndex, rowOf } from '../../media/streams.js';

/** Adds what a session leaves behind when it ends to the counters of its shard. Its streams must not have been cleared yet. */
export function countClosed(state: SessionState, slot: number, nowMs: number, plane: MediaPlane): void {
  const { counters } = plane;
  counters.addToShard('sessionsClosed', 1);
  counters.addToShard('secondsOfSessions', Math.max(0, nowMs - state.openedAt) / 1000);
  if (state.closed === ('timeout' satisfies CloseReason)) counters.addToShard('sessionsTimedOut', 1);
  // Whoever is sent a copy has nothing to say.
  if (isComplete(state) && !isSubscription(state)) {
    countSilence(counters, slot, 0, 'sessionsWithoutRtp', 'sessionsOneWayRtp');
    countSilence(counters, slot, 1, 'sessionsWithoutRtcp', 'sessionsOneWayRtcp');
  }
  for (const leg of [0, 1] as const) {
    const row = rowOf(slot, leg, 0);
    if (plane.analysis.isSilent(row)) continue;
    const stream = plane.analysis.read(row);
    counters.addToShard('rtpSent', stream.nsent);
    counters.addToShard('rtpReceived', stream.nrcvd);
    counters.addToShard('rtpDuplicates', stream.ndups);
    counters.addToShard('rtpLost', stream.nlost);
    counters.addToShard('rtpParseErrors', stream.perrs);
  }
}

function countSilence(
  counters: Counters,
  slot: number,
  component: ComponentIndex,
  without: 'sessionsWithoutRtp' | 'sessionsWithoutRtcp',
  oneWay: 'sessionsOneWayRtp' | 'sessionsOneWayRtcp',
): void {
  const heard = ([0, 1] as const).filter((leg) => counters.stream(rowOf(slot, leg, component), 'received') > 0).length;
  if (heard === 0) counters.addToShard(without, 1);
  else if (heard === 1) counters.addToShard(oneWay, 1);
}
