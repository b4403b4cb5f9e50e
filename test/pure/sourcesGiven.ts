import type { StreamSources } from '../../src/media/streamSources.js';
import type { StreamCodec } from '../../src/protocol/rtp/payloadTypes.js';
import { packetOf, rtp, type Sent } from './analysed.js';

export const EVENTS: ReadonlyMap<number, StreamCodec> = new Map([[101, { name: 'telephone-event', clockRate: 8000 }]]);

/** Sources that took these packets on row 0. */
export function heard(sources: StreamSources, ...sent: readonly Sent[]): StreamSources {
  for (const one of sent) sources.table.take(rtp(one));
  return sources;
}

/** A second of G.711 from a source, packets 20 ms apart, numbers from `first`. */
export const second = (ssrc: number, first: number, fromMs: number): Sent[] =>
  Array.from({ length: 50 }, (_, i) => ({
    ssrc,
    sequence: (first + i) & 0xffff,
    timestamp: (first + i) * 160,
    atMs: fromMs + i * 20,
  }));

/** A compound packet of RTCP on a row. */
export const rtcp = (bytes: Uint8Array, row: number, atMs: number) => packetOf(bytes, row, atMs);

const STAMP_SECONDS = 3_900_000_000;

/** A sender report whose middle 32 bits are `stamp`. */
export function senderReport(ssrc: number, stamp: number, blocks: readonly Uint8Array[] = []): Uint8Array {
  const ntpSeconds = (STAMP_SECONDS & 0xffff_0000) | (stamp >>> 16);
  return report(200, ssrc, [ntpSeconds, (stamp & 0xffff) << 16, 8000, 50, 8000], blocks);
}

export const receiverReport = (ssrc: number, blocks: readonly Uint8Array[]): Uint8Array => report(201, ssrc, [], blocks);

export type Block = {
  readonly source: number;
  readonly fraction?: number;
  readonly lost?: number;
  readonly jitter?: number;
  readonly stamp?: number;
  /** Milliseconds. */
  readonly delay?: number;
};

export function block({ source, fraction = 0, lost = 0, jitter = 0, stamp = 0, delay = 0 }: Block): Uint8Array {
  return words([source, (fraction << 24) | (lost & 0xff_ffff), 0, jitter, stamp, Math.round((delay * 65_536) / 1000)]);
}

function report(type: number, ssrc: number, own: readonly number[], blocks: readonly Uint8Array[]): Uint8Array {
  const body = [words([ssrc, ...own]), ...blocks];
  const length = body.reduce((sum, part) => sum + part.length, 0);
  return Uint8Array.from([0x80 | blocks.length, type, 0, length / 4, ...body.flatMap((part) => [...part])]);
}

function words(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value);
  return new Uint8Array(view.buffer);
}
