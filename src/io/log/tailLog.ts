import { setTimeout as pause } from 'node:timers/promises';
import type { LogEntry } from '../../relay/events/logEntry.js';
import { findSegments, segmentsFrom } from './logPlaces.js';
import { type ReadOptions, shardOptions } from './logReader.js';
import { MergedLog } from './mergedLog.js';
import { ShardCursor } from './shardCursor.js';

/** How often it is looked whether something was written, milliseconds. */
const POLL_MS = 200;

export type TailOptions = Pick<ReadOptions, 'from' | 'call'> & {
  /** Ends it. Without one it goes on for ever. */
  readonly signal?: AbortSignal;
};

/**
 * Reads logs as `readLogs` does, and goes on as they grow and new segments, shards and runs come. What is written at about the same time is
 * answered in the order of time; a record that is not there as a whole is waited for. A folder may be empty at first. Throws where a path
 * cannot be read at all.
 */
export async function* tailLog(paths: readonly string[], options: TailOptions = {}): AsyncGenerator<LogEntry> {
  const { signal } = options;
  const isOver = (): boolean => signal?.aborted === true;
  const merged = new MergedLog();
  const nodes = paths.map((path, log) => new Node(path, log, options, merged));
  try {
    for (const node of nodes) node.look();
    while (!isOver()) {
      for (let entry = merged.next(false); entry !== null; entry = merged.next(false)) {
        yield entry;
        if (isOver()) return;
      }
      await pause(POLL_MS, undefined, signal && { signal }).catch(() => {});
      for (const node of nodes) node.lookAgain();
      merged.wake();
    }
  } finally {
    merged.close();
  }
}

/** One log that is followed. */
class Node {
  readonly #path: string;
  readonly #log: number;
  readonly #options: TailOptions;
  readonly #merged: MergedLog;
  readonly #cursors = new Map<number, ShardCursor>();
  readonly #known = new Set<string>();

  constructor(path: string, log: number, options: TailOptions, merged: MergedLog) {
    this.#path = path;
    this.#log = log;
    this.#options = options;
    this.#merged = merged;
  }

  /** Takes in the segments that have come. Throws if the path cannot be read. */
  look(): void {
    const { from } = this.#options;
    for (const [shard, segments] of findSegments(this.#path)) {
      const cursor = this.#cursors.get(shard);
      const fresh = segments.filter(({ path }) => !this.#known.has(path));
      for (const { path } of fresh) this.#known.add(path);
      if (cursor !== undefined) for (const segment of fresh) cursor.add(segment);
      else this.#begin(shard, from === undefined ? fresh : segmentsFrom(fresh, from));
    }
  }

  /** The same; a folder that is away for a moment is no reason to stop. */
  lookAgain(): void {
    try {
      this.look();
    } catch {
      // Its files may still grow: they are open.
    }
  }

  #begin(shard: number, segments: ConstructorParameters<typeof ShardCursor>[0]): void {
    const cursor = new ShardCursor(segments, shardOptions(this.#options, this.#log));
    this.#cursors.set(shard, cursor);
    this.#merged.add(cursor);
  }
}
