import type { MessagePort } from 'node:worker_threads';
import type { CallId, Family } from '../../../model/kernel/index.js';
import type { EngineName } from '../../media/engine.js';
import { sessionRows } from '../../media/streams.js';
import type { ControlSetting } from '../../relay/control/setting.js';
import type { EventLogOptions } from '../../relay/options.js';
import type { PortRange } from '../../relay/portalloc/portTable.js';
import type { OwnPorts, OwnRange } from '../../relay/portalloc/portTables.js';
import { RESTING_ROWS } from '../../relay/portalloc/restingPairs.js';
import type { SessionPlace } from '../../relay/session/forks.js';
import type { ShardOptions } from '../../relay/session/shard.js';
import type { ShardRequest } from '../../relay/supervisor/messages.js';
import type { NgStart } from '../ng/threadSockets.js';
import type { TapeMemory } from '../recording/tapePort.js';

/** What all shards of a relay have in common. Plain data: it crosses threads. */
export type ShardSetting = Omit<ShardOptions, 'shard' | 'counterMemory' | 'lastSeq'> & {
  /** The ports of all addresses that have none of their own. */
  readonly range: PortRange;
  readonly ownRanges: readonly OwnRange[];
  /** One port after the other instead of any. */
  readonly sequentialPorts: boolean;
  /** TOS of outgoing IPv4 packets, 0…255; null: as the system has it. */
  readonly tos: number | null;
  readonly control: ControlSetting;
  readonly engine: EngineName | null;
  /** When this run of the relay began. */
  readonly run: number;
  /** Null: there is no event log. */
  readonly log: (EventLogOptions & { readonly folder: string; readonly program: string }) | null;
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
  readonly ownPorts: readonly OwnPorts[];
  /** What may be left behind, and is to be taken up; null: nothing. */
  readonly recovery: RecoveryStart | null;
  /** By what the thread takes NG requests itself; null: it does not. */
  readonly ng: NgStart | null;
};

export type RecoveryStart =
  /** The relay has died. `run`: the run that is to be taken up. */
  | { readonly cause: 'process'; readonly run: number }
  /** A thread of this run has died. */
  | {
      readonly cause: 'thread';
      /** When that was noticed, milliseconds of the threads' clock. */
      readonly diedAtMs: number;
      /** The command that it had in hand. Null: none is known. */
      readonly inHand: LostCommand | null;
      /** Calls that a thread has died over before, and those of which nothing is carried out any more. */
      readonly struck: readonly string[];
      readonly setAside: readonly string[];
    };

/** A command that a thread has died over. */
export type LostCommand = {
  readonly call: CallId;
  /** What the client was told then. `from`: as in `Origin`. Null: nothing, it asks again. */
  readonly exchange: { readonly from: string; readonly text: string; readonly reply: string } | null;
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
  /** See `relay/limits/admission.ts`; one for all shards. */
  readonly admission: SharedArrayBuffer;
  /** See `media/counters.ts`. */
  readonly counters: SharedArrayBuffer;
  /** The way of packets and orders to the recorder; null: nothing is recorded. */
  readonly tape: TapeMemory | null;
  /** Row → descriptor + 1. */
  readonly descriptors: SharedArrayBuffer;
  /** What else keeps sockets alive: the ring's descriptor + 1, then address and length of its mappings, as 64-bit floats. */
  readonly ring: SharedArrayBuffer;
  /** The number of the thread that has begun to serve the shard, a 32-bit integer; 0: none has. */
  readonly threadId: SharedArrayBuffer;
  /** See `CallInHand`. */
  readonly callInHand: SharedArrayBuffer;
  /** See `NgClientTable`. */
  readonly ngClients: SharedArrayBuffer;
};

/** The engine has rows for a slot more than there are sessions (see `relay/session/shard.ts`), and for pairs that rest between two calls. */
export const engineRows = (slots: number): number => sessionRows(slots) + RESTING_ROWS;

export const RING_MEMORY_BYTES = 16 * 8;
