import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';

const schedSetscheduler = declare<(pid: number, policy: number, parameters: number) => number>('sched_setscheduler', 'int', [
  'int',
  'int',
  'uint64_t',
]);
const schedGetPriorityMax = declare<(policy: number) => number>('sched_get_priority_max', 'int', ['int']);

const POLICIES = { fifo: 1, rr: 2 } as const;
const scratch = mapMemory(4096);
const parameters = new Int32Array(scratch.buffer, 0, 1); // sched_priority

/**
 * Puts this thread, and those that it starts, into a real-time class at its highest priority: sched_setscheduler(2). The errno's name if
 * the system does not let us.
 */
export function setRealTimeScheduling(name: keyof typeof POLICIES): string | null {
  parameters[0] = schedGetPriorityMax(POLICIES[name]);
  return schedSetscheduler(0, POLICIES[name], scratch.address) === 0 ? null : errnoName(lastErrno());
}
