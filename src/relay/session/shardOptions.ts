import type { Network } from '../../../model/session/network.js';
import type { PacketEngine } from '../../media/engine.js';
import type { Admission } from '../limits/admission.js';
import type { PortTables } from '../portalloc/portTables.js';
import type { Clock } from '../ports.js';
import type { LoadLimits } from '../supervisor/load.js';
import type { ForkWorld } from './forks.js';
import type { RecorderPort } from './recorders.js';
import type { TellerWorld } from './tellers.js';

export type ShardOptions = {
  readonly shard: number;
  /** The number of the last record that this run of the shard has in the log already. */
  readonly lastSeq: number;
  /** How many sessions fit. The engine has rows for one slot more, where sockets wait to take the place of others. */
  readonly slots: number;
  /** Where legs stand for which nothing else is asked. */
  readonly network: Network;
  readonly ttlMs: number;
  readonly setupTtlMs: number;
  readonly independentTtl: boolean;
  /** A session of the classic protocol whose last reference goes is held for so long, and kept if both sides go on sending. 0: it is not. */
  readonly deleteGraceMs?: number | undefined;
  /** Short packets are sent twice. */
  readonly doubling: boolean;
  /** RTCP is recorded and copied with RTP. */
  readonly recordRtcp: boolean;
  /** RTCP packets are told to the world. */
  readonly reporting: boolean;
  /** Ended sessions are told to the world. */
  readonly accounting: boolean;
  /** How busy the thread may be before new sessions are refused. Null: never mind. */
  readonly loadLimits: LoadLimits | null;
  readonly counterMemory: ArrayBufferLike;
};

/** What a shard needs of the world. */
export type ShardWorld = TellerWorld &
  ForkWorld & {
    readonly engine: PacketEngine;
    readonly ports: PortTables;
    /** Counts the calls of all shards. */
    readonly admission: Admission;
    readonly clock: Clock;
    /** How long the thread has worked so far, milliseconds. */
    readonly busyMs: () => number;
    /** Null: nothing can be recorded. */
    readonly recorder: RecorderPort | null;
    /** From 0 up to 1, as `Math.random`. */
    readonly random: () => number;
    /** Something an operator should know, in one line. */
    readonly warn: (text: string) => void;
  };
