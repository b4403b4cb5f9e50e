import type { ForkSource } from '../../../model/session/event.js';
import type { Side } from '../../../model/session/side.js';
import type { EngineName } from '../../media/engine.js';
import type { Prompt } from '../../media/player/prompt.js';
import type { Tags } from '../../protocol/rtpproxy/command.js';
import type { SessionAccount } from '../accounting/sessionAccount.js';
import type { OwnedEvent } from '../callEvents/callEvent.js';
import type { LeavingSession } from '../callEvents/leaving.js';
import type { NamedSession } from '../control/execution.js';
import type { NgPrompts } from '../control/ng/ngExecution.js';
import type { Origin } from '../control/origin.js';
import type { ShardCommand } from '../control/rtpproxy.js';
import type { ControlSetting } from '../control/setting.js';
import type { ExchangeRecord, SnapshotRecord } from '../events/record.js';
import type { RecordBatch } from '../events/told.js';
import type { NgOrigin } from '../ng/ngOrigin.js';
import type { OwnPorts } from '../portalloc/portTables.js';
import type { RecorderNotice } from '../recording/orders.js';
import type { SessionPlace } from '../session/forks.js';
import type { Notification, RtcpReport } from '../session/tellers.js';

/** A command on its way to the shard that holds its call. */
export type Assignment = {
  readonly command: ShardCommand;
  /** As it was asked, without its cookie. */
  readonly text: string;
  readonly origin: Origin;
  /** The sessions that `&& C` names, in the order of those sub-commands; null: there is none. */
  readonly sources: readonly (NamedSession | null)[];
  /** What P is to play. */
  readonly prompt: Prompt | null;
};

/** A request of the NG protocol on its way to the shard that holds its call. */
export type NgAssignment = {
  readonly call: string;
  /** What stands behind the cookie, one character a byte. */
  readonly payload: string;
  readonly origin: NgOrigin;
  readonly prompts: NgPrompts;
};

/** From the supervisor to a shard. Every `id` is answered once. */
export type ShardRequest =
  | { readonly kind: 'command'; readonly id: number; readonly assignment: Assignment }
  | { readonly kind: 'ng'; readonly id: number; readonly assignment: NgAssignment }
  /** For which payload types `play media` needs prompts. */
  | { readonly kind: 'ngCodecs'; readonly id: number; readonly assignment: NgAssignment }
  /** The Call-IDs of the shard, so many at most. */
  | { readonly kind: 'calls'; readonly id: number; readonly limit: number }
  /** Which session a call and tags mean. */
  | { readonly kind: 'find'; readonly id: number; readonly call: string; readonly tags: Tags }
  /** What the sessions of a call are like now. */
  | { readonly kind: 'inspect'; readonly id: number; readonly call: string }
  /** The session that another is to hear was found. */
  | { readonly kind: 'fork'; readonly target: SessionPlace; readonly source: ForkSource; readonly place: SessionPlace }
  /** A prompt that was sought. Null: it cannot be read any more. */
  | { readonly kind: 'prompt'; readonly target: SessionPlace; readonly side: Side; readonly prompt: Prompt | null }
  /** The recorder says something of a recording of the shard; or it has died, and is to be told again what is recorded. */
  | { readonly kind: 'recorder'; readonly notice: RecorderNotice }
  | { readonly kind: 'recordAgain' }
  /** Somebody wants to be told of everything that happens; nobody does any more; so many more records may be sent. */
  | { readonly kind: 'watch' }
  | { readonly kind: 'unwatch' }
  | { readonly kind: 'grant'; readonly credit: number }
  /** What the main thread answers to an NG request that was forwarded to it. */
  | { readonly kind: 'ngBegin' }
  | { readonly kind: 'ngAnswer'; readonly ticket: number; readonly reply: string }
  /** Ends every session of the shard. */
  | { readonly kind: 'deleteAll'; readonly id: number }
  /** No new session is to begin. */
  | { readonly kind: 'drain' }
  /** What holds for commands from now on, and which addresses have ports of their own; what stands goes on as it is. */
  | { readonly kind: 'setting'; readonly control: ControlSetting; readonly ports: readonly OwnPorts[] }
  /** A line to another shard is not needed any more. */
  | { readonly kind: 'untap'; readonly line: string }
  /** Ends every session and the thread's task. `leave`: the sessions are not ended, but left behind for the next relay to take up. */
  | { readonly kind: 'stop'; readonly leave: boolean };

/** What a shard has taken up of what a crash left behind. */
export type TakenUp = {
  readonly sessions: number;
  /** Those that could not be. */
  readonly lost: number;
  readonly downMs: number;
  /** The last answers that clients got. */
  readonly exchanges: readonly ExchangeRecord[];
  readonly problems: readonly string[];
};

/** From a shard to the supervisor. */
export type ShardNotice =
  /** The shard serves. `refused`: the engines that were tried before, and why they would not do. */
  | {
      readonly kind: 'ready';
      readonly engine: EngineName;
      readonly refused: readonly string[];
      readonly threadId: number;
      readonly takenUp: TakenUp;
    }
  | {
      readonly kind: 'replies';
      readonly replies: readonly (readonly [id: number, reply: string])[];
      /** Files of the event log that were written to: what was done is on disk when these are. */
      readonly written: readonly string[];
    }
  | { readonly kind: 'codecs'; readonly id: number; readonly codecs: readonly (readonly number[])[] }
  | { readonly kind: 'listed'; readonly id: number; readonly calls: readonly string[] }
  | { readonly kind: 'event'; readonly owned: OwnedEvent }
  /** The shard ends, and these sessions of it were recorded. */
  | { readonly kind: 'leaving'; readonly sessions: readonly LeavingSession[] }
  | { readonly kind: 'inspected'; readonly id: number; readonly sessions: readonly SnapshotRecord[] }
  /** A session of ours was taken up that hears another, wherever that is. */
  | { readonly kind: 'seek'; readonly target: SessionPlace; readonly source: ForkSource }
  /** A session of ours was taken up that hears a prompt, which is to be read again. */
  | {
      readonly kind: 'seekPrompt';
      readonly target: SessionPlace;
      readonly side: Side;
      readonly prompt: string;
      readonly payloadType: number;
    }
  /** The call that the thread before this one died over. */
  | { readonly kind: 'struck'; readonly call: string; readonly setAside: boolean }
  | { readonly kind: 'records'; readonly batch: RecordBatch }
  | { readonly kind: 'found'; readonly id: number; readonly session: NamedSession | null }
  /** An NG request that a media thread has taken, and only the main thread can see to. `ticket` comes back with the answer. */
  | { readonly kind: 'ngForward'; readonly ticket: number; readonly payload: string; readonly origin: NgOrigin }
  | { readonly kind: 'notify'; readonly notification: Notification }
  | { readonly kind: 'account'; readonly account: SessionAccount }
  | { readonly kind: 'rtcp'; readonly report: RtcpReport }
  /** Packets of a session of another shard are wanted. */
  | { readonly kind: 'openLine'; readonly line: string; readonly source: SessionPlace }
  | { readonly kind: 'closeLine'; readonly line: string; readonly source: SessionPlace }
  | { readonly kind: 'warning'; readonly text: string };
