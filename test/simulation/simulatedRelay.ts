import { type Address, type Family, udpPort } from '../../model/kernel/index.js';
import { SIDES } from '../../model/session/side.js';
import type { Death } from '../../model/spec/driver.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import type { Counters, ShardCounter } from '../../src/media/counters.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { PENDING, type ReplyCache, replyKey } from '../../src/relay/control/replyCache.js';
import type { ExchangeRecord, StepRecord } from '../../src/relay/events/record.js';
import { type PortRange, PortTable, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import type { PromptSource } from '../../src/relay/ports.js';
import type { ForkWorld, SessionPlace } from '../../src/relay/session/forks.js';
import { lostSessions } from '../../src/relay/session/recovery.js';
import type { Session } from '../../src/relay/session/session.js';
import { Dispatch, shardOf } from '../../src/relay/supervisor/dispatch.js';
import { repliesOf } from '../../src/relay/supervisor/takenUp.js';
import { seededRandom } from '../property/random.js';
import { PLAIN_GRAMMAR } from '../property/shardWorld.js';
import { quietPrompts } from '../property/sounding.js';
import { TableRecorder } from '../property/tableRecorder.js';
import { SimulatedLog, type WrittenRun, WrittenShard } from './simulatedLog.js';
import { NG, serveNg } from './simulatedNg.js';
import { type Legacy, MAILBOX_MS, SimulatedThread, SLOTS, type ThreadWorld } from './simulatedThread.js';
import type { SimulatedNetwork } from './world.js';

export const CONTROL: Address = { host: '10.0.0.1', port: udpPort(22_222) };

/** To read a prompt takes no longer. */
const READING_MS = 5;

/** Counters of a shard that replies show: a relay that takes up the calls of another goes on with them. */
const LASTING: readonly ShardCounter[] = ['sessionsOpened', 'packetsReceived', 'packetsRelayed'];

/** One process of the relay, from its start to its death. */
type Process = {
  readonly run: WrittenRun;
  readonly threads: readonly SimulatedThread[];
  readonly dispatch: Dispatch;
  readonly replies: ReplyCache;
  readonly prompts: PromptSource;
  /** What clients were told by the one before. */
  readonly told: readonly ExchangeRecord[];
  /** It is a part of the process, and outlives its media threads. */
  readonly recorder: TableRecorder;
  /** Lines between threads, which session they are tapped from, and who listens. */
  readonly lines: Map<string, { readonly place: SessionPlace; readonly listener: number }>;
  isReady: boolean;
};

/**
 * A whole relay in a simulated world: control socket, reply cache, dispatch, and shards that share one port table. It may die, whole or
 * one of its threads, and then takes up what stands in its log.
 */
export class SimulatedRelay {
  readonly log = new SimulatedLog();
  readonly records: StepRecord[] = [];
  readonly warnings: string[] = [];
  onStep: (record: StepRecord) => void = () => {};
  /** How many threads it has from its next start on. */
  shards: number;
  readonly #network: SimulatedNetwork;
  readonly #range: PortRange;
  readonly #setting: Omit<Setting, 'pairs'>;
  readonly #sequential: boolean;
  /** Of all processes. */
  readonly #recorders: TableRecorder[] = [];
  /** Null: it is dead. */
  #process: Process | null;

  /** `sequential`: ports are given out one after the other. */
  constructor(network: SimulatedNetwork, range: PortRange, shards: number, setting: Omit<Setting, 'pairs'>, sequential = false) {
    this.#network = network;
    this.#range = range;
    this.shards = shards;
    this.#setting = setting;
    this.#sequential = sequential;
    this.#process = null;
    this.#start();
  }

  get dispatch(): Dispatch {
    return this.#living.dispatch;
  }

  get threads(): readonly SimulatedThread[] {
    return this.#living.threads;
  }

  /** Whether everything is there and answers. */
  get isServing(): boolean {
    return this.#process?.isReady === true && this.#process.threads.every(({ isServing }) => isServing);
  }

  /** Rules of the model that were broken, found in the log, in which everything stands that has happened; and what its recorders were told wrong. */
  get broken(): readonly string[] {
    for (const thread of this.#process?.threads ?? []) thread.flush();
    return [...this.log.broken, ...this.#recorders.flatMap(({ wrong }) => wrong)];
  }

  /** The recorder of the present process. */
  get recorder(): TableRecorder {
    return this.#living.recorder;
  }

  /** What a shard has written in the present run. */
  written(shard: number): WrittenShard {
    const { run } = this.#living;
    return run.shards.get(shard) ?? new WrittenShard(shard);
  }

  /** The sockets of all shards. */
  get sockets(): readonly Address[] {
    return this.threads.flatMap(({ engine }) => [...engine.bound.values()]);
  }

  /** What is dead already does not die again. */
  die({ who, downMs }: Omit<Death, 'afterMs'>): void {
    const process = this.#process;
    if (process === null) return;
    // A relay of which one thread cannot start does not start.
    if (who !== 'relay' && process.isReady) {
      const shard = Math.abs(who) % process.threads.length;
      const thread = process.threads[shard]!;
      for (const [line, { listener }] of process.lines) if (listener === shard) this.#endLine(process, line);
      thread.dieFor(downMs, () => this.#openLinesAgain(process, shard));
      return;
    }
    this.#process = null;
    for (const thread of process.threads) thread.die();
    this.#network.unbind(CONTROL);
    this.#network.unbind(NG);
    this.#network.time.after(downMs, () => this.#start());
  }

  get #living(): Process {
    if (this.#process === null) throw new Error('the relay is dead');
    return this.#process;
  }

  #start(): void {
    const { log } = this;
    const { nowMs } = this.#network.time;
    const left = log.marked;
    const lastAtMs = Math.max(0, ...[...(left?.shards.values() ?? [])].map(({ fold }) => fold.lastAtMs));
    const exchanges = left === null ? [] : log.exchangesOf(left, lastAtMs);
    const process = this.#makeProcess(left, Math.max(0, nowMs - lastAtMs), exchanges);
    this.#process = process;
    let starting = process.threads.length;
    for (const thread of process.threads) {
      thread.begin(() => {
        starting--;
        if (starting === 0) this.#open(process);
      });
    }
  }

  /** All threads serve: from now on it is this run that a crash would leave behind, and clients are listened to. */
  #open(process: Process): void {
    process.isReady = true;
    this.log.marked = process.run;
    serveNg(this.#network, process.threads, {
      prompts: process.prompts,
      exchanges: process.told,
      isAlive: () => this.#process === process,
    });
    this.#network.bind(CONTROL, (bytes, from) => this.#receiveCommand(process, String.fromCharCode(...bytes), from));
  }

  #makeProcess(left: WrittenRun | null, downMs: number, exchanges: readonly ExchangeRecord[]): Process {
    const run = this.log.beginRun(this.#network.time.nowMs);
    const { host, ttlMs, setupTtlMs, recording } = this.#setting;
    const { shards } = this;
    const prompts = this.#promptsOf(() => process);
    const recorder = this.#beginRecorder(() => process);
    const memory = { IPv4: new ArrayBuffer(portTableBytes(this.#range)), IPv6: new ArrayBuffer(portTableBytes(this.#range)) };
    const tableOf = (family: Family, shard: number): PortTable =>
      new PortTable(this.#range, memory[family], shard, shards, this.#sequential ? null : seededRandom(shard + 1));
    const lines: Process['lines'] = new Map();
    const world: ThreadWorld = {
      ...{ network: this.#network, log: this.log, run },
      options: { network: { host, advertised: null }, ttlMs, setupTtlMs },
      control: { recording: recording === null ? null : { form: recording, all: false } },
      recorderOf: (shard) => recorder.portOf(shard),
      linesOf: (shard) => this.#linesOf(() => process, shard),
      warn: (text) => this.warnings.push(text),
      onStep: (record) => {
        this.records.push(record);
        this.onStep(record);
      },
      seek: (shard, session) => this.#network.time.after(MAILBOX_MS, () => this.#seek(process, shard, session)),
    };
    const threads = Array.from({ length: shards }, (_, shard) => {
      const ports = { IPv4: tableOf('IPv4', shard), IPv6: tableOf('IPv6', shard) };
      return new SimulatedThread(shard, ports, world, (counters, cause) =>
        cause === 'thread'
          ? inheritFromThread(run, shard, counters, this.#network.time.nowMs)
          : inheritFromProcess(left, { shard, shards, downMs, exchanges }, counters),
      );
    });
    const takenUp = { sessions: 0, lost: 0, downMs, exchanges, problems: [] };
    const process: Process = {
      ...{ run, threads, lines, prompts, recorder, told: exchanges, isReady: false },
      dispatch: new Dispatch(threads, PLAIN_GRAMMAR, prompts),
      replies: repliesOf([takenUp]),
    };
    return process;
  }

  /** To read a prompt takes a moment, and not always the same one. */
  #promptsOf(process: () => Process): PromptSource {
    const files = quietPrompts(this.#setting.prompts);
    const random = seededRandom(this.shards);
    return {
      find: (name, payloadTypes, found) => {
        this.#network.time.after(Math.floor(random() * READING_MS), () => {
          if (this.#process === process()) files.find(name, payloadTypes, found);
        });
      },
    };
  }

  /** What it says comes to the threads a moment later. */
  #beginRecorder(process: () => Process): TableRecorder {
    const recorder = new TableRecorder();
    this.#recorders.push(recorder);
    recorder.onNotice = () => {
      this.#network.time.after(MAILBOX_MS, () => {
        for (const notice of recorder.notices.splice(0))
          process().threads[notice.place.shard]?.tell({ kind: 'recorder', notice });
      });
    };
    return recorder;
  }

  /** Lines by which a shard gets packets of others: everything it asks for, and every packet, takes its time. */
  #linesOf(process: () => Process, listener: number): ForkWorld {
    const { time } = this.#network;
    return {
      openLine: (line, place) => time.after(MAILBOX_MS, () => this.#openLine(process(), line, { place, listener })),
      closeLine: (line) => time.after(MAILBOX_MS, () => this.#endLine(process(), line)),
    };
  }

  #openLine(process: Process, line: string, ends: { readonly place: SessionPlace; readonly listener: number }): void {
    const { place, listener } = ends;
    process.lines.set(line, ends);
    const source = process.threads[place.shard]!;
    source.post(() => {
      if (source.shard.sessionAt(place.slot, place.session) === null) return;
      source.shard.forks.tap(line, place.slot, (side, component, { bytes, start, length }) => {
        const copy = bytes.slice(start, start + length);
        const target = process.threads[listener]!;
        target.post(() => target.shard.forks.deliver({ line, side, component, bytes: copy }));
      });
    });
  }

  #endLine(process: Process, line: string): void {
    const place = process.lines.get(line)?.place;
    process.lines.delete(line);
    const source = place === undefined ? undefined : process.threads[place.shard];
    source?.post(() => source.shard.forks.untap(line));
  }

  #openLinesAgain(process: Process, shard: number): void {
    for (const [line, ends] of process.lines) if (ends.place.shard === shard) this.#openLine(process, line, ends);
  }

  /** A session was taken up that hears another, which may be with any thread, or prompts. */
  #seek(process: Process, shard: number, { slot, session, snapshot }: Session): void {
    const { fork: source, legs } = snapshot.context;
    const target = { shard, session, slot };
    const thread = process.threads[shard]!;
    for (const side of SIDES) {
      const { playback } = legs[side];
      if (playback === null) continue;
      process.prompts.find(playback.prompt, [playback.payloadType], (prompt) =>
        thread.tell({ kind: 'prompt', target, side, prompt }),
      );
    }
    const found = thread.shard.sessionAt(slot, session);
    if (source === null || (found !== null && thread.shard.subscriptions.resume(found))) return;
    const holder = process.threads[shardOf(source.call, process.threads.length)]!;
    holder.find(source.call, { from: source.tag, to: null }, (found) => {
      if (found !== null) thread.tell({ kind: 'fork', target, source, place: found.place });
    });
  }

  /** The control socket: cookie, cache of replies, dispatch. */
  #receiveCommand(process: Process, text: string, from: Address): void {
    const send = (reply: string): void => {
      if (this.#process !== process) return;
      this.#network.send(
        CONTROL,
        from,
        Uint8Array.from(reply, (letter) => letter.charCodeAt(0)),
      );
    };
    const [, cookie = '', command = ''] = /^(\S+) (.*)$/s.exec(text) ?? [];
    const client = `control ${from.host}:${from.port} ${cookie}`;
    const key = replyKey(client, command);
    const known = process.replies.take(key, this.#network.time.nowMs);
    if (known === undefined) {
      process.dispatch.handle(command, { ...LOCAL_ORIGIN, from: client }, (reply) => {
        process.replies.keep(key, reply);
        send(`${cookie} ${reply}\n`);
      });
    } else if (known !== PENDING) send(`${cookie} ${known}\n`);
  }
}

