import { fieldAt, isPlainValue, numberAt } from '../../protocol/events/messagePack.js';
import type { LogEntry, SegmentHeader } from '../../relay/events/logEntry.js';
import type { LogRecord } from '../../relay/events/record.js';
import { isHeader, wrongInHeader, wrongInRecord } from '../../relay/events/schema.js';
import { upcast } from '../../relay/events/upcast.js';
import type { FileWindow } from './fileWindow.js';
import { type Came, FrameReader } from './frameReader.js';
import { Numbering } from './numbering.js';
import { packr, SEGMENT_MAGIC, SEGMENT_VERSION } from './segment.js';

/** The first version whose segments begin with all sessions as they are. */
export const FIRST_WITH_OPENING = 3;
const SEQ = Buffer.from('seq');

/** Looks at records before they are decoded. */
export type Sieve = {
  /** Whether the record whose body stands in `window.bytes` from `start` to `end` is wanted. */
  wants(window: FileWindow, start: number, end: number, run: number): boolean;
  /** Told of those that were and were decoded. */
  saw(record: LogRecord, run: number): void;
};

export type CursorOptions = {
  /** What `log` of the entries is. */
  readonly log?: number;
  readonly sieve?: Sieve;
  /** Shared by the segments of a shard. */
  readonly numbering?: Numbering;
  /** Told how many bytes were read. */
  readonly onRead?: (bytes: number) => void;
};

/** Reads one segment, entry by entry. What cannot be read is said in entries; only the constructor throws, where the file cannot be opened. */
export class SegmentCursor {
  readonly path: string;
  /** Null: not read yet, or not readable. */
  header: SegmentHeader | null = null;
  readonly #frames: FrameReader;
  readonly #log: number;
  readonly #sieve: Sieve | null;
  readonly #numbering: Numbering;
  #stage: 'magic' | 'header' | 'records' | 'done' = 'magic';
  #isFirst = true;
  /** Of a segment without a header: guessed from its first record. */
  #guessedRun: number | null = null;
  /** A record that comes behind the problem that was just answered. */
  #held: LogEntry | null = null;

  constructor(path: string, options: CursorOptions = {}) {
    this.path = path;
    this.#frames = new FrameReader(path, SEGMENT_MAGIC.length, options.onRead);
    this.#log = options.log ?? 0;
    this.#sieve = options.sieve ?? null;
    this.#numbering = options.numbering ?? new Numbering();
  }

  /** The next entry. Null: the segment has ended, or, unless `isFinal`, has not grown beyond what was read. */
  next(isFinal: boolean): LogEntry | null {
    const held = this.#held;
    this.#held = null;
    if (held !== null) return held;
    try {
      if (this.#stage === 'magic') {
        const wrong = this.#readMagic(isFinal);
        if (wrong !== null || this.#stage === 'magic') return wrong;
      }
      if (this.#stage === 'header') return this.#readHeader(isFinal);
      return this.#stage === 'done' ? null : this.#readRecord(isFinal);
    } catch (error) {
      this.#stage = 'done';
      return this.#problem(this.#frames.offset, `cannot be read any further: ${(error as Error).message}`);
    }
  }

  /** Reads one record again whose offset is known; a problem if it cannot be. */
  reread(offset: number): LogEntry {
    try {
      if (this.#frames.reread(offset)) return this.#decoded(offset, this.header?.run ?? 0);
    } catch {}
    return this.#problem(offset, `the record at byte ${offset} cannot be read again`);
  }

  close(): void {
    this.#frames.window.close();
  }

  #problem(offset: number | null, text: string): LogEntry {
    return { kind: 'problem', path: this.path, offset, text };
  }

  #end(offset: number | null, text: string): LogEntry {
    this.#stage = 'done';
    return this.#problem(offset, text);
  }

  #readMagic(isFinal: boolean): LogEntry | null {
    const { window } = this.#frames;
    if (!isFinal) window.refresh();
    const length = Math.min(window.size, SEGMENT_MAGIC.length);
    window.load(0, length);
    if (window.bytes.toString('latin1', 0, length) !== SEGMENT_MAGIC.slice(0, length)) {
      return this.#end(0, `is not a log segment: it does not begin with ${SEGMENT_MAGIC}`);
    }
    if (length === SEGMENT_MAGIC.length) this.#stage = 'header';
    else if (isFinal) {
      return length === 0
        ? this.#end(null, 'is empty: a crash, or a write still under way')
        : this.#end(0, 'ends within its first bytes: a crash, or a write still under way');
    }
    return null;
  }

