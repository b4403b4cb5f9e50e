import type { TooMany } from '../limits/admission.js';
import type { ExecutionWorld } from './execution.js';

/** Why a session may not begin now. */
export type NotNow = 'draining' | 'overloaded' | TooMany;

/**
 * Why a session of a call may not begin now; null: it may. `calls` and `rate`: the limits of the settings, which a further session of a call that
 * is there already does not touch. To be asked once before the first session of a call is drafted; refusals are counted.
 */
export function admission({ shard, setting }: ExecutionWorld, call: string): NotNow | null {
  const isNew = shard.directory.ofCall(call).length === 0;
  const why = shard.closedTo ?? (isNew ? shard.admission.ask(setting.limits, shard.now()) : null);
  if (why !== null && why !== 'draining') shard.counters.addToShard('sessionsRefused', 1);
  return why;
}
