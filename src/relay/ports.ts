import type { CallId, Millis } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { SessionEvent } from '../../model/session/event.js';
import type { Refusal } from '../../model/session/refusal.js';

/**
 * What one command did to one session, as it is written to the log: the unit of replay. The command and all its events stand in one
 * record, so that a crash between two writes cannot leave half a step behind.
 */
export type StepRecord = {
  /** Counts the records of one shard from 1, without gaps, across segments of one run. */
  readonly seq: number;
  readonly at: Millis;
  readonly shard: number;
  readonly call: CallId;
  /** The session within the run of the shard; a Call-ID may have several (one a media stream), and may come again after its end. */
  readonly session: number;
  readonly command: SessionCommand;
  readonly events: readonly SessionEvent[];
  /** Why nothing happened, where `decide` refused. */
  readonly refusal?: Refusal;
};

/** The writing side of the event log of one shard. */
export interface EventLog {
  /** Takes a record into the current batch. Never blocks, never throws; a full disk is reported once and counted. */
  append(record: StepRecord): void;
  /** Hands the batch to the operating system. */
  flush(): void;
  /** Whether records wait for `flush`. */
  readonly waiting: boolean;
  /** Flushes and closes the segment. */
  close(): void;
}

/** Wall-clock time: milliseconds since the Unix epoch. */
export type Clock = () => Millis;
