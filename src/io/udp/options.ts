/** What a packet engine is given besides its rows. */
export type EngineOptions = {
  /** Row → descriptor + 1, 0 for none: in shared memory, so that the main thread can close what a dead thread left open. */
  readonly descriptors: Int32Array;
  /** Descriptor + 1 of the ring (or epoll), and the ring's mappings (address, length …), for the same reason. */
  readonly ring: Float64Array;
  /** The eventfd by which other threads wake this one. */
  readonly wakeFd: number;
  /** Milliseconds, monotonic: the clock of the media threads. */
  readonly clock: () => number;
  /** Receive queue of a media socket, bytes. */
  readonly receiveBufferBytes: number;
  /** How many datagrams one batch can hold: a power of two, at most 32768. io_uring only. */
  readonly receiveBuffers: number;
  /** TOS of outgoing IPv4 packets, 0…255. Null: as the system has it. */
  readonly tos: number | null;
};

/** Nobody waits longer than this, so that a wake-up that got lost heals by itself. */
const LONGEST_WAIT_MS = 1000;

/**
 * A waiting time for the kernel: whole milliseconds, never too short. Whole, because a small integer crosses function borders without being
 * allocated, and this happens with every batch.
 */
export const wholeMs = (timeMs: number): number => Math.ceil(Math.min(Math.max(timeMs, 0), LONGEST_WAIT_MS)) | 0;
