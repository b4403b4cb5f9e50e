import { TICKS_PER_MS } from '../../protocol/audio/frames.js';
import { RTP_FIXED_HEADER_BYTES, RTP_VERSION } from '../../protocol/rtp/header.js';
import { TELEPHONE_EVENT_BYTES, writeTelephoneEvent } from '../../protocol/rtp/telephoneEvent.js';
import type { Packet } from '../engine.js';
import type { Voice } from './prompt.js';
import { type Continuation, putInt32, putNumbers } from './voices.js';

/** How often is told that a key is still held, milliseconds: as often as telephones send sound. */
export const KEY_UPDATE_MS = 20;
/** The end of an event is sent so often in all (RFC 4733 §2.5.1.4). */
const ENDS = 3;
const MARKER = 0x80;

/** A key that is to be sent to a listener. */
export type KeyOrder = {
  /** 0…15, see `PlayedDtmf`. */
  readonly code: number;
  readonly payloadType: number;
  /** How long it is held, milliseconds; no longer than 8191 (16 bits of 8 kHz). */
  readonly durationMs: number;
  /** 0…63. */
  readonly volume: number;
  /** How long no other key is sent behind it, milliseconds. */
  readonly pauseMs: number;
  /** The voice it is sent in if the listener hears none. */
  readonly stranger: Voice;
};

/**
 * A key on its way to a listener (RFC 4733 §2.5): packets of one timestamp that say how long it has been held so far, and three that say that
 * it was let go. The first is sent at once, and stands for the interval before it, as a packet of sound does.
 */
export class KeyPress {
  readonly order: KeyOrder;
  readonly ssrc: number;
  readonly #startMs: number;
  readonly #timestamp: number;
  readonly #total: number;
  /** Of the next packet. */
  #sequence: number;
  #updates = 0;
  #ends = 0;

  constructor(order: KeyOrder, { ssrc, sequence, timestamp }: Voice, nowMs: number) {
    this.order = order;
    this.ssrc = ssrc | 0;
    this.#startMs = nowMs;
    this.#timestamp = timestamp | 0;
    this.#total = Math.min(0xffff, Math.round(order.durationMs * TICKS_PER_MS));
    this.#sequence = sequence & 0xffff;
  }

  get isOver(): boolean {
    return this.#ends >= ENDS;
  }

  /** How much of the timestamp it takes. */
  get ticks(): number {
    return this.#total;
  }

  /** When the next packet is due. */
  get nextAtMs(): number {
    return this.#startMs + this.#updates * KEY_UPDATE_MS;
  }

  /** What the listener would be sent next if it ended now. */
  get next(): Continuation {
    return {
      ssrc: this.ssrc >>> 0,
      sequence: this.#sequence,
      timestamp: (this.#timestamp + this.#total) >>> 0,
      atMs: this.#startMs + this.order.durationMs,
    };
  }

  /** Writes the next packet. One that is not over has it. What a stall has made too late is left out. */
  write(packet: Packet, nowMs: number): void {
    const { bytes, start } = packet;
    this.#updates = Math.max(this.#updates, Math.floor((nowMs - this.#startMs) / KEY_UPDATE_MS));
    const held = Math.min(this.#total, (this.#updates + 1) * KEY_UPDATE_MS * TICKS_PER_MS);
    const ends = held === this.#total;
    const isFirst = this.#updates === 0;
    bytes[start] = RTP_VERSION << 6;
    bytes[start + 1] = (isFirst ? MARKER : 0) | this.order.payloadType;
    putNumbers(bytes, start, this.#sequence, this.#timestamp);
    putInt32(bytes, start + 8, this.ssrc);
    const { code, volume } = this.order;
    writeTelephoneEvent(bytes, start + RTP_FIXED_HEADER_BYTES, { code, volume, ends, duration: held });
    packet.length = RTP_FIXED_HEADER_BYTES + TELEPHONE_EVENT_BYTES;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#updates++;
    if (ends) this.#ends++;
  }
}
