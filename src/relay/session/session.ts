import { type CallId, type Millis, millis } from '../../../model/kernel/index.js';
import type { Tally } from '../../../model/session/event.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { Counters } from '../../media/counters.js';
import { type LegIndex, rowOf } from '../../media/streams.js';
import type { Snapshot } from './apply.js';

/** A session as its shard holds it. */
export type Session = {
  /** Counts the sessions of a run of the shard. */
  readonly session: number;
  readonly call: CallId;
  readonly tag: string;
  readonly slot: number;
  snapshot: Snapshot;
  /** The last command; packets are looked up in the counters. */
  touchedAt: Millis;
};

/** When each side was last heard of: a command, or a packet of it that reached the send stage. */
export function heardAt({ slot, touchedAt }: Session, counters: Counters): Record<Side, Millis> {
  const of = (leg: LegIndex): Millis =>
    millis(
      Math.max(touchedAt, counters.stream(rowOf(slot, leg, 0), 'heardAtMs'), counters.stream(rowOf(slot, leg, 1), 'heardAtMs')),
    );
  return { caller: of(0), callee: of(1) };
}

/** The packets of each side, RTP and RTCP together. */
export function talliesOf({ slot }: Session, counters: Counters): Record<Side, Tally> {
  const of = (leg: LegIndex): Tally => {
    const sum = (name: 'received' | 'relayed' | 'dropped'): number =>
      counters.stream(rowOf(slot, leg, 0), name) + counters.stream(rowOf(slot, leg, 1), name);
    return { received: sum('received'), relayed: sum('relayed'), dropped: sum('dropped') };
  };
  return { caller: of(0), callee: of(1) };
}

export const legIndexOf = (side: Side): LegIndex => SIDES.indexOf(side) as LegIndex;
