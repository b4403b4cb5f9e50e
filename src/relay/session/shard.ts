import { type Observable, Subject } from 'rxjs';
import { type Address, callId, type Millis } from '../../../model/kernel/index.js';
import type { SessionCommand } from '../../../model/session/command.js';
import { type Decision, legToOpen } from '../../../model/session/decide/index.js';
import type { Effect } from '../../../model/session/effect.js';
import type { CloseReason } from '../../../model/session/event.js';
import type { Network } from '../../../model/session/network.js';
import { SIDES } from '../../../model/session/side.js';
import { isComplete, isOnHold, type SessionState } from '../../../model/session/state.js';
import type { Surroundings } from '../../../model/session/surroundings.js';
import { Counters, SHARD_COUNTERS } from '../../media/counters.js';
import { MediaPlane } from '../../media/plane.js';
import { legOf, sessionRows, slotOf } from '../../media/streams.js';
import { Herald } from '../callEvents/herald.js';
import type { LogRecord, NewRecord, SnapshotRecord } from '../events/record.js';
import type { Admission } from '../limits/admission.js';
import { compilePath } from '../media/compilePath.js';
import type { OwnPorts } from '../portalloc/portTables.js';
import { RestingPairs } from '../portalloc/restingPairs.js';
import { NEW_SESSION } from './apply.js';
import { countClosed } from './closing.js';
import { Copies } from './copies.js';
import { endByDefect } from './defect.js';
import { Directory } from './directory.js';
import { Forks } from './forks.js';
import { Journal } from './journal.js';
import { LegSockets } from './legSockets.js';
import { Lifetimes } from './lifetimes.js';
import { Notices } from './notices.js';
import { Playbacks } from './playbacks.js';
import { Recorders } from './recorders.js';
import { Recovery } from './recovery.js';
import { Sampler } from './sampler.js';
import { addressesHeld, heardAt, type Session, talliesOf, touchedBy } from './session.js';
import type { ShardOptions, ShardWorld } from './shardOptions.js';
import { Slots } from './slots.js';
import { step } from './step.js';
import { Subscriptions } from './subscriptions.js';
import { Tellers } from './tellers.js';
import { Vitals } from './vitals.js';

export type { ShardOptions, ShardWorld } from './shardOptions.js';

/** A command, a timer or a notice of the packet path, on its way to a session. `decided` gets what became of it. */
type Input = { readonly target: Session; readonly command: SessionCommand; decided: Decision | null };

const SESSION_IN_HAND = SHARD_COUNTERS.indexOf('sessionInHand');

/** The sessions of one media thread: their states, ports, sockets and timers. One writer, so nothing is locked. */
export class Shard {
  readonly counters: Counters;
  readonly plane: MediaPlane;
  readonly directory = new Directory<Session>();
  readonly forks: Forks;
  readonly subscriptions: Subscriptions;
  readonly copies: Copies;
  readonly recorders: Recorders;
  readonly playbacks: Playbacks;
  readonly recovery: Recovery;
  /** Tells the owners of calls what happens to them. */
  readonly herald: Herald;
  /** How long a side may be silent before the owner of its call is told, milliseconds; null: for ever. */
  silenceMs: number | null = null;
  /** No new session is to begin: the relay is about to end. */
  isDraining = false;
  readonly #inputs = new Subject<Input>();
  readonly #options: ShardOptions;
  readonly #world: ShardWorld;
  readonly #lifetimes: Lifetimes;
  readonly #resting: RestingPairs;
  readonly #sockets: LegSockets;
  readonly #tellers: Tellers;
  readonly #vitals: Vitals;
  readonly #sampler: Sampler;
  readonly #slots: Slots;
  readonly #journal: Journal;
  readonly #tell = (session: Session, command: SessionCommand): Decision => this.command(session, command);

