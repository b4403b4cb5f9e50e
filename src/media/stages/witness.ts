import type { Packet } from '../engine.js';
import { DROPPED, NEXT, type Stage } from '../path.js';
import { DtmfDetector } from './dtmf.js';

/** A digit that was pressed (RFC 4733). `duration`: in units of the RTP timestamp. */
export type Digit = { readonly digit: string; readonly volume: number; readonly duration: number };

type Catcher = { readonly payloadType: number; readonly detector: DtmfDetector; swallow: boolean };

/** The streams of a thread whose digits somebody wants to know. */
export class DtmfCatchers {
  readonly #catchers = new Map<number, Catcher>();
  readonly #onDigit: (row: number, digit: Digit) => void;

  constructor(onDigit: (row: number, digit: Digit) => void) {
    this.#onDigit = onDigit;
  }

  /** `swallow`: packets of events are not sent on. Null: nobody listens any more. */
  set(row: number, wanted: { readonly payloadType: number; readonly swallow: boolean } | null): void {
    const present = this.#catchers.get(row);
    if (wanted === null) this.#catchers.delete(row);
    else if (present?.payloadType === wanted.payloadType) present.swallow = wanted.swallow;
    else {
      const { payloadType, swallow } = wanted;
      this.#catchers.set(row, { payloadType, swallow, detector: new DtmfDetector(payloadType) });
    }
  }

  readonly stage: Stage = (packet) => {
    const catcher = this.#catchers.get(packet.row);
    if (catcher === undefined) return NEXT;
    const { bytes, start, length } = packet;
    const digit = catcher.detector.take(bytes, start, length);
    if (digit !== null) this.#onDigit(packet.row, digit);
    return catcher.swallow && catcher.detector.isEvent(bytes, start, length) ? DROPPED : NEXT;
  };
}

/** Takes a copy of a packet to wherever else it is to be heard. Must leave the packet as it is. */
export type Tap = { readonly line: string; readonly take: (packet: Packet) => void };

/** The streams of a thread that others hear too. */
export class Taps {
  readonly #taps = new Map<number, Tap[]>();

  add(row: number, tap: Tap): void {
    this.#taps.set(row, [...(this.#taps.get(row) ?? []), tap]);
  }

  remove(row: number, line: string): void {
    const left = (this.#taps.get(row) ?? []).filter((tap) => tap.line !== line);
    if (left.length > 0) this.#taps.set(row, left);
    else this.#taps.delete(row);
  }

  clear(row: number): void {
    this.#taps.delete(row);
  }

  isTapped(row: number): boolean {
    return this.#taps.has(row);
  }

  readonly stage: Stage = (packet) => {
    const taps = this.#taps.get(packet.row);
    if (taps !== undefined) for (const tap of taps) tap.take(packet);
    return NEXT;
  };
}
