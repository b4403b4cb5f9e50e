/** Both sides of a call as packets on a network that delays, loses, doubles and reorders them, and what is heard in the recording of it. */
import { linearToMulaw } from '../../src/protocol/audio/g711.js';
import { WAV_HEADER_BYTES, type WavBegun, WavRecording } from '../../src/relay/recording/wavRecording.js';
import { rtpPacket, START_MS, TEST_CODECS } from './recordingFolder.js';

export const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

/** A packet as it comes: `atMs` since the recording began. */
export type Arrival = { readonly atMs: number; readonly channel: 0 | 1; readonly bytes: Uint8Array };

/** A number between 0 and 1, the same in every run. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export type Speaker = {
  readonly channel: 0 | 1;
  /** Milliseconds since the recording began of the first packet, and for how long it speaks. */
  readonly fromMs: number;
  readonly ms: number;
  /** What is heard at a time since the recording began. */
  readonly level: (ms: number) => number;
  readonly ssrc?: number;
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly payloadType?: number;
  /** How much later than sent the packet comes; null: it is lost. */
  readonly delay?: (index: number) => number | null;
  /** How much faster its clock is than ours, a factor. */
  readonly clock?: number;
};

export function arrivalsOf(speaker: Speaker): Arrival[] {
  const { channel, fromMs, ms, level, ssrc = 1000 + channel, sequence = 65_530, timestamp = 2 ** 32 - 800, clock = 1 } = speaker;
  const arrivals: Arrival[] = [];
  for (let i = 0; i < ms / FRAME_MS; i++) {
    const sentMs = fromMs + (i * FRAME_MS) / clock;
    const payload = Uint8Array.from({ length: FRAME_SAMPLES }, (_, k) => linearToMulaw(level(sentMs + k / 8)));
    const fields = { ssrc, sequence: sequence + i, timestamp: timestamp + i * FRAME_SAMPLES, payload };
    const bytes = rtpPacket(speaker.payloadType === undefined ? fields : { ...fields, payloadType: speaker.payloadType });
    const delay = speaker.delay === undefined ? 0 : speaker.delay(i);
    if (delay !== null) arrivals.push({ atMs: sentMs + delay, channel, bytes });
  }
  return arrivals;
}

/** What is in the file in the end: its rate, and the samples of both sides. */
export type Heard = { readonly rate: number; readonly sides: readonly [Int16Array, Int16Array]; readonly written: number };

/** Records until `endMs`, with a turn once a second as in the relay. */
export function record(arrivals: readonly Arrival[], endMs: number, begun: WavBegun | null = null): Heard {
  const pieces: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  const write = (offset: number, bytes: Uint8Array): void => void pieces.push({ offset, bytes: bytes.slice() });
  const recording = new WavRecording({ codecs: TEST_CODECS, startedAt: START_MS, begun, write });
  const inOrder = [...arrivals].sort((a, b) => a.atMs - b.atMs);
  let nextTurnMs = 1000;
  for (const { atMs, channel, bytes } of inOrder) {
    for (; nextTurnMs <= atMs && nextTurnMs <= endMs; nextTurnMs += 1000) recording.turn(START_MS + nextTurnMs);
    const padded = Uint8Array.of(0, ...bytes, 0);
    recording.packet(channel, START_MS + atMs, padded, 1, bytes.length);
  }
  recording.end(START_MS + endMs);
  const header = recording.header!;
  const data = new Uint8Array(new DataView(header.buffer).getUint32(WAV_HEADER_BYTES - 4, true));
  for (const { offset, bytes } of pieces) data.set(bytes, offset);
  const samples = new Int16Array(data.buffer);
  const side = (channel: number): Int16Array =>
    Int16Array.from({ length: samples.length / 2 }, (_, i) => samples[i * 2 + channel]!);
  const rate = new DataView(header.buffer).getUint32(24, true);
  return { rate, sides: [side(0), side(1)], written: pieces.reduce((total, { bytes }) => total + bytes.length, 0) };
}

/** Clicks of 40 ms, one a second at a different place each, that say when they were said: level against time. */
export const clicks = (ms: number): number => (((ms % 1000) + 1000) % 1000 < 40 ? 8000 : 0);

/** When a side is heard to begin, milliseconds: where it gets loud after it was silent. */
export function onsets(samples: Int16Array, rate: number): number[] {
  const found: number[] = [];
  let quietSince = -1e9;
  samples.forEach((sample, i) => {
    if (Math.abs(sample) < 1000) return;
    if (i - quietSince > rate / 2) found.push((i * 1000) / rate);
    quietSince = i;
  });
  return found;
}
