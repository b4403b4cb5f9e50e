import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';

/** It is not waited for longer than this until a worker has loaded what it needs. */
const LOADING_LIMIT_MS = 5_000;

type Present = { readonly worker: Worker; readonly isLoaded: Promise<void>; readonly hasLeft: Promise<void> };

/** The workers of a pool that have not left the process yet. */
export class Workers {
  readonly #pool: Piscina;
  readonly #present = new Map<number, Present>();

  /** Of a pool that has just been made. */
  constructor(pool: Piscina) {
    this.#pool = pool;
    this.#addAll();
    // Of those that come later it is told when they have loaded everything.
    pool.on('workerCreate', ({ id }: { readonly id: number }) => this.#addAll(id));
  }

  /**
   * Ends a worker whose task has ended, well or not: it is not trusted with another. Fulfilled when its thread has really gone; at once
   * if it has already.
   */
  end(threadId: number): Promise<void> {
    const found = this.#present.get(threadId);
    if (found === undefined) return Promise.resolve();
    void found.worker.terminate();
    return found.hasLeft;
  }

  /**
   * Fulfilled when no worker is about to load anything, which is when they may be ended: a thread that is ended while it loads a module takes
   * the whole process with it (`require` of an ES module in Node 20, native modules in any).
   */
  async areLoaded(): Promise<void> {
    this.#addAll();
    const all = [...this.#present.values()].map(({ isLoaded, hasLeft }) => Promise.race([isLoaded, hasLeft]));
    await Promise.race([Promise.all(all), delay(LOADING_LIMIT_MS, undefined, { ref: false })]);
  }

  #addAll(loaded?: number): void {
    for (const worker of this.#pool.threads) {
      const { threadId } = worker;
      if (threadId < 0 || this.#present.has(threadId)) continue;
      // The first that a worker of piscina says is that it is ready.
      const isLoaded = new Promise<void>((resolve) => {
        if (threadId === loaded) resolve();
        else worker.once('message', () => resolve());
      });
      const hasLeft = new Promise<void>((resolve) => {
        worker.once('exit', () => {
          this.#present.delete(threadId);
          resolve();
        });
      });
      this.#present.set(threadId, { worker, isLoaded, hasLeft });
    }
  }
}
