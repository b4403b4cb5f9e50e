import { REPLY_LIFETIME_MS } from '../../src/relay/control/replyCache.js';
import { Fold } from '../../src/relay/events/fold.js';
import type { ExchangeRecord, LogRecord } from '../../src/relay/events/record.js';
import { Replay } from '../../src/relay/events/replay.js';
import type { EventLog } from '../../src/relay/ports.js';

/** A segment is left when so many records stand in it behind its snapshot. */
const SEGMENT_RECORDS = 50;
/** So many records of a snapshot are written at a time, as it is done where a relay must not stop for it. */
const OPENING_RECORDS = 2;

/** What a shard of one run has written. */
export class WrittenShard {
  readonly shard: number;
  readonly records: LogRecord[] = [];
  /** All of it, folded. */
  readonly fold = new Fold();
  /** The newest segment alone; what it tells is whole when its snapshot is. */
  newest = new Fold();
  isNewestWhole = false;
  segments = 0;

  constructor(shard: number) {
    this.shard = shard;
  }

  beginSegment(): void {
    this.segments++;
    this.fold.beginSegment();
    this.newest = new Fold();
    this.newest.beginSegment();
    this.isNewestWhole = false;
  }

  take(record: LogRecord): void {
    this.records.push(record);
    this.fold.take(record);
    this.newest.take(record);
    if (record.kind === 'base') this.isNewestWhole = true;
  }
}

export type WrittenRun = { readonly run: number; readonly shards: Map<number, WrittenShard> };

/** What relays have handed to the operating system: it outlives them. */
export class SimulatedLog {
  readonly runs: WrittenRun[] = [];
  /** The run that a crash would leave behind; null: none has begun to serve. */
  marked: WrittenRun | null = null;
  /** Rules of the model that are broken by what stands here. */
  readonly broken: string[] = [];
  readonly #replay = new Replay({ isWhole: true });
  /** Cookie of a command → when it was carried out. */
  readonly #carriedOut = new Map<string, number>();

  beginRun(nowMs: number): WrittenRun {
    const run = { run: Math.max(nowMs, (this.runs.at(-1)?.run ?? 0) + 1), shards: new Map<number, WrittenShard>() };
    this.runs.push(run);
    return run;
  }

  /** What clients were told in a run, or by one shard of it, shortly before `untilMs`; the oldest first. */
  exchangesOf({ shards }: WrittenRun, untilMs: number, shard: number | null = null): ExchangeRecord[] {
    const found: ExchangeRecord[] = [];
    for (const { shard: number, records } of shards.values()) {
      if (shard !== null && shard !== number) continue;
      for (const record of records)
        if (record.kind === 'exchange' && record.at >= untilMs - REPLY_LIFETIME_MS) found.push(record);
    }
    return found.sort((a, b) => a.at - b.at);
  }

  take({ run }: WrittenRun, shard: WrittenShard, record: LogRecord): void {
    shard.take(record);
    if (record.kind === 'exchange') this.#checkOnce(record);
    this.broken.push(...this.#replay.take(record, { log: 0, run, path: `${run}-${shard.shard}-${shard.segments}` }).broken);
  }

  /** What a relay was told that had died is written down again by the one in its place, with the time of then. */
  #checkOnce({ from, at, command }: ExchangeRecord): void {
    if (from.endsWith(' -')) return; // Without a cookie one command is like another.
    const before = this.#carriedOut.get(from) ?? at;
    if (before !== at) this.broken.push(`${command} of ${from} was carried out twice`);
    this.#carriedOut.set(from, at);
  }
}

/** The writing side of one thread: what it has not flushed dies with it. */
export class SimulatedWriter implements EventLog {
  readonly #log: SimulatedLog;
  readonly #run: WrittenRun;
  readonly #shard: WrittenShard;
  readonly #snapshot: () => Iterable<LogRecord>;
  #unflushed: LogRecord[] = [];
  #opening: Iterator<LogRecord> | null = null;
  #sinceOpening = 0;

  constructor(log: SimulatedLog, run: WrittenRun, shard: number, snapshot: () => Iterable<LogRecord>) {
    this.#log = log;
    this.#run = run;
    this.#shard = run.shards.get(shard) ?? new WrittenShard(shard);
    this.#snapshot = snapshot;
    run.shards.set(shard, this.#shard);
  }

  /** Begins with everything the shard holds, at once. */
  begin(): void {
    this.#shard.beginSegment();
    for (const record of this.#snapshot()) this.#log.take(this.#run, this.#shard, record);
  }

  append(record: LogRecord): void {
    this.#unflushed.push(record);
  }

  get waiting(): boolean {
    return this.#unflushed.length > 0;
  }

  flush(): void {
    this.#open();
    this.#write();
    if (this.#opening !== null || this.#sinceOpening < SEGMENT_RECORDS) return;
    this.#sinceOpening = 0;
    this.#shard.beginSegment();
    this.#opening = this.#snapshot()[Symbol.iterator]();
    this.#open();
  }

  /** Goes on with a snapshot. Answers when to be called again. */
  turn(nowMs: number): number {
    this.#open();
    return this.#opening === null ? Number.POSITIVE_INFINITY : nowMs;
  }

  close(): void {
    this.#write();
  }

  #write(): void {
    for (const record of this.#unflushed) this.#log.take(this.#run, this.#shard, record);
    if (this.#opening === null) this.#sinceOpening += this.#unflushed.length;
    this.#unflushed = [];
  }

  #open(): void {
    if (this.#opening === null) return;
    for (let i = 0; i < OPENING_RECORDS; i++) {
      const { value, done } = this.#opening.next();
      if (done === true) {
        this.#opening = null;
        break;
      }
      this.#unflushed.push(value);
    }
    this.#write();
  }
}
