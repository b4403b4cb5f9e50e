import { ok, type Result, refuse } from '../../model/kernel/index.js';
import type { PortRange } from '../relay/portalloc/portTable.js';

/** What the process needs besides media sockets: control connections (100), threads, log segments, Node itself. */
const OTHER_DESCRIPTORS = 200;
/** With fewer than these no thread can be started. */
const LEAST_DESCRIPTORS = 100;

/**
 * Makes room for the sockets of the whole port range. Answers null if there is enough, or a line that says what is missing; refuses, in one
 * line, where not even the relay itself has enough. Without system calls of our own nothing can be raised, and nothing is said.
 * `isFixed`: the operator has set the limit, and it stays as it is.
 */
export async function makeRoomForSockets(range: PortRange, isFixed: boolean): Promise<Result<string | null, string>> {
  const wanted = range.pairs * 2 + OTHER_DESCRIPTORS;
  try {
    const { fileLimit, raiseFileLimit } = await import('./sys/resourceLimit.js');
    const { soft } = isFixed ? fileLimit() : raiseFileLimit(wanted);
    if (soft >= wanted) return ok(null);
    if (soft < LEAST_DESCRIPTORS)
      return refuse(`${soft} open files are allowed; not even the relay itself can do with less than ${LEAST_DESCRIPTORS}`);
    const calls = Math.max(0, Math.floor((soft - OTHER_DESCRIPTORS) / 4));
    const remedy = `ulimit -n ${wanted}, or LimitNOFILE=${wanted}`;
    return ok(`${soft} open files are allowed, enough for about ${calls} calls; the port range needs ${wanted} (${remedy})`);
  } catch {
    return ok(null);
  }
}
