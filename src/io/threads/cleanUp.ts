import type { ShardMemory } from './shardStart.js';

/** Loads what `closeLeftovers` needs, where it can be had: when a thread has died, calls wait for it. */
export async function prepareCleanUp(): Promise<void> {
  await Promise.allSettled([import('../sys/socket.js'), import('../sys/memory.js')]);
}

/**
 * Closes what a dead media thread left open: descriptors belong to the process and do not go with the thread, and an io_uring lives, with
 * every socket it receives from, as long as its memory is mapped. The thread must really be gone.
 */
export async function closeLeftovers(memory: ShardMemory): Promise<void> {
  const descriptors = new Int32Array(memory.descriptors);
  const ring = new Float64Array(memory.ring);
  if (ring[0] === 0 && descriptors.every((descriptor) => descriptor === 0)) return;
  const { closeDescriptor } = await import('../sys/socket.js');
  const { unmapAt } = await import('../sys/memory.js');
  for (let i = 1; i + 1 < ring.length && ring[i] !== 0; i += 2) unmapAt(ring[i]!, ring[i + 1]!);
  if (ring[0] !== 0) closeDescriptor(ring[0]! - 1);
  ring.fill(0);
  for (let row = 0; row < descriptors.length; row++) if (descriptors[row] !== 0) closeDescriptor(descriptors[row]! - 1);
  descriptors.fill(0);
}
