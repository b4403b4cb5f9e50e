import { readFileSync } from 'node:fs';
import { callId, millis } from '../../model/kernel/index.js';
import { listSegments, packr, SEGMENT_MAGIC } from '../../src/io/log/segment.js';
import { SegmentWriter, type SegmentWriterOptions } from '../../src/io/log/segmentWriter.js';
import { readFrame } from '../../src/protocol/events/frame.js';
import type { SegmentHeader } from '../../src/relay/events/logEntry.js';
import type { DecisionSetting, ExchangeRecord, LogRecord, NewRecord } from '../../src/relay/events/record.js';

export const SETTING: DecisionSetting = {
  ...{ ttlMs: 60_000, setupTtlMs: 60_000, independentTtl: false },
  network: { host: '127.0.0.1', advertised: null },
};
export const BEGIN_MS = Date.UTC(2026, 10, 21, 3, 4, 5);

/** What somebody who is not interested in it asks of a writer. */
export const PLAIN_WRITER = {
  ...{ shard: 0, shards: 1, run: BEGIN_MS, program: 'rtpbridge test', setting: SETTING },
  ...{ segmentBytes: 16 << 20, segmentAgeMs: 3_600_000, snapshot: () => [] },
} satisfies Partial<SegmentWriterOptions>;

/** A writer and all that it said, on a clock that stands still, with records that are numbered as a shard does it. */
export class WriterScene {
  readonly errors: { readonly records: number; readonly reason: string }[] = [];
  readonly resumed: number[] = [];
  readonly begun: { readonly closed: string | null; readonly path: string }[] = [];
  readonly writer: SegmentWriter;
  /** How often a snapshot was taken. */
  snapshots = 0;
  /** How long the snapshot is, records, and its `base` behind them. */
  sessions = 0;
  nowMs = BEGIN_MS;
  seq = 0;

  constructor(folder: string, special: Partial<SegmentWriterOptions> = {}) {
    this.writer = new SegmentWriter({
      ...PLAIN_WRITER,
      folder,
      now: () => this.nowMs,
      snapshot: () => this.#snapshot(),
      onError: (records, reason) => this.errors.push({ records, reason }),
      onResume: (recordsLost) => this.resumed.push(recordsLost),
      onSegment: (closed, path) => this.begun.push({ closed, path }),
      ...special,
    });
  }

  /** How many records were reported as lost. */
  get lost(): number {
    return this.errors.reduce((sum, { records }) => sum + records, 0);
  }

  /** Appends an exchange whose reply is so many characters long. */
  append(length = 10): ExchangeRecord {
    const record = this.exchange(length);
    this.writer.append(record);
    return record;
  }

  /** Appends some, and flushes. */
  write(count = 1, length = 10): void {
    for (let i = 0; i < count; i++) this.append(length);
    this.writer.flush();
  }

  exchange(length: number): ExchangeRecord {
    const call = callId(`call-${this.seq}@example`);
    const at = millis(this.nowMs);
    return {
      ...this.number(),
      kind: 'exchange',
      at,
      call,
      from: 'unix:/run/control - 12_3',
      command: 'V',
      reply: 'r'.repeat(length),
    };
  }

  number(): { readonly seq: number; readonly shard: 0 } {
    return { seq: ++this.seq, shard: 0 };
  }

  *#snapshot(): Generator<LogRecord> {
    this.snapshots++;
    const numbered = (record: NewRecord): LogRecord => ({ ...record, ...this.number() });
    const sample = { touchedAt: { caller: millis(1), callee: millis(2) }, streams: [null, null, null, null] };
    for (let session = 1; session <= this.sessions; session++)
      yield numbered({ kind: 'sample', at: millis(this.nowMs), session, sample });
    yield numbered({ kind: 'base', at: millis(this.nowMs), sessions: this.sessions, counters: {} });
  }
}

/** A segment as it stands in its file. `isTorn`: it ends within a frame. */
export type ReadSegment = { readonly header: SegmentHeader; readonly records: readonly LogRecord[]; readonly isTorn: boolean };

/** Reads a segment without what reads it in the relay. Throws where anything but its end is not as it was written. */
export function readSegmentFile(path: string): ReadSegment {
  const bytes = readFileSync(path);
  if (bytes.toString('latin1', 0, SEGMENT_MAGIC.length) !== SEGMENT_MAGIC) throw new Error(`${path} has no magic`);
  const values: unknown[] = [];
  let at = SEGMENT_MAGIC.length;
  let isTorn = false;
  while (at < bytes.length && !isTorn) {
    const frame = readFrame(bytes, at);
    if (frame.kind === 'damaged') throw new Error(`${path} is damaged at ${at}`);
    isTorn = frame.kind === 'torn';
    if (frame.kind !== 'body') continue;
    values.push(packr.unpack(bytes.subarray(frame.start, frame.end)));
    at = frame.end;
  }
  const [header, ...records] = values;
  return { header: header as SegmentHeader, records: records as LogRecord[], isTorn };
}

export const readSegmentFiles = (folder: string): ReadSegment[] => listSegments(folder).map(({ path }) => readSegmentFile(path));
