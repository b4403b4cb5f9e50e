import { brokenByEvent, brokenInvariant, PortsHeld } from '../../../model/invariants.js';
import type { SessionEvent } from '../../../model/session/event.js';
import { SIDES } from '../../../model/session/side.js';
import { NEW_SESSION } from '../session/apply.js';
import { asciiJson, firstDifference } from './difference.js';
import { Fold, type FoldedSession } from './fold.js';
import type { BaseRecord, LogRecord, SnapshotRecord, StepRecord } from './record.js';

const NO_PACKETS = { received: 0, relayed: 0, dropped: 0 } as const;

/** What one record did. */
export type Checked = {
  /** Its session as it was before; null: nothing is known of it, or the record is about no session. */
  readonly before: FoldedSession | null;
  /** Rules of the model that do not hold after it: the log, or the relay that wrote it, is wrong. */
  readonly broken: readonly string[];
};

/**
 * Folds the records of one shard of one run and holds them against the rules: those of the model after every event, no port pair twice,
 * numbers without gaps, and every snapshot as the events before it tell.
 */
export class ShardCheck {
  readonly fold = new Fold();
  /** Events that were taken. */
  events = 0;
  /** Sessions that began, or were met in a snapshot. */
  opened = 0;
  met = 0;
  readonly #name: string;
  /** All records of the shard are taken, not only those of one call. */
  readonly #isWhole: boolean;
  readonly #ports = new PortsHeld();
  #path = '';
  #lastSeq = 0;
  /** Records are missing: what is known of the sessions may be old until the next snapshot. */
  #isDoubtful = false;
  /** Those of the snapshot that the segment begins with, and those that began while it was written; null: it is whole. */
  #opening: { readonly sessions: Set<number>; snapshots: number } | null = null;

  /** `name`: of the shard, as it is shown. */
  constructor(name: string, isWhole: boolean) {
    this.#name = name;
    this.#isWhole = isWhole;
  }

  /** Never throws: a record that cannot have been written by this program, or by a sound one, is reported as broken. `path`: of its segment. */
  take(record: LogRecord, path: string): Checked {
    const broken: string[] = [];
    const before = 'session' in record ? (this.fold.sessions.get(record.session) ?? null) : null;
    // Segments of earlier versions begin with no snapshot.
    if (path !== this.#path && (record.kind === 'snapshot' || record.kind === 'base')) {
      this.#opening = { sessions: new Set(), snapshots: 0 };
      this.fold.beginSegment();
    }
    this.#number(record.seq, path, broken);
    try {
      if (record.kind === 'step') this.#takeStep(record, broken);
      else if (record.kind === 'snapshot') this.#takeSnapshot(record, before, broken);
      else {
        if (record.kind === 'base') this.#takeBase(record, broken);
        this.fold.take(record);
      }
    } catch (error) {
      broken.push(`${'call' in record ? record.call : `shard ${this.#name}`}: ${(error as Error).message}`);
    }
    return { before, broken };
  }

  #number(seq: number, path: string, broken: string[]): void {
    const isNewSegment = path !== this.#path;
    const expected = this.#lastSeq + 1;
    // A thread that took the place of another one in the same run may number its records anew, in a segment of its own.
    const isGap = this.#lastSeq > 0 && (seq > expected || (seq < expected && !isNewSegment));
    if (this.#isWhole && isGap) {
      this.#isDoubtful = true;
      if (seq < expected) broken.push(`record ${seq} of shard ${this.#name} stands behind record ${this.#lastSeq}`);
      else if (seq === expected + 1) broken.push(`record ${expected} of shard ${this.#name} is missing`);
      else broken.push(`records ${expected} to ${seq - 1} of shard ${this.#name} are missing`);
    }
    this.#path = path;
    this.#lastSeq = seq;
  }

  /** Event by event: a rule may be broken in the middle of a step. */
  #takeStep(record: StepRecord, broken: string[]): void {
    const { events, call, session } = record;
    for (const event of events) {
      this.events++;
      if (event.type === 'SessionOpened') {
        this.opened++;
        this.#opening?.sessions.add(session);
      }
      const before = this.fold.sessions.get(session);
      const folded = this.fold.take(events.length === 1 ? record : { ...record, events: [event] });
      const rule = folded === null ? null : this.#brokenBy(before, event, folded);
      if (rule !== null) broken.push(`${call}: ${rule}`);
      this.#followPorts(session, event, broken);
    }
  }

  #brokenBy(before: FoldedSession | undefined, event: SessionEvent, { snapshot: after }: FoldedSession): string | null {
    // Of a session whose snapshot is still to come nothing is known, and of one of which records are missing something else.
    const isKnown = !this.#isDoubtful && (before !== undefined || event.type === 'SessionOpened');
    const { context } = before?.snapshot ?? NEW_SESSION;
    const byEvent = isKnown ? brokenByEvent(context, event, after.context) : null;
    return byEvent ?? brokenInvariant(after.context, after.value);
  }

  #takeSnapshot(record: SnapshotRecord, before: FoldedSession | null, broken: string[]): void {
    const { call, session, phase, state, at } = record;
    if (this.#opening !== null) {
      this.#opening.sessions.add(session);
      this.#opening.snapshots++;
    }
    this.fold.take(record);
    const rule = brokenInvariant(state, phase);
    if (rule !== null) broken.push(`${call}: ${rule}`);
    if (before !== null && !this.#isDoubtful) {
      const { value, context } = before.snapshot;
      const differs = firstDifference({ call: before.call, phase: value, state: context }, { call, phase, state });
      if (differs === null) return;
      const [told, kept] = [asciiJson(differs.left), asciiJson(differs.right)];
      broken.push(`${call}: ${differs.at} of session ${this.#name}/${session} is ${told} by its events, ${kept} in the snapshot`);
    }
    if (before === null) this.met++;
    else this.#releasePorts(session, at);
    for (const side of SIDES) {
      const { local, copies } = state.legs[side];
      if (local !== null) this.#followPorts(session, { type: 'LegOpened', side, local, at }, broken);
      for (const copy of copies) this.#followPorts(session, { type: 'CopyStarted', side, ...copy, at }, broken);
    }
  }

  /** What has not ended and is not in the snapshot was lost, with what the log does not tell. */
  #takeBase({ sessions, at }: BaseRecord, broken: string[]): void {
    const opening = this.#opening;
    this.#opening = null;
    if (!this.#isWhole || opening === null) return;
    const found = opening.snapshots;
    if (found !== sessions && !this.#isDoubtful)
      broken.push(`a segment of shard ${this.#name} says that it begins with ${sessions} sessions, and has ${found}`);
    for (const { session, call } of this.fold.sessions.values()) {
      if (opening.sessions.has(session)) continue;
      if (!this.#isDoubtful)
        broken.push(`${call}: session ${this.#name}/${session} has not ended, and is not in the snapshot of the next segment`);
      this.#releasePorts(session, at);
    }
    this.#isDoubtful = false;
  }

  #followPorts(session: number, event: SessionEvent, broken: string[]): void {
    const twice = this.#ports.follow(`${this.#name}/${session}`, event);
    // Whoever holds it may have ended in a record that is missing.
    if (twice !== null && !this.#isDoubtful) broken.push(twice);
  }

  #releasePorts(session: number, at: SnapshotRecord['at']): void {
    const tally = { caller: NO_PACKETS, callee: NO_PACKETS };
    this.#ports.follow(`${this.#name}/${session}`, { type: 'SessionClosed', reason: 'defect', tally, at });
  }
}
