import { Subject } from 'rxjs';
import type { LogRecord, NewRecord } from '../events/record.js';

/** Numbers what happens in a shard, and tells it to whoever listens: the event log first. */
export class Journal {
  /** Everything that happens, in order. */
  readonly records = new Subject<LogRecord>();
  readonly #shard: number;
  #nextSeq: number;

  /** `lastSeq`: the number of the last record that is in the log already; 0 for a new run. */
  constructor(shard: number, lastSeq: number) {
    this.#shard = shard;
    this.#nextSeq = lastSeq + 1;
  }

  /** Gives a record its number, for who writes it where only it is to stand. It was made for this, and is nobody else's: a copy would be dear. */
  number(record: NewRecord): LogRecord {
    return Object.assign(record, { seq: this.#nextSeq++, shard: this.#shard });
  }

  write(record: NewRecord): void {
    this.records.next(this.number(record));
  }
}