/** What a relay finds that takes the place of a dead one, with as many threads as it likes. */
function inheritFromProcess(
  left: WrittenRun | null,
  {
    shard,
    shards,
    downMs,
    exchanges,
  }: Pick<Legacy, 'downMs' | 'exchanges'> & { readonly shard: number; readonly shards: number },
  counters: Counters,
): Legacy {
  const written = [...(left?.shards.values() ?? [])];
  for (const { shard: former, fold } of written) {
    if (former % shards !== shard) continue;
    for (const name of LASTING) counters.addToShard(name, fold.counters[name] ?? 0);
    counters.addToShard('sessionsOpened', fold.openedSince);
  }
  const isMine = ({ call }: { readonly call: string }): boolean => shardOf(call, shards) === shard;
  const mine = written.flatMap(({ fold }) => [...fold.sessions.values()]).filter(isMine);
  return { cause: 'process', lost: lostSessions(mine), downMs, lastSeq: 0, exchanges: exchanges.filter(isMine) };
}

/** What a thread finds that takes the place of a dead one, whose counters are still there. */
function inheritFromThread(run: WrittenRun, shard: number, counters: Counters, nowMs: number): Legacy {
  const { fold } = run.shards.get(shard)!;
  const slots = new Map(Array.from({ length: SLOTS }, (_, slot) => [counters.sessionAt(slot), slot]));
  const lost = lostSessions(fold.sessions.values(), (session) => slots.get(session) ?? null);
  return { cause: 'thread', lost, downMs: Math.max(0, nowMs - fold.lastAtMs), lastSeq: fold.lastSeq, exchanges: [] };
}
