import { type Address, type Millis, millis } from '../../model/kernel/index.js';
import type { Latitude } from '../../model/spec/agreement.js';
import type { Driver } from '../../model/spec/driver.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import type { Grammar } from '../../src/protocol/rtpproxy/grammar.js';
import { LOCAL_ORIGIN, type Origin } from '../../src/relay/control/origin.js';
import type { ControlSetting } from '../../src/relay/control/setting.js';
import type { RouteTo } from '../../src/relay/networks/choose.js';
import { PortTable, portRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import type { StepRecord } from '../../src/relay/ports.js';
import { Shard, type ShardOptions } from '../../src/relay/session/shard.js';
import { Dispatch } from '../../src/relay/supervisor/dispatch.js';
import { seededRandom } from './random.js';
import { linkTo, PLAIN_GRAMMAR, plainExecution, plainOptions, recordingWorld, type Told } from './shardWorld.js';
import { TableEngine } from './tableEngine.js';

/** Any time will do; a real one, so that nothing is shown that only holds near zero. */
export const START_MS = Date.UTC(2026, 10, 21, 3, 4, 5, 678);
const FIRST_PORT = 20_000;
/** Sessions that fit; the rows behind theirs are where new sockets of a leg wait. */
export const SLOTS = 64;
export const HOST = '127.0.0.1';

/** A relay that is asked for so many pairs and times, for whom its clock is exact. */
export const settingOf = (pairs: number, ttlMs: number, setupTtlMs: number): Setting & Latitude => ({
  ...{ pairs, ttlMs, setupTtlMs, host: HOST },
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
export class PureRelay implements Driver {
  readonly engine = new TableEngine((SLOTS + 1) * 4);
  readonly shard: Shard;
  /** Every step, as it would be logged. */
  readonly records: StepRecord[] = [];
  readonly told: Told;
  readonly #dispatch: Dispatch;
  #nowMs = START_MS;

  constructor(setting: Setting, seed = 1, special: Special = {}) {
    const range = portRange(FIRST_PORT, FIRST_PORT + setting.pairs * 2 - 1);
    const table = () => new PortTable(range, new ArrayBuffer(portTableBytes(range)), 0, 1, seededRandom(seed));
    const clock = (): Millis => millis(this.#nowMs);
    const { ttlMs, setupTtlMs, host } = setting;
    const { told, world } = recordingWorld(this.engine, { IPv4: table(), IPv6: table() }, clock);
    this.told = told;
    const { busyMs = world.busyMs, routeTo = () => host } = special;
    this.shard = new Shard({ ...plainOptions(SLOTS, host, ttlMs, setupTtlMs), ...special.options }, { ...world, busyMs });
    this.shard.steps.subscribe((record) => this.records.push(record));
    const execution = { ...plainExecution(this.shard, host, special.setting), routeTo, warn: world.warn };
    const link = linkTo(execution, (act, answer) => answer(act()));
    this.#dispatch = new Dispatch([link], { ...PLAIN_GRAMMAR, ...special.grammar });
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
