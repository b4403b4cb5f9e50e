import { type CallId, type Millis, millis, ok, type Result } from '../../../model/kernel/index.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { Errno } from '../../media/engine.js';
import type { MediaPlane } from '../../media/plane.js';
import { ROWS_PER_SESSION } from '../../media/streams.js';
import type { FoldedSession } from '../events/fold.js';
import type { SessionSample } from '../events/record.js';
import type { Clock } from '../ports.js';
import type { Snapshot } from './apply.js';
import type { LegSockets } from './legSockets.js';
import { heardAt, type Session, type Touches } from './session.js';
import type { Slots } from './slots.js';

/** A session that is to be taken up again, as the log tells it. */
export type LostSession = {
  readonly call: CallId;
  readonly snapshot: Snapshot;
  readonly sample: SessionSample | null;
  readonly touchedAt: Touches;
  /**
   * Its number, and where its counters still stand, where only its thread has died; `slot` null: nowhere, as it had ended, and its thread
   * died before it could say so. Null: it gets a new number. Without a slot it gets one, and counters from the sample.
   */
  readonly place: { readonly session: number; readonly slot: number | null } | null;
};

/**
 * The sessions of a log as they are to be taken up. `slotOf`: where only its thread has died, where the counters of a session still stand,
 * or null; undefined: it was not only the thread. Where a Call-ID has several sessions, the oldest that matches is meant, so they come in the
 * order in which they began.
 */
export function lostSessions(
  folded: Iterable<FoldedSession>,
  slotOf: (session: number) => number | null | undefined = () => undefined,
): LostSession[] {
  return [...folded]
    .sort((a, b) => a.snapshot.context.openedAt - b.snapshot.context.openedAt || a.session - b.session)
    .map(({ session, ...rest }) => {
      const slot = slotOf(session);
      return { ...rest, place: slot === undefined ? null : { session, slot } };
    });
}

export type RecoveryWorld = {
  readonly plane: MediaPlane;
  readonly slots: Slots;
  readonly sockets: LegSockets;
  readonly clock: Clock;
  /** Makes a session one of the shard. */
  readonly admit: (session: Session) => void;
  readonly armIdleTimer: (session: Session) => void;
  /** Makes sockets and streams what the state of the session says. */
  readonly install: (session: Session) => void;
};

/** Takes up sessions that a crash has left behind. */
export class Recovery {
  readonly #world: RecoveryWorld;
  /** The legs of a session that have their ports again. */
  readonly #bound = new WeakMap<Session, Set<Side>>();

  constructor(world: RecoveryWorld) {
    this.#world = world;
  }

  /**
   * Makes sessions those of this shard, as they were: it is as if the `downMs` since then had not passed. They hold no ports until `rebind`.
   * Before anything else is asked of the shard. Answers those for which there is room.
   */
  adopt(lost: readonly LostSession[], downMs: number): readonly Session[] {
    const { slots, plane } = this.#world;
    slots.reserve(new Set(lost.flatMap(({ place }) => place?.slot ?? [])));
    const sessions = lost.flatMap((each) => this.#adopt(each, downMs) ?? []);
    // Those of a dead thread were counted before. Never fewer in between: others read it, and a relay that ends with its last session must not.
    plane.counters.setShard('sessionsActive', sessions.length);
    return sessions;
  }

  #adopt({ call, snapshot, sample, touchedAt, place }: LostSession, downMs: number): Session | null {
    const { plane, slots, clock, admit, armIdleTimer } = this.#world;
    const { counters } = plane;
    const slot = place?.slot ?? slots.take();
    if (slot === null) return null;
    const hasCounters = place !== null && place.slot !== null;
    if (!hasCounters) plane.clear(slot);
    if (place === null) counters.addToShard('lastSession', 1);
    for (let i = 0; i < ROWS_PER_SESSION; i++) {
      const row = slot * ROWS_PER_SESSION + i;
      const saved = sample?.streams[i] ?? null;
      // What the counters say is newer than the sample, where they have outlived the thread.
      if (saved !== null) plane.restore(row, hasCounters ? { ...saved, counters: counters.saveStream(row) } : saved);
    }
    const { tag } = snapshot.context;
    const number = place?.session ?? counters.shard('lastSession');
    const session: Session = { session: number, call, tag, slot, snapshot, touchedAt };
    const heard = heardAt(session, counters);
    // What a thread had heard outlives it, and may be newer than what it wrote last, from where `downMs` counts.
    const moved = (atMs: Millis): Millis => millis(Math.min(atMs + downMs, clock()));
    session.touchedAt = { caller: moved(heard.caller), callee: moved(heard.callee) };
    admit(session);
    armIdleTimer(session);
    return session;
  }

  /**
   * Gives an adopted session its ports again, and lets it relay. Answers the errno that stands in the way; EADDRINUSE may pass. What it has
   * by then it keeps: whoever does not try again ends the session.
   */
  rebind(session: Session): Result<void, Errno> {
    const { sockets, install } = this.#world;
    const bound = this.#bound.get(session) ?? new Set<Side>();
    this.#bound.set(session, bound);
    for (const side of SIDES) {
      const { local } = session.snapshot.context.legs[side];
      if (local === null || bound.has(side)) continue;
      const rebound = sockets.rebind(session.slot, side, local);
      if (!rebound.ok) return rebound;
      bound.add(side);
    }
    install(session);
    return ok(undefined);
  }
}
