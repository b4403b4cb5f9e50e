import type { Millis } from '../../../model/kernel/index.js';
import { SIDES } from '../../../model/session/side.js';
import type { PacketEngine } from '../../media/engine.js';
import type { MediaPlane } from '../../media/plane.js';
import type { StreamMemory } from '../../media/streamMemory.js';
import { ROWS_PER_SESSION, rowOf } from '../../media/streams.js';
import type { NewRecord, SessionSample, SnapshotRecord } from '../events/record.js';
import type { Clock } from '../ports.js';
import { legIndexOf, type Session } from './session.js';

/** A session that goes on is sampled so often: as much a crash may cost of its counters. */
const SAMPLE_INTERVAL_MS = 2000;
/** The sessions of a shard take turns, so that no turn is long. */
const TURNS = 20;
const TURN_MS = SAMPLE_INTERVAL_MS / TURNS;

export type SamplerWorld = {
  readonly plane: MediaPlane;
  readonly engine: PacketEngine;
  readonly clock: Clock;
  readonly sessionIn: (slot: number) => Session | undefined;
  /** Looks whether a session of a dialogue has fallen silent. */
  readonly check: (session: Session, nowMs: number) => void;
  readonly write: (record: NewRecord) => void;
};

/** Writes down now and then what the packet path counts, which no event tells: for recovery, and for whoever asks later what was heard. */
export class Sampler {
  readonly #world: SamplerWorld;
  /** Slot → what all its counters added up to when it was last sampled. */
  readonly #sums = new Map<number, number>();
  /** RTP row → received and relayed when it was last looked at. */
  readonly #heard = new Map<number, { readonly received: number; readonly relayed: number }>();
  #turn = 0;
  #nextMs = 0;

  constructor(world: SamplerWorld) {
    this.#world = world;
  }

  /** Samples whose turn it is, of the slots below `slots`. Answers when to be called again. */
  turn(nowMs: number, slots: number): number {
    if (nowMs < this.#nextMs) return this.#nextMs;
    this.#nextMs = nowMs + TURN_MS;
    for (let slot = this.#turn; slot < slots; slot += TURNS) {
      const session = this.#world.sessionIn(slot);
      if (session === undefined) continue;
      this.#watchSilent(session);
      if (session.snapshot.context.dialogue !== null) this.#world.check(session, nowMs);
      const isMeasured = this.#world.plane.sources.turn(slot, nowMs);
      if (this.#hasChanged(session) || isMeasured) this.write(session);
    }
    this.#turn = (this.#turn + 1) % TURNS;
    if (this.#turn === 0) this.#writeVitals();
    return this.#nextMs;
  }

  /** Writes a sample of a session whether or not something has changed. `at`: of the step that it belongs to; null: it is now. */
  write(session: Session, at: Millis | null = null): void {
    const { clock, write } = this.#world;
    write({ kind: 'sample', at: at ?? clock(), session: session.session, sample: this.sample(session) });
  }

  sample({ slot, touchedAt }: Session): SessionSample {
    const streams: (StreamMemory | null)[] = [];
    for (let i = 0; i < ROWS_PER_SESSION; i++) streams.push(this.#world.plane.save(slot * ROWS_PER_SESSION + i));
    return { touchedAt, streams };
  }

  snapshotOf(session: Session): Omit<SnapshotRecord, 'seq' | 'shard'> {
    const { call, session: number, snapshot } = session;
    const at = this.#world.clock();
    const { value: phase, context: state } = snapshot;
    return { kind: 'snapshot', at, call, session: number, phase, state, sample: this.sample(session) };
  }

  /** All sessions as they are, and behind them how many they are. */
  *snapshot(sessions: Iterable<Session>): Generator<NewRecord> {
    let count = 0;
    for (const session of sessions) {
      // It may have ended while the snapshot was written.
      if (session.snapshot.context.closed !== null) continue;
      yield this.snapshotOf(session);
      count++;
    }
    const { plane, clock } = this.#world;
    yield { kind: 'base', at: clock(), sessions: count, counters: plane.counters.saveShard() };
  }

  forget(slot: number): void {
    this.#sums.delete(slot);
    for (let i = 0; i < ROWS_PER_SESSION; i++) this.#heard.delete(slot * ROWS_PER_SESSION + i);
  }

  #hasChanged({ slot, touchedAt }: Session): boolean {
    const { counters } = this.#world.plane;
    const sum = counters.sumOfSlot(slot) + touchedAt.caller + touchedAt.callee;
    if (this.#sums.get(slot) === sum) return false;
    this.#sums.set(slot, sum);
    return true;
  }

  /** A side that is sent packets and sends none itself may not be there: the network is asked to say so. Costly, so not before. */
  #watchSilent({ slot, snapshot }: Session): void {
    if (snapshot.value !== 'relaying') return;
    const { plane, engine } = this.#world;
    for (const side of SIDES) {
      const leg = legIndexOf(side);
      const row = rowOf(slot, leg, 0);
      const received = plane.counters.stream(row, 'received');
      const relayed = plane.counters.stream(rowOf(slot, leg === 0 ? 1 : 0, 0), 'relayed');
      const before = this.#heard.get(row);
      this.#heard.set(row, { received, relayed });
      if (before !== undefined && before.received === received && before.relayed < relayed) engine.watchUnreachable(row);
    }
  }

  #writeVitals(): void {
    const { plane, clock, write } = this.#world;
    write({ kind: 'vitals', at: clock(), counters: plane.counters.saveShard() });
  }
}
