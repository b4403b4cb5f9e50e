import { setTimeout as delay } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { countersBytes } from '../../media/counters.js';
import type { SessionAccount } from '../../relay/accounting/sessionAccount.js';
import type { OwnedEvent } from '../../relay/callEvents/callEvent.js';
import type { LeavingSession } from '../../relay/callEvents/leaving.js';
import type { ControlSetting } from '../../relay/control/setting.js';
import type { RecordBatch } from '../../relay/events/told.js';
import { admissionBytes } from '../../relay/limits/admission.js';
import { rangesLeft } from '../../relay/networks/ranges.js';
import { NG_CLIENTS_BYTES } from '../../relay/ng/clientTable.js';
import type { NgHandler } from '../../relay/ng/ngOrigin.js';
import { type PortRange, PortTable, portTableBytes } from '../../relay/portalloc/portTable.js';
import { isSameOwn, type OwnRange, PortTables } from '../../relay/portalloc/portTables.js';
import type { Notification, RtcpReport } from '../../relay/session/tellers.js';
import type { TakenUp } from '../../relay/supervisor/messages.js';
import { countSessions } from '../../relay/supervisor/takenUp.js';
import { clock } from '../clock.js';
import { CALL_IN_HAND_BYTES } from '../ng/callInHand.js';
import { forwardedOnce } from '../ng/forwarded.js';
import type { NgStart } from '../ng/threadSockets.js';
import type { TapeMemory } from '../recording/tapePort.js';
import { closeLeftovers, prepareCleanUp } from './cleanUp.js';
import { LineTable } from './lineTable.js';
import { type EngineChoice, type Gate, MediaThread, type ThreadNews } from './mediaThread.js';
import { shardCount } from './shardCount.js';
import {
  engineRows,
  type RecoveryStart,
  RING_MEMORY_BYTES,
  type ShardMemory,
  type ShardSetting,
  type ShardStart,
} from './shardStart.js';
import { openWaker, type Waker } from './wake.js';
import type { WorkerSetting } from './warmUp.js';
import { Workers } from './workers.js';

/** Room for new objects of a media thread: three spaces of 8 MiB each. Calls live longer than V8 expects, and it would take more and more. */
const YOUNG_GENERATION_MB = 24;
/** A thread whose end was reported may still be unwinding, and its last words be on their way. It is not waited for longer than this. */
const UNWIND_MS = 200;
/** One thread more than there are shards waits, with everything loaded, for one of them to die. */
const SPARE_THREADS = 1;
/** How long it is waited for the last word of threads that have ended. */
const LAST_WORD_MS = 1000;
/** A shard that dies so soon after its start, so many times in a row, is not started again. */
const EARLY_DEATH_MS = 2000;
const MAX_EARLY_DEATHS = 5;

export type SoughtPrompt = Extract<ThreadNews, { kind: 'seekPrompt' }>;

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
  /** Something has happened to a call that somebody owns. */
  readonly onEvent?: (owned: OwnedEvent) => void;
  /** A shard has ended, and these sessions of it are still to be recorded to their end. */
  readonly onLeaving?: (shard: number, sessions: readonly LeavingSession[]) => void;
  readonly onAccount: (account: SessionAccount) => void;
  readonly onRtcp: (report: RtcpReport) => void;
  /** The run of the relay whose calls are to be taken up; null: none. */
  readonly recoverRun: number | null;
  readonly gate: Gate;
  readonly onRecords: (shard: number, batch: RecordBatch) => void;
  /** The ways to the shards, before any of them serves: what is sent then waits. */
  readonly onLinks: (links: readonly MediaThread[]) => void;
  /** The way of each shard to the recorder; null: nothing is recorded. */
  readonly tapeOf: (shard: number) => TapeMemory | null;
  /** A session was taken up that hears a prompt. */
  readonly onPromptSought: (shard: number, sought: SoughtPrompt) => void;
  /** By what each shard takes NG requests itself, and who sees to those that it cannot; left out: none does. */
  readonly ng?: { readonly starts: readonly NgStart[]; readonly handle: NgHandler } | null;
  /** A thread has taken the place of a dead one. */
  readonly onRestart: (shard: number) => void;
};

