import type { LogEntry, SegmentHeader } from './logEntry.js';
import type { LogRecord } from './record.js';

/** A record of a call with what it needs to be told apart from those of other nodes and runs. */
export type ToldRecord = { readonly record: LogRecord; readonly log: number; readonly run: number };

/** Everything that logs tell of one Call-ID, in the order of time: what ladders, pages and explanations are made of. */
export type Story = {
  readonly call: string;
  readonly records: readonly ToldRecord[];
  /** Headers of the segments that were read, for the settings of the relay. */
  readonly headers: readonly SegmentHeader[];
  /** What the relay knows of the call now, where a running one was asked: the snapshots of its sessions. */
  readonly live: readonly Extract<LogRecord, { readonly kind: 'snapshot' }>[];
};

/** Of each record of a story the session it is about; runs and nodes number theirs separately. */
export const sessionKey = ({ log, run, record }: ToldRecord): string | null =>
  'session' in record ? `${log}/${run}/${record.shard}/${record.session}` : null;

/** Of one shard of one run. */
export const shardKey = ({ log, run, record }: ToldRecord): string => `${log}/${run}/${record.shard}`;

/**
 * Takes out of logs what they tell of one Call-ID: its steps, exchanges and snapshots, the samples of its sessions, and what its shards told
 * of themselves meanwhile (from the last time before to the first time after, and their end).
 */
export function collectStory(entries: Iterable<LogEntry>, call: string): Story {
  const headers: SegmentHeader[] = [];
  const records: ToldRecord[] = [];
  const shards = new Map<string, ShardOfCall>();
  for (const entry of entries) {
    if (entry.kind === 'segment') headers.push(entry.header);
    if (entry.kind !== 'record') continue;
    const { record, log, run } = entry;
    const told = { record, log, run };
    const key = shardKey(told);
    const shard = shards.get(key) ?? new ShardOfCall(call);
    shards.set(key, shard);
    records.push(...shard.take(told));
  }
  return { call, records, headers, live: [] };
}

/** Which records of one shard belong to a call. */
class ShardOfCall {
  readonly #call: string;
  /** Its sessions that have not ended, and all of them. */
  readonly #open = new Set<number>();
  readonly #known = new Set<number>();
  /** What the shard told of itself last, while it had no session of the call. */
  #waiting: ToldRecord[] = [];
  /** The last session has ended, and the shard has told nothing of itself since. */
  #isClosing = false;

  constructor(call: string) {
    this.#call = call;
  }

  /** Answers what belongs to the call now that this record has come, in order. */
  take(told: ToldRecord): ToldRecord[] {
    const { record } = told;
    if ('call' in record) {
      if (record.call !== this.#call) return [];
      if (record.kind === 'step' || record.kind === 'snapshot') this.#follow(record);
      return [...this.#takeWaiting(), told];
    }
    if (record.kind === 'sample') return this.#known.has(record.session) ? [told] : [];
    if (this.#open.size > 0 || this.#isClosing || (record.kind === 'end' && this.#known.size > 0)) {
      this.#isClosing = false;
      return [told];
    }
    this.#waiting = [told];
    return [];
  }

  #follow(record: Extract<LogRecord, { readonly kind: 'step' | 'snapshot' }>): void {
    this.#known.add(record.session);
    if (record.kind === 'step' && record.events.at(-1)?.type === 'SessionClosed') this.#open.delete(record.session);
    else if (record.kind === 'snapshot' || record.events.length > 0) this.#open.add(record.session);
    this.#isClosing = this.#open.size === 0;
  }

  #takeWaiting(): ToldRecord[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

/** Of a story what lies between two times, milliseconds: the sessions that lived then, from their beginning, up to the later time. */
export function within(story: Story, fromMs: number, untilMs: number): Story {
  if (fromMs === Number.NEGATIVE_INFINITY && untilMs === Number.POSITIVE_INFINITY) return story;
  const ended = new Set<string>();
  for (const told of story.records) {
    const { record } = told;
    const key = sessionKey(told);
    const isEnd = record.kind === 'step' && record.events.at(-1)?.type === 'SessionClosed';
    if (key !== null && isEnd && record.at < fromMs) ended.add(key);
  }
  const isWithin = (told: ToldRecord): boolean => {
    const key = sessionKey(told);
    const { at } = told.record;
    return at <= untilMs && (key === null ? at >= fromMs : !ended.has(key));
  };
  return { ...story, records: story.records.filter(isWithin) };
}
