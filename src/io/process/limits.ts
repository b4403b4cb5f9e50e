import { setPriority } from 'node:os';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { RelayOptions } from '../../relay/options.js';

/** The weakest priority that the kernel knows. */
const MAX_NICE = 19;

export type LimitOptions = Pick<RelayOptions, 'openFiles' | 'nice' | 'scheduler'>;

/**
 * Sets what the operator has said about open files (-L), priority (--nice) and scheduling (-c), and allows core dumps. To be called before
 * threads are started, which inherit it. Refuses, in one line, where the first two cannot be had; that the third cannot is only a warning.
 */
export async function applyLimits({ openFiles, nice, scheduler }: LimitOptions): Promise<Result<readonly string[], string>> {
  const files = await limitFiles(openFiles);
  if (files !== null) return refuse(`-L ${openFiles}: the limit of open files cannot be set (${files})`);
  if (nice !== null) {
    try {
      setPriority(Math.min(nice, MAX_NICE));
    } catch (error) {
      return refuse(`--nice ${nice}: the priority cannot be set (${errnoOf(error)})`);
    }
  }
  if (scheduler === null) return ok([]);
  const problem = await scheduleRealTime(scheduler);
  return ok(problem === null ? [] : [`-c ${scheduler}: the scheduling class cannot be had (${problem}); going on without`]);
}

async function limitFiles(openFiles: number | null): Promise<string | null> {
  try {
    const { liftCoreLimit, setFileLimit } = await import('../sys/resourceLimit.js');
    liftCoreLimit();
    return openFiles === null ? null : setFileLimit(openFiles);
  } catch (error) {
    // Without system calls of our own only what was asked for is missed.
    return openFiles === null ? null : errnoOf(error);
  }
}

async function scheduleRealTime(scheduler: 'fifo' | 'rr'): Promise<string | null> {
  try {
    const { setRealTimeScheduling } = await import('../sys/scheduler.js');
    return setRealTimeScheduling(scheduler);
  } catch (error) {
    return errnoOf(error);
  }
}

/** The errno's name; os.setPriority hides it in `info`. */
const errnoOf = (error: unknown): string => {
  const { code, info, message } = error as NodeJS.ErrnoException & { readonly info?: { readonly code?: string } };
  return info?.code ?? code ?? message;
};
