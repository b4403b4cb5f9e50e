/**
 * How the payloads of static audio codecs divide into frames (RFC 3551 §4.5), for whoever joins or splits packets without decoding
 * them. A "sample" is a unit of the RTP timestamp, 8000 a second for every codec here; G.722 codes 16000 a second, but its clock
 * says 8000 (§4.5.2), which makes one byte one unit there too.
 */
export const SAMPLES_PER_MS = 8;

const PCMU = 0;
const GSM = 3;
const G723 = 4;
const PCMA = 8;
const G722 = 9;
const G729 = 18;

const G729_FRAME_BYTES = 10;
/** Comfort noise of Annex B (§4.5.6): the last frame of a packet or its only one. */
const G729_SID_BYTES = 2;
const G729_FRAME_SAMPLES = 80;

/** G.723.1 says in the two lowest bits of a frame what it is (§4.5.3): 6.3 kbit/s, 5.3 kbit/s, comfort noise; 3 is not given out. */
const G723_FRAME_BYTES = [24, 20, 4, 0] as const;
const G723_FRAME_SAMPLES = 240;

/** How the payload of one codec divides. No function looks beyond `start` and `length`, offset and size of the payload in bytes. */
export type Framing = {
  /** The shortest packet worth sending, samples; packets are made multiples of it. Whole frames, and at least 10 ms. */
  readonly unitSamples: number;
  /** Samples of the payload; null if it is empty or not a number of whole frames. */
  readonly samplesOf: (bytes: Uint8Array, start: number, length: number) => number | null;
  /** Bytes of as many frames from the beginning of a payload as last `samples` or less. The payload must have passed `samplesOf`. */
  readonly bytesFor: (bytes: Uint8Array, start: number, length: number, samples: number) => number;
  /** Whether a payload of so many bytes may be continued in the same packet. */
  readonly mayAppend: (length: number) => boolean;
};

const FRAMINGS: ReadonlyMap<number, Framing> = new Map([
  [PCMU, framesOf(1, 1, 80)],
  [PCMA, framesOf(1, 1, 80)],
  [G722, framesOf(1, 1, 80)],
  [GSM, framesOf(33, 160, 160)],
  [G729, { unitSamples: G729_FRAME_SAMPLES, samplesOf: g729Samples, bytesFor: g729Bytes, mayAppend: mayAppendG729 }],
  [G723, { unitSamples: G723_FRAME_SAMPLES, samplesOf: g723Samples, bytesFor: g723Bytes, mayAppend: () => true }],
]);

/** The framing of a static payload type (0…127); null where the payload says nothing about its duration that is known here. */
export function framingOf(payloadType: number): Framing | null {
  return FRAMINGS.get(payloadType) ?? null;
}

/** A codec whose frames are all alike. */
function framesOf(frameBytes: number, frameSamples: number, unitSamples: number): Framing {
  return {
    unitSamples,
    samplesOf: (_bytes, _start, length) =>
      length > 0 && length % frameBytes === 0 ? (length / frameBytes) * frameSamples : null,
    bytesFor: (_bytes, _start, length, samples) => Math.min(length, Math.floor(samples / frameSamples) * frameBytes),
    mayAppend: () => true,
  };
}

function g729Samples(_bytes: Uint8Array, _start: number, length: number): number | null {
  const rest = length % G729_FRAME_BYTES;
  if (length === 0 || (rest !== 0 && rest !== G729_SID_BYTES)) return null;
  return Math.ceil(length / G729_FRAME_BYTES) * G729_FRAME_SAMPLES;
}

function g729Bytes(_bytes: Uint8Array, _start: number, length: number, samples: number): number {
  return Math.min(length, Math.floor(samples / G729_FRAME_SAMPLES) * G729_FRAME_BYTES);
}

function mayAppendG729(length: number): boolean {
  return length % G729_FRAME_BYTES === 0;
}

function g723Samples(bytes: Uint8Array, start: number, length: number): number | null {
  let frames = 0;
  let at = 0;
  while (at < length) {
    const size = g723FrameBytes(bytes, start + at);
    if (size === 0) return null;
    at += size;
    frames++;
  }
  return frames > 0 && at === length ? frames * G723_FRAME_SAMPLES : null;
}

function g723Bytes(bytes: Uint8Array, start: number, length: number, samples: number): number {
  let at = 0;
  for (let left = samples; left >= G723_FRAME_SAMPLES && at < length; left -= G723_FRAME_SAMPLES) {
    at += g723FrameBytes(bytes, start + at);
  }
  return at;
}

function g723FrameBytes(bytes: Uint8Array, at: number): number {
  return G723_FRAME_BYTES[(bytes[at]! & 3) as 0 | 1 | 2 | 3];
}
