import { type Family, millis } from '../../model/kernel/index.js';
import { SIDES } from '../../model/session/side.js';
import { freeOtherPorts } from '../../src/io/threads/takeUp.js';
import { Counters, countersBytes } from '../../src/media/counters.js';
import type { Tags } from '../../src/protocol/rtpproxy/command.js';
import type { ExecutionWorld, NamedSession } from '../../src/relay/control/execution.js';
import type { ControlSetting } from '../../src/relay/control/setting.js';
import { GroupCommit } from '../../src/relay/events/groupCommit.js';
import type { ExchangeRecord, StepRecord } from '../../src/relay/events/record.js';
import type { NgClientRow } from '../../src/relay/ng/clientTable.js';
import type { PortTable } from '../../src/relay/portalloc/portTable.js';
import { PortTables } from '../../src/relay/portalloc/portTables.js';
import type { ForkWorld } from '../../src/relay/session/forks.js';
import type { RecorderPort } from '../../src/relay/session/recorders.js';
import type { LostSession } from '../../src/relay/session/recovery.js';
import type { Session } from '../../src/relay/session/session.js';
import { Shard, type ShardOptions } from '../../src/relay/session/shard.js';
import type { NgLink } from '../../src/relay/supervisor/dispatch.js';
import type { Assignment, NgAssignment, ShardNotice, ShardRequest } from '../../src/relay/supervisor/messages.js';
import { ShardServer } from '../../src/relay/supervisor/shardServer.js';
import { seededRandom } from '../property/random.js';
import { plainExecution, plainOptions, recordingWorld } from '../property/shardWorld.js';
import { type AskedRequest, Questions } from './questions.js';
import { SimulatedEngine } from './simulatedEngine.js';
import { type SimulatedLog, SimulatedWriter, type WrittenRun } from './simulatedLog.js';
import type { SimulatedNetwork } from './world.js';

export const SLOTS = 200;
/** How long a message takes between the main thread and a shard, one way. */
export const MAILBOX_MS = 1;
/** How long it takes to give one session its ports again: longer than it does, so that something comes in between. */
const TAKE_UP_MS = 3;

/** What all threads of a relay have in common. */
export type ThreadWorld = {
  readonly network: SimulatedNetwork;
  readonly log: SimulatedLog;
  readonly run: WrittenRun;
  readonly options: Pick<ShardOptions, 'network' | 'ttlMs' | 'setupTtlMs'>;
  readonly linesOf: (shard: number) => ForkWorld;
  readonly warn: (text: string) => void;
  readonly onStep: (record: StepRecord) => void;
  readonly control: Pick<ControlSetting, 'recording'>;
  readonly recorderOf: (shard: number) => RecorderPort | null;
  /** A session was taken up that hears another, or prompts. */
  readonly seek: (shard: number, session: Session) => void;
};

/** What a thread finds when it starts. */
export type Legacy = {
  readonly cause: 'process' | 'thread';
  readonly lost: readonly LostSession[];
  readonly downMs: number;
  readonly lastSeq: number;
  /** What clients were told last, where that stands in the log of a run that is over. */
  readonly exchanges: readonly ExchangeRecord[];
};

/** Where a thread is: what is asked of it waits while it starts, and is lost while there is none. */
type Stage = 'dead' | 'starting' | 'serving';

/**
 * A media thread as the supervisor sees it, and what stands behind it: a shard with its engine and its log, which may die at any moment
 * and be replaced by another.
 */
export class SimulatedThread implements NgLink {
  readonly counters: Counters;
  engine: SimulatedEngine;
  shard: Shard;
  readonly #number: number;
  readonly #world: ThreadWorld;
  readonly #ports: Readonly<Record<Family, PortTable>>;
  readonly #memory = new ArrayBuffer(countersBytes(SLOTS));
  readonly #questions = new Questions();
  readonly #inherit: (counters: Counters, cause: Legacy['cause']) => Legacy;
  #legacy: Legacy;
  #stage: Stage = 'starting';
  /** Counts the threads that were here: what is under way for one that has died is lost. */
  #life = 0;
  #inbox: (() => void)[] = [];
  #server: ShardServer;
  #writer: SimulatedWriter;
  #commit: GroupCommit;
  #turnAtMs = Number.POSITIVE_INFINITY;

