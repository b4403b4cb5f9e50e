import type { DecisionSetting, LogRecord } from './record.js';

/** The first record of a segment. Logs of earlier versions lack what is optional here. */
export type SegmentHeader = {
  readonly shard: number;
  /** When the run of the relay began, milliseconds: the same in all shards. Sessions are numbered anew in each run. */
  readonly run: number;
  readonly startedAt: number;
  /** Of the layout: see `io/log/segment.ts`. */
  readonly version: number;
  /** How many shards the run has. */
  readonly shards?: number;
  /** Of the program that wrote it. */
  readonly program?: string;
  readonly setting?: DecisionSetting;
};

/** What reading a log yields, in the order of its records. */
export type LogEntry =
  | { readonly kind: 'segment'; readonly path: string; readonly header: SegmentHeader }
  | {
      readonly kind: 'record';
      readonly record: LogRecord;
      /** The log it is from, where several are read (one a node); 0 is the first that was named. */
      readonly log: number;
      readonly run: number;
      /** Where it stands. */
      readonly path: string;
      readonly offset: number;
    }
  /** Something in a file that is not as it was written; reading goes on where it can. `offset`: of the byte where it begins; null: the file as a whole. */
  | { readonly kind: 'problem'; readonly path: string; readonly offset: number | null; readonly text: string };
