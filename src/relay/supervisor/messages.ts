import type { EngineName } from '../../media/engine.js';
import type { ShardCommand } from '../control/rtpproxy.js';

/** From the supervisor to a shard. Every `id` is answered once. */
export type ShardRequest =
  | { readonly kind: 'command'; readonly id: number; readonly command: ShardCommand }
  /** Ends every session of the shard. */
  | { readonly kind: 'deleteAll'; readonly id: number }
  /** Ends every session and the thread's task. */
  | { readonly kind: 'stop' };

/** From a shard to the supervisor. */
export type ShardNotice =
  /** The shard serves. `refused`: the engines that were tried before, and why they would not do. */
  | { readonly kind: 'ready'; readonly engine: EngineName; readonly refused: readonly string[] }
  | { readonly kind: 'replies'; readonly replies: readonly (readonly [id: number, reply: string])[] }
  | { readonly kind: 'warning'; readonly text: string };
