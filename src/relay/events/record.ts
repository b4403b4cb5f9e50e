import type { Address, CallId, Millis } from '../../../model/kernel/index.js';
import type { Phase } from '../../../model/session/chart.js';
import type { SessionCommand } from '../../../model/session/command.js';
import type { SessionEvent } from '../../../model/session/event.js';
import type { Network } from '../../../model/session/network.js';
import type { Refusal } from '../../../model/session/refusal.js';
import type { Side } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import type { ShardCounter } from '../../media/counters.js';
import type { StreamMemory } from '../../media/streamMemory.js';

/** What every record of the event log has. */
type Numbered = {
  /** Counts the records of one shard from 1, without gaps, across the segments of one run. */
  readonly seq: number;
  readonly at: Millis;
  readonly shard: number;
};

/**
 * What one command did to one session, as it is written to the log: the unit of replay. The command and all its events stand in one
 * record, so that a crash between two writes cannot leave half a step behind.
 */
export type StepRecord = Numbered & {
  readonly kind: 'step';
  readonly call: CallId;
  /** The session within the run of the shard; a Call-ID may have several (one a media stream), and may come again after its end. */
  readonly session: number;
  readonly command: SessionCommand;
  readonly events: readonly SessionEvent[];
  /** Why nothing happened, where `decide` refused. */
  readonly refusal?: Refusal;
  /** The port pair that `decide` was offered, where it was offered one. */
  readonly sparePort?: Address;
  /** When the sides were last heard of, where the command was to look at that. */
  readonly heardAt?: Readonly<Record<Side, Millis>>;
};

/** A control command of a call and what the client was told. It stands behind the steps that the command made. */
export type ExchangeRecord = Numbered & {
  readonly kind: 'exchange';
  readonly call: CallId;
  /** The control socket, the client, and the cookie: three words. `-` for each that there is none of. */
  readonly from: string;
  /** Without its cookie, one character a byte. */
  readonly command: string;
  readonly reply: string;
};

/** What was counted and measured of a session up to now: taken now and then while it changes, and when it ends. */
export type SampleRecord = Numbered & { readonly kind: 'sample'; readonly session: number; readonly sample: SessionSample };

export type SessionSample = {
  /** When a command last restarted the time of each side. */
  readonly touchedAt: Readonly<Record<Side, Millis>>;
  /** By row of the session (see `media/streams.ts`): caller RTP, caller RTCP, callee RTP, callee RTCP. Null: nothing came. */
  readonly streams: readonly (StreamMemory | null)[];
};

/** A session as it is when a segment begins. */
export type SnapshotRecord = Numbered & {
  readonly kind: 'snapshot';
  readonly call: CallId;
  readonly session: number;
  readonly phase: Phase;
  readonly state: SessionState;
  readonly sample: SessionSample;
};

/** Ends the snapshot that a segment begins with: from here on the segment tells everything by itself. */
export type BaseRecord = Numbered & {
  readonly kind: 'base';
  /** How many `snapshot` records stand before it. */
  readonly sessions: number;
  /** The counters of the shard. */
  readonly counters: Readonly<Partial<Record<ShardCounter, number>>>;
};

/** A recording is complete, and its files stand where they belong. Its session may have ended before. */
export type RecordingRecord = Numbered & {
  readonly kind: 'recording';
  readonly call: CallId;
  readonly session: number;
  /** Which of the session. */
  readonly recording: number;
  readonly startedAt: Millis;
  /** From its first packet to its last, milliseconds. */
  readonly durationMs: number;
  readonly packets: number;
  readonly files: readonly { readonly path: string; readonly packets: number; readonly bytes: number }[];
};

/** The counters of the shard, now and then while they change. */
export type VitalsRecord = Numbered & {
  readonly kind: 'vitals';
  readonly counters: Readonly<Partial<Record<ShardCounter, number>>>;
};

/** The shard has ended as it was told to: nothing is to be recovered. */
export type EndRecord = Numbered & { readonly kind: 'end' };

export type LogRecord =
  | StepRecord
  | ExchangeRecord
  | SampleRecord
  | SnapshotRecord
  | BaseRecord
  | VitalsRecord
  | RecordingRecord
  | EndRecord;

type WithoutNumber<R> = R extends Numbered ? Omit<R, 'seq' | 'shard'> : never;
/** A record that its shard has not numbered yet. */
export type NewRecord = WithoutNumber<LogRecord>;

/** What `decide` was told besides the state that is the same for all steps of a shard. Stands in the header of a segment. */
export type DecisionSetting = {
  readonly ttlMs: number;
  readonly setupTtlMs: number;
  readonly independentTtl: boolean;
  readonly network: Network;
  /** Left out: 0. */
  readonly deleteGraceMs?: number;
};
