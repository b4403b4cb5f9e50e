import { statSync } from 'node:fs';
import type { LogEntry } from '../../relay/events/logEntry.js';
import { findSegments, segmentsFrom } from './logPlaces.js';
import { MergedLog } from './mergedLog.js';
import { SegmentCursor } from './segmentCursor.js';
import { type SegmentPlace, ShardCursor, type ShardOptions } from './shardCursor.js';

export type ReadOptions = {
  /**
   * Segments that hold nothing from then on, and are not needed to know what was then, are not read, milliseconds. What stands before it in
   * the others is answered all the same: who folds needs it.
   */
  readonly from?: number;
  /** Records after it are left out, milliseconds. */
  readonly until?: number;
  /** Only what is about this Call-ID, and segment headers and problems. */
  readonly call?: string;
  /** Told now and then. */
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void;
};

/** Progress is told so often, bytes. */
const PROGRESS_BYTES = 1 << 20;

/** Reads one segment. Throws only if the file cannot be opened. */
export function* readSegment(path: string): Generator<LogEntry> {
  const cursor = new SegmentCursor(path);
  try {
    for (let entry = cursor.next(true); entry !== null; entry = cursor.next(true)) yield entry;
  } finally {
    cursor.close();
  }
}

/**
 * Reads logs, one a node: each a segment file, a folder of segments, or a data directory. Merged by time over shards and nodes; within a shard
 * the order of writing counts, also where the clock was set back. Damage is told as entries; throws only where a path cannot be
 * read at all, or holds no segments.
 */
export function* readLogs(paths: readonly string[], options: ReadOptions = {}): Generator<LogEntry> {
  const merged = new MergedLog();
  try {
    for (const cursor of openLogs(paths, options)) merged.add(cursor);
    for (let entry = merged.next(true); entry !== null; entry = merged.next(true)) yield entry;
  } finally {
    merged.close();
  }
}

/** Reads one log. */
export const readLog = (path: string): Generator<LogEntry> => readLogs([path]);

function openLogs(paths: readonly string[], options: ReadOptions): ShardCursor[] {
  const shards = paths.flatMap((path, log) => {
    const found = findSegments(path);
    if (found.size === 0) throw new Error(`${path} holds no log segments (shard-N-NNNNNNNN.log)`);
    return [...found.values()].map((segments) => ({ log, segments: wanted(segments, options) }));
  });
  const onRead = progress(
    shards.flatMap(({ segments }) => segments),
    options,
  );
  return shards.map(
    ({ log, segments }) => new ShardCursor(segments, { ...shardOptions(options, log), ...(onRead && { onRead }) }),
  );
}

const wanted = (segments: readonly SegmentPlace[], { from }: ReadOptions): readonly SegmentPlace[] =>
  from === undefined ? segments : segmentsFrom(segments, from);

/** The part of the options that each shard is read with. */
export const shardOptions = ({ call, until }: ReadOptions, log: number): ShardOptions => ({
  log,
  ...(call !== undefined && { call }),
  ...(until !== undefined && { until }),
});

/** What adds up bytes that were read, and tells how many. */
function progress(segments: readonly SegmentPlace[], { onProgress }: ReadOptions): ((bytes: number) => void) | undefined {
  if (onProgress === undefined) return undefined;
  const total = segments.reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  let done = 0;
  let told = 0;
  return (bytes) => {
    done += bytes;
    if (done - told < PROGRESS_BYTES && done < total) return;
    told = done;
    onProgress(Math.min(done, total), total); // Around damage a few bytes are read twice.
  };
}