  /** `inherit`: what the log tells, for its first thread and for each that takes the place of another. It may restore counters. */
  constructor(
    number: number,
    ports: Readonly<Record<Family, PortTable>>,
    world: ThreadWorld,
    inherit: (counters: Counters, cause: Legacy['cause']) => Legacy,
  ) {
    this.#number = number;
    this.#world = world;
    this.#ports = ports;
    this.#inherit = inherit;
    this.counters = new Counters(this.#memory);
    this.#legacy = inherit(this.counters, 'process');
    [this.engine, this.shard, this.#server, this.#writer, this.#commit] = this.#make();
  }

  get isServing(): boolean {
    return this.#stage === 'serving';
  }

  /** Everything that has happened stands in the log. */
  flush(): void {
    if (this.#stage === 'serving') this.#writer.flush();
  }

  command(assignment: Assignment, answer: (reply: string | null) => void): void {
    this.#ask((id) => ({ kind: 'command', id, assignment }), answer);
  }

  ng(assignment: NgAssignment, answer: (reply: string | null) => void): void {
    this.#ask((id) => ({ kind: 'ng', id, assignment }), answer);
  }

  ngCodecs(assignment: NgAssignment, answer: (codecs: readonly (readonly number[])[] | null) => void): void {
    this.#ask((id) => ({ kind: 'ngCodecs', id, assignment }), answer);
  }

  calls(limit: number, answer: (calls: readonly string[] | null) => void): void {
    this.#ask((id) => ({ kind: 'calls', id, limit }), answer);
  }

  ngClients(): readonly NgClientRow[] {
    return [];
  }

  find(call: string, tags: Tags, answer: (session: NamedSession | null) => void): void {
    this.#ask((id) => ({ kind: 'find', id, call, tags }), answer);
  }

  deleteAll(done: () => void): void {
    this.#ask((id) => ({ kind: 'deleteAll', id }), done);
  }

  drain(): void {
    this.post(() => this.#server.take({ kind: 'drain' }));
  }

  /** Something that is not answered: what was sought was found, or the recorder speaks. */
  tell(request: Extract<ShardRequest, { kind: 'fork' | 'prompt' | 'recorder' }>): void {
    this.post(() => {
      this.#server.take(request);
      this.#turn();
    });
  }

  /** Has something done by the thread that is there now, when it serves. */
  post(act: () => void): void {
    const life = this.#life;
    this.#world.network.time.after(MAILBOX_MS, () => {
      if (life !== this.#life || this.#stage === 'dead') return;
      if (this.#stage === 'starting') this.#inbox.push(act);
      else act();
    });
  }

  /** Begins to serve. */
  begin(onReady: () => void): void {
    this.#takeUp(onReady);
  }

  /** It is gone, with everything that it has not flushed. */
  die(): void {
    this.#stage = 'dead';
    this.#life++;
    this.#inbox = [];
    this.engine.onDatagram = () => {};
    this.engine.stop();
  }

  /** Dies; another takes its place after `downMs`, and takes up what the log tells. `onReady`: it serves. */
  dieFor(downMs: number, onReady: () => void): void {
    this.die();
    const life = this.#life;
    this.#world.network.time.after(downMs, () => {
      if (life !== this.#life) return;
      this.#life++;
      this.#stage = 'starting';
      this.#questions.lose();
      this.#legacy = this.#inherit(this.counters, 'thread');
      [this.engine, this.shard, this.#server, this.#writer, this.#commit] = this.#make();
      this.#takeUp(() => {
        this.#askAgain();
        onReady();
      });
    });
  }

  #make(): [SimulatedEngine, Shard, ShardServer, SimulatedWriter, GroupCommit] {
    const { network, log, run, options, control, linesOf, recorderOf, warn, onStep } = this.#world;
    const { host } = options.network;
    const { lastSeq } = this.#legacy;
    const life = this.#life;
    const engine = new SimulatedEngine(network, (SLOTS + 1) * 4);
    const plain = { ...plainOptions(SLOTS, host, options.ttlMs, options.setupTtlMs), shard: this.#number };
    const clock = () => millis(network.time.nowMs);
    const { world } = recordingWorld(engine, this.#ports, clock);
    const recorder = recorderOf(this.#number);
    const around = { ...world, ...linesOf(this.#number), recorder, random: seededRandom(this.#number + 1), warn };
    const shard = new Shard({ ...plain, lastSeq, counterMemory: this.#memory }, around);
    const execution: ExecutionWorld = { ...plainExecution(shard, host, control), warn };
    const server = new ShardServer(execution, (notice) => this.#tell(notice, life));
    const writer = new SimulatedWriter(log, run, this.#number, () => shard.snapshot());
    shard.records.subscribe((record) => {
      if (record.kind === 'step') onStep(record);
    });
    this.#turnAtMs = Number.POSITIVE_INFINITY;
    return [engine, shard, server, writer, new GroupCommit(writer)];
  }

  /** In the order of `workers/media.ts`: the log begins with what was left behind before anything is done about it. */
  #takeUp(onReady: () => void): void {
    const { shard } = this;
    const { cause, lost, downMs, exchanges } = this.#legacy;
    const sessions = shard.recovery.adopt(lost, downMs);
    this.#writer.begin();
    shard.records.subscribe((record) => this.#writer.append(record));
    // The relay may die again before a client has given up repeating what it asked the one before.
    for (const { seq: _, shard: __, ...exchange } of exchanges) shard.write(exchange);
    this.#eachLater(
      sessions,
      (session) => {
        // It may have ended with another one meanwhile.
        if (!isOpen(session)) return;
        if (shard.recovery.rebind(session).ok) shard.command(session, { type: 'Recover', cause, downMs });
        else shard.command(session, { type: 'Close', reason: 'port-lost' });
      },
      () => {
        for (const session of sessions) this.#restoreCopies(session);
        for (const session of sessions.filter(isOpen)) this.#world.seek(this.#number, session);
        this.#writer.flush();
        freeOtherPorts(shard, new PortTables(this.#ports));
        this.#serve(onReady);
      },
    );
  }

  #restoreCopies(session: Session): void {
    for (const side of SIDES) {
      for (const copy of isOpen(session) ? session.snapshot.context.legs[side].copies : []) {
        const { local } = copy;
        if (!this.shard.copies.restore(session, side, copy).ok) this.shard.command(session, { type: 'StopCopy', side, local });
      }
    }
  }

  /** One after the other, with a moment in between in which something may die. */
  #eachLater<T>(all: readonly T[], act: (one: T) => void, done: () => void): void {
    const [first, ...rest] = all;
    if (first === undefined) {
      done();
      return;
    }
    const life = this.#life;
    this.#world.network.time.after(TAKE_UP_MS, () => {
      if (life !== this.#life) return;
      act(first);
      this.#eachLater(rest, act, done);
    });
  }

  /** It says that it serves before it looks at what has come meanwhile. */
  #serve(onReady: () => void): void {
    this.#stage = 'serving';
    this.engine.onUnreachable = this.shard.plane.onUnreachable;
    this.engine.onDatagram = (packet) => {
      this.shard.plane.onDatagram(packet);
      this.#turn();
    };
    onReady();
    const waiting = this.#inbox;
    this.#inbox = [];
    for (const act of waiting) act();
    this.#turn();
  }

  #askAgain(): void {
    const { time } = this.#world.network;
    const life = this.#life;
    const exchanges = this.#world.log.exchangesOf(this.#world.run, time.nowMs, this.#number);
    time.after(MAILBOX_MS, () => {
      if (life !== this.#life) return;
      for (const request of this.#questions.askAgain(exchanges)) this.post(() => this.#carryOut(request));
    });
  }

  #ask<T>(make: (id: number) => AskedRequest, answer: (value: T) => void): void {
    const request = this.#questions.ask(make, answer);
    this.post(() => this.#carryOut(request));
  }

  #carryOut(request: AskedRequest): void {
    this.#server.take(request);
    // An answer goes out only after what it tells of is with the operating system.
    if (this.#server.hasReplies) this.#writer.flush();
    this.#server.sendReplies([]);
    this.#turn();
  }

  #tell(notice: ShardNotice, life: number): void {
    this.#world.network.time.after(MAILBOX_MS, () => {
      if (life !== this.#life) return;
      if (notice.kind === 'replies') for (const [id, reply] of notice.replies) this.#questions.answer(id, reply);
      else if (notice.kind === 'found') this.#questions.answer(notice.id, notice.session);
      else if (notice.kind === 'codecs') this.#questions.answer(notice.id, notice.codecs);
      else if (notice.kind === 'listed') this.#questions.answer(notice.id, notice.calls);
    });
  }

  /** As the engines do between batches; the shard and its log say when they want to be called again. */
  #turn(): void {
    if (this.#stage !== 'serving') return;
    const { time } = this.#world.network;
    const { nowMs } = time;
    const nextMs = Math.min(this.shard.turn(nowMs), this.#commit.turn(nowMs), this.#writer.turn(nowMs));
    if (nextMs >= this.#turnAtMs && this.#turnAtMs > nowMs) return;
    this.#turnAtMs = nextMs;
    if (nextMs === Number.POSITIVE_INFINITY) return;
    const life = this.#life;
    time.at(nextMs, () => {
      if (this.#turnAtMs === nextMs && life === this.#life) this.#turn();
    });
  }
}

const isOpen = ({ snapshot }: Session): boolean => snapshot.context.closed === null;
