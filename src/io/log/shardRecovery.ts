import { brokenInvariant } from '../../../model/invariants.js';
import { Fold } from '../../relay/events/fold.js';
import type { LogEntry } from '../../relay/events/logEntry.js';
import type { ExchangeRecord, LogRecord } from '../../relay/events/record.js';
import { Numbering } from './numbering.js';
import { type ExchangePlace, MOST_EXCHANGES, RecoverySieve } from './recoverySieve.js';
import { SegmentCursor } from './segmentCursor.js';

export type Problem = { readonly path: string; readonly offset: number | null; readonly text: string };

/** What was read of one shard. */
export type ShardRead = {
  readonly fold: Fold;
  /** The newest, oldest first. */
  readonly exchanges: readonly ExchangePlace[];
  readonly problems: readonly Problem[];
  /** Index of the segment that was begun with. */
  readonly begunIn: number;
};

/**
 * Folds the segments of one shard of one run, from the newest that tells all sessions as they were when it began; from the first if
 * none does. Segments are in the order of their numbers. Never throws.
 */
export function recoverShard(paths: readonly string[]): ShardRead {
  let begunIn = paths.length;
  let reading: ShardReading;
  let isWhole: boolean;
  do {
    begunIn = Math.max(0, begunIn - 1);
    reading = new ShardReading();
    isWhole = paths.slice(begunIn).every((path, i) => reading.take(path, i === 0 && begunIn > 0));
  } while (!isWhole && begunIn > 0);
  reading.finish();
  const { fold, problems, exchanges } = reading;
  return { fold, problems, begunIn, exchanges: exchanges.slice(-MOST_EXCHANGES) };
}

/** Where the newest commands and replies of a segment stand. */
export function findExchanges(path: string): readonly ExchangePlace[] {
  const sieve = new RecoverySieve(true);
  withCursor(path, sieve, new Numbering(), (cursor) => {
    for (let entry = cursor.next(true); entry !== null; ) entry = cursor.next(true);
  });
  return sieve.exchanges.slice(-MOST_EXCHANGES);
}

/** Reads them where they stand, which is all in one segment after the other. */
export function readExchanges(places: readonly ExchangePlace[]): readonly ExchangeRecord[] {
  const records: ExchangeRecord[] = [];
  for (const path of new Set(places.map((place) => place.path))) {
    withCursor(path, null, new Numbering(), (cursor) => {
      for (const { offset } of places.filter((place) => place.path === path)) {
        const entry = cursor.reread(offset);
        if (entry.kind === 'record' && entry.record.kind === 'exchange') records.push(entry.record);
      }
    });
  }
  return records;
}

/** Answers why the segment cannot be opened, or null. */
function withCursor(path: string, sieve: RecoverySieve | null, numbering: Numbering, use: (cursor: SegmentCursor) => void) {
  let cursor: SegmentCursor;
  try {
    cursor = new SegmentCursor(path, { numbering, ...(sieve !== null && { sieve }) });
  } catch (error) {
    return `cannot be read: ${(error as Error).message}`;
  }
  use(cursor);
  cursor.close();
  return null;
}

/** How far the snapshot is that a segment begins with. What happens while it is written stands between its records. */
type Opening =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'counting'; readonly snapshots: number }
  | { readonly kind: 'over' }
  | { readonly kind: 'broken' };

function follow(opening: Opening, entry: LogEntry): Opening {
  if (opening.kind === 'over' || opening.kind === 'broken' || entry.kind === 'segment') return opening;
  if (entry.kind !== 'record') return { kind: 'broken' };
  const { record } = entry;
  const snapshots = opening.kind === 'counting' ? opening.snapshots : 0;
  if (record.kind === 'snapshot') return { kind: 'counting', snapshots: snapshots + 1 };
  if (record.kind === 'base') return record.sessions === snapshots ? { kind: 'over' } : { kind: 'broken' };
  return opening.kind === 'counting' ? opening : { kind: 'broken' };
}

class ShardReading {
  readonly fold = new Fold();
  readonly problems: Problem[] = [];
  readonly exchanges: ExchangePlace[] = [];
  readonly #numbering = new Numbering();
  /** Sessions of which something cannot be right: until they are told anew they are left out. */
  readonly #leftOut = new Set<number>();

  /** Folds a segment. Answers false, and no more is to be folded, if it was to begin with all sessions and does not. */
  take(path: string, needsOpening: boolean): boolean {
    const sieve = new RecoverySieve(false);
    let opening: Opening = needsOpening ? { kind: 'beginning' } : { kind: 'over' };
    this.fold.beginSegment();
    const wrong = withCursor(path, sieve, this.#numbering, (cursor) => {
      for (let entry = cursor.next(true); entry !== null; entry = cursor.next(true)) {
        opening = follow(opening, entry);
        if (opening.kind === 'broken') return;
        // It has what the samples before it had.
        if (entry.kind === 'record' && entry.record.kind === 'snapshot') sieve.samples.delete(entry.record.session);
        this.#take(entry);
      }
    });
    if (wrong !== null) this.problems.push({ path, offset: null, text: wrong });
    if (opening.kind !== 'over') return false;
    this.exchanges.push(...sieve.exchanges);
    this.#takeSamples(path, sieve);
    return wrong === null || !needsOpening;
  }

  /** Leaves out what must not be taken up, whatever made it so. */
  finish(): void {
    for (const { session, call, snapshot } of this.fold.sessions.values()) {
      const wrong = brokenInvariant(snapshot.context, snapshot.value);
      if (wrong !== null) this.#leaveOut(session, call, '', null, wrong);
    }
  }

  #take(entry: LogEntry): void {
    if (entry.kind === 'problem') this.problems.push(entry);
    if (entry.kind !== 'record') return;
    const { record, path, offset } = entry;
    const session = 'session' in record ? record.session : null;
    if (session !== null && record.kind !== 'snapshot' && this.#leftOut.has(session)) return;
    const wrong = this.#fold(record);
    if (session === null) return;
    if (wrong === null) this.#leftOut.delete(session);
    else this.#leaveOut(session, 'call' in record ? record.call : null, path, offset, wrong);
  }

  #leaveOut(session: number, call: string | null, path: string, offset: number | null, wrong: string): void {
    this.#leftOut.add(session);
    this.fold.sessions.delete(session);
    const which = call === null ? '' : ` of call ${JSON.stringify(call)}`;
    const where = offset === null ? '' : `at byte ${offset} `;
    this.problems.push({ path, offset, text: `session ${session}${which} is left out: ${where}${wrong}` });
  }

  /** Answers why the record cannot be right, or null. */
  #fold(record: LogRecord): string | null {
    try {
      this.fold.take(record);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** The last sample of each session that is still there. */
  #takeSamples(path: string, { samples, lastAtMs, lastSeq }: RecoverySieve): void {
    this.fold.lastAtMs = Math.max(this.fold.lastAtMs, lastAtMs);
    this.fold.lastSeq = Math.max(this.fold.lastSeq, lastSeq);
    const offsets = [...samples].flatMap(([session, offset]) => (this.fold.sessions.has(session) ? [offset] : []));
    if (offsets.length === 0) return;
    withCursor(path, null, new Numbering(), (cursor) => {
      for (const offset of offsets.sort((a, b) => a - b)) this.#take(cursor.reread(offset));
    });
  }
}
