import type { Packet } from '../../src/media/engine.js';
import { AnalysisTable, type StreamAnalysis } from '../../src/media/stages/analyse.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';

/** What a stream without packets says. */
export const NOTHING: StreamAnalysis = {
  ...{ nsent: 0, nrcvd: 0, ndups: 0, nlost: 0, perrs: 0 },
  ...{ jitterLast: 0, jitterMax: 0, jitterAverage: 0, longestIpiS: 0 },
  ...{ ssrcLast: null, ssrcCount: 0, payloadTypeLast: -1, firstAtMs: 0, lastAtMs: 0 },
};

/** What matters of a packet; `atMs`: when it arrives. */
export type Sent = {
  readonly sequence?: number;
  readonly timestamp?: number;
  readonly atMs?: number;
  readonly marker?: boolean;
  readonly ssrc?: number;
  readonly payloadType?: number;
};

const NO_SOURCE = new Uint32Array(8);

/** The only place that makes packets, as an engine has only one: then all have one shape, which the test for garbage relies on. */
export function packetOf(bytes: Uint8Array, row: number, nowMs: number): Packet {
  return { row, bytes, start: 0, length: bytes.length, words: NO_SOURCE, source: 0, nowMs };
}

/** G.711 of SSRC 7 on row 0 unless it is said otherwise. */
export function rtp({ sequence = 0, timestamp = 0, atMs = 0, marker = false, ssrc = 7, payloadType = 0 }: Sent, row = 0): Packet {
  return packetOf(buildRtp({ payloadType, marker, sequence, timestamp, ssrc }, new Uint8Array(20)), row, atMs);
}

/** The packets taken in turn by a new table. */
export function analysed(...sent: readonly Sent[]): StreamAnalysis {
  const table = new AnalysisTable(4);
  for (const one of sent) table.take(rtp(one));
  return table.read(0);
}

/** A packet of the source's own stream: number and timestamp in step, on its own way to us. */
export const from = (ssrc: number, i: number, atMs: number): Sent => ({ ssrc, sequence: i, timestamp: i * 160, atMs });

/** Whole numbers, both ends with them. */
export const upTo = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
