import type { PortRange } from '../relay/portalloc/portTable.js';

/** What the process needs besides media sockets: control connections, log segments, threads. */
const OTHER_DESCRIPTORS = 512;

/**
 * Makes room for the sockets of the whole port range. Answers null if there is enough, or a line that says what is missing. Without system
 * calls of our own nothing can be raised, and nothing is said.
 */
export async function makeRoomForSockets(range: PortRange): Promise<string | null> {
  const wanted = range.pairs * 2 + OTHER_DESCRIPTORS;
  try {
    const { raiseFileLimit } = await import('./sys/resourceLimit.js');
    const { soft } = raiseFileLimit(wanted);
    if (soft >= wanted) return null;
    const calls = Math.max(0, Math.floor((soft - OTHER_DESCRIPTORS) / 4));
    return `${soft} open files are allowed, enough for ${calls} calls; the port range needs ${wanted} (ulimit -n ${wanted}, or LimitNOFILE=${wanted})`;
  } catch {
    return null;
  }
}
