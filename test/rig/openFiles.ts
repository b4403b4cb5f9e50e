/** Open files of a process, for tests that nothing is left open. */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 20;
const STEADY_LOOKS = 15;

export const openFiles = (pid: number | 'self' = 'self'): number => readdirSync(`/proc/${pid}/fd`).length;

/** The same when it has not changed for a while: a relay or thread that has only just started closes what it has read. */
export async function filesAtRest(pid: number | 'self' = 'self'): Promise<number> {
  let files = openFiles(pid);
  for (let steady = 0; steady < STEADY_LOOKS; ) {
    await delay(LOOK_MS);
    const now = openFiles(pid);
    steady = now === files ? steady + 1 : 0;
    files = now;
  }
  return files;
}
