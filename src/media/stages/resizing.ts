import { type Counters, SHARD_COUNTERS } from '../counters.js';
import type { Packet, PacketEngine } from '../engine.js';
import { NEXT, type Stage, TAKEN } from '../path.js';
import { Resizer } from './resizer.js';

const PACKETS_RESIZED = SHARD_COUNTERS.indexOf('packetsResized');
const PACKETS_MADE = SHARD_COUNTERS.indexOf('packetsMadeByResizing');
const PACKETS_LOST = SHARD_COUNTERS.indexOf('packetsLostInResizing');

/** The streams of a thread whose packets are made longer or shorter, and when the next one of them has to be sent even if none comes. */
export class Resizing {
  /** When `turn` has to be called; Infinity: nothing is held. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Whether that became earlier since the last `turn`. */
  isEarlier = false;
  readonly #resizers = new Map<number, Resizer>();
  readonly #engine: PacketEngine;
  readonly #values: Float64Array;
  readonly #goOn: (packet: Packet) => void;
  #row = 0;
  #nowMs = 0;

  /** `goOn` takes a packet that was made through the rest of its row's path. */
  constructor(engine: PacketEngine, counters: Counters, goOn: (packet: Packet) => void) {
    this.#engine = engine;
    this.#values = counters.values;
    this.#goOn = goOn;
  }

  /** Makes packets of a row `targetMs` long from now on. Null: leaves them as they are, and gives up what is held. */
  set(row: number, targetMs: number | null): void {
    const resizer = this.#resizers.get(row);
    if (targetMs === null) {
      this.#values[PACKETS_LOST]! += resizer?.held ?? 0;
      this.#resizers.delete(row);
    } else if (resizer) {
      resizer.setTarget(targetMs);
      this.#heed(resizer);
    } else this.#resizers.set(row, new Resizer(targetMs));
  }

  /** The last sequence number that a row's packets of an SSRC were given; null: they have their own. */
  lastSequence(row: number, ssrc: number): number | null {
    const resizer = this.#resizers.get(row);
    return resizer === undefined || resizer.ssrc !== ssrc || resizer.lastSequence < 0 ? null : resizer.lastSequence;
  }

  #heed({ dueAtMs }: Resizer): void {
    if (dueAtMs >= this.deadlineMs) return;
    this.deadlineMs = dueAtMs;
    this.isEarlier = true;
  }

  readonly stage: Stage = (packet) => {
    const resizer = this.#resizers.get(packet.row);
    if (resizer === undefined) return NEXT;
    this.#row = packet.row;
    this.#nowMs = packet.nowMs;
    const outcome = resizer.take(packet.bytes, packet.start, packet.length, packet.nowMs, this.#emit);
    this.#heed(resizer);
    if (outcome === 'passed') return NEXT;
    this.#values[PACKETS_RESIZED]!++;
    if (outcome === 'discarded') this.#values[PACKETS_LOST]!++;
    return TAKEN;
  };

  /** Sends what has waited long enough. Answers when to be called again. */
  turn(nowMs: number): number {
    this.isEarlier = false;
    if (nowMs < this.deadlineMs) return this.deadlineMs;
    this.#nowMs = nowMs;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    for (const [row, resizer] of this.#resizers) {
      this.#row = row;
      if (resizer.dueAtMs <= nowMs) resizer.flush(nowMs, this.#emit);
      this.deadlineMs = Math.min(this.deadlineMs, resizer.dueAtMs);
    }
    return this.deadlineMs;
  }

  readonly #emit = (bytes: Uint8Array, length: number): void => {
    const draft = this.#engine.draft();
    draft.bytes.set(bytes.subarray(0, length), draft.start);
    draft.row = this.#row;
    draft.length = length;
    draft.nowMs = this.#nowMs;
    this.#values[PACKETS_MADE]!++;
    this.#goOn(draft);
  };
}
