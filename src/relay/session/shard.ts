import { Subject } from 'rxjs';
import { type Address, type CallId, callId, type Millis, millis } from '../../../model/kernel/index.js';
import type { SessionCommand } from '../../../model/session/command.js';
import { type Decision, legToOpen } from '../../../model/session/decide/index.js';
import type { Effect } from '../../../model/session/effect.js';
import type { CloseReason, Tally } from '../../../model/session/event.js';
import { COMPONENTS, SIDES } from '../../../model/session/side.js';
import { currentTtlMs, type SessionState } from '../../../model/session/state.js';
import type { Surroundings } from '../../../model/session/surroundings.js';
import { Counters } from '../../media/counters.js';
import { ENGINE_COUNTERS, type Packet, type PacketEngine } from '../../media/engine.js';
import { MediaPlane } from '../../media/plane.js';
import { CONFIRM, type Judgement, LEARN_UNLATCHED } from '../../media/stages/latch.js';
import { componentOf, type LegIndex, legOf, rowOf, slotOf } from '../../media/streams.js';
import { decodeSockaddr } from '../../protocol/bytes/sockaddr.js';
import { compilePath } from '../media/compilePath.js';
import type { PortTable } from '../portalloc/portTable.js';
import type { Clock, StepRecord } from '../ports.js';
import { TimingWheel } from '../timers/timingWheel.js';
import { NEW_SESSION, type Snapshot } from './apply.js';
import { Directory } from './directory.js';
import { LegSockets } from './legSockets.js';
import { step } from './step.js';

const TICK_MS = 100;
const REPORT_INTERVAL_MS = 500;

export type ShardOptions = {
  readonly shard: number;
  /** How many sessions fit. */
  readonly slots: number;
  /** The address media sockets are bound to; `0.0.0.0` for all. */
  readonly host: string;
  readonly ttlMs: number;
  readonly setupTtlMs: number;
  readonly counterMemory: ArrayBufferLike;
};

/** What a shard needs of the world. */
export type ShardWorld = {
  readonly engine: PacketEngine;
  readonly ports: PortTable;
  readonly clock: Clock;
  /** Something an operator should know, in one line. */
  readonly warn: (text: string) => void;
};

/** A session as its shard holds it. */
export type Session = {
  readonly session: number;
  readonly call: CallId;
  readonly tag: string;
  readonly slot: number;
  snapshot: Snapshot;
  /** The last command; packets are looked up in the counters. */
  touchedAt: Millis;
};

/** A command, a timer or a notice of the packet path, on its way to a session. `decided` gets what became of it. */
type Input = { readonly target: Session; readonly command: SessionCommand; decided: Decision | null };

/** The sessions of one media thread: their states, ports, sockets and timers. One writer, so nothing is locked. */
export class Shard {
  readonly counters: Counters;
  readonly plane: MediaPlane;
  readonly directory = new Directory<Session>();
  /** Every step, in order: to the log, and whoever else listens. */
  readonly steps = new Subject<StepRecord>();
  readonly #inputs = new Subject<Input>();
  readonly #options: ShardOptions;
  readonly #world: ShardWorld;
  readonly #wheel: TimingWheel;
  readonly #sockets: LegSockets;
  readonly #bySlot: (Session | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  #nextSlot = 0;
  #nextSession = 1;
  #nextSeq = 1;
  #reportAtMs = 0;

  constructor(options: ShardOptions, world: ShardWorld) {
    this.#options = options;
    this.#world = world;
    this.counters = new Counters(options.counterMemory);
    this.#sockets = new LegSockets(options.host, world);
    this.#wheel = new TimingWheel(world.clock(), TICK_MS);
    this.plane = new MediaPlane(world.engine, this.counters, options.slots, (packet, judgement) =>
      this.#noteSource(packet, judgement),
    );
    this.#inputs.subscribe((input) => this.#step(input));
  }

  get size(): number {
    return this.counters.shard('sessionsActive');
  }

  /** A session that does not exist yet: it does after its first `Signal`, if that is not refused. Null if no slot is free. */
  draft(call: string, tag: string): Session | null {
    const slot = this.#freeSlots.pop() ?? (this.#nextSlot < this.#options.slots ? this.#nextSlot++ : null);
    if (slot === null) return null;
    this.plane.clear(slot);
    const touchedAt = this.#world.clock();
    return { session: this.#nextSession++, call: callId(call), tag, slot, snapshot: NEW_SESSION, touchedAt };
  }

  /** Takes a command to a session. */
  command(target: Session, command: SessionCommand): Decision {
    const input: Input = { target, command, decided: null };
    this.#inputs.next(input);
    return input.decided ?? { ok: false, error: 'defect' };
  }

  /** Rings what is due. Answers when to be called again. */
  turn(nowMs: number): number {
    if (nowMs >= this.#reportAtMs) this.#reportEngine(nowMs);
    this.#wheel.advance(nowMs, (slot) => {
      const session = this.#bySlot[slot];
      if (session === undefined) return;
      this.command(session, { type: 'CheckIdle' });
      if (this.#bySlot[slot] === session) this.#armIdleTimer(session);
    });
    return this.#wheel.nextDeadlineMs();
  }

  /** Copies the engine's own counters to where others can read them. */
  #reportEngine(nowMs: number): void {
    this.#reportAtMs = nowMs + REPORT_INTERVAL_MS;
    const { counters } = this.#world.engine;
    for (const name of ENGINE_COUNTERS) this.counters.setShard(name, counters[name]);
  }

