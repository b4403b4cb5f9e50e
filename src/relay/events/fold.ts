import { type CallId, millis } from '../../../model/kernel/index.js';
import type { SessionEvent } from '../../../model/session/event.js';
import type { ShardCounter } from '../../media/counters.js';
import { apply, NEW_SESSION, type Snapshot } from '../session/apply.js';
import { type Touches, touchedBy } from '../session/session.js';
import type { LogRecord, SessionSample, StepRecord } from './record.js';

/** A session as the log tells it, up to the last record that was taken. */
export type FoldedSession = {
  readonly session: number;
  readonly call: CallId;
  readonly snapshot: Snapshot;
  readonly sample: SessionSample | null;
  readonly touchedAt: Touches;
};

/**
 * Folds the records of one run of one shard, in their order: what it holds at the end is what the shard held. Recovery, replay and
 * explanation all stand on it: it is the `apply` of the live relay, with the effects dropped.
 */
export class Fold {
  /** The sessions that have not ended, by number. */
  readonly sessions = new Map<number, FoldedSession>();
  /** Of the shard, as last told. */
  counters: Readonly<Partial<Record<ShardCounter, number>>> = {};
  /** Of the last record. */
  lastAtMs = 0;
  lastSeq = 0;
  /** Sessions that began and ended since the counters were told. */
  openedSince = 0;
  closedSince = 0;
  /** The sessions of the snapshot that a segment begins with, and those that began meanwhile; null: the snapshot is whole. */
  #opening: { readonly sessions: Set<number>; snapshots: number } | null = null;
  /** Whether the shard ended as it was told to. */
  isEnded = false;

  /** A segment begins: the snapshot of every session follows, with what happens meanwhile in between. */
  beginSegment(): void {
    this.#opening = { sessions: new Set(), snapshots: 0 };
  }

  /**
   * Answers what the session of the record is after it, or null where the record is about no session. Throws where an event cannot follow
   * what is known: the log, or the relay that wrote it, is wrong.
   */
  take(record: LogRecord): FoldedSession | null {
    this.lastAtMs = Math.max(this.lastAtMs, record.at);
    this.lastSeq = Math.max(this.lastSeq, record.seq);
    switch (record.kind) {
      case 'step':
        this.#count(record.events);
        return this.#step(record);
      case 'snapshot': {
        const { session, call, phase, state, sample } = record;
        if (this.#opening !== null) {
          this.#opening.sessions.add(session);
          this.#opening.snapshots++;
        }
        return this.#put(session, call, { snapshot: { value: phase, context: state }, sample, touchedAt: sample.touchedAt });
      }
      case 'sample': {
        const known = this.sessions.get(record.session);
        return known === undefined
          ? null
          : this.#put(known.session, known.call, {
              sample: record.sample,
              touchedAt: later(known.touchedAt, record.sample.touchedAt),
            });
      }
      case 'base':
        this.#endOpening(record.sessions);
        this.#countFrom(record.counters);
        return null;
      case 'vitals':
        this.#countFrom(record.counters);
        return null;
      case 'exchange':
      case 'recording':
        return null;
      case 'end':
        this.isEnded = true;
        return null;
    }
  }

  /** Where the snapshot is whole, what is not in it is gone, though its end may be among records that were lost. */
  #endOpening(snapshots: number): void {
    const opening = this.#opening;
    this.#opening = null;
    if (opening === null || opening.snapshots !== snapshots) return;
    for (const session of this.sessions.keys()) if (!opening.sessions.has(session)) this.sessions.delete(session);
  }

  #count(events: readonly SessionEvent[]): void {
    for (const { type } of events) {
      if (type === 'SessionOpened') this.openedSince++;
      else if (type === 'SessionClosed') this.closedSince++;
    }
  }

  #countFrom(counters: Readonly<Partial<Record<ShardCounter, number>>>): void {
    this.counters = counters;
    this.openedSince = 0;
    this.closedSince = 0;
  }

  #step({ session, call, at, command, events, refusal }: StepRecord): FoldedSession {
    const known = this.sessions.get(session);
    if (events[0]?.type === 'SessionOpened') this.#opening?.sessions.add(session);
    // Its snapshot is still to come, and has it.
    else if (known === undefined && this.#opening !== null) return { ...NOT_BEGUN, session, call };
    const { snapshot } = apply(known?.snapshot ?? NEW_SESSION, events);
    const before = known?.touchedAt ?? { caller: at, callee: at };
    return this.#put(session, call, { snapshot, touchedAt: refusal === undefined ? touchedBy(command, before, at) : before });
  }

  #put(session: number, call: CallId, news: Partial<FoldedSession>): FoldedSession {
    const folded: FoldedSession = { ...(this.sessions.get(session) ?? NOT_BEGUN), session, call, ...news };
    if (folded.snapshot === NEW_SESSION) return folded; // It was refused before it began.
    if (folded.snapshot.context.closed !== null) this.sessions.delete(session);
    else this.sessions.set(session, folded);
    return folded;
  }
}

/** A reader may take a sample later than it was written. */
const later = (a: Touches, b: Touches): Touches => ({
  caller: millis(Math.max(a.caller, b.caller)),
  callee: millis(Math.max(a.callee, b.callee)),
});

const NEVER = millis(0);
const NOT_BEGUN = { snapshot: NEW_SESSION, sample: null, touchedAt: { caller: NEVER, callee: NEVER } } as const;
