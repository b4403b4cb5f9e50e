/** How a relay is left after noise. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { RunningRelay } from '../rig/relay.js';
import { runToEnd } from '../rig/startAttempt.js';

/** What a process has in memory, megabytes. */
export async function residentMb(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Ends the relay, and lets the log be replayed: whatever was commanded, the rules of the model held. */
export async function isLogTrue(relay: RunningRelay): Promise<void> {
  process.kill(relay.pid, 'SIGTERM');
  deepEqual(await relay.exited, { code: 0, signal: null }, relay.stderr());
  const { code, stdout } = await runToEnd(['replay', relay.dataDir]);
  equal(
    code,
    0,
    stdout
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .join('\n'),
  );
  ok(
    [...stdout].every((letter) => letter === '\n' || (letter >= ' ' && letter <= '~')),
    'a timeline leaves the terminal alone',
  );
}
