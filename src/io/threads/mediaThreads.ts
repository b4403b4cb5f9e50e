import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Family } from '../../../model/kernel/index.js';
import { countersBytes } from '../../media/counters.js';
import type { SessionAccount } from '../../relay/accounting/sessionAccount.js';
import { PortTable, portTableBytes } from '../../relay/portalloc/portTable.js';
import type { SessionPlace } from '../../relay/session/forks.js';
import type { Notification, RtcpReport } from '../../relay/session/tellers.js';
import type { ShardLink } from '../../relay/supervisor/dispatch.js';
import { closeLeftovers } from './cleanUp.js';
import { type EngineChoice, MediaThread, type ThreadNews } from './mediaThread.js';
import { engineRows, RING_MEMORY_BYTES, type ShardMemory, type ShardSetting, type ShardStart } from './shardStart.js';
import { openWaker, type Waker } from './wake.js';

/** Room for new objects of a media thread: three spaces of 8 MiB each. Calls live longer than V8 expects, and it would take more and more. */
const YOUNG_GENERATION_MB = 24;
/** A thread whose end was reported may still be unwinding; only then may its memory be unmapped. */
const UNWIND_MS = 200;
/** How long it is waited for the last word of threads that have ended. */
const LAST_WORD_MS = 1000;
/** A shard that dies so soon after its start, so many times in a row, is not started again. */
const EARLY_DEATH_MS = 2000;
const MAX_EARLY_DEATHS = 5;

export type MediaThreadOptions = {
  /** The module that runs a shard: its default export takes a `ShardStart`. */
  readonly workerFile: string;
  /** Null: one per core. */
  readonly workers: number | null;
  readonly setting: ShardSetting;
  readonly onWarning: (text: string) => void;
  /** A shard has died for good; the relay cannot serve all calls any more. */
  readonly onFatal: (text: string) => void;
  readonly onNotification: (notification: Notification) => void;
  readonly onAccount: (account: SessionAccount) => void;
  readonly onRtcp: (report: RtcpReport) => void;
};

/**
 * The media threads: a piscina pool with one endless task a thread. A thread that dies is replaced, its ports and sockets are freed, and
 * it is said how many sessions ended with it.
 */
export class MediaThreads {
  readonly links: readonly ShardLink[];
  readonly #threads: readonly MediaThread[];
  readonly #pool: Piscina;
  readonly #options: MediaThreadOptions;
  readonly #ended: Promise<void>[];
  /** Lines between threads, and which they lead from and to. */
  readonly #lines = new Map<string, { readonly source: number; readonly listener: number }>();
  /** Rejects when a thread cannot even be made: then no task runs that could say so. */
  readonly #broken: Promise<never>;
  #isStarted = false;
  #stopping = false;

