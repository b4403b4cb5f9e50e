import type { AudioCodecs, AudioDecoder } from '../../protocol/audio/codec.js';
import { TICKS_PER_MS } from '../../protocol/audio/frames.js';
import { Resampler, type SpeechRate } from '../../protocol/audio/resample.js';

/** Packets wait for those that should come before them, and for what tells how late they were, no longer than this. */
const PATIENCE_MS = 200;
const MAX_WAITING = 64;
/** No packet that waits is longer: half a second of G.711 and all that is used of it. */
const MAX_PAYLOAD_BYTES = 4000;
/** RFC 3550 A.1: so much further on is loss, beyond it a new start; so much behind is late, beyond it a new start. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** After so long nothing is late any more. */
const MAX_SILENCE_MS = 2000;
/** By its timestamp a packet may have come so much later than others before it; beyond it the source has changed its clock. */
const MAX_LATE_MS = 200;
/** A packet that comes so much earlier than it should has been on its way for a shorter time than all before it. */
const MAX_EARLY_MS = 20;
/** If all of the last packets were so late, the clock of the source goes slower than ours. */
const SLOW_MS = 40;
const SLOW_WINDOW_MS = 10_000;
/** Whatever a timestamp says, sound is put no further than this from when it came, and ends no later than this after. */
const MAX_DISTANCE_MS = 1000;
const MAX_AHEAD_MS = 500;

/** An RTP packet. Times are milliseconds since the recording began. */
export type WavPacket = {
  readonly atMs: number;
  readonly sequence: number;
  /** Signed or not. */
  readonly timestamp: number;
  readonly payloadType: number;
  readonly payload: Uint8Array;
};

/** Puts samples, those from `from` on, at a frame of the recording. */
export type PutSamples = (position: number, samples: Int16Array, from: number) => void;

/**
 * What one synchronisation source says, put where it was said. Packets are put in order, copies dropped. Time is counted by timestamps from an
 * anchor: the packet that was the fastest of those of 200 ms. A new anchor is sought where timestamps and arrivals go apart.
 */
export class WavSource {
  readonly #codecs: AudioCodecs;
  readonly #rate: SpeechRate;
  readonly #put: PutSamples;
  readonly #decoders = new Map<number, AudioDecoder>();
  /** By sequence. */
  #waiting: WavPacket[] = [];
  /** The next sequence number; -1: nothing was heard. */
  #expected = -1;
  /** Since when an anchor is sought; null: there is one. */
  #seekingSince: number | null = null;
  #anchorMs = 0;
  #anchorTimestamp = 0;
  /** How much later than by the anchor the fastest packet since then came. */
  #leastLateMs = 0;
  #leastSince = 0;
  /** The frame behind the last sample; -1: none. */
  #end = -1;
  #resampler: { readonly from: SpeechRate; readonly stage: Resampler } | null = null;
  /** When it was heard last. */
  lastAtMs = 0;

  constructor(codecs: AudioCodecs, rate: SpeechRate, put: PutSamples) {
    this.#codecs = codecs;
    this.#rate = rate;
    this.#put = put;
  }

