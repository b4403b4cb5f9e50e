import { type Address, type Millis, millis } from '../../model/kernel/index.js';
import type { CloseReason, RecoveryCause } from '../../model/session/event.js';
import { SIDES } from '../../model/session/side.js';
import type { Latitude } from '../../model/spec/agreement.js';
import type { Death, Driver } from '../../model/spec/driver.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import { Counters, countersBytes } from '../../src/media/counters.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import type { Grammar } from '../../src/protocol/rtpproxy/grammar.js';
import { type NgPrompts, NO_PROMPTS } from '../../src/relay/control/ng/ngExecution.js';
import { LOCAL_ORIGIN, type Origin } from '../../src/relay/control/origin.js';
import type { ControlSetting } from '../../src/relay/control/setting.js';
import { Fold } from '../../src/relay/events/fold.js';
import type { LogRecord, StepRecord } from '../../src/relay/events/record.js';
import type { RouteTo } from '../../src/relay/networks/choose.js';
import type { NgOrigin } from '../../src/relay/ng/ngOrigin.js';
import { type PortRange, PortTable, portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import type { OwnPorts } from '../../src/relay/portalloc/portTables.js';
import type { PromptSource } from '../../src/relay/ports.js';
import type { RecorderPort } from '../../src/relay/session/recorders.js';
import { lostSessions } from '../../src/relay/session/recovery.js';
import type { Session } from '../../src/relay/session/session.js';
import { Shard, type ShardOptions } from '../../src/relay/session/shard.js';
import { Dispatch } from '../../src/relay/supervisor/dispatch.js';
import { ShardServer } from '../../src/relay/supervisor/shardServer.js';
import { seededRandom } from './random.js';
import { linkTo, PLAIN_GRAMMAR, plainExecution, plainOptions, recordingWorld, type Told, tableOf } from './shardWorld.js';
import { type Departure, TableEngine } from './tableEngine.js';

/** Any time will do; a real one, so that nothing is shown that only holds near zero. */
export const START_MS = Date.UTC(2026, 10, 21, 3, 4, 5, 678);
const FIRST_PORT = 20_000;
/** Sessions that fit; the rows behind theirs are where new sockets of a leg wait. */
export const SLOTS = 64;
export const HOST = '127.0.0.1';

/** Who asks by the NG protocol where nothing else is said. */
const NG_CLIENT: NgOrigin = {
  ...{ host: '127.0.0.1', local: '127.0.0.1', transport: 'udp', client: '127.0.0.1', identity: null, connection: null },
};

/** A relay that is asked for so many pairs and times, for whom its clock is exact. */
export const settingOf = (pairs: number, ttlMs: number, setupTtlMs: number): Setting & Latitude => ({
  ...{ pairs, ttlMs, setupTtlMs, host: HOST, prompts: {}, recording: null },
  ...{ first: FIRST_PORT, last: FIRST_PORT + (pairs - 1) * 2, ttlToleranceS: 0 },
});

/** What of a relay is not as it is without any option. */
export type Special = {
  readonly options?: Partial<ShardOptions>;
  readonly setting?: Partial<ControlSetting>;
  readonly grammar?: Partial<Grammar>;
  readonly routeTo?: RouteTo;
  /** How long its thread has worked so far, milliseconds. */
  readonly busyMs?: () => number;
  readonly recorder?: RecorderPort;
  readonly prompts?: PromptSource;
  /** Something of it has died, and nothing of it was taken up yet. */
  readonly onDeath?: (cause: RecoveryCause) => void;
};

/** Notifications go to `/run/proxy`, and the digit catcher is loaded. */
export const NOTIFYING: Special = {
  setting: { permitted: [{ text: 'unix:/run/proxy', target: { kind: 'unix', path: '/run/proxy' } }] },
  grammar: { notify: true, moduleInstances: (id) => (id === 3 ? 1 : 0) },
};

/**
 * One shard without sockets, threads or a clock that runs by itself: a command goes in, and everything that follows from it has
 * happened when the reply comes out.
 */
export class PureRelay {
  engine = new TableEngine((SLOTS + 1) * 4);
  shard: Shard;
  /** Every step, as it would be logged. */
  readonly records: StepRecord[] = [];
  /** Everything, as it would be logged. */
  readonly log: LogRecord[] = [];
  readonly told: Told = { warnings: [], notifications: [], accounts: [], events: [], reports: [] };
  /** Who is told of every packet that leaves, when it does. */
  onDeparture: (departure: Departure) => void = () => {};
  #dispatch: Dispatch;
  #server: ShardServer;
  #change: (setting: Partial<ControlSetting>, ports: readonly OwnPorts[]) => void = () => {};
  #nowMs = START_MS;
  /** Where the records of the present run of the relay begin. */
  #runFrom = 0;
  readonly #setting: Setting;
  readonly #seed: number;
  readonly #special: Special;
  readonly #counterMemory = new ArrayBuffer(countersBytes(SLOTS));

  constructor(setting: Setting, seed = 1, special: Special = {}) {
    this.#setting = setting;
    this.#seed = seed;
    this.#special = special;
    [this.shard, this.#dispatch, this.#server] = this.#begin(0);
  }

  #begin(lastSeq: number): [Shard, Dispatch, ShardServer] {
    const { pairs, ttlMs, setupTtlMs, host } = this.#setting;
    const special = this.#special;
    const range = portRange(FIRST_PORT, FIRST_PORT + pairs * 2 - 1);
    const make = (of: PortRange, memory: ArrayBufferLike) => new PortTable(of, memory, 0, 1, seededRandom(this.#seed));
    const table = () => make(range, new ArrayBuffer(portTableBytes(range)));
    const clock = (): Millis => millis(this.#nowMs);
    const { world } = recordingWorld(this.engine, { IPv4: table(), IPv6: table() }, clock, this.told, make);
    const { busyMs = world.busyMs, routeTo = () => host, recorder = null } = special;
    const plain = { ...plainOptions(SLOTS, host, ttlMs, setupTtlMs), counterMemory: this.#counterMemory, lastSeq };
    const shard = new Shard({ ...plain, ...special.options }, { ...world, busyMs, recorder, random: seededRandom(this.#seed) });
    this.engine.onUnreachable = shard.plane.onUnreachable;
    this.engine.onDeparture = (departure) => this.onDeparture(departure);
    shard.records.subscribe((record) => {
      this.log.push(record);
      if (record.kind === 'step') this.records.push(record);
    });
    const networks = tableOf({ networks: [{ ...plain.network, ...special.options?.network, label: null }], bridge: null });
    const execution = { ...plainExecution(shard, host, { networks, ...special.setting }), routeTo, warn: world.warn };
    const link = linkTo(execution, (act, answer) => answer(act()));
    const server = new ShardServer(execution, () => {});
    this.#change = (setting, ports) => {
      const request = { kind: 'setting', control: { ...execution.setting, ...setting }, ports } as const;
      link.change(request);
      server.take(request);
    };
    const dispatch = new Dispatch([link], { ...PLAIN_GRAMMAR, ...special.grammar }, special.prompts);
    return [shard, dispatch, server];
  }

  /** What an NG request comes to, as its client would read it. */
  ng(request: NgDictionary, origin: Partial<NgOrigin> = {}, prompts: NgPrompts = NO_PROMPTS): NgDictionary {
    const call = typeof request['call-id'] === 'string' ? request['call-id'] : '';
    const reply = this.ngPayload(call, encodeBencode(request), origin, prompts);
    const decoded = decodeBencode(reply);
    if (!decoded.ok) throw new Error(`a reply that is none: ${reply}`);
    return decoded.value;
  }

  /** The reply to a payload, whatever it is, from the shard that holds the call. */
  ngPayload(call: string, payload: string, origin: Partial<NgOrigin> = {}, prompts: NgPrompts = NO_PROMPTS): string {
    return this.#server.carryOutNg({ call, payload, origin: { ...NG_CLIENT, ...origin }, prompts }).reply;
  }

  /**
   * The thread dies, and another takes up what the log tells. `keepsCounters`: the memory of the counters outlives it, as it does a thread but
   * not a process. `downMs`: how long that takes. `lost`: nothing can be taken up, for that reason.
   */
  crash(keepsCounters = true, downMs = 0, lost: CloseReason | null = null): void {
    const fold = new Fold();
    for (const record of this.log.slice(this.#runFrom)) fold.take(record);
    const before = new Counters(this.#counterMemory);
    const slots = new Map(Array.from({ length: SLOTS }, (_, slot) => [before.sessionAt(slot), slot]));
    const cause = keepsCounters ? 'thread' : 'process';
    this.#special.onDeath?.(cause);
    if (!keepsCounters) new Uint8Array(this.#counterMemory).fill(0);
    this.engine = new TableEngine((SLOTS + 1) * 4);
    this.#nowMs += downMs;
    [this.shard, this.#dispatch, this.#server] = this.#begin(keepsCounters ? fold.lastSeq : 0);
    if (!keepsCounters) this.#runFrom = this.log.length;
    if (!keepsCounters) this.shard.counters.addToShard('sessionsOpened', (fold.counters.sessionsOpened ?? 0) + fold.openedSince);
    const left = lostSessions(fold.sessions.values(), (session) => (keepsCounters ? (slots.get(session) ?? null) : undefined));
    const sessions = this.shard.recovery.adopt(left, downMs);
    this.log.push(...this.shard.snapshot());
    if (lost !== null) {
      for (const session of sessions) this.shard.command(session, { type: 'Close', reason: lost });
      return;
    }
    for (const session of sessions) {
      if (session.snapshot.context.closed !== null) continue;
      if (!this.shard.recovery.rebind(session).ok) throw new Error(`${session.call} cannot have its ports again`);
      this.shard.command(session, { type: 'Recover', cause, downMs });
    }
    // In the order of `takeUp`: all legs have their ports before any copy has.
    for (const session of sessions) this.#goOnCopying(session);
    for (const session of sessions) this.shard.subscriptions.resume(session);
    for (const session of sessions) this.#goOnPlaying(session);
  }

  #goOnCopying(session: Session): void {
    for (const side of SIDES) {
      for (const copy of session.snapshot.context.legs[side].copies) {
        const isThere = this.shard.copies.restore(session, side, copy).ok;
        if (!isThere) throw new Error(`a copy of the ${side} of ${session.call} cannot have its ports again`);
      }
    }
  }

  #goOnPlaying({ session, slot, snapshot }: Session): void {
    const target = { shard: this.shard.number, session, slot };
    for (const side of SIDES) {
      const { playback } = snapshot.context.legs[side];
      if (playback === null) continue;
      this.#special.prompts?.find(playback.prompt, [playback.payloadType], (prompt) =>
        this.tell({ kind: 'prompt', target, side, prompt }),
      );
    }
  }

  /** The supervisor has something to say that is no command. */
  tell(request: Parameters<ShardServer['take']>[0]): void {
    this.#server.take(request);
  }

  /** From now on it goes by another setting than at its start. */
  useSetting(setting: Partial<ControlSetting>, ports: readonly OwnPorts[] = []): void {
    this.#change(setting, ports);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  send(command: string, origin: Origin = LOCAL_ORIGIN): string {
    let reply: string | null = null;
    this.#dispatch.handle(command, origin, (text) => {
      reply = text;
    });
    if (reply === null) throw new Error(`${command} was not answered at once`);
    return reply;
  }

  /** Lets no new session begin. */
  drain(): void {
    this.#dispatch.drain();
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    this.shard.turn(this.#nowMs);
  }

  heldPairs(): number {
    const ports = [...this.engine.bound.values()].map(({ port }) => port);
    const pairs = ports.filter((port) => port % 2 === 0);
    if (ports.length !== pairs.length * 2 || !pairs.every((port) => ports.some((other) => other === port + 1)))
      throw new Error(`sockets that are no pairs: ${ports}`);
    return pairs.length;
  }

  /** The row whose socket has the port. */
  rowAt(port: number): number {
    for (const [row, local] of this.engine.bound) if (local.port === port) return row;
    throw new Error(`nobody has port ${port}`);
  }

  /** A datagram reaches the socket of a row. */
  arrive(row: number, source: Address, bytes: Uint8Array): void {
    const words = new Uint32Array(SOCKADDR_WORDS);
    encodeSockaddr(source, words, 0);
    this.shard.plane.onDatagram({ row, bytes, start: 0, length: bytes.length, words, source: 0, nowMs: this.#nowMs });
  }
}

/** A pure relay as a driver: there is no moment within a command, so what dies does so before it or after it. */
export class PureDriver implements Driver {
  readonly relay: PureRelay;

  constructor(relay: PureRelay) {
    this.relay = relay;
  }

  send(command: string, deaths: readonly Death[] = []): string {
    this.#die(deaths.filter(({ afterMs }) => afterMs === 0));
    const reply = this.relay.send(command);
    this.#die(deaths.filter(({ afterMs }) => afterMs > 0));
    return reply;
  }

  advance(ms: number, deaths: readonly Death[] = []): void {
    let passedMs = 0;
    for (const death of [...deaths].sort((a, b) => a.afterMs - b.afterMs)) {
      const untilMs = Math.min(death.afterMs, ms);
      this.relay.advance(untilMs - passedMs);
      passedMs = untilMs;
      this.#die([death]);
    }
    this.relay.advance(ms - passedMs);
  }

  heldPairs(): number {
    return this.relay.heldPairs();
  }

  #die(deaths: readonly Death[]): void {
    for (const { who, downMs } of deaths) this.relay.crash(who !== 'relay', downMs);
  }
}
