import { BoundedQueue } from './boundedQueue.js';
import type { LogRecord } from './record.js';
import type { RecordBatch } from './told.js';

/** How many records of one shard may be on their way to the main thread. */
export const CREDIT = 1024;
/** How many more wait in the media thread for their turn. */
const WAITING = 4096;

export type OutletLimits = {
  /** See `CREDIT`. More than that is never kept of what is granted. */
  readonly credit?: number;
  /** How many records wait when the credit is used up; beyond that the oldest are dropped. */
  readonly waiting?: number;
};

/**
 * The way of a shard's records out of its media thread, to whoever watches. While nobody does, a record costs one comparison. The thread is
 * never held up by a slow watcher: more than was granted is not sent, and more than may wait is dropped, and counted.
 */
export class Outlet {
  readonly #send: (batch: RecordBatch) => void;
  readonly #mostCredit: number;
  /** What goes with the next `flush`: never more than the credit. */
  #gathered: LogRecord[] = [];
  /** What exceeds the credit. Everything in it is newer than what is gathered. */
  readonly #waiting: BoundedQueue<LogRecord>;
  /** Dropped between what is gathered and what waits. */
  #lost = 0;
  #credit = 0;
  #isOpen = false;

  /** `send` takes a batch to the main thread; it is called from `flush` only. */
  constructor(send: (batch: RecordBatch) => void, { credit = CREDIT, waiting = WAITING }: OutletLimits = {}) {
    this.#send = send;
    this.#mostCredit = credit;
    this.#waiting = new BoundedQueue(waiting, () => {
      this.#lost++;
    });
  }

  /** Whether somebody watches. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether `flush` has something to send. */
  get isDue(): boolean {
    return this.#gathered.length > 0 || (this.#credit > 0 && this.#waiting.size > 0);
  }

  /** Somebody watches from now on; records go when there is credit for them. What was left of an earlier watch is forgotten. */
  start(): void {
    this.stop();
    this.#isOpen = true;
  }

  /** Nobody watches any more: what has not been sent is forgotten. */
  stop(): void {
    this.#isOpen = false;
    this.#credit = 0;
    this.#lost = 0;
    this.#gathered = [];
    this.#waiting.clear();
  }

  /** So many records more may be sent. What comes while nobody watches was meant for an earlier watch: `start` forgets it. */
  grant(credit: number): void {
    this.#credit = Math.min(this.#credit + credit, this.#mostCredit);
  }

  take(record: LogRecord): void {
    if (!this.#isOpen) return;
    if (this.#gathered.length < this.#credit && this.#waiting.size === 0) this.#gathered.push(record);
    else this.#waiting.push(record);
  }

  /**
   * Sends what was taken since the last time as one batch, as far as the credit reaches; as two where some were dropped in the midst, which
   * takes a grant since then.
   */
  flush(): void {
    if (this.#gathered.length > 0) {
      // What was lost stands behind these.
      const more = this.#lost > 0 ? [] : this.#waiting.take(this.#credit - this.#gathered.length);
      this.#sendOff([...this.#gathered, ...more], 0);
      this.#gathered = [];
    }
    if (this.#credit === 0 || this.#waiting.size === 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#sendOff(this.#waiting.take(this.#credit), lost);
  }

  #sendOff(records: readonly LogRecord[], lost: number): void {
    this.#credit -= records.length;
    this.#send({ records, lost });
  }
}
