import { SOCKADDR_WORDS } from '../protocol/bytes/sockaddr.js';
import {
  type Counters,
  DROPPED as DROPPED_COUNTER,
  EARLY,
  IGNORED as IGNORED_COUNTER,
  rowBase,
  SHARD_COUNTERS,
  UNREACHABLE,
} from './counters.js';
import type { Packet, PacketEngine } from './engine.js';
import { compile, DROPPED, IGNORED, NEXT, type Path, runPath, type Stage, type StageName, type Verdict } from './path.js';
import { Players } from './player/players.js';
import { AnalysisTable } from './stages/analyse.js';
import { type Judgement, LatchTable, latchStage } from './stages/latch.js';
import { countStage, sendStage } from './stages/relay.js';
import { Resizing } from './stages/resizing.js';
import { type Digit, DtmfCatchers, Taps } from './stages/witness.js';
import type { StreamMemory } from './streamMemory.js';
import { componentOf, ROWS_PER_SESSION } from './streams.js';

const PACKETS_RECEIVED = SHARD_COUNTERS.indexOf('packetsReceived');
const PACKETS_DISCARDED = SHARD_COUNTERS.indexOf('packetsDiscarded');

/** Who is told of what packets say. Called on the thread's own stack; none may throw. */
export type PlaneListeners = {
  /** A packet said something new about where its stream comes from. */
  readonly onSource: (packet: Packet, judgement: Judgement) => void;
  /** A packet from a source that the latching rule refuses, once in a while. */
  readonly onRefused: (packet: Packet) => void;
  /** The network says that nobody receives what is sent from a row. */
  readonly onUnreachable: (row: number) => void;
  readonly onDigit: (row: number, digit: Digit) => void;
  /** An RTCP packet, where they are to be reported. */
  readonly onReport: (packet: Packet) => void;
  /** A prompt has been played to its end to whoever hears what leaves by this row. */
  readonly onPlayed: (row: number) => void;
};

export type PlaneOptions = {
  /** Short packets are sent twice. */
  readonly doubling: boolean;
  /** RTCP packets are told to `onReport`. */
  readonly reporting: boolean;
};

/** What a stream's packets go through besides the ordinary. */
export type RouteWishes = {
  readonly resize: boolean;
  /** Its own packets are not sent on: the other side hears something else. */
  readonly mute: boolean;
  /** The other side hears a prompt: neither its packets nor those of another session are sent on. */
  readonly prompt: boolean;
  readonly dtmf: boolean;
};

/** The paths of a stream, by where a packet enters: from the network, made by the resizer, or brought from another session. */
type Route = { readonly received: Path; readonly resized: Path; readonly injected: Path };

/** The packet path of one media thread: an engine, a route for every stream, and the tables the stages work on. */
export class MediaPlane {
  readonly engine: PacketEngine;
  readonly counters: Counters;
  readonly latch: LatchTable;
  readonly analysis: AnalysisTable;
  readonly dtmf: DtmfCatchers;
  readonly taps = new Taps();
  readonly resizing: Resizing;
  readonly players: Players;
  readonly #stages: Readonly<Record<StageName, Stage>>;
  readonly #reporting: boolean;
  readonly #listeners: PlaneListeners;
  /** Row → what its packets go through; null: they are thrown away. */
  readonly #routes: (Route | null)[] = [];
  /** Routes are few, and shared by all streams that want the same. */
  readonly #known = new Map<number, Route>();

  constructor(engine: PacketEngine, counters: Counters, slots: number, options: PlaneOptions, listeners: PlaneListeners) {
    this.engine = engine;
    this.counters = counters;
    this.latch = new LatchTable(slots * ROWS_PER_SESSION, engine.remotes);
    this.analysis = new AnalysisTable(slots * ROWS_PER_SESSION);
    this.dtmf = new DtmfCatchers(listeners.onDigit);
    this.resizing = new Resizing(engine, counters, (packet) => this.#finish(packet, this.#routes[packet.row]?.resized));
    const send = sendStage(engine, counters, options.doubling);
    this.players = new Players({
      ...{ engine, counters, analysis: this.analysis, send, onEnd: listeners.onPlayed },
      resizedTo: (row, ssrc) => this.resizing.lastSequence(row, ssrc),
    });
    this.#reporting = options.reporting;
    this.#listeners = listeners;
    this.#stages = {
      latch: latchStage(this.latch, listeners.onSource, listeners.onRefused),
      count: countStage(counters),
      analyse: (packet) => {
        this.analysis.take(packet);
        return NEXT;
      },
      resize: this.resizing.stage,
      mute: () => DROPPED,
      prompt: () => DROPPED,
      dtmf: this.dtmf.stage,
      report: (packet) => {
        listeners.onReport(packet);
        return NEXT;
      },
      fork: this.taps.stage,
      splice: this.players.spliceStage,
      send,
    };
  }

