import { SOCKADDR_WORDS } from '../protocol/bytes/sockaddr.js';
import { isRtcp } from '../protocol/rtcp/report.js';
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
import { compile, DROPPED, IGNORED, NEXT, type Path, runPath, type Stage, type StageName, TAKEN, type Verdict } from './path.js';
import { Players } from './player/players.js';
import { AnalysisTable } from './stages/analyse.js';
import { type Judgement, LatchTable, latchStage } from './stages/latch.js';
import { countStage, muxStage, sendStage } from './stages/relay.js';
import { Resizing } from './stages/resizing.js';
import { blockDtmfStage, blockStage, silenceStage } from './stages/silence.js';
import { type Digit, DtmfCatchers, Taps } from './stages/witness.js';
import type { StreamMemory } from './streamMemory.js';
import { StreamSources } from './streamSources.js';
import { componentOf, ROWS_PER_SESSION, sessionRows } from './streams.js';

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
  /** A packet came to a row that no session has: a socket rests there. */
  readonly onStray: (row: number) => void;
  /** A prompt has been played to its end to whoever hears what leaves by this row. */
  readonly onPlayed: (row: number) => void;
  /** Whoever hears what leaves by this row was sent a key. */
  readonly onKeySent?: (row: number) => void;
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
  /** The same, but they are recorded, and heard by other sessions, as if it heard none. */
  readonly drown?: boolean;
  /** Pressed keys are told, if no prompt is heard in their place. */
  readonly dtmf: boolean;
  /** They are in any case; not together with `dtmf`. */
  readonly keys?: boolean;
  /** What is said is not sent on; pressed keys and RTCP are. What this and the next three mean is said in `stages/silence.ts`. */
  readonly block?: boolean;
  /** Pressed keys are not sent on. */
  readonly blockDtmf?: boolean;
  /** What is said is silence where it is sent on. */
  readonly silence?: boolean;
  /**
   * Of a leg that sends RTCP on its RTP port (RFC 5761), for both its rows: what comes there counts as come on the RTCP row, and goes where
   * that is sent.
   */
  readonly demux?: boolean;
  /** Of the other leg of one that takes RTCP on its RTP port, for both its rows: that is where its RTCP is sent. */
  readonly mux?: boolean;
};

/** The wishes by their bits in the key of a route. */
const RTP = 1;
const TAPPED = 2;
const SPLICED = 4;
const WISHES = ['resize', 'mute', 'prompt', 'drown', 'dtmf', 'keys', 'block', 'blockDtmf', 'silence', 'demux', 'mux'] as const;
const FIRST_WISH = 8;

/**
 * The paths of a stream, by where a packet enters: from the network, from the RTP row of its leg, made by the resizer, or brought from another
 * session.
 */
type Route = { readonly received: Path; readonly demuxed: Path; readonly resized: Path; readonly injected: Path };

/** The packet path of one media thread: an engine, a route for every stream, and the tables the stages work on. */
export class MediaPlane {
  readonly engine: PacketEngine;
  readonly counters: Counters;
  readonly latch: LatchTable;
  readonly analysis: AnalysisTable;
  readonly dtmf: DtmfCatchers;
  readonly sources: StreamSources;
  readonly taps = new Taps();
  readonly resizing: Resizing;
  readonly players: Players;
  readonly #stages: Readonly<Record<StageName, Stage>>;
  readonly #reporting: boolean;
  /** Those of sessions, and of the slot where sockets wait to take the place of others. */
  readonly #rows: number;
  readonly #listeners: PlaneListeners;
  /** Row → what its packets go through; null: they are thrown away. */
  readonly #routes: (Route | null)[] = [];
  /** Routes are few, and shared by all streams that want the same. */
  readonly #known = new Map<number, Route>();