  #readHeader(isFinal: boolean): LogEntry | null {
    const frames = this.#frames;
    const came = frames.next(isFinal);
    if (came === 'later') return null;
    this.#stage = 'records';
    if (came === 'end') return this.#end(frames.offset, 'ends before its header: a crash, or a write still under way');
    const unknown = 'which run its records are of is not known';
    if (came !== 'body') return this.#damage(came, `has no header: it ${frames.problem}; ${unknown}`);
    const value = decode(frames.window.bytes, frames.start, frames.end);
    const later = laterVersion(value);
    if (later !== null) {
      return this.#end(frames.offset, `has version ${later}, of a later release; this program reads 1 to ${SEGMENT_VERSION}`);
    }
    if (!isHeader(value)) return this.#problem(frames.offset, `has no header: ${wrongInHeader(value)}; ${unknown}`);
    this.header = value;
    return { kind: 'segment', path: this.path, header: value };
  }

  #damage(came: Came, text: string): LogEntry {
    if (came === 'torn') this.#stage = 'done';
    // A torn end is no excuse: what is missing behind it was to stand in the next segment.
    else this.#numbering.isExcused = true;
    return this.#problem(this.#frames.offset, text);
  }

  #readRecord(isFinal: boolean): LogEntry | null {
    const frames = this.#frames;
    for (;;) {
      const came = frames.next(isFinal);
      if (came === 'end' || came === 'later') return null;
      if (came !== 'body') return this.#damage(came, frames.problem);
      const { window, start, end, offset } = frames;
      const run = this.header?.run ?? this.#guessedRun;
      if (this.#sieve !== null && run !== null && !this.#sieve.wants(window, start, end, run)) {
        const wrong = this.#follow(numberAt(window.bytes, fieldAt(window.bytes, start, end, SEQ), end), run, offset);
        if (wrong === null || wrong.isStale) continue;
        return this.#problem(offset, wrong.text);
      }
      const entry = this.#taken(offset);
      if (entry !== null) return entry;
    }
  }

  /** The record that the frame holds, if it is one and in its place; null where the sieve does not want it after all. */
  #taken(offset: number): LogEntry | null {
    const entry = this.#decoded(offset, this.header?.run ?? this.#guessedRun ?? 0);
    if (entry.kind !== 'record') {
      this.#numbering.isExcused = true;
      return entry;
    }
    const { record } = entry;
    if (this.header !== null && record.shard !== this.header.shard) {
      return this.#problem(
        offset,
        `the record at byte ${offset} is of shard ${record.shard}, the segment of ${this.header.shard}, skipped`,
      );
    }
    const run = this.header?.run ?? this.#guessRun(record);
    const found = { ...entry, run };
    const wrong = this.#follow(record.seq, run, offset);
    if (wrong?.isStale) return this.#problem(offset, wrong.text);
    this.#sieve?.saw(record, run);
    if (wrong === null) return found;
    this.#held = found;
    return this.#problem(offset, wrong.text);
  }

  #follow(seq: number, run: number, offset: number) {
    if (!Number.isSafeInteger(seq)) return null; // It is not looked at, so it does not matter.
    // Without a header it may be of any version, and is not held against what went before.
    const hasOpening = this.header === null || this.header.version >= FIRST_WITH_OPENING;
    const wrong = this.#numbering.follow(run, seq, offset, this.#isFirst, hasOpening);
    this.#isFirst = false;
    return wrong;
  }

  /** The run that goes on, if the number of the record does; or else one of its own. */
  #guessRun(record: LogRecord): number {
    const { run, last } = this.#numbering;
    this.#guessedRun ??= run !== null && record.seq > last ? run : record.at;
    return this.#guessedRun;
  }

  #decoded(offset: number, run: number): LogEntry {
    const { window, start, end } = this.#frames;
    const value = upcast(decode(window.bytes, start, end), this.header?.version ?? null);
    const wrong = value === undefined ? 'it cannot be decoded' : wrongInRecord(value);
    if (wrong !== null) return this.#problem(offset, `what stands at byte ${offset} is no record: ${wrong}, skipped`);
    return { kind: 'record', record: value as LogRecord, log: this.#log, run, path: this.path, offset };
  }
}

/** The value of a body; undefined where it has none. */
function decode(bytes: Uint8Array, start: number, end: number): unknown {
  if (!isPlainValue(bytes, start, end)) return undefined;
  try {
    return packr.unpack(bytes, { start, end });
  } catch {
    return undefined;
  }
}

/** The version that a header of whatever layout names, if it is beyond what is known here. */
function laterVersion(value: unknown): number | null {
  const { version } = Object(value) as { readonly version?: unknown };
  return typeof version === 'number' && version > SEGMENT_VERSION ? version : null;
}
