import type { Millis } from '../../model/kernel/index.js';
import type { Prompt } from '../media/player/prompt.js';
import type { LogRecord } from './events/record.js';

/** The writing side of the event log of one shard. */
export interface EventLog {
  /** Takes a record into the current batch. Never blocks, never throws; a full disk is reported once and counted. */
  append(record: LogRecord): void;
  /** Hands the batch to the operating system. */
  flush(): void;
  /** Whether records wait for `flush`. */
  readonly waiting: boolean;
  /** Flushes and closes the segment. */
  close(): void;
}

/** Where prompts come from. */
export interface PromptSource {
  /**
   * The prompt of that name in the first of these payload types that there is. `found` is called once, maybe at once; null: there is none that
   * could be read.
   */
  find(prompt: string, payloadTypes: readonly number[], found: (prompt: Prompt | null) => void): void;
}

/** Wall-clock time: milliseconds since the Unix epoch. */
export type Clock = () => Millis;
