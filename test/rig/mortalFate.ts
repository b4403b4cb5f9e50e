import type { ShardSetting } from '../../src/io/threads/shardStart.js';

/** What mortal threads (see `mortalShard.ts`) of a scene have in common besides, 32-bit integers. */
export type MortalSetting = ShardSetting & { readonly fate: SharedArrayBuffer };

/** How many have died that were to die once. */
export const DIED_ONCE = 0;
/** Not 0: nothing is to be taken up yet. */
export const ON_HOLD = 1;
export const FATE_BYTES = 8;