  /**
   * Makes a stream relay, with what else is wished; or (null) throw away what it receives. Taps and remote of the row must be set before, and
   * players started and stopped.
   */
  route(row: number, wishes: RouteWishes | null): void {
    this.players.heed(row);
    this.#routes[row] = wishes === null ? null : this.#routeOf(row, wishes);
  }

  /** Asked for every stream whenever its call changes, so what is known already is found by a number. */
  #routeOf(row: number, wishes: RouteWishes): Route {
    const isRtp = componentOf(row) === 0;
    const isTapped = this.taps.isTapped(row);
    const isSpliced = this.players.isSplicing(row);
    const key =
      (isRtp ? 1 : 0) |
      (wishes.resize ? 2 : 0) |
      (wishes.mute ? 4 : 0) |
      (wishes.dtmf ? 8 : 0) |
      (isTapped ? 16 : 0) |
      (isSpliced ? 32 : 0) |
      (wishes.prompt ? 64 : 0);
    const known = this.#known.get(key);
    if (known) return known;
    const names: StageName[] = ['latch', 'count', 'send'];
    if (isRtp) names.push('analyse');
    if (isRtp && wishes.resize) names.push('resize');
    if (wishes.mute) names.push('mute');
    if (wishes.prompt) names.push('prompt');
    if (isRtp && wishes.dtmf) names.push('dtmf');
    if (!isRtp && this.#reporting) names.push('report');
    if (isTapped) names.push('fork');
    if (isSpliced) names.push('splice');
    const without = (...left: readonly StageName[]): Path =>
      compile(
        this.#stages,
        names.filter((name) => !left.includes(name)),
      );
    const route: Route = {
      received: without(),
      resized: without('latch', 'count', 'analyse', 'resize'),
      // RTCP was reported where it came in, with its sender, whom nobody knows here.
      injected: without('latch', 'count', 'analyse', 'resize', 'mute', 'report'),
    };
    this.#known.set(key, route);
    return route;
  }

  /** Forgets everything of a session's streams: the slot may be given to another. */
  clear(slot: number): void {
    for (let row = slot * ROWS_PER_SESSION; row < (slot + 1) * ROWS_PER_SESSION; row++) {
      this.#routes[row] = null;
      this.latch.clear(row);
      this.resizing.set(row, null);
      this.dtmf.set(row, null);
      this.taps.clear(row);
      this.players.clear(row);
      if (componentOf(row) === 0) this.analysis.clear(row);
    }
    this.counters.clearSession(slot);
  }

  /** What is known of a stream; null: nothing came. */
  save(row: number): StreamMemory | null {
    const counters = this.counters.saveStream(row);
    const latch = this.latch.save(row);
    // A packet is judged before it is counted.
    if (latch === null && counters.every((value) => value === 0)) return null;
    const splice = this.players.save(row);
    const analysis = componentOf(row) === 0 ? this.analysis.save(row) : null;
    return { counters, latch, analysis, ...(splice !== null && { splice }) };
  }

  /** Lets a stream go on from what was known of it. Its remote addresses must have been installed. */
  restore(row: number, saved: StreamMemory): void {
    this.counters.restoreStream(row, saved.counters);
    if (saved.latch !== null) this.latch.restore(row, saved.latch);
    if (saved.analysis !== null && componentOf(row) === 0) this.analysis.restore(row, saved.analysis);
    if (saved.splice) this.players.restore(row, saved.splice);
  }

  /** Called by the engine. */
  readonly onUnreachable = (row: number): void => {
    this.counters.values[rowBase(row) + UNREACHABLE]!++;
    this.#listeners.onUnreachable(row);
  };

  /** The first word of a stream's remote address in `engine.remotes`. */
  remoteAt(row: number): number {
    return row * SOCKADDR_WORDS;
  }

  /** Called by the engine for every datagram. Never throws: what a slow turn throws ends there. */
  readonly onDatagram = (packet: Packet): void => {
    const { values } = this.counters;
    const route = this.#routes[packet.row];
    if (route === null || route === undefined) {
      values[rowBase(packet.row) + EARLY]!++;
      values[PACKETS_DISCARDED]!++;
      return;
    }
    values[PACKETS_RECEIVED]!++;
    const verdict = runPath(route.received, packet);
    if (verdict === DROPPED || verdict === IGNORED) this.#discard(packet.row, verdict);
  };

  /** Sends a packet of another session as if this stream had received it. The packet is left as it was. */
  inject(row: number, packet: Packet): void {
    const from = packet.row;
    packet.row = row;
    this.#finish(packet, this.#routes[row]?.injected);
    packet.row = from;
  }

  #finish(packet: Packet, path: Path | undefined): void {
    if (path !== undefined && runPath(path, packet) === DROPPED) this.#discard(packet.row, DROPPED);
  }

  #discard(row: number, verdict: Verdict): void {
    const { values } = this.counters;
    values[rowBase(row) + (verdict === DROPPED ? DROPPED_COUNTER : IGNORED_COUNTER)]!++;
    values[PACKETS_DISCARDED]!++;
  }
}
