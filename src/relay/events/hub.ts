import { Observable, Subject, type TeardownLogic } from 'rxjs';
import { shardOf } from '../supervisor/dispatch.js';
import { CREDIT } from './outlet.js';
import type { LogRecord, SnapshotRecord } from './record.js';
import type { RecordBatch, Told, ToldStream } from './told.js';

/** Credit is given back in quarters: a message and a wake-up of the media thread for each batch would be dear. */
const GIVE_BACK_FROM = CREDIT / 4;
/** Of how many sessions of a shard it is known which call they belong to. An end that was lost must not stay for ever. */
const MAX_SESSIONS_KNOWN = 131_072;

/** What the media threads are asked; each message reaches the thread after those before it. */
export type WatchControl = {
  /** Send records from now on: `Outlet.start`. */
  readonly watch: (shard: number) => void;
  /** `Outlet.stop` */
  readonly unwatch: (shard: number) => void;
  /** `Outlet.grant` */
  readonly grant: (shard: number, credit: number) => void;
};

/**
 * What happens in all media threads, for whoever wants to know it while it happens. A shard sends its records only while somebody listens to
 * it, and only so fast as they are told on. Who subscribes hears what happens from then on.
 *
 * A subscriber that throws does not disturb the others: RxJS hands what it threw to `config.onUnhandledError`, which the door must set,
 * because without it the error would end the process.
 */
export class EventHub {
  /** Every shard: each in its own order, and they among each other as they arrive. */
  readonly all$: ToldStream;
  readonly #shards: readonly ShardStreams[];
  #lost = 0;

  constructor(shards: number, control: WatchControl) {
    this.#shards = Array.from({ length: shards }, (_, shard) => new ShardStreams(shard, control));
    const all = new Subject<Told>();
    this.all$ = new Observable((subscriber) => {
      subscriber.add(all.subscribe(subscriber));
      for (const streams of this.#shards) subscriber.add(streams.join());
    });
    for (const { told } of this.#shards) told.subscribe(all);
  }

  /** Of how many records nobody heard, because they came too fast. */
  get lost(): number {
    return this.#lost;
  }

  /** A media thread has sent these. */
  deliver(shard: number, { records, lost }: RecordBatch): void {
    this.#lost += lost;
    this.#shards[shard]?.deliver(records, lost);
  }

  /** Another thread has taken the place of the shard's: it is asked anew. */
  restarted(shard: number): void {
    this.#shards[shard]?.restart();
  }

  /** What happens in one shard. Completes at once if there is none of that number. */
  ofShard(shard: number): ToldStream {
    return new Observable((subscriber) => {
      const streams = this.#shards[shard];
      if (streams === undefined) return subscriber.complete();
      subscriber.add(streams.told.subscribe(subscriber));
      subscriber.add(streams.join());
    });
  }

  /**
   * What happens to the sessions of one Call-ID, now or once there are some, and where records of its shard were lost. Samples say no more
   * than the number of their session: those of a session that began before anybody listened are among these from its next step on, or
   * from when `learn` was told of it.
   */
  ofCall(call: string): ToldStream {
    const streams = this.#shards[shardOf(call, this.#shards.length)];
    return new Observable((subscriber) => {
      if (streams === undefined) return subscriber.complete();
      subscriber.add(streams.listenTo(call).subscribe(subscriber));
      subscriber.add(() => streams.leave(call));
      subscriber.add(streams.join());
    });
  }

  /** Says which call a session belongs to. To be told after somebody has subscribed; it is forgotten with the last subscriber. */
  learn(record: SnapshotRecord): void {
    this.#shards[record.shard]?.learn(record);
  }
}

/** Those who listen to one shard. */
class ShardStreams {
  readonly told = new Subject<Told>();
  readonly #shard: number;
  readonly #control: WatchControl;
  /** A subject for each call that somebody listens to: a record is looked up once, however many there are. */
  readonly #calls = new Map<string, Subject<Told>>();
  readonly #callOf = new Map<number, string>();
  #listeners = 0;
  /** Delivered, and not given back yet. */
  #owed = 0;

  constructor(shard: number, control: WatchControl) {
    this.#shard = shard;
    this.#control = control;
  }

  /** One more listens to this shard, until what is answered is carried out. */
  join(): TeardownLogic {
    if (this.#listeners++ === 0) this.#watch();
    return () => {
      if (--this.#listeners > 0) return;
      this.#callOf.clear();
      this.#control.unwatch(this.#shard);
    };
  }

  #watch(): void {
    this.#owed = 0;
    this.#control.watch(this.#shard);
    this.#control.grant(this.#shard, CREDIT);
  }

  restart(): void {
    this.#callOf.clear(); // Sessions that ended with the thread have no end in the stream.
    if (this.#listeners > 0) this.#watch();
  }

  listenTo(call: string): Subject<Told> {
    const known = this.#calls.get(call);
    if (known !== undefined) return known;
    const subject = new Subject<Told>();
    this.#calls.set(call, subject);
    return subject;
  }

  leave(call: string): void {
    if (this.#calls.get(call)?.observed === false) this.#calls.delete(call);
  }

  deliver(records: readonly LogRecord[], lost: number): void {
    if (lost > 0) {
      const told: Told = { kind: 'lost', shard: this.#shard, records: lost };
      this.told.next(told);
      // Which calls they were of is lost with them.
      for (const subject of [...this.#calls.values()]) subject.next(told);
    }
    for (const record of records) this.#tell(record);
    this.#owed += records.length;
    if (this.#listeners === 0 || this.#owed < GIVE_BACK_FROM) return;
    this.#control.grant(this.#shard, this.#owed);
    this.#owed = 0;
  }

  #tell(record: LogRecord): void {
    const call = this.#learnFrom(record);
    const told: Told = { kind: 'record', record };
    this.told.next(told);
    if (call !== undefined) this.#calls.get(call)?.next(told);
  }

  /** Answers which call the record is of, where that is known. */
  #learnFrom(record: LogRecord): string | undefined {
    if (record.kind === 'sample') return this.#callOf.get(record.session);
    if (record.kind === 'snapshot') this.learn(record);
    if (record.kind === 'step' && record.events.length > 0) {
      if (record.events.at(-1)?.type === 'SessionClosed') this.#callOf.delete(record.session);
      else this.learn(record);
    }
    return 'call' in record ? record.call : undefined;
  }

  learn({ session, call }: { readonly session: number; readonly call: string }): void {
    if (this.#listeners === 0) return;
    this.#callOf.set(session, call);
    if (this.#callOf.size <= MAX_SESSIONS_KNOWN) return;
    for (const oldest of this.#callOf.keys()) {
      this.#callOf.delete(oldest);
      return;
    }
  }
}
