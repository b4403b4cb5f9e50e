import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { TapeBell } from '../../media/recording/tapeBell.js';
import type { RecorderNotice } from '../../relay/recording/orders.js';
import type { RecorderRequest, RecorderStart, RecorderWord } from './recorderLoop.js';

/** A thread that dies so soon after its start, so many times in a row, is not started again at once. */
const EARLY_DEATH_MS = 2000;
const MAX_EARLY_DEATHS = 3;
const REST_MS = 5000;
/** It is not waited for longer than this until everything is written: the disk may be gone. */
const STOP_LIMIT_MS = 30_000;

export type RecorderThreadOptions = {
  /** The module that runs the recorder, with a `RecorderStart` as its `workerData`. */
  readonly workerFile: string | URL;
  readonly recordDir: string;
  /** Where recordings are made that go to `recordDir` when they are complete; null: there. */
  readonly spoolDir: string | null;
  readonly onNotice: (notice: RecorderNotice) => void;
  readonly onWarning: (text: string) => void;
  /** The thread has died, and another has taken its place: it knows of no recording until it is ordered again, with its files. */
  readonly onFailure: (reason: string) => void;
};

/** The thread that makes recordings, as the main thread sees it. It is started again when it dies; the tapes are kept. */
export class RecorderThread {
  /** What writers of tapes ring with (`TapeBell`). */
  readonly bell = new SharedArrayBuffer(TapeBell.BYTES);
  readonly #options: RecorderThreadOptions;
  readonly #bell = new TapeBell(this.bell);
  readonly #tapes = new Map<number, SharedArrayBuffer>();
  #worker: Worker | null = null;
  #mailbox: MessagePort | null = null;
  #isStopping = false;
  #stopped: Promise<void> | null = null;
  #earlyDeaths = 0;
  #onEnded: () => void = () => {};

  private constructor(options: RecorderThreadOptions) {
    this.#options = options;
  }

  /** Rejects with the reason if the thread cannot be started. */
  static async start(options: RecorderThreadOptions): Promise<RecorderThread> {
    const thread = new RecorderThread(options);
    await thread.#begin();
    return thread;
  }

  /** From now on this tape is read, too. Again for the same shard: its media thread has died, and another writes to the tape. */
  add(shard: number, memory: SharedArrayBuffer): void {
    this.#tapes.set(shard, memory);
    this.#ask({ kind: 'tape', shard, memory });
  }

  /**
   * To be called when nobody writes to the tapes any more: fulfilled when all that stands in them is in files, and these are complete where they
   * belong; or (`leave`) are left where they are made, for the next relay to go on with.
   */
  stop(leave = false): Promise<void> {
    this.#stopped ??= this.#stop(leave);
    return this.#stopped;
  }

  async #stop(leave: boolean): Promise<void> {
    this.#isStopping = true;
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise<'ended'>((resolve) => {
      this.#onEnded = () => resolve('ended');
    });
    this.#ask({ kind: 'stop', leave });
    const how = await Promise.race([ended, delay(STOP_LIMIT_MS, 'late' as const, { ref: false })]);
    if (how === 'late') this.#options.onWarning(`recorder: files are not written after ${STOP_LIMIT_MS} ms; the rest is lost`);
    // A thread that hangs in a system call does not even end.
    if (how === 'ended') await worker.terminate();
    else void worker.terminate();
    this.#mailbox?.close();
  }

  #ask(request: RecorderRequest): void {
    this.#mailbox?.postMessage(request);
    this.#bell.ring();
  }

  /** Fulfilled when a thread reads the tapes. */
  async #begin(): Promise<void> {
    const { workerFile, recordDir, spoolDir } = this.#options;
    const startedAt = performance.now();
    const { port1, port2 } = new MessageChannel();
    const folders = { working: spoolDir ?? recordDir, final: recordDir };
    const workerData: RecorderStart = { mailbox: port2, bell: this.bell, folders };
    const worker = new Worker(workerFile, { workerData, transferList: [port2], name: 'recorder' });
    this.#worker = worker;
    this.#mailbox = port1;
    let reason = 'it has ended';
    worker.once('error', (error: Error) => {
      reason = error.message;
    });
    const isReady = new Promise<void>((resolve, reject) => {
      port1.on('message', (word: RecorderWord) => {
        if (word.kind === 'ready') resolve();
        else this.#hear(word);
      });
      worker.once('exit', () => {
        this.#worker = null;
        reject(new Error(`the recorder cannot be started: ${reason}`));
      });
      // The port closes with the thread, behind its last word.
      port1.once('close', () => this.#onEnded());
    });
    for (const [shard, memory] of this.#tapes) this.#ask({ kind: 'tape', shard, memory });
    await isReady;
    worker.once('exit', () => void this.#replace(reason, performance.now() - startedAt));
  }

  async #replace(reason: string, livedMs: number): Promise<void> {
    if (this.#isStopping) return;
    this.#options.onWarning(`the recorder has died: ${reason}`);
    this.#earlyDeaths = livedMs < EARLY_DEATH_MS ? this.#earlyDeaths + 1 : 0;
    while (!this.#isStopping) {
      if (this.#earlyDeaths >= MAX_EARLY_DEATHS) await delay(REST_MS, undefined, { ref: false });
      if (this.#isStopping) return;
      try {
        await this.#begin();
        this.#options.onFailure(reason);
        return;
      } catch (error) {
        this.#earlyDeaths = MAX_EARLY_DEATHS;
        this.#options.onWarning((error as Error).message);
      }
    }
  }

  #hear(word: Exclude<RecorderWord, { kind: 'ready' }>): void {
    if (word.kind === 'notice') this.#options.onNotice(word.notice);
    else if (word.kind === 'warning') this.#options.onWarning(word.text);
    else this.#onEnded();
  }
}