  closeAll(reason: CloseReason): number {
    const sessions = [...this.directory.all()];
    for (const session of sessions) this.command(session, { type: 'Close', reason });
    return sessions.length;
  }

  /** When the session was last heard of: a command, or a packet that reached the send stage. */
  lastHeardAt(session: Session): Millis {
    let last: number = session.touchedAt;
    for (let row = session.slot * 4; row < session.slot * 4 + 4; row++)
      last = Math.max(last, this.counters.stream(row, 'heardAtMs'));
    return millis(last);
  }

  #step(input: Input): void {
    const { target, command } = input;
    const leg = legToOpen(target.snapshot.context, command);
    let spare: Address | null = null;
    try {
      if (leg !== null) spare = this.#sockets.bind(target.slot, leg);
      input.decided = step(target, command, this.#surroundings(target, spare), {
        append: (record) => this.steps.next({ ...record, seq: this.#nextSeq++, shard: this.#options.shard }),
        perform: (effect, state) => this.#perform(target, effect, state),
      });
      if (input.decided.ok) spare = null;
    } catch (error) {
      this.#endAsDefect(target, error);
    }
    if (leg !== null && spare !== null) this.#sockets.close(target.slot, leg, spare);
    if (target.snapshot === NEW_SESSION) this.#freeSlots.push(target.slot);
    // A refused command is no sign of life: the call it belongs to has just failed.
    else if (command.type === 'Signal' && input.decided?.ok) target.touchedAt = this.#world.clock();
  }

  #surroundings(session: Session, sparePort: Address | null): Surroundings {
    const { ttlMs, setupTtlMs } = this.#options;
    const now = this.#world.clock();
    const lastHeardAt = this.lastHeardAt(session);
    return {
      now,
      sparePort,
      ttlMs,
      setupTtlMs,
      lastHeardAt,
      tally: { caller: this.#tally(session, 0), callee: this.#tally(session, 1) },
    };
  }

  #tally({ slot }: Session, leg: LegIndex): Tally {
    const sum = (name: 'received' | 'relayed' | 'dropped'): number =>
      this.counters.stream(rowOf(slot, leg, 0), name) + this.counters.stream(rowOf(slot, leg, 1), name);
    return { received: sum('received'), relayed: sum('relayed'), dropped: sum('dropped') };
  }

  #perform(session: Session, effect: Effect, state: SessionState): void {
    switch (effect) {
      case 'installPath':
        compilePath(state, session.slot, this.plane);
        break;
      case 'armIdleTimer':
        if (this.#bySlot[session.slot] !== session) this.#admit(session);
        this.#armIdleTimer(session);
        break;
      case 'releaseSession':
        this.#release(session, state);
        break;
    }
  }

  #admit(session: Session): void {
    this.#bySlot[session.slot] = session;
    this.directory.add(session);
    this.counters.addToShard('sessionsOpened', 1);
    this.counters.addToShard('sessionsActive', 1);
  }

  #armIdleTimer(session: Session): void {
    this.#wheel.arm(session.slot, this.lastHeardAt(session) + currentTtlMs(session.snapshot.context));
  }

  #release(session: Session, state: SessionState): void {
    const { slot } = session;
    this.#wheel.cancel(slot);
    for (const side of SIDES) {
      const { local } = state.legs[side];
      if (local !== null) this.#sockets.close(slot, side, local);
    }
    this.plane.clear(slot);
    if (this.#bySlot[slot] !== session) return;
    this.#bySlot[slot] = undefined;
    this.directory.remove(session);
    this.counters.addToShard('sessionsActive', -1);
    this.#freeSlots.push(slot);
  }

  /** The slow turn of a packet: what the latching rule found becomes an event, and the packet goes on by the new path. */
  #noteSource(packet: Packet, judgement: Judgement): void {
    const session = this.#bySlot[slotOf(packet.row)];
    const address = decodeSockaddr(packet.words, packet.source);
    if (session === undefined || address === null) return;
    const side = SIDES[legOf(packet.row)]!;
    const component = COMPONENTS[componentOf(packet.row)]!;
    const learned = judgement !== CONFIRM;
    this.command(session, { type: 'NoteSource', side, component, address, learned, latched: judgement !== LEARN_UNLATCHED });
  }

  /** A bug ends one call, not the thread: whatever state it is in, its sockets and ports are given back. */
  #endAsDefect(session: Session, error: unknown): void {
    this.counters.addToShard('defects', 1);
    this.#world.warn(`defect in ${session.call}: ${error instanceof Error ? error.message : String(error)}`);
    const state = session.snapshot.context;
    const tally = { caller: this.#tally(session, 0), callee: this.#tally(session, 1) };
    const at = this.#world.clock();
    const closed = { type: 'SessionClosed', reason: 'defect', tally, at } as const;
    const command = { type: 'Close', reason: 'defect' } as const;
    const { call, session: number } = session;
    const record = { at, call, session: number, command, events: [closed], shard: this.#options.shard };
    if (session.snapshot !== NEW_SESSION) this.steps.next({ ...record, seq: this.#nextSeq++ }); // What never began cannot end.
    this.#release(session, state);
    for (let row = session.slot * 4; row < session.slot * 4 + 4; row++) this.#world.engine.close(row); // A leg that is half open, too.
  }
}
