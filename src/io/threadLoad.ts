import { performance } from 'node:perf_hooks';

/** Null where there are no Linux system calls: then the module cannot be loaded, or the clock has another number. */
const readCpuUs: (() => number) | null = await import('./sys/clock.js')
  .then(({ threadCpuUs }) => {
    threadCpuUs();
    return threadCpuUs;
  })
  .catch(() => null);

/**
 * How long the calling thread has worked since it began, milliseconds: its CPU time, what the kernel does on its behalf included. Without
 * system calls the time in which its event loop did not wait, which is the same as long as nothing else wants the processor.
 */
export const threadBusyMs = (): number => (readCpuUs === null ? performance.eventLoopUtilization().active : readCpuUs() / 1000);
