import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CallId, callId, type Millis, millis, udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { SessionEvent } from '../../model/session/event.js';
import { packr, SEGMENT_MAGIC, SEGMENT_VERSION } from '../../src/io/log/segment.js';
import { FRAME_HEADER_BYTES, writeFrame } from '../../src/protocol/events/frame.js';
import type { SegmentHeader } from '../../src/relay/events/logEntry.js';
import type {
  BaseRecord,
  ExchangeRecord,
  LogRecord,
  NewRecord,
  SampleRecord,
  SessionSample,
  SnapshotRecord,
  StepRecord,
} from '../../src/relay/events/record.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';

/** When everything here happens, unless it is said otherwise. */
export const START_MS = Date.UTC(2026, 10, 21, 12);

/** MessagePack of anything. */
export const packed = (value: unknown): Uint8Array => Uint8Array.from(packr.pack(value));

/** A segment of these bodies, the first of which is to be its header. */
export function framed(bodies: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_MAGIC.length + bodies.reduce((sum, body) => sum + FRAME_HEADER_BYTES + body.length, 0));
  bytes.set(Buffer.from(SEGMENT_MAGIC, 'latin1'));
  bodies.reduce((at, body) => writeFrame(bytes, at, body), SEGMENT_MAGIC.length);
  return bytes;
}

/** Where the frames of a sound segment begin, the header first. */
export function framesOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: number[] = [];
  for (let at = SEGMENT_MAGIC.length; at < bytes.length; at += FRAME_HEADER_BYTES + view.getUint32(at, true)) found.push(at);
  return found;
}

export const headerOf = (header: Partial<SegmentHeader> = {}): SegmentHeader => ({
  ...{ shard: 0, run: START_MS, startedAt: START_MS, version: SEGMENT_VERSION, shards: 1, program: '0.3.0' },
  ...header,
});

/** A segment as today's relay writes it, whoever wrote the code that does. */
export const segmentOf = (records: readonly LogRecord[], header: Partial<SegmentHeader> = {}): Uint8Array =>
  framed([headerOf(header), ...records].map(packed));

export function writeSegment(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

const NETWORK = { host: '127.0.0.1', advertised: null } as const;
const NO_TALLY = { received: 3, relayed: 2, dropped: 1 } as const;
const SILENT: SessionSample = {
  touchedAt: { caller: millis(START_MS), callee: millis(START_MS) },
  streams: [null, null, null, null],
};

export const sampleOf = (received: number): SessionSample => ({
  ...SILENT,
  streams: [{ counters: [received, received * 172, 0, 0, 0, 0, 0, 0], latch: [1, 2], analysis: null }, null, null, null],
});

/** Writes the records of one shard of one run, numbered, each a millisecond after the one before; and knows the sessions. */
export class ShardWriting {
  readonly records: LogRecord[] = [];
  readonly sessions = new Map<number, { readonly call: CallId; readonly snapshot: Snapshot }>();
  nowMs: number;
  seq = 0;
  readonly #shard: number;

  constructor(shard = 0, nowMs = START_MS) {
    this.#shard = shard;
    this.nowMs = nowMs;
  }

  /** What was written since this was asked for last. */
  take(): LogRecord[] {
    return this.records.splice(0);
  }

  /** Opens a session with both legs. */
  open(session: number, call = `call-${session}`): this {
    const at = millis(this.nowMs);
    const local = (port: number) => ({ host: '127.0.0.1', port: udpPort(10_000 + session * 4 + port) });
    const opened = { setupTtlMs: 1000, ttlMs: 2000, independentTtl: false, networks: { caller: NETWORK, callee: NETWORK } };
    const reference = 'strong';
    const signal: Omit<Signal, 'side'> = {
      ...{ type: 'Signal', address: local(0), held: false, asymmetric: false, codecs: [0, 8], resizeMs: null, newPort: false },
      ...{ networks: null, notify: null, ttlMs: { caller: null, callee: null }, reference, opening: null },
    };
    const opening = { call: callId(call), tag: 'from' };
    this.step(session, call, { ...signal, side: 'caller', opening }, [
      { type: 'SessionOpened', ...opening, ...opened, reference, at },
      { type: 'LegOpened', side: 'callee', local: local(0), at },
    ]);
    this.step(session, call, { ...signal, side: 'callee' }, [{ type: 'LegOpened', side: 'caller', local: local(2), at }]);
    return this;
  }

  close(session: number): this {
    const { call } = this.sessions.get(session)!;
    const tally = { caller: NO_TALLY, callee: NO_TALLY };
    const reason = 'deleted';
    const at = millis(this.nowMs);
    return this.step(session, call, { type: 'Release', reference: 'strong' }, [{ type: 'SessionClosed', reason, tally, at }]);
  }

  step(session: number, call: string, command: StepRecord['command'], events: readonly SessionEvent[]): this {
    const { snapshot } = apply(this.sessions.get(session)?.snapshot ?? NEW_SESSION, events);
    if (snapshot.context.closed === null) this.sessions.set(session, { call: callId(call), snapshot });
    else this.sessions.delete(session);
    return this.write({ kind: 'step', at: this.#now(), call: callId(call), session, command, events });
  }

  sample(session: number, received: number): this {
    return this.write({ kind: 'sample', at: this.#now(), session, sample: sampleOf(received) } satisfies Without<SampleRecord>);
  }

  exchange(call: string, command: string, reply = '0'): this {
    const from = 'udp:127.0.0.1:22222 127.0.0.1:5060 1_2';
    const record: Without<ExchangeRecord> = { kind: 'exchange', at: this.#now(), call: callId(call), from, command, reply };
    return this.write(record);
  }

  /** What a segment begins with. */
  opening(): this {
    for (const [session, { call, snapshot }] of this.sessions) {
      const state = { phase: snapshot.value, state: snapshot.context, sample: sampleOf(7) };
      this.write({ kind: 'snapshot', at: this.#now(), call, session, ...state } satisfies Without<SnapshotRecord>);
    }
    const counters = { lastSession: Math.max(0, ...this.sessions.keys()) };
    return this.write({ kind: 'base', at: this.#now(), sessions: this.sessions.size, counters } satisfies Without<BaseRecord>);
  }

  end(): this {
    return this.write({ kind: 'end', at: this.#now() });
  }

  /** Lets so many records be lost. */
  lose(records: number): this {
    this.seq += records;
    return this;
  }

  write(record: NewRecord): this {
    this.records.push({ ...record, seq: ++this.seq, shard: this.#shard });
    return this;
  }

  #now(): Millis {
    return millis(this.nowMs++);
  }
}

type Signal = Extract<SessionCommand, { type: 'Signal' }>;
type Without<R> = Omit<R, 'seq' | 'shard'>;
