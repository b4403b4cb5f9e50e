import { Resizer, type Taking } from '../../src/media/stages/resizer.js';
import { buildRtp, type RtpHeader } from '../../src/protocol/rtp/build.js';
import { framingOf } from '../../src/protocol/rtp/framing.js';
import * as rtp from '../../src/protocol/rtp/header.js';

export const PCMU = 0;
export const GSM = 3;
export const G723 = 4;
export const PCMA = 8;
export const G722 = 9;
export const G729 = 18;
export const TELEPHONE_EVENT = 101;

/** Seen by a receiver of what a resizer emits. */
export type Output = {
  readonly atMs: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payloadType: number;
  readonly marker: boolean;
  /** Duration; null where the payload type does not say. */
  readonly samples: number | null;
  readonly payload: Uint8Array;
  readonly packet: Uint8Array;
};

function readOutput(packet: Uint8Array, atMs: number): Output {
  const header = rtp.rtpHeaderLength(packet, 0, packet.length);
  const length = rtp.rtpPayloadLength(packet, 0, packet.length);
  const payloadType = rtp.rtpPayloadType(packet, 0);
  return {
    atMs,
    sequence: rtp.rtpSequence(packet, 0),
    timestamp: rtp.rtpTimestamp(packet, 0),
    ssrc: rtp.rtpSsrc(packet, 0),
    payloadType,
    marker: rtp.rtpMarker(packet, 0),
    samples: framingOf(payloadType)?.samplesOf(packet, header, length) ?? null,
    payload: packet.slice(header, header + length),
    packet,
  };
}

/**
 * A resizer and the clock that drives it: before each packet `flush` is called at every time the resizer has named, as the media
 * thread does. Packets lie somewhere in a buffer that is overwritten after each call, and what is emitted is copied at once.
 */
export class ResizedStream {
  readonly resizer: Resizer;
  readonly outputs: Output[] = [];
  #nowMs = 0;
  readonly #buffer = new Uint8Array(9000);

  constructor(targetMs: number) {
    this.resizer = new Resizer(targetMs);
  }

  take(packet: Uint8Array, atMs: number): Taking {
    this.runTo(atMs);
    this.#buffer.set(packet, 7);
    const taking = this.resizer.take(this.#buffer, 7, packet.length, atMs, this.#emit);
    this.#buffer.fill(0xa5);
    return taking;
  }

  /** Builds and takes a packet; what is not said is PCMU of SSRC 1. */
  send(atMs: number, header: Partial<RtpHeader>, payload: Uint8Array): Taking {
    return this.take(
      buildRtp({ payloadType: PCMU, marker: false, sequence: 0, timestamp: 0, ssrc: 1, ...header }, payload),
      atMs,
    );
  }

  /** Lets time pass. */
  runTo(atMs: number): void {
    while (this.resizer.dueAtMs <= atMs) {
      this.#nowMs = Math.max(this.#nowMs, this.resizer.dueAtMs);
      this.resizer.flush(this.#nowMs, this.#emit);
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /** Lets time pass until nothing is held. */
  runOut(): void {
    while (this.resizer.dueAtMs < Number.POSITIVE_INFINITY) this.runTo(this.resizer.dueAtMs);
  }

  readonly #emit = (bytes: Uint8Array, length: number): void => {
    this.outputs.push(readOutput(bytes.slice(0, length), this.#nowMs));
    bytes.fill(0x5a);
  };
}

/** Payload of that duration, of which every byte that the codec lets free tells its place in the stream. */
export function audio(payloadType: number, timestamp: number, ms: number): Uint8Array {
  const noise = (at: number): number => (Math.imul(at + 1, 0x9e3779b1) >>> 24) & 0xff;
  const frame = { [GSM]: [33, 20], [G729]: [10, 10], [G723]: [24, 30] }[payloadType] ?? [8, 1];
  const [bytes, frameMs] = frame as [number, number];
  if (ms % frameMs !== 0) throw new Error(`${ms} ms are no whole frames of payload type ${payloadType}`);
  const first = (timestamp / 8 / frameMs) * bytes;
  const payload = Uint8Array.from({ length: (ms / frameMs) * bytes }, (_, i) => noise(first + i));
  if (payloadType === G723) for (let at = 0; at < payload.length; at += 24) payload[at]! &= 0xfc;
  return payload;
}

export const payloadsOf = (outputs: readonly Output[]): number[] => outputs.flatMap(({ payload }) => [...payload]);
export const msOf = (outputs: readonly Output[]): (number | null)[] =>
  outputs.map(({ samples }) => (samples === null ? null : samples / 8));
export const numbersOf = (outputs: readonly Output[]): number[] => outputs.map(({ sequence }) => sequence);
export const timestampsOf = (outputs: readonly Output[]): number[] => outputs.map(({ timestamp }) => timestamp);

/** 20 ms of PCMU, the nth of a stream that begins at 0. */
export const pcmu = (n: number): Uint8Array => audio(PCMU, n * 160, 20);
export const nth = (n: number): { sequence: number; timestamp: number } => ({ sequence: 100 + n, timestamp: n * 160 });