  /** `packet`: its payload is copied where it has to wait. */
  take(packet: WavPacket): void {
    const { atMs, sequence } = packet;
    const wasSilent = atMs - this.lastAtMs > MAX_SILENCE_MS;
    this.lastAtMs = atMs;
    if (this.#expected < 0 && this.#seekingSince === null) this.#seekingSince = atMs;
    const ahead = ((sequence - this.#expected) << 16) >> 16;
    if (this.#expected >= 0) {
      if (ahead < 0 && ahead > -MAX_MISORDER && !wasSilent) return;
      if (ahead < 0 || ahead > MAX_DROPOUT) this.#startAnew(sequence);
    }
    if (sequence === this.#expected && this.#waiting.length === 0 && this.#seekingSince === null) {
      if (!this.#isAstray(packet)) {
        this.#play(packet);
        return;
      }
      this.#seekingSince = atMs;
    }
    this.#wait(packet);
    this.turn(atMs);
  }

  /** What has waited long enough is put where it belongs. */
  turn(nowMs: number): void {
    if (this.#seekingSince !== null) {
      if (nowMs - this.#seekingSince < PATIENCE_MS && this.#waiting.length < MAX_WAITING) return;
      this.#anchor();
    }
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const isDue = this.#waiting.length >= MAX_WAITING || nowMs - first.atMs >= PATIENCE_MS;
      if (first.sequence !== this.#expected && !isDue) return;
      if (this.#isAstray(first)) {
        this.#seekingSince = first.atMs;
        if (nowMs - first.atMs < PATIENCE_MS) return;
        this.#anchor();
      } else {
        this.#waiting.shift();
        this.#play(first);
      }
    }
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#seekingSince !== null) this.#anchor();
    for (const packet of this.#waiting) this.#play(packet);
    this.#waiting = [];
  }

  /** The source counts from elsewhere. */
  #startAnew(sequence: number): void {
    this.end();
    this.#expected = sequence;
  }

  #wait(packet: WavPacket): void {
    let at = this.#waiting.length;
    while (at > 0 && isBefore(packet.sequence, this.#waiting[at - 1]!.sequence)) at--;
    if (at > 0 && this.#waiting[at - 1]!.sequence === packet.sequence) return;
    this.#waiting.splice(at, 0, { ...packet, payload: packet.payload.slice(0, MAX_PAYLOAD_BYTES) });
  }

  /** How much later than by the anchor a packet came. */
  #lateMs({ atMs, timestamp }: WavPacket): number {
    return atMs - this.#anchorMs - ((timestamp - this.#anchorTimestamp) | 0) / TICKS_PER_MS;
  }

  /** Whether the anchor does not hold any more. Telephone events say nothing of it: all of one have the same timestamp. */
  #isAstray(packet: WavPacket): boolean {
    if (!this.#codecs.has(packet.payloadType)) return false;
    const lateMs = this.#lateMs(packet);
    if (lateMs > MAX_LATE_MS || lateMs < -MAX_EARLY_MS) return true;
    this.#leastLateMs = Math.min(this.#leastLateMs, lateMs);
    if (packet.atMs - this.#leastSince < SLOW_WINDOW_MS) return false;
    const isSlow = this.#leastLateMs > SLOW_MS;
    this.#leastLateMs = Number.POSITIVE_INFINITY;
    this.#leastSince = packet.atMs;
    return isSlow;
  }

  /** Anchors at the fastest of the packets that wait, and puts them all where they belong by it. */
  #anchor(): void {
    this.#seekingSince = null;
    const packets = this.#waiting;
    this.#waiting = [];
    const heard = packets.filter(({ payloadType }) => this.#codecs.has(payloadType));
    const first = heard[0];
    if (first !== undefined) {
      this.#anchorMs = first.atMs;
      this.#anchorTimestamp = first.timestamp;
      const lateMs = heard.map((packet) => this.#lateMs(packet)).filter((ms) => ms >= -MAX_DISTANCE_MS);
      this.#anchorMs += Math.min(...lateMs);
      this.#leastLateMs = Number.POSITIVE_INFINITY;
      this.#leastSince = first.atMs;
    }
    for (const packet of packets) this.#play(packet);
  }

  #play(packet: WavPacket): void {
    const { atMs, sequence, payloadType, payload } = packet;
    this.#expected = (sequence + 1) & 0xffff;
    const codec = this.#codecs.get(payloadType);
    if (codec === undefined) return;
    let decoder = this.#decoders.get(payloadType);
    if (decoder === undefined) {
      decoder = codec.decoder();
      this.#decoders.set(payloadType, decoder);
    }
    const decoded = decoder.decode(payload);
    if (decoded.length === 0) return;
    const lateMs = this.#lateMs(packet);
    const isFar = Math.abs(lateMs) > MAX_DISTANCE_MS;
    const position = Math.round(((isFar ? atMs : atMs - lateMs) * this.#rate) / 1000);
    const most = Math.round(((atMs + MAX_AHEAD_MS) * this.#rate) / 1000) - position;
    this.#place(position, decoded, codec.sampleRate, most);
  }

  /** Puts samples of another rate, too, at most so many of ours. */
  #place(position: number, decoded: Int16Array, rate: SpeechRate, most: number): void {
    const follows = position === this.#end;
    const wanted = Math.ceil((most * rate) / this.#rate);
    const whole = decoded.length > wanted ? decoded.subarray(0, Math.max(0, wanted)) : decoded;
    this.#end = position + Math.round((whole.length * this.#rate) / rate);
    if (rate === this.#rate) {
      this.#resampler = null;
      this.#put(position, whole, 0);
      return;
    }
    const isNew = !follows || this.#resampler?.from !== rate;
    if (isNew || this.#resampler === null) this.#resampler = { from: rate, stage: new Resampler(rate, this.#rate) };
    const { stage } = this.#resampler;
    const delay = (stage.delayMs * this.#rate) / 1000;
    // What comes out late belongs earlier; in front of the first sample there is nothing but silence.
    this.#put(isNew ? position : position - delay, stage.take(whole), isNew ? delay : 0);
  }
}

const isBefore = (a: number, b: number): boolean => ((a - b) << 16) >> 16 < 0;
