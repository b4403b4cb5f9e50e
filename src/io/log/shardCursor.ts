import type { LogEntry } from '../../relay/events/logEntry.js';
import { CallSieve } from './callSieve.js';
import { Numbering } from './numbering.js';
import { segmentName } from './segment.js';
import { type CursorOptions, SegmentCursor } from './segmentCursor.js';

/** A segment in a folder. `number`: in its name; null: it is not named like one. */
export type SegmentPlace = { readonly path: string; readonly shard: number; readonly number: number | null };

export type ShardOptions = {
  readonly log: number;
  readonly call?: string;
  /** Records after it are left out, milliseconds. */
  readonly until?: number;
  readonly onRead?: (bytes: number) => void;
};

/** A segment that begins so long after the time until which is read has nothing before it, milliseconds: records wait less for their writing. */
const LATEST_WRITE_MS = 60_000;

/** Reads the segments of one shard in the order of their numbers: all its runs, one behind the other. */
export class ShardCursor {
  /** Of the last record that was answered, or one before it, where the clock was set back: the order of writing counts. */
  atMs = Number.NEGATIVE_INFINITY;
  readonly #segments: SegmentPlace[];
  readonly #untilMs: number;
  readonly #sieve: CallSieve | null;
  readonly #numbering = new Numbering();
  readonly #options: CursorOptions;
  #index = -1;
  #current: SegmentCursor | null = null;
  #isOver = false;

  constructor(segments: readonly SegmentPlace[], { log, call, until, onRead }: ShardOptions) {
    this.#segments = [...segments];
    this.#untilMs = until ?? Number.POSITIVE_INFINITY;
    this.#sieve = call === undefined ? null : new CallSieve(call);
    this.#options = {
      ...{ log, numbering: this.#numbering },
      ...(this.#sieve !== null && { sieve: this.#sieve }),
      ...(onRead !== undefined && { onRead }),
    };
  }

  /** A segment has come that was not there before. */
  add(segment: SegmentPlace): void {
    this.#segments.push(segment);
  }

  /** The next entry. Null: the last segment has ended, or, unless `isFinal`, has not grown. Never throws. */
  next(isFinal: boolean): LogEntry | null {
    while (!this.#isOver) {
      if (this.#current === null) {
        if (this.#index + 1 >= this.#segments.length) return null;
        const wrong = this.#open();
        if (wrong !== null) return wrong;
        continue;
      }
      const isLast = this.#index === this.#segments.length - 1;
      const entry = this.#current.next(isFinal || !isLast);
      if (entry === null && isLast && !isFinal) return null;
      if (entry === null) this.#leave();
      else if (this.#isWanted(entry)) return entry;
    }
    return null;
  }

  close(): void {
    this.#leave();
    this.#isOver = true;
  }

  /** Goes on to the next segment. Answers what is wrong with that, or null. */
  #open(): LogEntry | null {
    this.#index++;
    const { path, number } = this.#segments[this.#index]!;
    try {
      this.#current = new SegmentCursor(path, this.#options);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const text = code === 'ENOENT' ? 'was removed meanwhile' : `cannot be read (${code ?? message})`;
      return { kind: 'problem', path, offset: null, text };
    }
    return this.#numberProblem(path, number);
  }

  /** Segments are numbered without gaps, and the oldest are deleted first. */
  #numberProblem(path: string, number: number | null): LogEntry | null {
    const before = this.#segments[this.#index - 1];
    if (number === null || before === undefined || before.number === null || number === before.number + 1) return null;
    this.#numbering.isExcused = true;
    const missing = segmentName(before.shard, before.number + 1);
    const text =
      number - before.number === 2 ? `${missing} is missing before it` : `${missing} and what follows is missing before it`;
    return { kind: 'problem', path, offset: null, text };
  }

  #leave(): void {
    this.#current?.close();
    this.#current = null;
  }

  #isWanted(entry: LogEntry): boolean {
    if (entry.kind === 'problem') return true;
    if (entry.kind === 'segment') {
      if (entry.header.startedAt <= this.#untilMs + LATEST_WRITE_MS) return true;
      this.close();
      return false;
    }
    const { record, run } = entry;
    this.atMs = Math.max(this.atMs, record.at);
    return record.at <= this.#untilMs && this.#sieve?.isAbout(record, run) !== false;
  }
}
