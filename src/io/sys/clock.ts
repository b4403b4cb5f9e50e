import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';

const clockGettime = declare<(clock: number, time: number) => number>('clock_gettime', 'int', ['int', 'uint64_t']);
const CLOCK_REALTIME = 0;
const CLOCK_THREAD_CPUTIME_ID = 3;
const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer);

/** Microseconds since the Unix epoch, with fractions: the clock by which the kernel stamps the arrival of packets (SO_TIMESTAMPNS). */
export const realtimeUs = (): number => readUs(CLOCK_REALTIME);

/** CPU time that the calling thread has used since it began, in user mode and in the kernel, microseconds with fractions. */
export const threadCpuUs = (): number => readUs(CLOCK_THREAD_CPUTIME_ID);

function readUs(clock: number): number {
  if (clockGettime(clock, scratch.address) !== 0) throw new Error(`clock_gettime: ${errnoName(lastErrno())}`);
  return timespecUs(words, 0);
}

/** A `struct timespec` of 64-bit fields at word `at`, as microseconds. */
export const timespecUs = (memory: Uint32Array, at: number): number =>
  (memory[at]! + memory[at + 1]! * 2 ** 32) * 1e6 + memory[at + 2]! / 1e3;