/**
 * The media threads: a piscina pool with one endless task a thread. A thread that dies is replaced by one that takes its sessions up from
 * the event log; where there is none they end with it, and their ports are freed.
 */
export class MediaThreads {
  readonly links: readonly MediaThread[];
  readonly #threads: readonly MediaThread[];
  readonly #pool: Piscina;
  readonly #workers: Workers;
  readonly #options: MediaThreadOptions;
  readonly #ended: Promise<void>[];
  readonly #lines: LineTable;
  /** Null: no media thread takes NG requests. */
  readonly #forwarded: NgHandler | null;
  /** Rejects when a thread cannot even be made: then no task runs that could say so. */
  readonly #broken: Promise<never>;
  #isStarted = false;
  /** As it was given, or as `change` has made it since. */
  #setting: ShardSetting;
  #ownPorts: readonly SharedOwnPorts[];
  /** What was found wrong with the log and told. */
  readonly #problems = new Set<string>();
  #stopping = false;

  private constructor(options: MediaThreadOptions, wakers: readonly Waker[]) {
    this.#options = options;
    this.#setting = options.setting;
    this.#ownPorts = withMemory(options.setting.ownRanges, []);
    this.#forwarded = options.ng ? forwardedOnce(options.ng.handle) : null;
    const shards = wakers.length;
    // One endless task a thread, which blocks it: piscina's waiting by atomics and its idle timeouts must stay out of the way.
    this.#pool = new Piscina({
      filename: options.workerFile,
      minThreads: shards + SPARE_THREADS,
      maxThreads: shards + SPARE_THREADS,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      idleTimeout: Number.POSITIVE_INFINITY,
      workerData: { engine: options.setting.engine } satisfies WorkerSetting,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#workers = new Workers(this.#pool);
    this.#broken = new Promise((_, reject) => {
      this.#pool.on('error', (error: Error) => reject(new Error(`a media thread cannot be made: ${error.message}`)));
    });
    this.#broken.catch((error: Error) => {
      if (this.#isStarted) options.onFatal(error.message);
    });
    const { range, slots } = options.setting;
    const shared = {
      ports: { IPv4: new SharedArrayBuffer(portTableBytes(range)), IPv6: new SharedArrayBuffer(portTableBytes(range)) },
      admission: new SharedArrayBuffer(admissionBytes(shards)),
    };
    this.#threads = wakers.map(
      (waker, shard) =>
        new MediaThread(shardMemory(shared, slots, options.tapeOf(shard)), waker, options.gate, (news) =>
          this.#hear(shard, news),
        ),
    );
    this.links = this.#threads;
    options.onLinks(this.links);
    this.#lines = new LineTable(this.#threads);
    this.#ended = this.#threads.map((thread, shard) => this.#keepRunning(thread, shard));
  }

  /** Starts every thread. Rejects with the reason if one cannot serve. */
  static async start(
    options: MediaThreadOptions,
  ): Promise<{ readonly threads: MediaThreads; readonly choice: EngineChoice; readonly takenUp: readonly TakenUp[] }> {
    const wakers = await Promise.all(Array.from({ length: shardCount(options.workers) }, openWaker));
    const threads = new MediaThreads(options, wakers);
    try {
      // A thread whose task ends before it served has failed to start, and the task says why.
      const choices = await Promise.all(
        threads.#threads.map((thread, shard) => Promise.race([thread.ready, threads.#failure(shard), threads.#broken])),
      );
      threads.#isStarted = true;
      for (const thread of threads.#threads) thread.send({ kind: 'ngBegin' });
      await prepareCleanUp();
      return { threads, choice: choices[0]!, takenUp: choices.map(({ takenUp }) => takenUp) };
    } catch (error) {
      await threads.stop();
      throw error;
    }
  }

  /** Ends every session and every thread; or (`leave`) leaves the sessions for the next relay to take up. */
  async stop(leave = false): Promise<void> {
    this.#stopping = true;
    for (const thread of this.#threads) thread.stop(leave);
    try {
      await Promise.race([Promise.allSettled(this.#ended), this.#broken]);
    } catch {
      // Tasks whose thread could not be made wait for ever; only the others come to an end.
      await Promise.allSettled(this.#ended.filter((_, shard) => this.#threads[shard]!.isServing));
    }
    const lastWords = this.#threads.filter(({ isServing }) => isServing).map(({ lastWord }) => lastWord);
    await Promise.race([Promise.all(lastWords), delay(LAST_WORD_MS, undefined, { ref: false })]);
    for (const thread of this.#threads) thread.close();
    await this.#workers.areLoaded();
    await this.#pool.destroy();
  }

  /**
   * Gives all threads, also those that will take the place of others, another setting of what may change while the relay runs. Ports of an
   * address that is in no network any more stay its own as long as calls stand there.
   */
  change(control: ControlSetting, ownRanges: readonly OwnRange[]): void {
    this.#setting = { ...this.#setting, control, ownRanges };
    this.#ownPorts = [...withMemory(ownRanges, this.#ownPorts), ...rangesLeft(this.#ownPorts, control.networks)];
    for (const thread of this.#threads) thread.send({ kind: 'setting', control, ports: this.#ownPorts });
  }

  #hear(shard: number, news: ThreadNews): void {
    const { onWarning, onNotification, onAccount, onRtcp, onRecords } = this.#options;
    switch (news.kind) {
      case 'ready':
        this.#begin(shard, news.takenUp);
        break;
      case 'struck':
        onWarning(
          news.setAside
            ? `call ${news.call} is set aside: media thread ${shard} died over it twice; replay its log`
            : `media thread ${shard} died over call ${news.call}; when it does so again, the call is set aside`,
        );
        break;
      case 'seek':
        this.#lines.seek(shard, news.target, news.source);
        break;
      case 'seekPrompt':
        this.#options.onPromptSought(shard, news);
        break;
      case 'ngForward':
        this.#forwarded?.(news.payload, news.origin, (reply) =>
          this.#threads[shard]!.send({ kind: 'ngAnswer', ticket: news.ticket, reply }),
        );
        break;
      case 'records':
        onRecords(shard, news.batch);
        break;
      case 'warning':
        onWarning(news.text);
        break;
      case 'notify':
        onNotification(news.notification);
        break;
      case 'event':
        this.#options.onEvent?.(news.owned);
        break;
      case 'leaving':
        this.#options.onLeaving?.(shard, news.sessions);
        break;
      case 'account':
        onAccount(news.account);
        break;
      case 'rtcp':
        onRtcp(news.report);
        break;
      case 'openLine':
        this.#lines.open(news.line, shard, news.source);
        break;
      case 'closeLine':
        this.#lines.close(news.line, shard);
    }
  }

  /** A thread serves. */
  #begin(shard: number, { problems, sessions, lost, downMs }: TakenUp): void {
    const { onWarning, setting } = this.#options;
    // Every thread of a relay that takes up another one reads the whole log.
    for (const problem of problems.filter((text) => !this.#problems.has(text))) onWarning(`event log: ${problem}`);
    for (const problem of problems) this.#problems.add(problem);
    if (!this.#isStarted || setting.log === null) return;
    const without = lost > 0 ? `, ${lost} lost` : '';
    onWarning(`media thread ${shard} serves again: ${countSessions(sessions)} taken up after ${Math.round(downMs)} ms${without}`);
  }

  async #failure(shard: number): Promise<never> {
    await this.#ended[shard];
    throw new Error(`media thread ${shard} ended while starting`);
  }

  async #keepRunning(thread: MediaThread, shard: number): Promise<void> {
    const { recoverRun } = this.#options;
    let recovery: RecoveryStart | null = recoverRun === null ? null : { cause: 'process', run: recoverRun };
    for (let earlyDeaths = 0; ; ) {
      const startedAt = performance.now();
      const mailbox = thread.reconnect();
      if (thread.isReady) this.#relink(shard);
      try {
        await this.#pool.run(this.#startOf(thread, shard, mailbox, recovery), { transferList: [mailbox] });
        if (this.#stopping) return;
      } catch (error) {
        if (!thread.isReady) throw error;
        if (this.#stopping) return;
        this.#options.onWarning(`media thread ${shard} died: ${(error as Error).message}`);
      }
      earlyDeaths = performance.now() - startedAt < EARLY_DEATH_MS ? earlyDeaths + 1 : 0;
      if (earlyDeaths > MAX_EARLY_DEATHS) return this.#giveUp(thread, `media thread ${shard} keeps dying, giving up`);
      try {
        recovery = await this.#prepareRecovery(thread, shard);
      } catch (error) {
        return this.#giveUp(thread, `media thread ${shard} cannot be replaced: ${(error as Error).message}`);
      }
    }
  }

  #giveUp(thread: MediaThread, reason: string): void {
    thread.giveUp();
    this.#options.onFatal(reason);
  }

  /** What the next thread of a shard is told of others, before anybody tells it more. */
  #relink(shard: number): void {
    this.#lines.relink(shard);
    this.#options.onRestart(shard);
  }

  /** Waits until a dead thread has left, and closes what it left open. Answers what the next one is to take up. */
  async #prepareRecovery(thread: MediaThread, shard: number): Promise<RecoveryStart | null> {
    const diedAtMs = clock();
    const gone = this.#workers.end(thread.threadId).then(() => thread.lastWord);
    await Promise.race([gone, delay(UNWIND_MS, undefined, { ref: false })]);
    await closeLeftovers(thread.memory);
    const inHand = thread.takeInHand();
    if (this.#options.setting.log !== null) {
      return { cause: 'thread', diedAtMs, inHand, struck: thread.struck, setAside: thread.setAside };
    }
    this.#bury(thread, shard);
    return null;
  }

  /** Without a log the sessions of a dead thread are gone. */
  #bury(thread: MediaThread, shard: number): void {
    thread.forsake();
    const make = (range: PortRange, memory: ArrayBufferLike): PortTable =>
      new PortTable(range, memory, shard, this.#threads.length, null);
    const { range } = this.#setting;
    const { IPv4, IPv6 } = thread.memory.ports;
    const pairs = new PortTables({ IPv4: make(range, IPv4), IPv6: make(range, IPv6) }, make, this.#ownPorts).releaseAllBut([]);
    const sessions = thread.counters.shard('sessionsActive');
    thread.counters.setShard('sessionsActive', 0);
    thread.counters.addToShard('sessionsClosed', sessions);
    this.#options.onWarning(
      `media thread ${shard} is started again; ${sessions} sessions ended with it, ${pairs} port pairs are free again`,
    );
  }

  #startOf(thread: MediaThread, shard: number, mailbox: MessagePort, recovery: RecoveryStart | null): ShardStart {
    const { memory, waker } = thread;
    const [setting, ownPorts, shards] = [this.#setting, this.#ownPorts, this.#threads.length];
    const ng = this.#options.ng?.starts[shard] ?? null;
    return { setting, ownPorts, shard, shards, mailbox, wakeFd: waker.fd, memory, recovery, ng };
  }
}

type SharedOwnPorts = OwnRange & { readonly memory: SharedArrayBuffer };

/** What is known already keeps its memory: there it stands who has which pair. */
const withMemory = (ranges: readonly OwnRange[], known: readonly SharedOwnPorts[]): readonly SharedOwnPorts[] =>
  ranges.map(
    (own) =>
      known.find((other) => isSameOwn(own, other)) ?? {
        ...own,
        memory: new SharedArrayBuffer(portTableBytes(own.range)),
      },
  );

function shardMemory(shared: Pick<ShardMemory, 'ports' | 'admission'>, slots: number, tape: TapeMemory | null): ShardMemory {
  return {
    ...{ ...shared, tape },
    counters: new SharedArrayBuffer(countersBytes(slots)),
    descriptors: new SharedArrayBuffer(engineRows(slots) * 4),
    ring: new SharedArrayBuffer(RING_MEMORY_BYTES),
    threadId: new SharedArrayBuffer(4),
    callInHand: new SharedArrayBuffer(CALL_IN_HAND_BYTES),
    ngClients: new SharedArrayBuffer(NG_CLIENTS_BYTES),
  };
}
