import type { EventLogOptions } from '../options.js';

/** A segment as it stands in the folder. */
export type StoredSegment = {
  readonly path: string;
  readonly shard: number;
  readonly number: number;
  readonly bytes: number;
  /** When it was last written to, milliseconds since the Unix epoch. */
  readonly closedAtMs: number;
};

export type RetentionLimits = Pick<EventLogOptions, 'keepAgeMs' | 'keepBytes' | 'minFreeBytes'>;

export type RetentionPlan = {
  /** Paths, in the order in which to delete them. */
  readonly remove: readonly string[];
  /** What has to stay is still too much for the size of all, or for the room that is to be left. */
  readonly isShort: boolean;
};

/** What recovery needs: the segment that a shard writes, and the one before in case its beginning is damaged. */
const KEPT_PER_SHARD = 2;

/**
 * Which segments to delete: the oldest first, over all shards, as long as age, size of all or room on the disk ask for it; never the newest
 * two of a shard. `freeBytes`: the room there is; it is taken to grow by the size of what is deleted.
 */
export function planRetention(
  files: readonly StoredSegment[],
  freeBytes: number,
  limits: RetentionLimits,
  nowMs: number,
): RetentionPlan {
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let free = freeBytes;
  const remove: string[] = [];
  const isShort = (): boolean => total > limits.keepBytes || free < limits.minFreeBytes;
  for (const { path, bytes, closedAtMs } of removable(files)) {
    if (!isShort() && nowMs - closedAtMs < limits.keepAgeMs) break;
    remove.push(path);
    total -= bytes;
    free += bytes;
  }
  return { remove, isShort: isShort() };
}

/** All but the newest of each shard, the oldest first. */
function removable(files: readonly StoredSegment[]): StoredSegment[] {
  const newest = new Map<number, number[]>();
  for (const { shard, number } of files) {
    newest.set(shard, [...(newest.get(shard) ?? []), number].sort((a, b) => b - a).slice(0, KEPT_PER_SHARD));
  }
  return files
    .filter(({ shard, number }) => !newest.get(shard)?.includes(number))
    .sort((a, b) => a.closedAtMs - b.closedAtMs || a.shard - b.shard || a.number - b.number);
}
