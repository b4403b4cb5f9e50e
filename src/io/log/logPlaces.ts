import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SegmentHeader } from '../../relay/events/logEntry.js';
import { listSegments } from './segment.js';
import { FIRST_WITH_OPENING, SegmentCursor } from './segmentCursor.js';
import type { SegmentPlace } from './shardCursor.js';

/** The segments that a path means, by shard, each in the order of their numbers. */
export type LogPlace = ReadonlyMap<number, readonly SegmentPlace[]>;

/**
 * What there is to read at a path: a segment, a folder of segments, or a data directory (its `log` folder). Throws where there is no
 * such path or it cannot be read; a folder without segments gives none.
 */
export function findSegments(path: string): LogPlace {
  if (!statSync(path).isDirectory()) return new Map([[0, [{ path, shard: 0, number: null }]]]);
  const byShard = new Map<number, SegmentPlace[]>();
  for (const segment of [...listSegments(path), ...listSegmentsBelow(path)]) {
    const known = byShard.get(segment.shard);
    if (known === undefined) byShard.set(segment.shard, [segment]);
    else known.push(segment);
  }
  return byShard;
}

function listSegmentsBelow(path: string) {
  if (basename(path) === 'log') return [];
  const folder = join(path, 'log');
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? listSegments(folder) : [];
}

/** The header of a segment; null where it cannot be read. */
export function readHeader(path: string): SegmentHeader | null {
  try {
    const cursor = new SegmentCursor(path);
    try {
      const entry = cursor.next(true);
      return entry?.kind === 'segment' ? entry.header : null;
    } finally {
      cursor.close();
    }
  } catch {
    return null;
  }
}

/**
 * The segments of a shard that are needed to tell what happened from a time on, milliseconds: the last one that began before it and tells
 * everything by itself, and those behind it.
 */
export function segmentsFrom(segments: readonly SegmentPlace[], fromMs: number): readonly SegmentPlace[] {
  for (let i = segments.length - 1; i > 0; i--) {
    const header = readHeader(segments[i]!.path);
    if (header === null || header.startedAt > fromMs) continue;
    if (header.version >= FIRST_WITH_OPENING || readHeader(segments[i - 1]!.path)?.run !== header.run) return segments.slice(i);
  }
  return segments;
}
