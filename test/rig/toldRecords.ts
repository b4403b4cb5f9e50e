/** Records of the event log, made by hand: what those who watch are told. */
import { callId, millis } from '../../model/kernel/index.js';
import { INITIAL_STATE } from '../../model/session/state.js';
import type { LogRecord, SampleRecord, SnapshotRecord, StepRecord } from '../../src/relay/events/record.js';
import type { Told } from '../../src/relay/events/told.js';

type Place = { readonly shard?: number; readonly seq?: number; readonly session?: number };

const numbered = ({ shard = 0, seq = 1 }: Place) => ({ shard, seq, at: millis(1_700_000_000_000 + seq) });
const NOTHING = { received: 0, relayed: 0, dropped: 0 };
const NO_SAMPLE = { touchedAt: { caller: millis(0), callee: millis(0) }, streams: [] };

/** A reference is taken: a step that moves little. */
export const stepOf = (call: string, place: Place = {}): StepRecord => ({
  ...{ kind: 'step', ...numbered(place), call: callId(call), session: place.session ?? 1 },
  command: { type: 'CheckIdle' },
  events: [{ at: millis(0), type: 'ReferenceTaken', reference: 'strong' }],
});

export const endOf = (call: string, place: Place = {}): StepRecord => ({
  ...stepOf(call, place),
  events: [{ at: millis(0), type: 'SessionClosed', reason: 'deleted', tally: { caller: NOTHING, callee: NOTHING } }],
});

export const sampleOf = (place: Place = {}): SampleRecord => ({
  ...{ kind: 'sample', ...numbered(place), session: place.session ?? 1 },
  sample: NO_SAMPLE,
});

export const snapshotOf = (call: string, place: Place = {}): SnapshotRecord => ({
  ...{ kind: 'snapshot', ...numbered(place), call: callId(call), session: place.session ?? 1 },
  ...{ phase: 'waiting', state: INITIAL_STATE, sample: NO_SAMPLE },
});

export const vitalsOf = (place: Place = {}): LogRecord => ({ kind: 'vitals', ...numbered(place), counters: {} });

export const told = (record: LogRecord): Told => ({ kind: 'record', record });
export const lost = (records: number, shard = 0): Told => ({ kind: 'lost', shard, records });