  constructor(engine: PacketEngine, counters: Counters, slots: number, options: PlaneOptions, listeners: PlaneListeners) {
    this.engine = engine;
    this.#rows = sessionRows(slots);
    this.counters = counters;
    this.latch = new LatchTable(slots * ROWS_PER_SESSION, engine.remotes);
    this.analysis = new AnalysisTable(slots * ROWS_PER_SESSION);
    this.sources = new StreamSources(slots * ROWS_PER_SESSION);
    this.dtmf = new DtmfCatchers(listeners.onDigit);
    this.resizing = new Resizing(engine, counters, (packet) => this.#finish(packet, this.#routes[packet.row]?.resized));
    const send = sendStage(engine, counters, options.doubling);
    this.players = new Players({
      ...{ engine, counters, analysis: this.analysis, send, onEnd: listeners.onPlayed, onKeySent: listeners.onKeySent },
      resizedTo: (row, ssrc) => this.resizing.lastSequence(row, ssrc),
    });
    this.#reporting = options.reporting;
    this.#listeners = listeners;
    const { codecs, table, reports } = this.sources;
    this.#stages = {
      latch: latchStage(this.latch, listeners.onSource, listeners.onRefused),
      demux: this.#demux,
      count: countStage(counters),
      analyse: (packet) => {
        if (this.analysis.take(packet)) table.take(packet);
        else this.sources.takeOther(packet);
        return NEXT;
      },
      rtcp: (packet) => {
        reports.take(packet);
        return NEXT;
      },
      resize: this.resizing.stage,
      mute: () => DROPPED,
      prompt: () => DROPPED,
      drown: () => DROPPED,
      keys: this.dtmf.stage,
      dtmf: this.dtmf.stage,
      block: blockStage(codecs, counters),
      blockDtmf: blockDtmfStage(codecs, counters),
      silence: silenceStage(codecs, counters),
      report: (packet) => {
        listeners.onReport(packet);
        return NEXT;
      },
      fork: this.taps.stage,
      splice: this.players.spliceStage,
      mux: muxStage(engine, counters, options.doubling),
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
    let key = (isRtp ? RTP : 0) | (isTapped ? TAPPED : 0) | (isSpliced ? SPLICED : 0);
    for (let i = 0; i < WISHES.length; i++) if (wishes[WISHES[i]!] === true) key |= FIRST_WISH << i;
    const known = this.#known.get(key);
    if (known) return known;
    const names: StageName[] = ['latch', 'count', 'send'];
    if (isRtp) {
      names.push('analyse');
      for (const name of ['demux', 'resize', 'keys', 'dtmf', 'block', 'blockDtmf', 'silence'] as const)
        if (wishes[name]) names.push(name);
    } else {
      names.push('rtcp');
      if (this.#reporting) names.push('report');
      if (wishes.mux) names.push('mux');
    }
    for (const name of ['mute', 'prompt', 'drown'] as const) if (wishes[name]) names.push(name);
    if (isTapped) names.push('fork');
    if (isSpliced) names.push('splice');
    const route = this.#compile(names);
    this.#known.set(key, route);
    return route;
  }

  #compile(names: readonly StageName[]): Route {
    const of = (list: readonly StageName[], ...left: readonly StageName[]): Path =>
      compile(
        this.#stages,
        list.filter((name) => !left.includes(name)),
      );
    // A packet of another session must not be changed: where this one would be silence, nothing of that is heard.
    const strange = names.map((name) => (name === 'silence' ? 'block' : name));
    return {
      received: of(names),
      demuxed: of(names, 'latch'),
      resized: of(names, 'latch', 'demux', 'count', 'analyse', 'resize'),
      // RTCP was read and reported where it came in, with its sender, whom nobody knows here.
      injected: of(strange, 'latch', 'demux', 'count', 'analyse', 'rtcp', 'resize', 'mute', 'report'),
    };
  }

  readonly #demux: Stage = (packet) => {
    const { row } = packet;
    if (!isRtcp(packet.bytes, packet.start, packet.length)) return NEXT;
    const route = this.#routes[row | 1];
    if (route === null || route === undefined) return DROPPED;
    packet.row = row | 1;
    this.#finish(packet, route.demuxed);
    packet.row = row;
    return TAKEN;
  };

  /** Forgets everything of a session's streams: the slot may be given to another. */
  clear(slot: number): void {
    for (let row = slot * ROWS_PER_SESSION; row < (slot + 1) * ROWS_PER_SESSION; row++) {
      this.#routes[row] = null;
      this.latch.clear(row);
      this.resizing.set(row, null);
      this.dtmf.set(row, null);
      this.taps.clear(row);
      this.players.clear(row);
      if (componentOf(row) !== 0) continue;
      this.analysis.clear(row);
      this.sources.clear(row);
    }
    this.counters.clearSession(slot);
  }

  /** What is known of a stream; null: nothing came. */
  save(row: number): StreamMemory | null {
    const latch = this.latch.save(row);
    // A packet is judged before it is counted.
    if (latch === null && this.counters.isZero(row)) return null;
    const counters = this.counters.saveStream(row);
    const splice = this.players.save(row);
    const analysis = componentOf(row) === 0 ? this.analysis.save(row) : null;
    const sources = componentOf(row) === 0 ? this.sources.save(row) : null;
    return { counters, latch, analysis, ...(splice !== null && { splice }), ...(sources !== null && { sources }) };
  }

  /** Lets a stream go on from what was known of it. Its remote addresses must have been installed. */
  restore(row: number, saved: StreamMemory): void {
    this.counters.restoreStream(row, saved.counters);
    if (saved.latch !== null) this.latch.restore(row, saved.latch);
    if (saved.analysis !== null && componentOf(row) === 0) this.analysis.restore(row, saved.analysis);
    if (saved.sources && componentOf(row) === 0) this.sources.restore(row, saved.sources);
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
      if (packet.row >= this.#rows) {
        this.#listeners.onStray(packet.row);
        return;
      }
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
