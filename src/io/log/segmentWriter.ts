import type { SegmentHeader } from '../../relay/events/logEntry.js';
import type { DecisionSetting, EndRecord, LogRecord } from '../../relay/events/record.js';
import type { EventLog } from '../../relay/ports.js';
import { Frames } from './frames.js';
import { SEGMENT_VERSION } from './segment.js';
import { CHUNK_BYTES, closeSegmentFile, isTakenAway, newestNumber, openSegmentFile, type SegmentFile } from './segmentFile.js';

/** After a failure the disk is left in peace for so long; a segment that fails so soon is not followed by the next at once. */
const RETRY_MS = 1000;
/** A segment stays the last one until it is so many times as long as what it began with: a snapshot must not be most of the log. */
const GROWTH = 4;
/** So many records of a snapshot are written at a time: a shard with thousands of sessions must not stand still for them. */
const OPENING_RECORDS = 64;
/** What the system says of a disk that is full or broken. */
const PASSES = /^(ENOSPC|EDQUOT|EIO):/;
const NOTHING: readonly string[] = [];

export type SegmentWriterOptions = {
  readonly folder: string;
  readonly shard: number;
  /** How many shards the run has. */
  readonly shards: number;
  /** When the run of the relay began, milliseconds: the same in all its shards. */
  readonly run: number;
  /** Of the program, as it stands in the header. */
  readonly program: string;
  readonly setting: DecisionSetting;
  /** Milliseconds since the Unix epoch, never stepping back. */
  readonly now: () => number;
  /** A segment that has grown beyond this is followed by the next. */
  readonly segmentBytes: number;
  /** So is one that has been written to and is so old. */
  readonly segmentAgeMs: number;
  /** Every session as it is, numbered on from the last record, and the `base` record behind them. */
  readonly snapshot: () => Iterable<LogRecord>;
  /** Told of every failure: how many records are lost by it (0: none yet) and the reason. Must not call the writer. */
  readonly onError: (records: number, reason: string) => void;
  /** After failures, a new segment holds everything that is: how many records the history lacks. */
  readonly onResume?: (recordsLost: number) => void;
  /** The next segment is written; null: it is the first. */
  readonly onSegment?: (closedPath: string | null, newPath: string) => void;
  /** How many records of a snapshot are written at a time where the shard goes on meanwhile. */
  readonly openingRecords?: number;
};

/**
 * The event log of one shard: append-only segments, each of which can be understood by itself. A new process begins a new segment, so that
 * the torn end a crash may have left stays the end of its file. Records are gathered and written together.
 *
 * `append` may be called in the middle of a step, all else only between steps: a snapshot taken before a step is applied, and written
 * behind its record, would lose it.
 */
