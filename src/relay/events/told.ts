import type { Observable } from 'rxjs';
import type { LogRecord } from './record.js';

/** What a media thread sends while somebody watches. */
export type RecordBatch = {
  readonly records: readonly LogRecord[];
  /** How many more there were right before these: they came faster than they could be sent. */
  readonly lost: number;
};

/** What those who watch are told. */
export type Told =
  | { readonly kind: 'record'; readonly record: LogRecord }
  /** Here so many records of the shard are missing: somebody was too slow. The event log has them. */
  | { readonly kind: 'lost'; readonly shard: number; readonly records: number };

export type ToldStream = Observable<Told>;
