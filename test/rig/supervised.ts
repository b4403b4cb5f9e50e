import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RelayOptions, type RunningRelay, startRelay } from './relay.js';
import { hasEnded } from './rtpproxy.js';

const LOOK_MS = 5;
const LIMIT_MS = 10_000;

/** A supervised relay, which is stopped with the test. Its `pid` is that of the supervisor. */
export async function startSupervised(t: TestContext, options: RelayOptions = {}): Promise<RunningRelay> {
  const relay = await startRelay({ ...options, args: ['--supervise', ...(options.args ?? [])] });
  t.after(() => relay.stop());
  return relay;
}

function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // It has ended.
  }
}

/**
 * The process of the relay below its supervisor, once there is one that is not `except`.
 * @throws when none comes in ten seconds
 */
export async function relayBelow(supervisor: number, except?: number): Promise<number> {
  for (let leftMs = LIMIT_MS; leftMs > 0; leftMs -= LOOK_MS) {
    const found = childrenOf(supervisor).find((pid) => pid !== except);
    if (found !== undefined) return found;
    await delay(LOOK_MS);
  }
  throw new Error(`process ${supervisor} has no child but ${except}`);
}

/** Kills the relay below a supervisor; answers its process id when it has ended. */
export async function killRelay(supervisor: number, except?: number): Promise<number> {
  const pid = await relayBelow(supervisor, except);
  process.kill(pid, 'SIGKILL');
  if (!(await hasEnded(pid))) throw new Error(`process ${pid} survived SIGKILL`);
  return pid;
}

/** Why supervised relays cannot be looked into here, or null. */
export const whyNotSupervised = (): string | null =>
  existsSync(`/proc/${process.pid}/task/${process.pid}/children`) ? null : 'it takes Linux with /proc/PID/task/TID/children';
