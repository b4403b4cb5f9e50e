import type { Packet } from '../../media/engine.js';
import { JitterTable } from '../../media/stages/jitter.js';
import { int32At } from '../../protocol/bytes/int32.js';
import { rtpMarker, rtpSequence } from '../../protocol/rtp/header.js';

/** As in `media/stages/analyse.ts`, which counts the same of running streams: a number farther away begins the sequence anew. */
const MAX_STEP = 536;
const MODULUS = 0x10000;
/** Near the end of the numbers: above, a low number is one after the wrap, and after the wrap a number above is one from before it. */
const WRAP_MARGIN = 65_000;
/** Numbers whose arrival is remembered. More than MAX_STEP, and a divisor of the modulus. */
const WINDOW = 1024;
const SSRC_AT = 8;

/** A run of sequence numbers of one SSRC: from its beginning, or from where the numbers began anew. */
export type Segment = {
  /** Packets, each number once. */
  readonly packets: number;
  /** Lowest and highest number, extended by the wraps. */
  readonly lowest: number;
  readonly highest: number;
  /** What the wraps add to a number: 65536 for each. */
  readonly offset: number;
  /** 0…2^32-1. */
  readonly ssrc: number;
  readonly duplicates: number;
};

/** In RTP timestamp units, see `JitterTable`. */
export type Jitter = { readonly last: number; readonly average: number; readonly largest: number };

const NOTHING: Segment = { packets: 0, lowest: 0, highest: 0, offset: 0, ssrc: 0, duplicates: 0 };

/**
 * What the RTP headers of a recorded stream tell, in the terms of extractaudio: numbers of the segment in which the recording ends, and totals
 * of all segments. A segment ends when the SSRC changes, a number is more than 536 away, or a marked packet goes back.
 */
export class SequenceStatistics {
  #segment: Segment = NOTHING;
  #sent = 0;
  #received = 0;
  #sources = 0;
  readonly #seen = new Uint8Array(WINDOW);
  readonly #jitter = new JitterTable(1);
  readonly #packet: Packet = {
    row: 0,
    bytes: new Uint8Array(0),
    start: 0,
    length: 0,
    words: new Uint32Array(0),
    source: 0,
    nowMs: 0,
  };

  /** Takes note of an RTP packet. `atMs`: when it came, on any clock. */
  take(rtp: Uint8Array, atMs: number): void {
    const sequence = rtpSequence(rtp, 0);
    const ssrc = int32At(rtp, SSRC_AT);
    if (this.#sources === 0 || ssrc >>> 0 !== this.#segment.ssrc) this.#changeSource(ssrc, sequence);
    else this.#follow(sequence, rtpMarker(rtp, 0));
    this.#packet.bytes = rtp;
    this.#packet.length = rtp.length;
    this.#packet.nowMs = atMs;
    this.#jitter.take(this.#packet, 0);
  }

  /** Where the recording ends; all zero if there was no packet. */
  get segment(): Segment {
    return this.#segment;
  }

  /** Packets that were sent as far as the numbers tell. */
  get sent(): number {
    return this.#sent + (this.#sources === 0 ? 0 : this.#segment.highest - this.#segment.lowest + 1);
  }

  /** Packets that came, each number of a segment once. */
  get received(): number {
    return this.#received + this.#segment.packets;
  }

  /** How often an SSRC began to send. */
  get sources(): number {
    return this.#sources;
  }

  /** Null: there were not two packets that could be measured. */
  get jitter(): Jitter | null {
    const [last = 0, largest = 0, sum = 0, values = 0] = this.#jitter.save(0);
    return values === 0 ? null : { last, average: sum / values, largest };
  }

  #changeSource(ssrc: number, sequence: number): void {
    if (this.#sources > 0) this.#jitter.changeSource(0, this.#segment.ssrc | 0, ssrc);
    this.#sources++;
    this.#begin(ssrc >>> 0, sequence, 0);
  }

  #follow(sequence: number, marker: boolean): void {
    const { highest, offset, ssrc } = this.#segment;
    const raw = highest % MODULUS;
    let step = sequence - raw;
    if (raw > WRAP_MARGIN && sequence < raw - WRAP_MARGIN) step += MODULUS;
    else if (raw < MAX_STEP && sequence > WRAP_MARGIN) step -= MODULUS;
    if (step > MAX_STEP || step < -MAX_STEP || (marker && step < 0)) this.#begin(ssrc, sequence, offset);
    else if (step > 0) this.#advance(highest + step);
    else this.#arriveLate(highest + step);
  }

  #begin(ssrc: number, sequence: number, offset: number): void {
    if (this.#segment.packets > 0) {
      this.#sent += this.#segment.highest - this.#segment.lowest + 1;
      this.#received += this.#segment.packets;
    }
    this.#seen.fill(0);
    this.#seen[sequence % WINDOW] = 1;
    const number = sequence + offset;
    this.#segment = { packets: 1, lowest: number, highest: number, offset, ssrc, duplicates: 0 };
  }

  #advance(number: number): void {
    const { highest, packets } = this.#segment;
    for (let over = highest + 1; over < number; over++) this.#seen[over % WINDOW] = 0;
    this.#seen[number % WINDOW] = 1;
    this.#segment = { ...this.#segment, packets: packets + 1, highest: number, offset: number - (number % MODULUS) };
  }

  #arriveLate(number: number): void {
    // Of a recording that begins just after a wrap: the first wrap is seen by a packet from before it.
    if (number < 0) this.#countWrap();
    const place = number < 0 ? number + MODULUS : number;
    if (this.#seen[place % WINDOW] === 1) {
      this.#segment = { ...this.#segment, duplicates: this.#segment.duplicates + 1 };
      return;
    }
    this.#seen[place % WINDOW] = 1;
    const { packets, lowest } = this.#segment;
    this.#segment = { ...this.#segment, packets: packets + 1, lowest: Math.min(lowest, place) };
  }

  #countWrap(): void {
    const { lowest, highest, offset } = this.#segment;
    this.#segment = { ...this.#segment, lowest: lowest + MODULUS, highest: highest + MODULUS, offset: offset + MODULUS };
  }
}

/** What extractaudio prints of a file: two lines, and a third if there is jitter. */
export function formatStatistics(statistics: SequenceStatistics): string[] {
  const { packets, lowest, highest, offset, ssrc, duplicates } = statistics.segment;
  const { sent, received, sources, jitter } = statistics;
  const lines = [
    `pcount=${packets}, min_seq=${lowest}, max_seq=${highest}, seq_offset=${offset}, ssrc=0x${hex(ssrc)}, duplicates=${duplicates}`,
    `ssrc_changes=${sources}, psent=${sent}, precvd=${received}, plost=${sent - received}`,
  ];
  if (jitter === null) return lines;
  const [last, average, largest] = [jitter.last, jitter.average, jitter.largest].map((units) => units.toFixed(6));
  return [...lines, `last_jitter=${last},average_jitter=${average},max_jitter=${largest}`];
}

/** As in `ssrc=0x…`. */
export const hex = (ssrc: number): string => ssrc.toString(16).toUpperCase().padStart(8, '0');
