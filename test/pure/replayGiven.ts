import { callId, type Millis, millis } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { Refusal } from '../../model/session/refusal.js';
import type { SessionState } from '../../model/session/state.js';
import type { LogEntry } from '../../src/relay/events/logEntry.js';
import type { LogRecord, SnapshotRecord, StepRecord } from '../../src/relay/events/record.js';
import { stamp, stateAfter, T0, type Told } from './modelGiven.js';

export type Where = {
  readonly session?: number;
  readonly shard?: number;
  readonly call?: string;
  readonly at?: Millis;
  readonly refusal?: Refusal;
};

const SAMPLE = { touchedAt: { caller: T0, callee: T0 }, streams: [null, null, null, null] } as const;

/** Writes the records of one shard as tests tell them, and numbers them. */
export class LogWriter {
  readonly #shard: number;
  #seq = 0;

  constructor(shard = 0) {
    this.#shard = shard;
  }

  /** Some records are lost. */
  lose(count: number): void {
    this.#seq += count;
  }

  /** A thread takes the place of another one. */
  beginAnew(): void {
    this.#seq = 0;
  }

  step(
    command: SessionCommand,
    events: readonly Told[],
    { session = 1, call = 'call@a', at = T0, refusal }: Where = {},
  ): StepRecord {
    const stamped = events.map((event) => stamp(event, at));
    const step = { ...this.#head(at), kind: 'step', call: callId(call), session, command, events: stamped } as const;
    return refusal === undefined ? step : { ...step, refusal };
  }

  events(events: readonly Told[], where: Where = {}): StepRecord {
    return this.step({ type: 'CheckIdle' }, events, where);
  }

  snapshot(events: readonly Told[], { session = 1, call = 'call@a', at = T0 }: Where = {}): SnapshotRecord {
    const state: SessionState = stateAfter(...events);
    const phase = state.legs.caller.local !== null && state.legs.callee.local !== null ? 'relaying' : 'waiting';
    return { ...this.#head(at), kind: 'snapshot', call: callId(call), session, phase, state, sample: SAMPLE };
  }

  base(sessions: number, at = T0): LogRecord {
    return { ...this.#head(at), kind: 'base', sessions, counters: {} };
  }

  vitals(at = T0): LogRecord {
    return { ...this.#head(at), kind: 'vitals', counters: {} };
  }

  end(at = T0): LogRecord {
    return { ...this.#head(at), kind: 'end' };
  }

  exchange(command: string, reply: string, from = '- - -', { call = 'call@a', at = T0 }: Where = {}): LogRecord {
    return { ...this.#head(at), kind: 'exchange', call: callId(call), from, command, reply };
  }

  /** `counters`: of the four streams, in the order of `STREAM_COUNTERS`. */
  sample(counters: readonly (readonly number[] | null)[], { session = 1, at = T0 }: Where = {}): LogRecord {
    const streams = counters.map((each) => (each === null ? null : { counters: each, latch: null, analysis: null }));
    return { ...this.#head(at), kind: 'sample', session, sample: { touchedAt: SAMPLE.touchedAt, streams } };
  }

  #head(at: Millis): { readonly seq: number; readonly at: Millis; readonly shard: number } {
    return { seq: ++this.#seq, at, shard: this.#shard };
  }
}

/** Records as a reader yields them. */
export const entriesOf = (records: readonly LogRecord[], path = 'segment 1', run = 1, log = 0): LogEntry[] =>
  records.map((record, offset) => ({ kind: 'record', record, log, run, path, offset }));

export const after = (ms: number): Millis => millis(T0 + ms);
