import { readFileSync, rmSync } from 'node:fs';
import { listSegments, packr, SEGMENT_MAGIC } from '../../src/io/log/segment.js';
import { readFrame } from '../../src/protocol/events/frame.js';
import { ShardCheck } from '../../src/relay/events/check.js';
import type { SegmentHeader } from '../../src/relay/events/logEntry.js';
import type { BaseRecord, ExchangeRecord, LogRecord, SnapshotRecord, StepRecord } from '../../src/relay/events/record.js';

/** What one shard of one run has written. */
export type ShardLog = {
  readonly shard: number;
  /** The records folded and held against the rules of the model. */
  readonly check: ShardCheck;
  /** What it began with. */
  readonly taken: SnapshotRecord[];
  base: BaseRecord | null;
  readonly exchanges: ExchangeRecord[];
  /** The ends of sessions that could not be taken up. */
  readonly lost: StepRecord[];
};

export type RunLog = {
  readonly run: number;
  readonly shards: readonly ShardLog[];
  readonly segments: number;
  readonly problems: readonly string[];
};

type Segment = {
  readonly path: string;
  readonly shard: number;
  readonly header: SegmentHeader;
  readonly records: readonly LogRecord[];
  readonly problem: string | null;
};

/** Reads a segment by hand. Null: not even its header stands there. */
function readSegment(path: string, shard: number): Segment | null {
  const bytes = readFileSync(path);
  const values: unknown[] = [];
  let problem: string | null = null;
  for (let at = SEGMENT_MAGIC.length; at < bytes.length && problem === null; ) {
    const frame = readFrame(bytes, at);
    if (frame.kind === 'body') values.push(packr.unpack(bytes.subarray(frame.start, frame.end)));
    else problem = `${path} is ${frame.kind} at byte ${at}`;
    if (frame.kind !== 'torn') at = frame.end;
  }
  const [header, ...records] = values;
  return header === undefined ? null : { path, shard, header: header as SegmentHeader, records: records as LogRecord[], problem };
}

/** Every run that the folder tells of, the oldest first. What ends within a record is the end of its shard's log, or wrong. */
export function readRuns(folder: string): RunLog[] {
  const segments = listSegments(folder).flatMap(({ path, shard }) => readSegment(path, shard) ?? []);
  const runs = [...new Set(segments.map(({ header }) => header.run))].sort((a, b) => a - b);
  return runs.map((run) =>
    runOf(
      run,
      segments.filter(({ header }) => header.run === run),
    ),
  );
}

function runOf(run: number, segments: readonly Segment[]): RunLog {
  const shards = new Map<number, ShardLog>();
  const problems: string[] = [];
  segments.forEach(({ path, shard, records, problem }, i) => {
    const log = shards.get(shard) ?? {
      shard,
      check: new ShardCheck(String(shard), true),
      taken: [],
      base: null,
      exchanges: [],
      lost: [],
    };
    shards.set(shard, log);
    for (const record of records) {
      if (log.base === null && record.kind === 'snapshot') log.taken.push(record);
      if (record.kind === 'base') log.base ??= record;
      if (record.kind === 'exchange') log.exchanges.push(record);
      if (record.kind === 'step' && record.command.type === 'Close') log.lost.push(record);
      problems.push(...log.check.take(record, path).broken);
    }
    if (problem !== null && segments[i + 1]?.shard === shard) problems.push(problem);
  });
  return { run, shards: [...shards.values()], segments: segments.length, problems };
}

/** Deletes the segments of runs before this one. */
export function forgetRunsBefore(folder: string, run: number): void {
  for (const { path, shard } of listSegments(folder)) {
    const segment = readSegment(path, shard);
    if (segment !== null && segment.header.run < run) rmSync(path);
  }
}