export class SegmentWriter implements EventLog {
  readonly #options: SegmentWriterOptions;
  readonly #frames = new Frames();
  /** Null: nothing can be written now. */
  #segment: SegmentFile | null = null;
  #isOpen = false;
  #path: string | null = null;
  #number = 0;
  /** Bytes of the segment. */
  #bytes = 0;
  /** What is still to be written of the snapshot that the segment begins with; null: nothing. */
  #opening: Iterator<LogRecord> | null = null;
  #openingBytes = 0;
  /** Records that came while there was no segment, and were not told of yet. */
  #missed = 0;
  /** Records that the history lacks since it was last whole. */
  #lost = 0;
  /** Why something is amiss; null: nothing is. As long as it is not null, a new segment is wanted. */
  #trouble: string | null = null;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #lookedAtMs = 0;
  /** Records written since it was last seen that the file is there. */
  #sinceLook = 0;
  #dirty: string[] = [];

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
  }

  get waiting(): boolean {
    return this.#frames.count > 0 || this.#missed > 0;
  }

  /**
   * Begins the first segment of this run; the folder is made where it is missing. What is appended before is not written: the snapshot has
   * it. Throws where that cannot be done, and says which folder and why; a disk that is full or broken is no reason, as it is none later.
   */
  begin(): void {
    const nowMs = this.#options.now();
    try {
      this.#begin(nowMs);
    } catch (error) {
      const { message } = error as Error;
      if (!PASSES.test(message)) throw new Error(`event log in ${this.#options.folder}: ${message}`);
      this.#retryAtMs = nowMs + RETRY_MS;
      this.#lose(0, message);
    }
    this.#isOpen = true;
  }

  append(record: LogRecord): void {
    if (!this.#isOpen) return;
    if (this.#segment === null) {
      this.#missed++;
      return;
    }
    const refused = this.#frames.add(record);
    if (refused !== null) this.#lose(1, refused);
    else if (this.#frames.length >= CHUNK_BYTES) this.#write();
  }

  flush(): void {
    if (!this.#isOpen) return;
    const nowMs = this.#options.now();
    this.#open();
    if (this.waiting && nowMs - this.#lookedAtMs >= RETRY_MS) this.#look(nowMs);
    this.#write();
    // Also where nothing waits: a long batch may have been written, or have failed, before its step was over.
    if (this.#isNextDue(nowMs)) this.#next(nowMs);
    this.#tellMissed();
  }

  /** Begins the next segment if it is time for that, and there is something to put away. Answers when to be called again, as `now`. */
  turn(nowMs: number): number {
    if (!this.#isOpen) return Number.POSITIVE_INFINITY;
    this.#open();
    if (this.#isNextDue(nowMs)) {
      this.#write();
      this.#next(nowMs);
      this.#tellMissed();
    }
    if (this.#opening !== null) return nowMs;
    return Math.max(this.#retryAtMs, this.#trouble === null ? this.#agedAtMs() : 0);
  }

  /** Goes on with the snapshot of a segment. What happens meanwhile stands between its records; whoever reads it knows. */
  #open(): void {
    if (this.#opening === null || this.#segment === null) return;
    const { openingRecords = OPENING_RECORDS } = this.#options;
    for (let i = 0; i < openingRecords; i++) {
      const { value, done } = this.#opening.next();
      if (done === true) {
        this.#opening = null;
        this.#openingBytes = this.#bytes + this.#frames.length;
        break;
      }
      const refused = this.#frames.add(value);
      if (refused !== null) this.#lose(1, refused);
    }
    this.#write();
  }

  /** Writes that the shard has ended as it was told to, and closes. */
  end(record: EndRecord): void {
    if (!this.#isOpen) return;
    this.#write();
    // The last chance, whenever the one before was.
    if (this.#segment === null) this.#next(this.#options.now());
    // A snapshot just taken has numbers behind the one that was meant for the end.
    this.append({ ...record, seq: Math.max(record.seq, (this.#segment?.openingSeq ?? 0) + 1) });
    this.close();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#write();
    this.#tellMissed();
    this.#isOpen = false;
    this.#leave();
  }

  /** The files that were written to since this was last asked, which may not be on disk yet. */
  takeDirty(): readonly string[] {
    if (this.#dirty.length === 0) return NOTHING;
    const taken = this.#dirty;
    this.#dirty = [];
    return taken;
  }

  #write(): void {
    const { count } = this.#frames;
    if (this.#segment === null || count === 0) return;
    const { bytes, lost, reason } = this.#frames.write(this.#segment.fd);
    this.#bytes += bytes;
    this.#sinceLook += count;
    if (bytes > 0) this.#soil(this.#segment.path);
    if (reason !== null) this.#giveUp(lost, reason);
  }

  #look(nowMs: number): void {
    if (this.#segment !== null && isTakenAway(this.#segment)) {
      this.#giveUp(this.#sinceLook + this.#frames.count, `${this.#segment.path} was taken away`);
      this.#frames.clear();
    }
    this.#lookedAtMs = nowMs;
    this.#sinceLook = 0;
  }

  /** What stands half-written is a torn end, and has to stay the end of its file. */
  #giveUp(lost: number, reason: string): void {
    this.#lose(lost, reason);
    this.#leave();
  }

  #lose(records: number, reason: string): void {
    this.#trouble = reason;
    this.#lost += records;
    if (this.#segment !== null) this.#retryAtMs = Math.max(this.#retryAtMs, this.#segment.openedAtMs + RETRY_MS);
    this.#options.onError(records, reason);
  }

  #tellMissed(): void {
    const records = this.#missed;
    this.#missed = 0;
    if (records > 0) this.#lose(records, this.#trouble ?? 'it could not be written for a while');
  }

  #isNextDue(nowMs: number): boolean {
    if (nowMs < this.#retryAtMs) return false;
    if (this.#segment === null || this.#trouble !== null) return true;
    if (this.#opening !== null) return false;
    const { segmentBytes } = this.#options;
    return this.#bytes > Math.max(segmentBytes, GROWTH * this.#openingBytes) || nowMs >= this.#agedAtMs();
  }

  /** When the segment is too old; Infinity: nothing was written to it but what it began with, and nothing would be won by another. */
  #agedAtMs(): number {
    if (this.#segment === null || this.#bytes === this.#openingBytes) return Number.POSITIVE_INFINITY;
    return this.#segment.openedAtMs + this.#options.segmentAgeMs;
  }

  /** Begins the next segment. Where that fails and there is one, it is gone on with: it may grow, but nothing is lost. */
  #next(nowMs: number): void {
    try {
      this.#begin(nowMs);
    } catch (error) {
      this.#retryAtMs = nowMs + RETRY_MS;
      const records = this.#missed;
      this.#missed = 0;
      this.#lose(records, (error as Error).message);
    }
  }

  #begin(nowMs: number): void {
    const { folder, shard, shards, run, program, setting, snapshot, onError, onSegment, onResume } = this.#options;
    const header: SegmentHeader = { shard, run, startedAt: nowMs, version: SEGMENT_VERSION, shards, program, setting };
    const isFresh = this.#path === null || this.#trouble !== null; // Somebody may have changed the folder.
    const number = (isFresh ? Math.max(this.#number, newestNumber(folder, shard)) : this.#number) + 1;
    // At the start nobody waits, and after trouble nothing is as important: then it is written at once.
    const isAtOnce = isFresh;
    const records = snapshot()[Symbol.iterator]();
    const opening = {
      header,
      snapshot: isAtOnce ? { [Symbol.iterator]: () => records } : [],
      refused: (reason: string) => onError(1, reason),
    };
    const segment = openSegmentFile(folder, number, opening, this.#frames);
    this.#tellMissed(); // The snapshot makes up for them, but what they told is lost.
    this.#leave();
    this.#segment = segment;
    this.#number = number;
    this.#bytes = segment.openingBytes;
    this.#openingBytes = segment.openingBytes;
    this.#opening = isAtOnce ? null : records;
    this.#lookedAtMs = nowMs;
    this.#sinceLook = 0;
    this.#soil(segment.path);
    onSegment?.(this.#path, segment.path);
    this.#path = segment.path;
    if (this.#trouble !== null) onResume?.(this.#lost);
    this.#trouble = null;
    this.#lost = 0;
    this.#open();
  }

  #soil(path: string): void {
    if (this.#dirty.at(-1) !== path) this.#dirty.push(path);
  }

  #leave(): void {
    const problem = this.#segment === null ? null : closeSegmentFile(this.#segment.fd);
    this.#segment = null;
    if (problem !== null) this.#options.onError(0, problem);
  }
}
