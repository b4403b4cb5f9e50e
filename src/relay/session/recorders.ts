import { type Address, udpPort } from '../../../model/kernel/index.js';
import type { Recording } from '../../../model/session/recording.js';
import { SIDES } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import { SHARD_COUNTERS } from '../../media/counters.js';
import type { Packet } from '../../media/engine.js';
import type { MediaPlane } from '../../media/plane.js';
import { type ComponentIndex, rowOf } from '../../media/streams.js';
import { SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import type { RecorderOrder } from '../recording/orders.js';
import { legIndexOf, type Session } from './session.js';

/** The way of packets and orders to the recorder. */
export type RecorderPort = {
  /**
   * Takes a copy of a packet. `stream`: its row within the session; `words` hold its source at `source`. False: it has no room, and the
   * packet will be missing.
   */
  readonly packet: (
    recording: number,
    stream: 0 | 1 | 2 | 3,
    atMs: number,
    words: Uint32Array,
    source: number,
    bytes: Uint8Array,
    start: number,
    length: number,
  ) => boolean;
  readonly order: (order: RecorderOrder) => void;
};

export type RecordersWorld = {
  readonly shard: number;
  readonly plane: MediaPlane;
  /** Null: nothing can be recorded. */
  readonly port: RecorderPort | null;
  readonly rtcp: boolean;
  /** Makes the streams of a slot do what they now should: a tap is part of their route. */
  readonly reroute: (slot: number) => void;
  readonly now: () => number;
};

/** What the recorder was told last of a recording. `told`: as text, to see whether something has changed. */
type Running = { readonly number: number; readonly id: number; readonly rows: readonly number[]; readonly told: string };

const PACKETS_RECORDED = SHARD_COUNTERS.indexOf('packetsRecorded');
const PACKETS_UNRECORDED = SHARD_COUNTERS.indexOf('packetsUnrecorded');

/** The recordings of a shard: lets the recorder hear the streams that the states of the sessions say, and tells it which they are. */
export class Recorders {
  readonly #world: RecordersWorld;
  readonly #running = new Map<Session, readonly Running[]>();
  #lastNumber = 0;

  constructor(world: RecordersWorld) {
    this.#world = world;
    world.plane.counters.setShard('recordingsOpen', 0); // Those of a dead thread are begun again.
  }

  /** Makes what is recorded of a session agree with its state. */
  follow(session: Session, state: SessionState): void {
    const running = this.#running.get(session) ?? [];
    if (running.length === 0 && state.recordings.length === 0) return;
    const wanted = state.closed === null ? state.recordings : [];
    const next = wanted.map((recording) => this.#go(session, state, recording, running));
    for (const { id, number, rows } of running) {
      if (wanted.some((recording) => recording.id === id)) continue;
      this.#untap(number, rows);
      this.#world.port?.order({ kind: 'close', number, at: this.#world.now() });
    }
    if (next.length > 0) this.#running.set(session, next);
    else this.#running.delete(session);
    this.#world.plane.counters.addToShard('recordingsOpen', next.length - running.length);
    this.#world.reroute(session.slot);
  }

  /** The recorder has forgotten everything: it is told again what is recorded. */
  repeat(): void {
    for (const [session, running] of [...this.#running]) {
      for (const { number, rows } of running) this.#untap(number, rows);
      this.#world.plane.counters.addToShard('recordingsOpen', -running.length);
      this.#running.delete(session);
      this.follow(session, session.snapshot.context);
    }
  }

  /** The session is gone, and its recordings are complete. */
  end(session: Session, state: SessionState): void {
    // One that ends before it could be taken up has files all the same, and only the recorder can bring them where they belong.
    if (!this.#running.has(session)) this.follow(session, { ...state, closed: null });
    this.follow(session, { ...state, recordings: [] });
  }

  /** Begins a recording, or tells what has changed of it. */
  #go(session: Session, state: SessionState, recording: Recording, running: readonly Running[]): Running {
    const { port } = this.#world;
    const before = running.find(({ id }) => id === recording.id);
    const order = this.#orderOf(session, state, recording);
    const told = JSON.stringify({ ...order, files: [] });
    if (before !== undefined && before.told === told) return before;
    if (before !== undefined) this.#untap(before.number, before.rows);
    const number = before?.number ?? this.#nextNumber();
    port?.order({ ...order, number });
    if (before !== undefined && isNarrowed(before.told, recording))
      port?.order({ kind: 'narrow', number, sides: recording.sides });
    const rows = this.#tap(session, recording, number);
    return { number, id: recording.id, rows, told };
  }

  #nextNumber(): number {
    this.#lastNumber = (this.#lastNumber % 0x7fffffff) + 1;
    return this.#lastNumber;
  }

  #orderOf(
    { session, call, tag }: Session,
    { legs }: SessionState,
    { id, sides, form, single, name, startedAt, files }: Recording,
  ): Extract<RecorderOrder, { kind: 'open' }> {
    const { shard, rtcp } = this.#world;
    const locals = SIDES.flatMap((side): (Address | null)[] => {
      const { local } = legs[side];
      return [local, local === null ? null : { host: local.host, port: udpPort(local.port + 1) }];
    });
    const place = { shard, session, call, id };
    return { kind: 'open', number: 0, place, tag, name, form, single, sides, rtcp, startedAt, locals, files };
  }

  #tap(session: Session, { sides }: Recording, number: number): number[] {
    const { plane, rtcp } = this.#world;
    const line = lineOf(number);
    return sides.flatMap((side) =>
      (rtcp ? [0, 1] : [0]).map((component) => {
        const row = rowOf(session.slot, legIndexOf(side), component as ComponentIndex);
        plane.taps.add(row, { line, take: (packet) => this.#take(session, number, packet) });
        return row;
      }),
    );
  }

  #untap(number: number, rows: readonly number[]): void {
    for (const row of rows) this.#world.plane.taps.remove(row, lineOf(number));
  }

  #take({ snapshot: { context } }: Session, number: number, packet: Packet): void {
    const { plane, port } = this.#world;
    const { row, bytes, start, length, nowMs } = packet;
    const leg = context.legs[SIDES[(row >> 1) & 1]!];
    // A packet that was made here, or comes from another session, has no source of its own.
    const isMade = leg.resizeMs !== null || context.fork !== null;
    const words = isMade ? plane.engine.remotes : packet.words;
    const source = isMade ? row * SOCKADDR_WORDS : packet.source;
    const isTaken = port?.packet(number, (row & 3) as 0 | 1 | 2 | 3, nowMs, words, source, bytes, start, length);
    plane.counters.values[isTaken ? PACKETS_RECORDED : PACKETS_UNRECORDED]!++;
  }
}

const lineOf = (number: number): string => `recording ${number}`;

const isNarrowed = (told: string, { sides }: Recording): boolean =>
  (JSON.parse(told) as { sides: readonly string[] }).sides.length > sides.length;
