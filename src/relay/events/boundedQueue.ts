import type { Told } from './told.js';

/** So many places in front of the first item are given back at once, not one by one. */
const COMPACT_FROM = 1024;

/** First in, first out, up to a limit: beyond it the oldest makes room for the newest. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #onDropped: (item: T) => void;
  #items: (T | undefined)[] = [];
  #head = 0;

  /** `capacity`: how many items fit, 1 or more. `onDropped`: this one had to make room. */
  constructor(capacity: number, onDropped: (item: T) => void) {
    this.#capacity = Math.max(1, capacity);
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    const oldest = this.size >= this.#capacity ? this.shift() : undefined;
    this.#items.push(item);
    if (oldest !== undefined) this.#onDropped(oldest);
  }

  /** The oldest, or undefined if nothing waits. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The oldest ones, in their order: so many, or all there are. */
  take(most: number): T[] {
    const taken: T[] = [];
    for (let item = most > 0 ? this.shift() : undefined; item !== undefined; item = this.shift()) {
      taken.push(item);
      if (taken.length >= most) break;
    }
    return taken;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}

/**
 * Stands between a stream and somebody who cannot always take more, such as a socket: what comes meanwhile waits, so many items; beyond
 * that the oldest are lost, and how many is told where they would have stood. The stream itself never waits.
 */
export class SlowConsumer {
  readonly #give: (told: Told) => boolean;
  readonly #waiting: BoundedQueue<Told>;
  /** By shard, what stood in front of everything that waits. */
  readonly #lost = new Map<number, number>();
  #isOpen = true;

  /** `give` hands one on; it answers whether the next may follow at once, as `Writable.write` of Node does. If not, see `resume`. */
  constructor(capacity: number, give: (told: Told) => boolean) {
    this.#give = give;
    this.#waiting = new BoundedQueue(capacity, (told) => {
      const [shard, records] = told.kind === 'record' ? [told.record.shard, 1] : [told.shard, told.records];
      this.#lost.set(shard, (this.#lost.get(shard) ?? 0) + records);
    });
  }

  take(told: Told): void {
    // If the consumer is open, nothing waits.
    if (this.#isOpen) this.#isOpen = this.#give(told);
    else this.#waiting.push(told);
  }

  /** It can take more: what waits goes on its way, until it cannot again. */
  resume(): void {
    this.#isOpen = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#isOpen = this.#give(next);
      if (!this.#isOpen) return;
    }
  }

  #next(): Told | undefined {
    for (const [shard, records] of this.#lost) {
      this.#lost.delete(shard);
      return { kind: 'lost', shard, records };
    }
    return this.#waiting.shift();
  }
}
