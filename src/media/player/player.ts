import { packetShape, TICKS_PER_MS } from '../../protocol/audio/frames.js';
import { RTP_FIXED_HEADER_BYTES, RTP_VERSION } from '../../protocol/rtp/header.js';
import { LONGEST_DATAGRAM, type Packet } from '../engine.js';
import { copyBytes } from '../stages/resizerQueue.js';
import type { Appointment } from './agenda.js';
import type { PlayOrder } from './prompt.js';
import { type Continuation, putInt32, putNumbers, ticksBetween } from './voices.js';

/** After a stall so many packets may leave at once; whoever is farther behind leaves out what was missed. */
export const LONGEST_BURST = 5;

const MARKER = 0x80;
/** Of a prompt whose frames nobody knows, or whose packets would be too long to be sent. */
const NO_PACKET = { bytes: 0, ms: 0 };

/**
 * A prompt on its way to a listener: which packet is next, and when. The times are those of a clock that began with the first packet, so
 * that what is sent late once does not make the rest late.
 */
export class Player implements Appointment {
  atMs = 0;
  place = -1;
  /** The RTP row of the listener. */
  readonly row: number;
  readonly ssrc: number;
  /** Packets whose time has passed: sent, or left out after a stall. A player goes on here after a crash. */
  passed: number;
  /** When the next packet is to be sent. */
  nextAtMs: number;
  /** There is nobody to send to. */
  isWaiting = false;
  /** It goes on with the stream that the listener was relayed. */
  takesUp = false;
  readonly #prompt: PlayOrder['prompt'];
  readonly #bytes: number;
  readonly #ms: number;
  readonly #packetsPerRound: number;
  readonly #packets: number;
  /** Packets of the first round that are left out. */
  readonly #skip: number;
  /** Of the next packet. Timestamps are signed numbers here: V8 makes objects of others from 2^31 on. */
  #sequence: number;
  #timestamp: number;
  #marker = true;
  #hasBegun = false;

  constructor(row: number, order: PlayOrder, nowMs: number) {
    const { prompt, voice } = order;
    const shape = packetShape(prompt.payloadType, order.ptimeMs) ?? NO_PACKET;
    const { bytes, ms } = shape.bytes + RTP_FIXED_HEADER_BYTES <= LONGEST_DATAGRAM ? shape : NO_PACKET;
    this.row = row;
    this.ssrc = voice.ssrc | 0;
    this.nextAtMs = nowMs;
    this.#prompt = prompt;
    this.#bytes = bytes;
    this.#ms = ms;
    this.#packetsPerRound = bytes === 0 ? 0 : Math.floor(prompt.frames.length / bytes);
    this.#skip = Math.max(0, Math.floor(order.skip ?? 0));
    const inTime = order.durationMs === undefined || ms === 0 ? Number.POSITIVE_INFINITY : Math.ceil(order.durationMs / ms);
    this.#packets = Math.min(packetsOf(this.#packetsPerRound, order.count) - this.#skip, inTime);
    this.passed = order.sent > 0 ? Math.floor(order.sent) : 0;
    this.#sequence = (voice.sequence + this.passed) & 0xffff;
    this.#timestamp = (voice.timestamp + this.passed * this.ticks) | 0;
  }

  /** How much of the timestamp a packet takes. */
  get ticks(): number {
    return this.#ms * TICKS_PER_MS;
  }

  /** Which packet of the prompt is next, from 0. */
  get position(): number {
    return this.#packetsPerRound === 0 ? 0 : (this.passed + this.#skip) % this.#packetsPerRound;
  }

  /** It is there, and will never say anything. */
  get isMute(): boolean {
    return this.#bytes === 0 && this.#prompt.frames.length > 0;
  }

  get isOver(): boolean {
    return !this.isMute && this.passed >= this.#packets;
  }

  /** What the listener would be sent next. */
  get next(): Continuation {
    return { ssrc: this.ssrc >>> 0, sequence: this.#sequence, timestamp: this.#timestamp >>> 0, atMs: this.nextAtMs };
  }

  /** Only now can it go on. Those who have heard something already, of it or of the stream it takes up, hear that time has passed. */
  wake(nowMs: number): void {
    this.isWaiting = false;
    if (this.#hasBegun || this.takesUp) {
      this.#timestamp = (this.#timestamp + ticksBetween(this.nextAtMs, nowMs)) | 0;
      this.#marker = true;
    }
    this.nextAtMs = Math.max(this.nextAtMs, nowMs);
  }

  /** Leaves out what has been missed in a long stall; a player that has not begun begins later instead. */
  catchUp(nowMs: number): void {
    const missed = Math.floor((nowMs - this.nextAtMs) / this.#ms);
    if (missed < LONGEST_BURST) return;
    if (!this.#hasBegun) {
      this.wake(nowMs);
      return;
    }
    this.passed += missed;
    this.nextAtMs += missed * this.#ms;
    this.#timestamp = (this.#timestamp + missed * this.ticks) | 0;
    this.#marker = true;
  }

  /** Writes the next packet. One that is neither mute nor over has it. */
  write(packet: Packet): void {
    const { bytes, start } = packet;
    bytes[start] = RTP_VERSION << 6;
    bytes[start + 1] = (this.#marker ? MARKER : 0) | this.#prompt.payloadType;
    putNumbers(bytes, start, this.#sequence, this.#timestamp);
    putInt32(bytes, start + 8, this.ssrc);
    const from = this.position * this.#bytes;
    copyBytes(this.#prompt.frames, from, bytes, start + RTP_FIXED_HEADER_BYTES, this.#bytes);
    packet.row = this.row;
    packet.length = RTP_FIXED_HEADER_BYTES + this.#bytes;
    this.#advance();
  }

  #advance(): void {
    this.#hasBegun = true;
    this.#marker = false;
    this.passed++;
    this.nextAtMs += this.#ms;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + this.ticks) | 0;
  }
}

function packetsOf(packetsPerRound: number, count: number): number {
  if (packetsPerRound === 0) return 0;
  return count < 0 ? Number.POSITIVE_INFINITY : packetsPerRound * count;
}
