import type { AudioCodec, AudioDecoder } from '../../protocol/audio/codec.js';
import type { SpeechRate } from '../../protocol/audio/resample.js';
import { Placement, type PlacementCounts, TICKS_PER_SECOND, type Timed } from './placement.js';
import { Spell } from './spell.js';
import { Track } from './track.js';

/** A number farther than this from the highest one begins the sequence anew, as in the statistics. */
const MAX_STEP = 536;
/** So many packets are put into order before the first of them is decoded: 1.3 seconds of 20 ms. What comes later than that is lost. */
const HELD = 64;

/** A packet of sound; its payload is kept. */
export type SoundPacket = Timed & {
  /** RTP, 0…65535. */
  readonly sequence: number;
  readonly codec: AudioCodec;
  readonly payload: Uint8Array;
};

type Held = SoundPacket & { readonly number: number };

export type ChannelCounts = { packets: number; duplicates: number; late: number; restarts: number };

export type ChannelOptions = {
  /** Of the track, samples a second. */
  readonly sampleRate: SpeechRate;
  /** Whether silence is kept; without it the track holds nothing but sound, from position 0 on. */
  readonly keepsSilence: boolean;
};

/** One sender of a recording (SSRC): puts its packets into order, decodes them, and places their sound in time. */
export class Channel {
  readonly ssrc: number;
  /** When the first packet came, as its `arrival` says. */
  readonly firstArrival: number;
  readonly track = new Track();
  readonly counts: ChannelCounts = { packets: 0, duplicates: 0, late: 0, restarts: 0 };
  readonly #options: ChannelOptions;
  readonly #placement = new Placement();
  /** In the order of their numbers, which are sequence numbers that do not wrap. */
  readonly #held: Held[] = [];
  #highest = 0;
  #highestSequence = 0;
  #released = -1;
  readonly #decoders = new Map<AudioCodec, AudioDecoder>();
  #spell: Spell | null = null;
  /** Where the last sound ends, RTP units. */
  #next = 0;

  constructor(ssrc: number, firstArrival: number, options: ChannelOptions) {
    this.ssrc = ssrc;
    this.firstArrival = firstArrival;
    this.#options = options;
  }

  get placed(): PlacementCounts {
    return this.#placement.counts;
  }

  take(packet: SoundPacket): void {
    const number = this.#numberOf(packet.sequence);
    let place = this.#held.length;
    while (place > 0 && this.#held[place - 1]!.number > number) place--;
    if (number <= this.#released) this.counts.late++;
    else if (this.#held[place - 1]?.number === number) this.counts.duplicates++;
    else {
      this.counts.packets++;
      this.#held.splice(place, 0, { ...packet, number });
      if (this.#held.length > HELD) this.#release();
    }
  }

  /** Nothing more comes. */
  end(): void {
    while (this.#held.length > 0) this.#release();
    this.#spell?.end();
    this.#spell = null;
  }

  #numberOf(sequence: number): number {
    const step = ((sequence - this.#highestSequence) << 16) >> 16;
    const isFirst = this.#released < 0 && this.#held.length === 0;
    if (!isFirst && Math.abs(step) <= MAX_STEP) {
      if (step <= 0) return this.#highest + step;
      this.#highest += step;
    } else {
      if (!isFirst) this.counts.restarts++;
      // Room for what was sent before, and comes after.
      this.#highest += MAX_STEP + 1;
    }
    this.#highestSequence = sequence;
    return this.#highest;
  }

  #release(): void {
    const packet = this.#held.shift()!;
    this.#released = packet.number;
    const { codec, payload } = packet;
    const samples = this.#decoderOf(codec).decode(payload);
    if (samples.length === 0) return;
    const position = this.#options.keepsSilence ? this.#placement.place(packet, this.#held) : this.#next;
    const ticks = (samples.length * TICKS_PER_SECOND) / codec.sampleRate;
    this.#placement.advance(ticks);
    this.#spellFrom(position, codec.sampleRate).hear(samples);
    this.#next = position + ticks;
  }

  /** The spell that goes on at `position`, or else a new one. */
  #spellFrom(position: number, codecRate: SpeechRate): Spell {
    if (this.#spell !== null && this.#spell.from === codecRate && position === this.#next) return this.#spell;
    this.#spell?.end();
    const { sampleRate } = this.#options;
    this.#spell = new Spell(this.track, Math.round((position * sampleRate) / TICKS_PER_SECOND), codecRate, sampleRate);
    return this.#spell;
  }

  #decoderOf(codec: AudioCodec): AudioDecoder {
    let decoder = this.#decoders.get(codec);
    if (decoder === undefined) {
      decoder = codec.decoder();
      this.#decoders.set(codec, decoder);
    }
    return decoder;
  }
}
