import { SOCKADDR_WORDS } from '../protocol/bytes/sockaddr.js';
import { type Counters, DROPPED as DROPPED_COUNTER, IGNORED as IGNORED_COUNTER, rowBase, SHARD_COUNTERS } from './counters.js';
import type { Packet, PacketEngine } from './engine.js';
import { compile, DROPPED, IGNORED, type Path, runPath, type StageName } from './path.js';
import { type Judgement, LatchTable, latchStage } from './stages/latch.js';
import { analyseStage, sendStage } from './stages/relay.js';
import { ROWS_PER_SESSION } from './streams.js';

const PACKETS_RECEIVED = SHARD_COUNTERS.indexOf('packetsReceived');
const PACKETS_RELAYED = SHARD_COUNTERS.indexOf('packetsRelayed');
const PACKETS_DISCARDED = SHARD_COUNTERS.indexOf('packetsDiscarded');

/** Told when a packet said something new about where a stream comes from. */
export type SourceListener = (packet: Packet, judgement: Judgement) => void;

/** The packet path of one media thread: an engine, a path for every stream, and the tables the paths work on. */
export class MediaPlane {
  readonly engine: PacketEngine;
  readonly counters: Counters;
  readonly latch: LatchTable;
  readonly #paths: (Path | null)[];
  readonly #relayPath: Path;

  constructor(engine: PacketEngine, counters: Counters, slots: number, onNews: SourceListener) {
    this.engine = engine;
    this.counters = counters;
    this.latch = new LatchTable(slots * ROWS_PER_SESSION, engine.remotes);
    this.#paths = [];
    const stages = {
      latch: latchStage(this.latch, onNews),
      analyse: analyseStage(counters),
      send: sendStage(engine, counters),
    };
    const relay: readonly StageName[] = ['latch', 'analyse', 'send'];
    this.#relayPath = compile(stages, relay);
  }

  /** Makes a stream relay, or (`relaying` false) throw away what it receives. */
  route(row: number, relaying: boolean): void {
    this.#paths[row] = relaying ? this.#relayPath : null;
  }

  /** Forgets everything of a session's streams: the slot may be given to another. */
  clear(slot: number): void {
    for (let row = slot * ROWS_PER_SESSION; row < (slot + 1) * ROWS_PER_SESSION; row++) {
      this.#paths[row] = null;
      this.latch.clear(row);
    }
    this.counters.clearSession(slot);
  }

  /** The first word of a stream's remote address in `engine.remotes`. */
  remoteAt(row: number): number {
    return row * SOCKADDR_WORDS;
  }

  /** Called by the engine for every datagram. Never throws: what a slow turn throws ends there. */
  readonly onDatagram = (packet: Packet): void => {
    const { values } = this.counters;
    const path = this.#paths[packet.row];
    if (path === null || path === undefined) {
      values[PACKETS_DISCARDED]!++;
      return;
    }
    values[PACKETS_RECEIVED]!++;
    const verdict = runPath(path, packet);
    if (verdict === DROPPED) this.#discard(packet.row, DROPPED_COUNTER);
    else if (verdict === IGNORED) this.#discard(packet.row, IGNORED_COUNTER);
    else values[PACKETS_RELAYED]!++;
  };

  #discard(row: number, counter: number): void {
    const { values } = this.counters;
    values[rowBase(row) + counter]!++;
    values[PACKETS_DISCARDED]!++;
  }
}
