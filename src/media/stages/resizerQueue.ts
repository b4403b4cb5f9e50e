import { type Framing, framingOf } from '../../protocol/rtp/framing.js';
import {
  isRtp,
  RTP_FIXED_HEADER_BYTES,
  RTP_MALFORMED,
  RTP_VERSION,
  rtpCsrcCount,
  rtpHeaderLength,
  rtpPayloadLength,
  rtpPayloadType,
  rtpSequence,
  rtpSsrc,
  rtpTimestamp,
} from '../../protocol/rtp/header.js';

const MARKER = 0x80;

/** The RTP packet in hand: its fields, read once into the same object for every packet. */
export class Incoming {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  /** Without padding. */
  length = 0;
  headerLength = 0;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  framing: Framing | null = null;
  /** How long its audio is; 0 where that is not known. */
  samples = 0;

  /** False, and nothing is read, if it is no RTP or contradicts itself. */
  read(bytes: Uint8Array, start: number, length: number): boolean {
    if (!isRtp(bytes, start, length)) return false;
    const payload = rtpPayloadLength(bytes, start, length);
    if (payload === RTP_MALFORMED) return false;
    this.bytes = bytes;
    this.start = start;
    this.headerLength = rtpHeaderLength(bytes, start, length);
    this.length = this.headerLength + payload;
    this.payloadType = rtpPayloadType(bytes, start);
    this.sequence = rtpSequence(bytes, start);
    this.timestamp = rtpTimestamp(bytes, start);
    this.ssrc = rtpSsrc(bytes, start);
    this.framing = framingOf(this.payloadType);
    this.samples = this.framing?.samplesOf(bytes, start + this.headerLength, payload) ?? 0;
    return true;
  }
}

/** A packet, or what is left of it, that waits to go out. */
export type Held = {
  /** Fixed header and CSRC list, then payload. Grows to fit, and is used again. */
  bytes: Uint8Array;
  headerLength: number;
  /** Where in `bytes` the payload that is left begins and ends. */
  from: number;
  end: number;
  /** Of what is left. */
  samples: number;
  /** Of the first sample that is left. */
  timestamp: number;
  sequence: number;
  payloadType: number;
  framing: Framing;
  /** When it came, or should have come: not after the packet behind it. */
  arrivedAtMs: number;
};

/** How far `to` is after `from`, samples; negative if it is before. Timestamps wrap (RFC 3550 §5.1). */
export const distance = (from: number, to: number): number => (to - from) | 0;

/**
 * The packets a resizer holds, in the order of their timestamps; none overlaps another. A run is what one output may be made of: the
 * packets from the head on that follow each other without a gap in time and have one payload type.
 */
export class ResizerQueue {
  /** Where the last run that was written ends, timestamp. */
  writtenTo = 0;
  /** Held in all. */
  samples = 0;

  readonly #queue: Held[] = [];
  readonly #spare: Held[] = [];

  get count(): number {
    return this.#queue.length;
  }

  get head(): Held | undefined {
    return this.#queue[0];
  }

