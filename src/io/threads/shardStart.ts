import type { MessagePort } from 'node:worker_threads';
import type { EngineName } from '../../media/engine.js';
import type { PortRange } from '../../relay/portalloc/portTable.js';

/** What a media thread is given to start with. */
export type ShardStart = {
  readonly shard: number;
  readonly shards: number;
  /** `ShardRequest`s come in (arrays of them), `ShardNotice`s go out. */
  readonly mailbox: MessagePort;
  /** The eventfd that says the mailbox has something; -1 where there is none, and only node:dgram can serve. */
  readonly wakeFd: number;
  readonly memory: ShardMemory;
  readonly range: PortRange;
  readonly slots: number;
  readonly host: string;
  readonly ttlMs: number;
  readonly setupTtlMs: number;
  readonly engine: EngineName | null;
  readonly logFolder: string;
};

/** What a shard shares with the supervisor, which must be able to clean up after it. */
export type ShardMemory = {
  /** See `relay/portalloc/portTable.ts`; one for all shards. */
  readonly ports: SharedArrayBuffer;
  /** See `media/counters.ts`. */
  readonly counters: SharedArrayBuffer;
  /** Row → descriptor + 1. */
  readonly descriptors: SharedArrayBuffer;
  /** What else keeps sockets alive: the ring's descriptor + 1, then address and length of its mappings, as 64-bit floats. */
  readonly ring: SharedArrayBuffer;
};

export const RING_MEMORY_BYTES = 16 * 8;
