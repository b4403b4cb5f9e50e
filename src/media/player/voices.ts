import { TICKS_PER_MS } from '../../protocol/audio/frames.js';
import type { Voice } from './prompt.js';

/** The packet that a listener would be sent next, and when it would be its time. */
export type Continuation = Voice & {
  /** Milliseconds of the thread's clock. */
  readonly atMs: number;
};

/** The voice of somebody who speaks up now, not before the packet was due: nothing of what was heard is to sound twice. */
export const voiceOf = ({ ssrc, sequence, timestamp, atMs }: Continuation, nowMs: number): Voice => ({
  ssrc,
  sequence,
  timestamp: (timestamp + ticksBetween(atMs, nowMs)) >>> 0,
});

/** The voice of a stranger (RFC 3550 §5.1). `random`: 0 up to, not with, 1. The timestamp is even, as rtpproxy has it. */
export const newVoice = (random: () => number): Voice => ({
  ssrc: Math.floor(random() * 2 ** 32),
  sequence: Math.floor(random() * 2 ** 16),
  timestamp: Math.floor(random() * 2 ** 31) * 2,
});

/** How far timestamps go on between two times; 0 if the second one is earlier. */
export const ticksBetween = (fromMs: number, toMs: number): number => Math.max(0, Math.round((toMs - fromMs) * TICKS_PER_MS));

/** Sequence number and timestamp of an RTP packet at `start` (RFC 3550 §5.1), modulo their widths. */
export function putNumbers(bytes: Uint8Array, start: number, sequence: number, timestamp: number): void {
  bytes[start + 2] = sequence >>> 8;
  bytes[start + 3] = sequence;
  putInt32(bytes, start + 4, timestamp);
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