  /** Where the packet belongs, `count` being the end; -1 where it overlaps one that is here. */
  placeOf({ timestamp, samples }: Incoming): number {
    let at = this.#queue.length;
    while (at > 0 && distance(this.#queue[at - 1]!.timestamp, timestamp) < 0) at--;
    const before = this.#queue[at - 1];
    if (before !== undefined && distance(before.timestamp, timestamp) < before.samples) return -1;
    const after = this.#queue[at];
    return after !== undefined && distance(timestamp, after.timestamp) < samples ? -1 : at;
  }

  /** Copies the packet to its place. The header extension is left out. */
  insert(at: number, packet: Incoming, framing: Framing, nowMs: number): void {
    const headerLength = RTP_FIXED_HEADER_BYTES + rtpCsrcCount(packet.bytes, packet.start) * 4;
    const payload = packet.length - packet.headerLength;
    const held = this.#spare.pop() ?? newHeld(framing);
    if (held.bytes.length < headerLength + payload) held.bytes = new Uint8Array(headerLength + payload);
    copyBytes(packet.bytes, packet.start, held.bytes, 0, headerLength);
    held.bytes[0] = (RTP_VERSION << 6) | rtpCsrcCount(packet.bytes, packet.start);
    copyBytes(packet.bytes, packet.start + packet.headerLength, held.bytes, headerLength, payload);
    held.headerLength = headerLength;
    held.from = headerLength;
    held.end = headerLength + payload;
    held.samples = packet.samples;
    held.timestamp = packet.timestamp;
    held.sequence = packet.sequence;
    held.payloadType = packet.payloadType;
    held.framing = framing;
    held.arrivedAtMs = Math.min(nowMs, this.#queue[at]?.arrivedAtMs ?? nowMs);
    this.#queue.splice(at, 0, held);
    this.samples += held.samples;
  }

  /** Whether waiting cannot make the run longer: it has `target` samples, or is ended by its last packet or by the one behind it. */
  isRunClosed(target: number): boolean {
    let samples = 0;
    for (let i = 0; i < this.#queue.length; i++) {
      const held = this.#queue[i]!;
      samples += held.samples;
      if (samples >= target || !mayContinue(held)) return true;
      const next = this.#queue[i + 1];
      if (next === undefined) return false;
      // Between two that touch in time, or follow each other by number, nothing is missing.
      if (!continues(held, next)) return touches(held, next) || next.sequence === ((held.sequence + 1) & 0xffff);
    }
    return false;
  }

  /**
   * Moves the run, or its first `target` samples, to the beginning of `output` as a packet with header, marker and timestamp of the
   * first piece. Answers the bytes written; 0 if nothing is held.
   */
  writeRun(output: Uint8Array, target: number): number {
    let held = this.#queue[0];
    if (held === undefined) return 0;
    copyBytes(held.bytes, 0, output, 0, held.headerLength);
    let length = held.headerLength;
    let left = target;
    while (held !== undefined && left > 0) {
      const cut = held.framing.bytesFor(held.bytes, held.from, held.end - held.from, left);
      copyBytes(held.bytes, held.from, output, length, cut);
      length += cut;
      this.samples -= held.samples;
      if (held.from + cut < held.end) {
        shorten(held, cut);
        this.samples += held.samples;
        this.writtenTo = held.timestamp;
        break;
      }
      left -= held.samples;
      this.writtenTo = (held.timestamp + held.samples) >>> 0;
      this.#queue.shift();
      this.#spare.push(held);
      const next: Held | undefined = this.#queue[0];
      if (next === undefined || !mayContinue(held) || !continues(held, next)) break;
      held = next;
    }
    return length;
  }
}

const newHeld = (framing: Framing): Held => ({
  bytes: new Uint8Array(0),
  headerLength: 0,
  from: 0,
  end: 0,
  samples: 0,
  timestamp: 0,
  sequence: 0,
  payloadType: 0,
  framing,
  arrivedAtMs: 0,
});

/** Takes `cut` bytes from the front. What is left is not the beginning of a talkspurt any more. */
function shorten(held: Held, cut: number): void {
  const samples = held.framing.samplesOf(held.bytes, held.from, cut) ?? 0;
  held.from += cut;
  held.samples -= samples;
  held.timestamp = (held.timestamp + samples) >>> 0;
  held.bytes[1]! &= ~MARKER;
  writeTimestamp(held.bytes, held.timestamp);
}

function writeTimestamp(bytes: Uint8Array, timestamp: number): void {
  for (let i = 0; i < 4; i++) bytes[4 + i] = timestamp >>> (24 - 8 * i);
}

const mayContinue = (held: Held): boolean => held.framing.mayAppend(held.end - held.from);
const touches = (held: Held, next: Held): boolean => distance(held.timestamp, next.timestamp) === held.samples;
const continues = (held: Held, next: Held): boolean => next.payloadType === held.payloadType && touches(held, next);

/** Without a view of the source, which would be an object for every packet. */
export function copyBytes(from: Uint8Array, at: number, to: Uint8Array, place: number, count: number): void {
  for (let i = 0; i < count; i++) to[place + i] = from[at + i]!;
}
