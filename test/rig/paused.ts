import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 2;
const LIMIT_MS = 10_000;

/**
 * Stops a process until it gets SIGCONT, and waits until every thread of it stands: a thread that is on a processor runs on for
 * milliseconds, tens of them on a busy machine, and would take what a test sends to a process that takes nothing.
 * @throws when one still runs after ten seconds
 */
export async function pause(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  for (let leftMs = LIMIT_MS; statesOf(pid).some((state) => state !== 'T'); leftMs -= LOOK_MS) {
    if (leftMs <= 0) throw new Error(`process ${pid} goes on after SIGSTOP: its threads are ${statesOf(pid).join(' ')}`);
    await delay(LOOK_MS);
  }
}

/** A letter for each thread (proc(5)); `T`: it stands. A thread that has ended meanwhile has none. */
function statesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
      return [stat.charAt(stat.lastIndexOf(')') + 2)]; // Behind the name, in which anything may stand.
    } catch {
      return [];
    }
  });
}
