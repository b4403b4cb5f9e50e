import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Counters, countersBytes } from '../../media/counters.js';
import type { EngineName } from '../../media/engine.js';
import { ROWS_PER_SESSION } from '../../media/streams.js';
import type { ShardCommand } from '../../relay/control/rtpproxy.js';
import { type PortRange, PortTable, portTableBytes } from '../../relay/portalloc/portTable.js';
import type { ShardLink } from '../../relay/supervisor/dispatch.js';
import type { ShardNotice, ShardRequest } from '../../relay/supervisor/messages.js';
import { closeLeftovers } from './cleanUp.js';
import { RING_MEMORY_BYTES, type ShardMemory, type ShardStart } from './shardStart.js';
import { openWaker, type Waker } from './wake.js';

/** A thread whose end was reported may still be unwinding; only then may its memory be unmapped. */
const UNWIND_MS = 200;
/** A shard that dies so soon after its start, so many times in a row, is not started again. */
const EARLY_DEATH_MS = 2000;
const MAX_EARLY_DEATHS = 5;

export type MediaThreadOptions = {
  /** The module that runs a shard: its default export takes a `ShardStart`. */
  readonly workerFile: string;
  /** Null: one per core. */
  readonly workers: number | null;
  readonly range: PortRange;
  readonly host: string;
  readonly ttlMs: number;
  readonly setupTtlMs: number;
  readonly engine: EngineName | null;
  readonly logFolder: string;
  readonly onWarning: (text: string) => void;
  /** A shard has died for good; the relay cannot serve all calls any more. */
  readonly onFatal: (text: string) => void;
};

export type EngineChoice = { readonly engine: EngineName; readonly refused: readonly string[] };

type Answer = (reply: string | null) => void;

/** One media thread as the supervisor sees it: a mailbox, pending answers, shared counters. Survives the death of the thread. */
class MediaThread implements ShardLink {
  readonly counters: Counters;
  readonly memory: ShardMemory;
  readonly waker: Waker;
  readonly #pending = new Map<number, Answer>();
  readonly #onWarning: (text: string) => void;
  /** Fulfilled when the thread serves for the first time. */
  readonly ready: Promise<EngineChoice>;
  #onReady: (choice: EngineChoice) => void = () => {};
  isReady = false;
  /** Whether the thread that is there now serves. */
  isServing = false;
  #port: MessagePort | null = null;
  #outbox: ShardRequest[] = [];
  #nextId = 1;

  constructor(memory: ShardMemory, waker: Waker, onWarning: (text: string) => void) {
    this.memory = memory;
    this.waker = waker;
    this.counters = new Counters(memory.counters);
    this.#onWarning = onWarning;
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve;
    });
  }

  command(command: ShardCommand, answer: Answer): void {
    this.#send({ kind: 'command', id: this.#expect(answer), command });
  }

  deleteAll(done: () => void): void {
    this.#send({ kind: 'deleteAll', id: this.#expect(done) });
  }

  stop(): void {
    this.#send({ kind: 'stop' });
  }

  /** Opens a fresh mailbox; what was being carried out by a dead thread is answered with null. Answers the thread's end of it. */
  reconnect(): MessagePort {
    this.isServing = false;
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (notice: ShardNotice) => this.#receive(notice));
    // What has not been posted yet will be, to the new thread.
    const unsent = new Set(this.#outbox.map((request) => ('id' in request ? request.id : 0)));
    for (const [id, answer] of [...this.#pending]) {
      if (unsent.has(id)) continue;
      this.#pending.delete(id);
      answer(null);
    }
    return port2;
  }

  close(): void {
    this.#port?.close();
  }

  #expect(answer: Answer): number {
    const id = this.#nextId++;
    this.#pending.set(id, answer);
    return id;
  }

  /** What comes in one turn of the event loop goes in one message, with one wake-up. */
  #send(request: ShardRequest): void {
    this.#outbox.push(request);
    if (this.#outbox.length > 1) return;
    setImmediate(() => {
      const batch = this.#outbox;
      this.#outbox = [];
      this.#port?.postMessage(batch);
      this.waker.wake();
    });
  }

  #receive(notice: ShardNotice): void {
    switch (notice.kind) {
      case 'ready':
        this.isReady = true;
        this.isServing = true;
        this.#onReady(notice);
        break;
      case 'warning':
        this.#onWarning(notice.text);
        break;
      case 'replies':
        for (const [id, reply] of notice.replies) this.#answer(id, reply);
    }
  }

  #answer(id: number, reply: string): void {
    const answer = this.#pending.get(id);
    this.#pending.delete(id);
    answer?.(reply);
  }
}

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
    });
    this.#broken = new Promise((_, reject) => {
      this.#pool.on('error', (error: Error) => {
        reject(new Error(`a media thread cannot be made: ${error.message}`));
      });
    });
    this.#broken.catch((error: Error) => {
      if (this.#isStarted) options.onFatal(error.message);
    });
    const ports = new SharedArrayBuffer(portTableBytes(options.range));
    this.#threads = wakers.map((waker) => new MediaThread(shardMemory(ports, options.range), waker, options.onWarning));
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
    for (const thread of this.#threads) thread.close();
    await this.#pool.destroy();
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
      await this.#recover(thread, shard);
    }
  }

  async #recover(thread: MediaThread, shard: number): Promise<void> {
    await delay(UNWIND_MS);
    await closeLeftovers(thread.memory);
    const { range } = this.#options;
    const pairs = new PortTable(range, thread.memory.ports, shard, this.#threads.length, Math.random).releaseAll();
    const sessions = thread.counters.shard('sessionsActive');
    thread.counters.setShard('sessionsActive', 0);
    this.#options.onWarning(
      `media thread ${shard} is started again; ${sessions} sessions ended with it, ${pairs} port pairs are free again`,
    );
  }

  #startOf(thread: MediaThread, shard: number, mailbox: MessagePort): ShardStart {
    const { range, host, ttlMs, setupTtlMs, engine, logFolder } = this.#options;
    const shared = { range, host, ttlMs, setupTtlMs, engine, logFolder, slots: slotsOf(range) };
    return { ...shared, shard, shards: this.#threads.length, mailbox, wakeFd: thread.waker.fd, memory: thread.memory };
  }
}

/** Every session holds at least one pair, and one shard may end up with all of them. */
const slotsOf = (range: PortRange): number => Math.max(1, range.pairs);

function shardMemory(ports: SharedArrayBuffer, range: PortRange): ShardMemory {
  const slots = slotsOf(range);
  return {
    ports,
    counters: new SharedArrayBuffer(countersBytes(slots)),
    descriptors: new SharedArrayBuffer(slots * ROWS_PER_SESSION * 4),
    ring: new SharedArrayBuffer(RING_MEMORY_BYTES),
  };
}
