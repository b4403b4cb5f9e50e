import type { MessagePort } from 'node:worker_threads';
import type { Family } from '../../../model/kernel/index.js';
import type { EngineName } from '../../media/engine.js';
import { ROWS_PER_SESSION } from '../../media/streams.js';
import type { ControlSetting } from '../../relay/control/setting.js';
import type { PortRange } from '../../relay/portalloc/portTable.js';
import type { SessionPlace } from '../../relay/session/forks.js';
import type { ShardOptions } from '../../relay/session/shard.js';
import type { ShardRequest } from '../../relay/supervisor/messages.js';

/** What all shards of a relay have in common. Plain data: it crosses threads. */
export type ShardSetting = Omit<ShardOptions, 'shard' | 'counterMemory'> & {
  readonly range: PortRange;
  /** One port after the other instead of any. */
  readonly sequentialPorts: boolean;
  /** TOS of outgoing IPv4 packets, 0…255; null: as the system has it. */
  readonly tos: number | null;
  readonly control: ControlSetting;
  readonly engine: EngineName | null;
  readonly logFolder: string;
  /** Where a CPU profile of the thread is written when it ends; null: none is made. */
  readonly profileFolder: string | null;
};

/** What a media thread is given to start with. */
export type ShardStart = {
  readonly shard: number;
  readonly shards: number;
  readonly setting: ShardSetting;
  /** `ThreadRequest`s come in (arrays of them), `ShardNotice`s go out. */
  readonly mailbox: MessagePort;
  /** The eventfd that says the mailbox has something; -1 where there is none, and only node:dgram can serve. */
  readonly wakeFd: number;
  readonly memory: ShardMemory;
};

/** What a media thread is asked for: what its shard is, and the lines by which packets go from one thread to another. */
export type ThreadRequest =
  | ShardRequest
  /** Send the packets of a session by this line, and wake who listens. */
  | {
      readonly kind: 'tap';
      readonly line: string;
      readonly place: SessionPlace;
      readonly wakeFd: number;
      readonly port: MessagePort;
    }
  /** Packets that were asked for come by this line. */
  | { readonly kind: 'listen'; readonly line: string; readonly port: MessagePort }
  /** They are not wanted any more. */
  | { readonly kind: 'unlisten'; readonly line: string };

/** What a shard shares with the supervisor, which must be able to clean up after it. */
export type ShardMemory = {
  /** See `relay/portalloc/portTable.ts`; one of each for all shards. */
  readonly ports: Readonly<Record<Family, SharedArrayBuffer>>;
  /** See `media/counters.ts`. */
  readonly counters: SharedArrayBuffer;
  /** Row → descriptor + 1. */
  readonly descriptors: SharedArrayBuffer;
  /** What else keeps sockets alive: the ring's descriptor + 1, then address and length of its mappings, as 64-bit floats. */
  readonly ring: SharedArrayBuffer;
};

/** The engine has rows for a slot more than there are sessions: see `relay/session/shard.ts`. */
export const engineRows = (slots: number): number => (slots + 1) * ROWS_PER_SESSION;

export const RING_MEMORY_BYTES = 16 * 8;
