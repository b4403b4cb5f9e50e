import { type Address, millis, udpPort } from '../../model/kernel/index.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { PENDING, ReplyCache } from '../../src/relay/control/replyCache.js';
import { Replay } from '../../src/relay/events/replay.js';
import { type PortRange, PortTable, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import type { StepRecord } from '../../src/relay/ports.js';
import type { ForkWorld } from '../../src/relay/session/forks.js';
import { Shard } from '../../src/relay/session/shard.js';
import { Dispatch } from '../../src/relay/supervisor/dispatch.js';
import { seededRandom } from '../property/random.js';
import { linkTo, PLAIN_GRAMMAR, plainExecution, plainOptions, recordingWorld } from '../property/shardWorld.js';
import { SimulatedEngine } from './simulatedEngine.js';
import type { SimulatedNetwork } from './world.js';

export const CONTROL: Address = { host: '10.0.0.1', port: udpPort(22_222) };
const SLOTS = 200;
/** How long a message takes between the main thread and a shard, one way. */
const MAILBOX_MS = 1;

/** A shard with its engine, and when it is to be called next. */
type Thread = { readonly shard: Shard; readonly engine: SimulatedEngine; turnAtMs: number };

/** A whole relay in a simulated world: control socket, reply cache, dispatch, and shards that share one port table. */
export class SimulatedRelay {
  readonly dispatch: Dispatch;
  readonly threads: readonly Thread[];
  readonly records: StepRecord[] = [];
  /** Rules of the model that were broken, found by replaying every step as it is made. */
  readonly broken: string[] = [];
  readonly warnings: string[] = [];
  readonly #network: SimulatedNetwork;
  readonly #cache = new ReplyCache();

  /** `sequential`: ports are given out one after the other. */
  constructor(network: SimulatedNetwork, range: PortRange, shards: number, setting: Omit<Setting, 'pairs'>, sequential = false) {
    this.#network = network;
    const portMemory = new ArrayBuffer(portTableBytes(range));
    this.threads = Array.from({ length: shards }, (_, i) => {
      const ports = new PortTable(range, portMemory, i, shards, sequential ? null : seededRandom(i + 1));
      return this.#makeThread(i, ports, setting);
    });
    this.dispatch = new Dispatch(
      this.threads.map((thread) => this.#linkTo(thread, setting.host)),
      PLAIN_GRAMMAR,
    );
    network.bind(CONTROL, (bytes, from) => this.#receiveCommand(String.fromCharCode(...bytes), from));
    this.#checkEveryStep();
  }

  /** The sockets of all shards. */
  get sockets(): readonly Address[] {
    return this.threads.flatMap(({ engine }) => [...engine.bound.values()]);
  }

  #makeThread(i: number, ports: PortTable, setting: Omit<Setting, 'pairs'>): Thread {
    const engine = new SimulatedEngine(this.#network, (SLOTS + 1) * 4);
    const options = { ...plainOptions(SLOTS, setting.host, setting.ttlMs, setting.setupTtlMs), shard: i };
    const clock = () => millis(this.#network.time.nowMs);
    const { world } = recordingWorld(engine, { IPv4: ports, IPv6: ports }, clock);
    const shard = new Shard(options, { ...world, ...this.#linesOf(i), warn: (text) => this.warnings.push(text) });
    const thread: Thread = { shard, engine, turnAtMs: Number.POSITIVE_INFINITY };
    engine.onDatagram = (packet) => {
      shard.plane.onDatagram(packet);
      this.#turn(thread);
    };
    return thread;
  }

  /** Lines by which a shard gets packets of others: everything it asks for, and every packet, takes its time. */
  #linesOf(listener: number): ForkWorld {
    const { time } = this.#network;
    return {
      openLine: (line, place) =>
        time.after(2 * MAILBOX_MS, () => {
          const { shard } = this.threads[place.shard]!;
          if (shard.sessionAt(place.slot, place.session) === null) return;
          shard.forks.tap(line, place.slot, (side, component, { bytes, start, length }) => {
            const copy = bytes.slice(start, start + length);
            time.after(MAILBOX_MS, () => this.threads[listener]!.shard.forks.deliver({ line, side, component, bytes: copy }));
          });
        }),
      closeLine: (line, place) => time.after(2 * MAILBOX_MS, () => this.threads[place.shard]!.shard.forks.untap(line)),
    };
  }

  /** As the engines do between batches; the shard says when it wants to be called again. */
  #turn(thread: Thread): void {
    const { time } = this.#network;
    const nextMs = thread.shard.turn(time.nowMs);
    if (nextMs >= thread.turnAtMs && thread.turnAtMs > time.nowMs) return;
    thread.turnAtMs = nextMs;
    if (nextMs === Number.POSITIVE_INFINITY) return;
    time.at(nextMs, () => {
      if (thread.turnAtMs === nextMs) this.#turn(thread);
    });
  }

  #linkTo(thread: Thread, host: string) {
    const { time } = this.#network;
    return linkTo(plainExecution(thread.shard, host), (act, answer) =>
      time.after(MAILBOX_MS, () => {
        const value = act();
        this.#turn(thread);
        time.after(MAILBOX_MS, () => answer(value));
      }),
    );
  }

  /** The control socket: cookie, cache of replies, dispatch. */
  #receiveCommand(text: string, from: Address): void {
    const send = (reply: string): void =>
      this.#network.send(
        CONTROL,
        from,
        Uint8Array.from(reply, (letter) => letter.charCodeAt(0)),
      );
    const [, cookie = '', command = ''] = /^(\S+) (.*)$/s.exec(text) ?? [];
    const key = `${from.host} ${from.port} ${text}`;
    const known = this.#cache.take(key, this.#network.time.nowMs);
    if (known === undefined) {
      this.dispatch.handle(command, LOCAL_ORIGIN, (reply) => {
        this.#cache.keep(key, `${cookie} ${reply}\n`);
        send(`${cookie} ${reply}\n`);
      });
    } else if (known !== PENDING) send(known);
  }

  #checkEveryStep(): void {
    const replay = new Replay(String);
    for (const { shard } of this.threads) {
      shard.steps.subscribe((record) => {
        this.records.push(record);
        replay.beginSegment(record.shard, 1);
        this.broken.push(...replay.take(record).broken);
      });
    }
  }
}
