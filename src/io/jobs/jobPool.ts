import { Piscina } from 'piscina';
import { refuse } from '../../../model/kernel/index.js';
import { Workers } from '../threads/workers.js';
import type { JobKind, JobOrder, JobResult, Jobs } from './jobs.js';

/** Media threads come first: work beside them has one thread, and another one when there is more of it. */
const MAX_THREADS = 2;
/** A thread that has had nothing to do for so long ends. */
const IDLE_MS = 30_000;
/** Work that waits for a thread. Who wants more has gone mad, or is out to hurt. */
const MAX_WAITING = 64;

export type JobPoolOptions = {
  /** The module whose default export takes a `Job`. */
  readonly workerFile: string;
  readonly idleMs?: number;
};

/**
 * Threads for work that would hold up others. There is none before the first job, and none again some time after the last: a relay that has
 * no such work pays nothing. A thread that dies takes the job with it that it had in hand, and no other.
 */
export class JobPool implements Jobs {
  readonly #options: JobPoolOptions;
  #crew: Crew | null = null;
  #isClosed = false;

  constructor(options: JobPoolOptions) {
    this.#options = options;
  }

  /** How many threads there are now. */
  get threads(): number {
    return this.#crew?.pool.threads.length ?? 0;
  }

  async run<K extends JobKind>(kind: K, order: JobOrder<K>): Promise<JobResult<K>> {
    const refused = (reason: string): JobResult<K> => refuse(`${kind}: ${reason}`) as JobResult<K>;
    if (this.#isClosed) return refused('nothing is begun any more');
    this.#crew ??= this.#hire();
    const { pool, broken } = this.#crew;
    if (pool.queueSize >= MAX_WAITING) return refused(`${MAX_WAITING} jobs wait already`);
    try {
      return (await Promise.race([pool.run({ kind, order }), broken])) as JobResult<K>;
    } catch (error) {
      return refused((error as Error).message);
    }
  }

  /** Ends every thread; what they had in hand is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#crew?.leave();
    this.#crew = null;
  }

  #hire(): Crew {
    const { workerFile, idleMs = IDLE_MS } = this.#options;
    const crew = new Crew(workerFile, idleMs);
    // Piscina starts no thread any more after one could not even begin, and forgets the jobs that wait: the next job gets a new pool.
    crew.broken.catch(() => {
      if (this.#crew === crew) this.#crew = null;
      void crew.leave();
    });
    return crew;
  }
}

/** The threads of a pool, until one of them cannot be made. */
class Crew {
  readonly pool: Piscina;
  /** Rejects when a thread cannot be made, or fails without a job. */
  readonly broken: Promise<never>;
  readonly #workers: Workers;

  constructor(workerFile: string, idleMs: number) {
    // Waiting by atomics would hold up what a thread does beside its task.
    const limits = { minThreads: 0, maxThreads: MAX_THREADS, concurrentTasksPerWorker: 1, idleTimeout: idleMs };
    this.pool = new Piscina({ filename: workerFile, ...limits, atomics: 'disabled', workerData: null });
    this.#workers = new Workers(this.pool);
    this.broken = new Promise((_, reject) => {
      this.pool.on('error', (error: Error) => reject(new Error(`its thread cannot work: ${error.message}`)));
    });
  }

  async leave(): Promise<void> {
    await this.#workers.areLoaded();
    await this.pool.destroy();
  }
}
