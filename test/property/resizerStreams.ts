import fc from 'fast-check';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { G722, G723, G729, GSM, PCMA, PCMU } from '../pure/resizedStream.js';

/** What a sender does next: a packet of so many frames, after a pause of so many, and what the network does to it. */
type Step = {
  readonly frames: number;
  readonly pauseFrames: number;
  readonly isLost: boolean;
  readonly delayMs: number;
  /** How much later the copy comes; null: there is none. */
  readonly copyDelayMs: number | null;
  readonly noise: number;
};

export type Stream = {
  readonly payloadType: number;
  readonly targetMs: number;
  readonly firstSequence: number;
  readonly firstTimestamp: number;
  readonly steps: readonly Step[];
};

/** A packet as it was sent. `position`: of its first sample, counted from the stream's beginning without wrapping. */
export type Sent = {
  readonly position: number;
  readonly samples: number;
  readonly packet: Uint8Array;
  readonly payload: Uint8Array;
};
export type Arrival = { readonly sent: Sent; readonly atMs: number };

/** Bytes and samples of a frame; of a sample codec, 1 ms. */
export const FRAMES: Readonly<Record<number, readonly [number, number]>> = {
  [PCMU]: [8, 8],
  [PCMA]: [8, 8],
  [G722]: [8, 8],
  [GSM]: [33, 160],
  [G729]: [10, 80],
  [G723]: [24, 240],
};
const G723_SIZES = [24, 20, 4] as const;

const step = (frames: fc.Arbitrary<number>, delayMs: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.record({
    frames,
    pauseFrames: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(90) }),
    isLost: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    delayMs,
    copyDelayMs: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(150) }),
    noise: fc.nat(0xffff),
  });

/** Packets of 1 to 130 ms, as the codec has them; mostly of one length, as senders do. */
export const streams = (payloadTypes: readonly number[], delayMs: fc.Arbitrary<number>): fc.Arbitrary<Stream> =>
  fc.constantFrom(...payloadTypes).chain((payloadType) => {
    const mostFrames = Math.max(2, Math.floor(1040 / FRAMES[payloadType]![1]));
    const frames = fc.integer({ min: 1, max: mostFrames });
    return frames.chain((usual) =>
      fc.record({
        payloadType: fc.constant(payloadType),
        targetMs: fc.oneof(fc.constantFrom(10, 20, 30, 40, 60, 100, 200), fc.integer({ min: 1, max: 999 })),
        firstSequence: fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xfff0, max: 0xffff })),
        firstTimestamp: fc.oneof(fc.nat(0x7fff_ffff), fc.integer({ min: 0xffff_e000, max: 0xffff_ffff })),
        steps: fc.array(step(fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: frames }), delayMs), {
          minLength: 1,
          maxLength: 50,
        }),
      }),
    );
  });

/** Frames that tell one from the other; of G.729 and G.723.1 some are comfort noise. */
function payloadOf(payloadType: number, frames: number, noise: number): Uint8Array {
  const [size] = FRAMES[payloadType]!;
  const isNoise = noise % 7 === 0;
  const sizes = Array.from({ length: frames }, (_, i) => {
    if (payloadType === G723) return G723_SIZES[(noise + i) % 3]!;
    return payloadType === G729 && isNoise && i === frames - 1 ? 2 : size;
  });
  return Uint8Array.from(
    sizes.flatMap((bytes, i) =>
      Array.from({ length: bytes }, (_, k) => {
        const byte = (Math.imul(noise + i * 31 + k + 1, 0x9e3779b1) >>> 24) & 0xff;
        return payloadType === G723 && k === 0 ? (byte & 0xfc) | G723_SIZES.indexOf(bytes as 24) : byte;
      }),
    ),
  );
}

export function packetsOf({ payloadType, firstSequence, firstTimestamp, steps }: Stream): Sent[] {
  const [, frameSamples] = FRAMES[payloadType]!;
  let position = 0;
  return steps.map(({ frames, pauseFrames, noise }, n) => {
    position += pauseFrames * frameSamples;
    const payload = payloadOf(payloadType, frames, noise);
    const header = { payloadType, sequence: firstSequence + n, timestamp: firstTimestamp + position, ssrc: 77 };
    const packet = buildRtp({ ...header, marker: n === 0 || pauseFrames > 0 }, payload);
    const sent = { position, samples: frames * frameSamples, packet, payload };
    position += sent.samples;
    return sent;
  });
}

/** In the order in which they come: each leaves its sender when its last sample was heard. */
export function arrivalsOf(stream: Stream): Arrival[] {
  const arrivals = packetsOf(stream).flatMap((sent, n) => {
    const { isLost, delayMs, copyDelayMs } = stream.steps[n]!;
    if (isLost) return [];
    const atMs = (sent.position + sent.samples) / 8 + delayMs;
    return [{ sent, atMs }, ...(copyDelayMs === null ? [] : [{ sent, atMs: atMs + copyDelayMs }])];
  });
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}
