import type { LogEntry } from '../../relay/events/logEntry.js';
import type { ShardCursor } from './shardCursor.js';

/** The entries of many shards as one sequence in the order of time. What is no record stands where its shard came to it. */
export class MergedLog {
  readonly #cursors = new Set<ShardCursor>();
  /** The next entry of each shard that has one. */
  readonly #heads = new Map<ShardCursor, LogEntry>();
  /** Shards that may have more. */
  readonly #waiting = new Set<ShardCursor>();
  /** The shard whose head was the earliest, and the time up to which that stays so. */
  #first: ShardCursor | null = null;
  #firstUntilMs = 0;

  add(cursor: ShardCursor): void {
    this.#cursors.add(cursor);
    this.#waiting.add(cursor);
  }

  /** The next entry, or null: there is none, or, unless `isFinal`, none yet. */
  next(isFinal: boolean): LogEntry | null {
    for (const cursor of this.#waiting) this.#fetch(cursor, isFinal);
    if (this.#first === null || !this.#heads.has(this.#first) || this.#first.atMs > this.#firstUntilMs) this.#choose();
    const first = this.#first;
    const entry = first === null ? undefined : this.#heads.get(first);
    if (first === null || entry === undefined) return null;
    this.#heads.delete(first);
    this.#waiting.add(first);
    return entry;
  }

  /** After `next` has answered null: looks at all shards again. */
  wake(): void {
    this.#first = null;
    for (const cursor of this.#cursors) if (!this.#heads.has(cursor)) this.#waiting.add(cursor);
  }

  close(): void {
    for (const cursor of this.#cursors) cursor.close();
  }

  #fetch(cursor: ShardCursor, isFinal: boolean): void {
    this.#waiting.delete(cursor);
    const entry = cursor.next(isFinal);
    if (entry !== null) this.#heads.set(cursor, entry);
  }

  /** Of those that are equally early the one that was added first. */
  #choose(): void {
    this.#first = null;
    let firstMs = Number.POSITIVE_INFINITY;
    this.#firstUntilMs = Number.POSITIVE_INFINITY;
    for (const cursor of this.#cursors) {
      if (!this.#heads.has(cursor)) continue;
      if (this.#first === null || cursor.atMs < firstMs) {
        if (this.#first !== null) this.#firstUntilMs = firstMs;
        this.#first = cursor;
        firstMs = cursor.atMs;
      } else this.#firstUntilMs = Math.min(this.#firstUntilMs, cursor.atMs);
    }
  }
}
