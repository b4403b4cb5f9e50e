import type { AudioCodecs } from '../../protocol/audio/codec.js';
import type { SpeechRate } from '../../protocol/audio/resample.js';
import { wavHeader } from '../../protocol/audio/wav.js';
import { int32At } from '../../protocol/bytes/int32.js';
import {
  isRtp,
  RTP_MALFORMED,
  rtpHeaderLength,
  rtpPayloadLength,
  rtpPayloadType,
  rtpSequence,
} from '../../protocol/rtp/header.js';
import { WavSheet } from './wavSheet.js';
import { WavSource } from './wavSource.js';

/** What a WAV file of ours begins with; the samples follow. */
export const WAV_HEADER_BYTES = 44;
const FRAME_BYTES = 4;
/** Lengths in the header are 32 bits, and count the rest of it. */
const MAX_DATA_BYTES = 2 ** 32 - 1 - (WAV_HEADER_BYTES - 8);
const SAMPLE_RATE = 24;
const DATA_LENGTH = 40;
/** Sound is written when it is so old: what is late or waits for its order has come by then. */
const LAG_MS = 1000;
/** Sources of a side that are followed at a time. */
const MAX_SOURCES = 4;
const RATES: readonly SpeechRate[] = [8000, 16000];

/** The header of a stereo file of 16-bit samples. */
export const stereoHeader = (rate: number, dataBytes: number): Uint8Array =>
  wavHeader({ encoding: 'pcm16', sampleRate: rate, channels: 2 }, dataBytes);

/** Of a file that was written before, and is to be gone on with. */
export type WavBegun = { readonly rate: SpeechRate; readonly frames: number };

/** What a file says that has so many bytes and begins like this (`WAV_HEADER_BYTES`). Null: it is none of ours. */
export function readWavBegun(header: Uint8Array, fileBytes: number): WavBegun | null {
  const view = new DataView(header.buffer, header.byteOffset, WAV_HEADER_BYTES);
  const rate = RATES.find((one) => one === view.getUint32(SAMPLE_RATE, true));
  if (rate === undefined) return null;
  const own = stereoHeader(rate, view.getUint32(DATA_LENGTH, true));
  if (!own.every((byte, i) => byte === header[i])) return null;
  return { rate, frames: Math.floor((fileBytes - WAV_HEADER_BYTES) / FRAME_BYTES) };
}

export type WavRecordingOptions = {
  readonly codecs: AudioCodecs;
  /** When its first sample is heard, milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Null: the file is new. */
  readonly begun: WavBegun | null;
  /** Puts samples into the file so many bytes behind its header; what is skipped is silence. `bytes` is a view, valid now. */
  readonly write: (offset: number, bytes: Uint8Array) => void;
};

/**
 * A call as one sound: 16 bits, the caller left, the callee right, each where it was heard by the clock. 8 kHz, or 16 kHz where the first that
 * is heard is G.722. What nobody can decode is silence.
 */
export class WavRecording {
  readonly #options: WavRecordingOptions;
  readonly #sources: readonly [Map<number, WavSource>, Map<number, WavSource>] = [new Map(), new Map()];
  /** Null: nothing was heard yet. */
  #sheet: WavSheet | null = null;

  constructor(options: WavRecordingOptions) {
    this.#options = options;
    if (options.begun !== null) this.#begin(options.begun);
  }

  /** The header as it should stand in the file now; null: it is not known yet what rate the file has. */
  get header(): Uint8Array | null {
    return this.#sheet === null ? null : stereoHeader(this.#sheet.rate, Math.min(this.dataBytes, MAX_DATA_BYTES));
  }

  /** The length of what follows the header. */
  get dataBytes(): number {
    return (this.#sheet?.frames ?? 0) * FRAME_BYTES;
  }

  /** Whether it has become too long for a WAV file. */
  get isFull(): boolean {
    return this.dataBytes > MAX_DATA_BYTES;
  }

  /** A packet of the caller (0) or the callee (1): `length` bytes from `start`. What is not RTP is ignored. */
  packet(channel: 0 | 1, atMs: number, bytes: Uint8Array, start: number, length: number): void {
    if (!isRtp(bytes, start, length)) return;
    const payloadBytes = rtpPayloadLength(bytes, start, length);
    if (payloadBytes === RTP_MALFORMED) return;
    const payloadType = rtpPayloadType(bytes, start);
    const codec = this.#options.codecs.get(payloadType);
    if (this.#sheet === null) {
      if (codec === undefined) return;
      this.#begin({ rate: codec.sampleRate, frames: 0 });
    }
    const payloadAt = start + rtpHeaderLength(bytes, start, length);
    this.#sourceOf(channel, int32At(bytes, start + 8)).take({
      atMs: atMs - this.#options.startedAt,
      sequence: rtpSequence(bytes, start),
      timestamp: int32At(bytes, start + 4),
      payloadType,
      payload: bytes.subarray(payloadAt, payloadAt + payloadBytes),
    });
  }

  /** To be called about once a second: what is old enough goes to the file. */
  turn(nowMs: number): void {
    const elapsed = nowMs - this.#options.startedAt;
    for (const sources of this.#sources) for (const source of sources.values()) source.turn(elapsed);
    this.#sheet?.flushTo(this.#frameAt(elapsed - LAG_MS));
  }

  /** Nothing more comes. Everything goes to the file, which gets as long as the recording was. */
  end(nowMs: number): void {
    if (this.#sheet === null) this.#begin({ rate: RATES[0]!, frames: 0 });
    for (const sources of this.#sources) for (const source of sources.values()) source.end();
    this.#sheet?.finish(this.#frameAt(nowMs - this.#options.startedAt));
  }

  #frameAt(elapsed: number): number {
    return Math.max(0, Math.round((elapsed * (this.#sheet?.rate ?? 0)) / 1000));
  }

  #begin({ rate, frames }: WavBegun): void {
    this.#sheet = new WavSheet(rate, frames, this.#options.write);
  }

  #sourceOf(channel: 0 | 1, ssrc: number): WavSource {
    const sources = this.#sources[channel];
    const known = sources.get(ssrc);
    if (known !== undefined) return known;
    if (sources.size >= MAX_SOURCES) {
      const [longest, source] = [...sources].reduce((a, b) => (b[1].lastAtMs < a[1].lastAtMs ? b : a));
      source.end();
      sources.delete(longest);
    }
    const sheet = this.#sheet!;
    const made = new WavSource(this.#options.codecs, sheet.rate as SpeechRate, (position, samples, from) =>
      sheet.put(channel, position, samples, from),
    );
    sources.set(ssrc, made);
    return made;
  }
}
