import { availableParallelism } from 'node:os';

/** How many shards there are. `workers`: as the options have it; null: one per core. */
export const shardCount = (workers: number | null): number => workers ?? availableParallelism();