  private constructor(options: MediaThreadOptions, wakers: readonly Waker[]) {
    this.#options = options;
    const shards = wakers.length;
    // One endless task a thread, which blocks it: piscina's waiting by atomics and its idle timeouts must stay out of the way.
    this.#pool = new Piscina({
      filename: options.workerFile,
      minThreads: shards,
      maxThreads: shards,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#broken = new Promise((_, reject) => {
      this.#pool.on('error', (error: Error) => {
        reject(new Error(`a media thread cannot be made: ${error.message}`));
      });
    });
    this.#broken.catch((error: Error) => {
      if (this.#isStarted) options.onFatal(error.message);
    });
    const { range, slots } = options.setting;
    const ports = { IPv4: new SharedArrayBuffer(portTableBytes(range)), IPv6: new SharedArrayBuffer(portTableBytes(range)) };
    this.#threads = wakers.map(
      (waker, shard) => new MediaThread(shardMemory(ports, slots), waker, (news) => this.#hear(shard, news)),
    );
    this.links = this.#threads;
    this.#ended = this.#threads.map((thread, shard) => this.#keepRunning(thread, shard));
  }

  /** Starts every thread. Rejects with the reason if one cannot serve. */
  static async start(options: MediaThreadOptions): Promise<{ readonly threads: MediaThreads; readonly choice: EngineChoice }> {
    const wakers = await Promise.all(Array.from({ length: options.workers ?? availableParallelism() }, openWaker));
    const threads = new MediaThreads(options, wakers);
    try {
      // A thread whose task ends before it served has failed to start, and the task says why.
      const choices = await Promise.all(
        threads.#threads.map((thread, shard) => Promise.race([thread.ready, threads.#failure(shard), threads.#broken])),
      );
      threads.#isStarted = true;
      return { threads, choice: choices[0]! };
    } catch (error) {
      await threads.stop();
      throw error;
    }
  }

  /** Ends every session and every thread. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const thread of this.#threads) thread.stop();
    try {
      await Promise.race([Promise.allSettled(this.#ended), this.#broken]);
    } catch {
      // Tasks whose thread could not be made wait for ever; only the others come to an end.
      await Promise.allSettled(this.#ended.filter((_, shard) => this.#threads[shard]!.isServing));
    }
    const lastWords = this.#threads.filter(({ isServing }) => isServing).map(({ lastWord }) => lastWord);
    await Promise.race([Promise.all(lastWords), delay(LAST_WORD_MS, undefined, { ref: false })]);
    for (const thread of this.#threads) thread.close();
    await this.#pool.destroy();
  }

  #hear(shard: number, news: ThreadNews): void {
    const { onWarning, onNotification, onAccount, onRtcp } = this.#options;
    switch (news.kind) {
      case 'warning':
        onWarning(news.text);
        break;
      case 'notify':
        onNotification(news.notification);
        break;
      case 'account':
        onAccount(news.account);
        break;
      case 'rtcp':
        onRtcp(news.report);
        break;
      case 'openLine':
        this.#openLine(news.line, shard, news.source);
        break;
      case 'closeLine':
        this.#threads[shard]!.send({ kind: 'unlisten', line: news.line });
        this.#endLine(news.line);
    }
  }

  /** A line of packets from the thread that has the source to the one that asked. */
  #openLine(line: string, listener: number, place: SessionPlace): void {
    this.#lines.set(line, { source: place.shard, listener });
    const { port1, port2 } = new MessageChannel();
    const { waker } = this.#threads[listener]!;
    this.#threads[listener]!.send({ kind: 'listen', line, port: port1 });
    this.#threads[place.shard]?.send({ kind: 'tap', line, place, wakeFd: waker.fd, port: port2 });
  }

  /** Nothing is to be sent by a line any more. */
  #endLine(line: string): void {
    const ends = this.#lines.get(line);
    this.#lines.delete(line);
    if (ends !== undefined) this.#threads[ends.source]?.send({ kind: 'untap', line });
  }

  async #failure(shard: number): Promise<never> {
    await this.#ended[shard];
    throw new Error(`media thread ${shard} ended while starting`);
  }

  async #keepRunning(thread: MediaThread, shard: number): Promise<void> {
    for (let earlyDeaths = 0; ; ) {
      const startedAt = performance.now();
      const mailbox = thread.reconnect();
      try {
        await this.#pool.run(this.#startOf(thread, shard, mailbox), { transferList: [mailbox] });
        if (this.#stopping) return;
      } catch (error) {
        if (!thread.isReady) throw error;
        if (this.#stopping) return;
        this.#options.onWarning(`media thread ${shard} died: ${(error as Error).message}`);
      }
      earlyDeaths = performance.now() - startedAt < EARLY_DEATH_MS ? earlyDeaths + 1 : 0;
      if (earlyDeaths > MAX_EARLY_DEATHS) return this.#options.onFatal(`media thread ${shard} keeps dying, giving up`);
      try {
        await this.#recover(thread, shard);
      } catch (error) {
        return this.#options.onFatal(`media thread ${shard} cannot be replaced: ${(error as Error).message}`);
      }
    }
  }

  async #recover(thread: MediaThread, shard: number): Promise<void> {
    await delay(UNWIND_MS);
    await closeLeftovers(thread.memory);
    const { range } = this.#options.setting;
    const tableOf = (family: Family): PortTable =>
      new PortTable(range, thread.memory.ports[family], shard, this.#threads.length, null);
    const pairs = tableOf('IPv4').releaseAll() + tableOf('IPv6').releaseAll();
    // Nobody listens to them any more, and the next thread will give their names again.
    for (const [line, { listener }] of this.#lines) if (listener === shard) this.#endLine(line);
    const sessions = thread.counters.shard('sessionsActive');
    thread.counters.setShard('sessionsActive', 0);
    thread.counters.addToShard('sessionsClosed', sessions);
    this.#options.onWarning(
      `media thread ${shard} is started again; ${sessions} sessions ended with it, ${pairs} port pairs are free again`,
    );
  }

  #startOf(thread: MediaThread, shard: number, mailbox: MessagePort): ShardStart {
    const { setting } = this.#options;
    return { setting, shard, shards: this.#threads.length, mailbox, wakeFd: thread.waker.fd, memory: thread.memory };
  }
}

function shardMemory(ports: Readonly<Record<Family, SharedArrayBuffer>>, slots: number): ShardMemory {
  return {
    ports,
    counters: new SharedArrayBuffer(countersBytes(slots)),
    descriptors: new SharedArrayBuffer(engineRows(slots) * 4),
    ring: new SharedArrayBuffer(RING_MEMORY_BYTES),
  };
}
