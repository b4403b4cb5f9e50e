/** RTP that a party has heard, taken apart, and whether it is one stream without a gap. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Arrived } from './enginePeer.js';

/** An RTP packet without CSRC and extension (RFC 3550 §5.1). */
export type RtpFields = {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
};
export type Heard = RtpFields & { readonly from: Arrived['from'] };

export const RTP_HEADER_BYTES = 12;

export const rtpFieldsOf = (bytes: Buffer): RtpFields => ({
  payloadType: bytes[1]! & 0x7f,
  marker: (bytes[1]! & 0x80) !== 0,
  sequence: bytes.readUInt16BE(2),
  timestamp: bytes.readUInt32BE(4),
  ssrc: bytes.readUInt32BE(8),
  payload: bytes.subarray(RTP_HEADER_BYTES),
});

export const heardIn = (arrived: readonly Arrived[]): Heard[] =>
  arrived.map(({ bytes, from }) => ({ from, ...rtpFieldsOf(bytes) }));

/** One source from one place, whose sequence numbers follow each other (RFC 3550 §5.1). */
export function isOneStream(heard: readonly Heard[]): void {
  equal(new Set(heard.map(({ ssrc }) => ssrc)).size, 1, 'one source');
  equal(new Set(heard.map(({ from: { host, port } }) => `${host}:${port}`)).size, 1, 'from one place');
  deepEqual(
    heard.map(({ sequence }) => sequence),
    heard.map((_, i) => (heard[0]!.sequence + i) & 0xffff),
  );
}

/** How much later than the one before each packet is by its timestamp, the first left out. */
export const stepsOf = (heard: readonly Heard[]): number[] =>
  heard.slice(1).map(({ timestamp }, i) => (timestamp - heard[i]!.timestamp) >>> 0);

const FRAME_BYTES = 160;
/** A media thread that was held up for so many packets leaves out what it has missed, and marks the next one; see `Player`. */
const STALL = 5;

/**
 * This is the prompt of these frames (160 octets and units of time a packet), round by round, from the packet `from` on; each at its time, and
 * the first one marked. Answers which packet would be next.
 */
export function isPrompt(heard: readonly Heard[], frames: Uint8Array, from: number): number {
  isOneStream(heard);
  const rounds = frames.length / FRAME_BYTES;
  let place = from;
  for (const [i, { payload, marker, timestamp }] of heard.entries()) {
    const step = i === 0 ? 0 : ((timestamp - heard[i - 1]!.timestamp) >>> 0) / FRAME_BYTES;
    ok(step <= 1 || step > STALL, `packet ${i} is ${step} packets behind the one before`);
    place += step;
    const at = (place % rounds) * FRAME_BYTES;
    deepEqual(payload, Buffer.from(frames.subarray(at, at + FRAME_BYTES)), `packet ${i} is ${place} of the prompt`);
    equal(marker, step !== 1, `packet ${i} is marked if nothing is before it`);
  }
  return place + 1;
}

/** The same of a prompt that was heard up to, not with, the packet `to`. */
export function isWholePrompt(heard: readonly Heard[], frames: Uint8Array, from: number, to: number): void {
  const left = to - isPrompt(heard, frames, from);
  ok(left === 0 || left >= STALL, `${left} packets are missing behind ${heard.length}`);
}
