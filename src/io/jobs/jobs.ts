import type { Result } from '../../../model/kernel/index.js';
import type { encodePrompt } from '../prompts/encodePromptJob.js';

/**
 * The kinds of work that would keep the main thread too long, by name: each a function that a thread of the pool calls with an order of plain
 * data. What it refuses is a line of text; it does not throw, but if it does, or its thread dies, that is refused too.
 */
export type JobTable = {
  readonly encodePrompt: typeof encodePrompt;
};

export type JobKind = keyof JobTable;
export type JobOrder<K extends JobKind> = Parameters<JobTable[K]>[0];
/** What the work comes to, in the end. */
export type JobResult<K extends JobKind> = Awaited<ReturnType<JobTable[K]>> & Result<unknown, string>;

/** What a thread of the pool is given. */
export type Job = { readonly [K in JobKind]: { readonly kind: K; readonly order: JobOrder<K> } }[JobKind];

/** Whoever wants work done sees only this of the pool. */
export type Jobs = {
  /** Never rejects. */
  readonly run: <K extends JobKind>(kind: K, order: JobOrder<K>) => Promise<JobResult<K>>;
};
