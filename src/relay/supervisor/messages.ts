import type { EngineName } from '../../media/engine.js';
import type { Tags } from '../../protocol/rtpproxy/command.js';
import type { SessionAccount } from '../accounting/sessionAccount.js';
import type { NamedSession } from '../control/execution.js';
import type { Origin } from '../control/origin.js';
import type { ShardCommand } from '../control/rtpproxy.js';
import type { SessionPlace } from '../session/forks.js';
import type { Notification, RtcpReport } from '../session/tellers.js';

/** A command on its way to the shard that holds its call. */
export type Assignment = {
  readonly command: ShardCommand;
  readonly origin: Origin;
  /** The sessions that `&& C` names, in the order of those sub-commands; null: there is none. */
  readonly sources: readonly (NamedSession | null)[];
};

/** From the supervisor to a shard. Every `id` is answered once. */
export type ShardRequest =
  | { readonly kind: 'command'; readonly id: number; readonly assignment: Assignment }
  /** Which session a call and tags mean. */
  | { readonly kind: 'find'; readonly id: number; readonly call: string; readonly tags: Tags }
  /** Ends every session of the shard. */
  | { readonly kind: 'deleteAll'; readonly id: number }
  /** No new session is to begin. */
  | { readonly kind: 'drain' }
  /** A line to another shard is not needed any more. */
  | { readonly kind: 'untap'; readonly line: string }
  /** Ends every session and the thread's task. */
  | { readonly kind: 'stop' };

/** From a shard to the supervisor. */
export type ShardNotice =
  /** The shard serves. `refused`: the engines that were tried before, and why they would not do. */
  | { readonly kind: 'ready'; readonly engine: EngineName; readonly refused: readonly string[] }
  | { readonly kind: 'replies'; readonly replies: readonly (readonly [id: number, reply: string])[] }
  | { readonly kind: 'found'; readonly id: number; readonly session: NamedSession | null }
  | { readonly kind: 'notify'; readonly notification: Notification }
  | { readonly kind: 'account'; readonly account: SessionAccount }
  | { readonly kind: 'rtcp'; readonly report: RtcpReport }
  /** Packets of a session of another shard are wanted. */
  | { readonly kind: 'openLine'; readonly line: string; readonly source: SessionPlace }
  | { readonly kind: 'closeLine'; readonly line: string; readonly source: SessionPlace }
  | { readonly kind: 'warning'; readonly text: string };