  constructor(options: ShardOptions, world: ShardWorld) {
    this.#options = options;
    this.#world = world;
    this.counters = new Counters(options.counterMemory);
    this.#slots = new Slots(options.slots);
    this.#journal = new Journal(options.shard, options.lastSeq);
    this.#resting = new RestingPairs({ ...world, firstRow: sessionRows(options.slots) });
    this.#sockets = new LegSockets({ ...world, resting: this.#resting });
    this.#lifetimes = new Lifetimes(this.directory, this.counters, world.clock());
    this.#vitals = new Vitals(this.counters, world.engine, world.busyMs, options.loadLimits, world.clock());
    const sessionIn = (slot: number): Session | undefined => this.#slots.at(slot);
    const notices = new Notices({ sessionIn, sample: (one) => this.#sampler.write(one), command: this.#tell });
    this.plane = new MediaPlane(world.engine, this.counters, options.slots, options, {
      onSource: notices.source,
      onRefused: notices.refused,
      onUnreachable: notices.unreachable,
      onStray: (row) => this.#resting.disturb(row),
      onDigit: (row, digit) => this.#tellers.digit(this.#slots.at(slotOf(row)), SIDES[legOf(row)]!, digit),
      onPlayed: notices.played,
      onKeySent: notices.keySent,
      onReport: (packet) => this.#tellers.report(this.#slots.at(slotOf(packet.row)), packet),
    });
    this.herald = new Herald({
      ...{ counters: this.counters, clock: world.clock, isOnHold, tell: world.tell },
      heardAtMs: (row) => this.plane.analysis.lastAtMs(row),
      ...{ sessionsOf: (call) => this.directory.ofCall(call), dialogueOf: ({ dialogue }) => dialogue },
      silenceMs: () => this.silenceMs,
    });
    this.#tellers = new Tellers(options.shard, this.plane, world, this.herald);
    this.forks = new Forks(options.shard, this.plane, world, (slot) => this.#installPath(slot));
    this.subscriptions = new Subscriptions({
      ...{ shard: options.shard, directory: this.directory, forks: this.forks, random: world.random, command: this.#tell },
    });
    this.copies = new Copies({
      plane: this.plane,
      sockets: this.#sockets,
      takeSlot: () => this.#slots.take(),
      giveSlot: (slot) => this.#slots.give(slot),
      reroute: (slot) => this.#installPath(slot),
      rtcp: options.recordRtcp,
    });
    this.recorders = new Recorders({
      ...{ shard: options.shard, plane: this.plane, port: world.recorder, rtcp: options.recordRtcp, now: world.clock },
      reroute: (slot) => this.#installPath(slot),
    });
    this.playbacks = new Playbacks({ plane: this.plane, clock: world.clock, random: world.random });
    this.#sampler = new Sampler({
      ...{ plane: this.plane, engine: world.engine, clock: world.clock },
      sessionIn,
      check: (session, nowMs) => this.herald.check(session, nowMs),
      write: (record) => this.write(record),
    });
    this.recovery = new Recovery({
      ...{ plane: this.plane, slots: this.#slots, sockets: this.#sockets, clock: world.clock },
      admit: (session) => this.#admit(session),
      armIdleTimer: (session) => this.#lifetimes.arm(session),
      install: (session) => {
        for (const effect of ['installPath', 'setTos', 'followRecordings'] as const)
          this.#perform(session, effect, session.snapshot.context);
      },
    });
    this.#inputs.subscribe((input) => this.#step(input));
  }

  /** Everything that happens, in order: to the log, and whoever else listens. */
  get records(): Observable<LogRecord> {
    return this.#journal.records;
  }

  /** Its number among the shards of the relay. */
  get number(): number {
    return this.#options.shard;
  }

  get admission(): Admission {
    return this.#world.admission;
  }

  /** Where legs stand for which nothing else is asked, as the log has it. */
  get network(): Network {
    return this.#options.network;
  }

  now(): Millis {
    return this.#world.clock();
  }

  /** Why no new session may begin now, or null. */
  get closedTo(): 'draining' | 'overloaded' | null {
    if (this.isDraining) return 'draining';
    return this.#vitals.isOverloaded ? 'overloaded' : null;
  }

  /** The session in a slot, if it is still the one with that number. */
  sessionAt(slot: number, number: number): Session | null {
    const session = this.#slots.at(slot);
    return session?.session === number ? session : null;
  }

  /** A session that does not exist yet: it does after its first `Signal`, if that is not refused. Null if no slot is free. */
  draft(call: string, tag: string): Session | null {
    const slot = this.#slots.take();
    if (slot === null) return null;
    this.plane.clear(slot);
    const now = this.#world.clock();
    const touchedAt = { caller: now, callee: now };
    this.counters.addToShard('lastSession', 1);
    const session = this.counters.shard('lastSession');
    return { session, call: callId(call), tag, slot, snapshot: NEW_SESSION, touchedAt };
  }

  /** What a segment of the log begins with: every session as it is now. */
  *snapshot(): Generator<LogRecord> {
    for (const record of this.#sampler.snapshot(this.directory.all())) yield this.#journal.number(record);
  }

  /** A session as it is now, for others than the log. */
  snapshotOf(session: Session): SnapshotRecord {
    return { ...this.#sampler.snapshotOf(session), seq: 0, shard: this.number };
  }

  /** Writes something down that is no step. */
  write(record: NewRecord): void {
    this.#journal.write(record);
  }

  /** Takes a command to a session. */
  command(target: Session, command: SessionCommand): Decision {
    const input: Input = { target, command, decided: null };
    const { values } = this.counters;
    const before = values[SESSION_IN_HAND]!;
    values[SESSION_IN_HAND] = target.session;
    this.#inputs.next(input);
    values[SESSION_IN_HAND] = before;
    return input.decided ?? { ok: false, error: 'defect' };
  }

  /** Whether something that happened since the last `turn` must not wait for the time it named. */
  get isTurnDue(): boolean {
    return this.plane.resizing.isEarlier || this.plane.players.isEarlier;
  }

  /** Rings what is due. Answers when to be called again. */
  turn(nowMs: number): number {
    // A place may have been taken for a call that did not begin.
    this.admission.settle(this.directory.calls);
    const ringAtMs = this.#lifetimes.advance(nowMs, (slot) => {
      const session = this.#slots.at(slot);
      if (session === undefined) return;
      this.command(session, { type: 'CheckIdle' });
      if (this.#slots.at(slot) === session) this.#lifetimes.arm(session);
    });
    const sampleAtMs =
      this.counters.shard('sessionsActive') > 0 ? this.#sampler.turn(nowMs, this.#slots.used) : Number.POSITIVE_INFINITY;
    return Math.min(
      ringAtMs,
      this.plane.resizing.turn(nowMs),
      this.plane.players.turn(nowMs),
      this.#vitals.turn(nowMs),
      this.#resting.turn(nowMs),
      sampleAtMs,
    );
  }

  /** Other addresses have ports of their own from now on; whoever has a pair keeps it. */
  changePorts(own: readonly OwnPorts[]): void {
    this.#world.ports.change(own, addressesHeld(this.directory.all()));
  }

  /** See `PortTables.knows`. */
  readonly knowsPorts = (local: Address): boolean => this.#world.ports.knows(local);

  closeAll(reason: CloseReason): number {
    const sessions = [...this.directory.all()];
    for (const session of sessions) this.command(session, { type: 'Close', reason });
    return sessions.length;
  }

  /** How many seconds a session has left if nothing more is heard of it, rounded up. */
  secondsLeft(session: Session): number {
    return Math.max(0, Math.ceil((this.#lifetimes.deadlineOf(session) - this.#world.clock()) / 1000));
  }

  #step(input: Input): void {
    const { target, command } = input;
    const before = target.snapshot.context;
    const leg = legToOpen(before, command, this.#options.network);
    // Sockets that are to take the place of others wait in a slot of their own until it is decided.
    const slot = leg !== null && before.legs[leg.side].local !== null ? this.#options.slots : target.slot;
    let spare: Address | null = null;
    try {
      if (leg !== null) spare = this.#sockets.bind(slot, leg.side, leg.network.host);
      const decided = step(target, command, this.#surroundings(target, spare, command.type === 'CheckIdle'), {
        append: (record) => {
          // What was heard until the end belongs before it.
          if (record.events.at(-1)?.type === 'SessionClosed' && this.#slots.at(target.slot) === target)
            this.#sampler.write(target, record.at);
          this.write(record);
        },
        perform: (effect, state) => this.#perform(target, effect, state),
      });
      if (decided.ok) {
        if (leg !== null) this.#sockets.settle(target.slot, leg.side, before.legs[leg.side], slot);
        spare = null;
        this.herald.stepped(target, before, decided.value);
        if (isComplete(target.snapshot.context) && !isComplete(before)) this.counters.addToShard('sessionsCompleted', 1);
      }
      input.decided = decided;
    } catch (error) {
      this.#endAsDefect(target, error);
      if (leg !== null) this.#sockets.abandon(target.slot, leg.side, before.legs[leg.side], slot);
    }
    if (leg !== null && spare !== null) this.#sockets.close(slot, leg.side, spare);
    if (target.snapshot === NEW_SESSION) this.#slots.give(target.slot);
    // A refused command is no sign of life: the call it belongs to has just failed.
    else if (input.decided?.ok) this.#touch(target, command, input.decided.value.length > 0);
  }

  #touch(target: Session, command: SessionCommand, isWritten: boolean): void {
    const before = target.touchedAt;
    target.touchedAt = touchedBy(command, before, this.#world.clock());
    // The log tells it by the command; of one that changed nothing it knows nothing. By what a source is known again that was
    // confirmed stands in no event either, and whoever takes the session up must not refuse it when it moves.
    const isConfirmed = isWritten && command.type === 'NoteSource' && command.component === 'rtp';
    // Nor does any event tell in which numbers a stream goes on behind a prompt.
    const isHeardOut = isWritten && command.type === 'StopPlay';
    if (isConfirmed || isHeardOut || (!isWritten && target.touchedAt !== before)) this.#sampler.write(target);
  }

  #surroundings(session: Session, sparePort: Address | null, isTimer: boolean): Surroundings {
    const { ttlMs, setupTtlMs, independentTtl, network, deleteGraceMs = 0 } = this.#options;
    const now = this.#world.clock();
    const { counters } = this;
    const tally = talliesOf(session, counters);
    const heard = heardAt(session, counters);
    const around = { now, sparePort, ttlMs, setupTtlMs, independentTtl, network, deleteGraceMs, heardAt: heard, tally };
    return isTimer ? { keptUntil: this.#lifetimes.keptUntil(session), ...around } : around;
  }

  #perform(session: Session, effect: Effect, state: SessionState): void {
    switch (effect) {
      case 'installPath':
        compilePath(state, session.slot, this.plane);
        break;
      case 'setTos':
        for (const side of SIDES) {
          const { local, tos } = state.legs[side];
          if (local !== null && tos !== null) this.#sockets.setTos(session.slot, side, tos);
        }
        break;
      case 'followPlayback':
        this.playbacks.follow(session, state);
        break;
      case 'followRecordings':
        this.recorders.follow(session, state);
        break;
      case 'armIdleTimer':
        if (this.#slots.at(session.slot) !== session) {
          this.#admit(session);
          this.counters.addToShard('sessionsOpened', 1);
        }
        this.#lifetimes.arm(session);
        break;
      case 'notifyTimeout':
        this.#tellers.timeout(state);
        break;
      case 'releaseSession':
        this.#release(session, state);
        break;
    }
  }

  #installPath(slot: number): void {
    const session = this.#slots.at(slot);
    if (session !== undefined) compilePath(session.snapshot.context, slot, this.plane);
  }

  #admit(session: Session): void {
    this.#slots.put(session);
    this.counters.setSessionAt(session.slot, session.session);
    this.directory.add(session);
    this.admission.settle(this.directory.calls);
    this.counters.addToShard('sessionsActive', 1);
  }

  #release(session: Session, state: SessionState): void {
    const { slot } = session;
    this.#lifetimes.cancel(session);
    this.forks.end(session);
    this.copies.end(session);
    this.recorders.end(session, state);
    const isSilent = this.counters.sumOfSlot(slot) === 0;
    for (const side of SIDES) {
      const { local, tos, playback } = state.legs[side];
      if (local !== null) this.#sockets.close(slot, side, local, isSilent && tos === null && playback === null);
    }
    const wasAdmitted = this.#slots.at(slot) === session;
    if (wasAdmitted) {
      const nowMs = this.#world.clock();
      countClosed(state, slot, nowMs, this.plane);
      this.herald.ended(session, state);
      if (this.#options.accounting) this.#tellers.account(session, state, nowMs);
    }
    this.plane.clear(slot);
    if (!wasAdmitted) return;
    this.#sampler.forget(slot);
    this.#slots.remove(session);
    this.directory.remove(session);
    this.admission.settle(this.directory.calls);
    this.counters.addToShard('sessionsActive', -1);
    this.subscriptions.endWith(session);
  }

  /** A bug ends one call, not the thread: whatever state it is in, its sockets and ports are given back. What never began cannot end. */
  #endAsDefect(session: Session, error: unknown): void {
    this.counters.addToShard('defects', 1);
    this.#world.warn(`defect in ${session.call}: ${error instanceof Error ? error.message : String(error)}`);
    if (session.snapshot !== NEW_SESSION) this.write(endByDefect(session, this.#world.clock(), this.counters));
    this.#release(session, session.snapshot.context);
    this.#sockets.closeRows(session.slot); // A leg that is half open, too.
  }
}
