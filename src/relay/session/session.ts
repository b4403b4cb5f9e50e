import { type Address, type CallId, type Millis, millis } from '../../../model/kernel/index.js';
import type { SessionCommand } from '../../../model/session/command.js';
import type { Tally } from '../../../model/session/event.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { Counters } from '../../media/counters.js';
import { type LegIndex, rowOf } from '../../media/streams.js';
import type { Snapshot } from './apply.js';

/** A session as its shard holds it. */
export type Session = {
  /** Counts the sessions of the shard from 1, over all threads that have had it. */
  readonly session: number;
  readonly call: CallId;
  readonly tag: string;
  readonly slot: number;
  snapshot: Snapshot;
  touchedAt: Touches;
};

/** When a command last restarted the time of each side; packets are looked up in the counters. */
export type Touches = Readonly<Record<Side, Millis>>;

/** A description of either side restarts the time of both, a time to live that of the side it is for; nothing else is a sign of life. */
export function touchedBy(command: SessionCommand, before: Touches, now: Millis): Touches {
  if (command.type === 'Signal' || command.type === 'Negotiate') return { caller: now, callee: now };
  return command.type === 'SetTtl' ? { ...before, [command.side]: now } : before;
}

/** When each side was last heard of: a command, or a packet, see `heardAtMs` of its counters. */
export function heardAt({ slot, touchedAt }: Session, counters: Counters): Record<Side, Millis> {
  const of = (side: Side): Millis => {
    const [rtp, rtcp] = [rowOf(slot, legIndexOf(side), 0), rowOf(slot, legIndexOf(side), 1)];
    return millis(Math.max(touchedAt[side], counters.stream(rtp, 'heardAtMs'), counters.stream(rtcp, 'heardAtMs')));
  };
  return { caller: of('caller'), callee: of('callee') };
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

/** The local RTP addresses of all legs and copies: their pairs are in use. */
export function* addressesHeld(sessions: Iterable<Session>): Generator<Address> {
  for (const { snapshot } of sessions) {
    for (const side of SIDES) {
      const { local, copies } = snapshot.context.legs[side];
      if (local !== null) yield local;
      for (const copy of copies) yield copy.local;
    }
  }
}

export const legIndexOf = (side: Side): LegIndex => SIDES.indexOf(side) as LegIndex;
