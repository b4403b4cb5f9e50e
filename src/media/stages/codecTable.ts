import { isComfortNoise, isTelephoneEvent, STATIC_CODECS, type StreamCodec } from '../../protocol/rtp/payloadTypes.js';
import { ROWS_PER_SESSION } from '../streams.js';

const PAYLOAD_TYPES = 128;
/** Descriptions that are kept in case other streams have the same. There are few, unless somebody makes them up. */
const KEPT = 256;

/** What the payload types of a stream stand for, laid out for the packet path; shared by all streams that have the same. */
export type PayloadTypes = {
  /** Milliseconds a unit of the RTP timestamp; 0: not known, or nothing whose rhythm could be measured. */
  readonly msPerTick: Float64Array;
  /** 1: packets of this type are keys that were pressed. */
  readonly isEvent: Uint8Array;
  /** 1: it is a codec that is talked in, by all that is known. */
  readonly isVoice: Uint8Array;
  readonly codecs: ReadonlyMap<number, StreamCodec>;
};

const PLAIN = payloadTypesOf(STATIC_CODECS);

/** The payload types of every RTP row: the static ones, and on top of them those that its session description tells. */
export class CodecTable {
  readonly #tables: PayloadTypes[];
  readonly #known = new Map<string, PayloadTypes>();
  /** By the map itself, which is the same for many streams. */
  readonly #made = new WeakMap<ReadonlyMap<number, StreamCodec>, PayloadTypes>();

  constructor(rows: number) {
    this.#tables = new Array<PayloadTypes>(Math.ceil(rows / ROWS_PER_SESSION) * 2).fill(PLAIN);
  }

  /** By payload type (0…127; others are left out). Null: only the static ones. Rows that have no memory are left alone. */
  set(row: number, codecs: ReadonlyMap<number, StreamCodec> | null): void {
    const stream = row >> 1;
    if (stream < this.#tables.length) this.#tables[stream] = codecs === null || codecs.size === 0 ? PLAIN : this.#tableOf(codecs);
  }

  of(row: number): PayloadTypes {
    return this.#tables[row >> 1] ?? PLAIN;
  }

  #tableOf(codecs: ReadonlyMap<number, StreamCodec>): PayloadTypes {
    const made = this.#made.get(codecs);
    if (made !== undefined) return made;
    const table = this.#make(codecs);
    this.#made.set(codecs, table);
    return table;
  }

  #make(codecs: ReadonlyMap<number, StreamCodec>): PayloadTypes {
    const key = JSON.stringify([...codecs].map(([payloadType, { name, clockRate }]) => [payloadType, name, clockRate]));
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= KEPT) this.#known.clear();
    const table = payloadTypesOf(new Map([...STATIC_CODECS, ...codecs]));
    this.#known.set(key, table);
    return table;
  }
}

function payloadTypesOf(codecs: ReadonlyMap<number, StreamCodec>): PayloadTypes {
  const msPerTick = new Float64Array(PAYLOAD_TYPES);
  const isEvent = new Uint8Array(PAYLOAD_TYPES);
  const isVoice = new Uint8Array(PAYLOAD_TYPES);
  for (const [payloadType, codec] of codecs) {
    const hasRhythm = codec.clockRate > 0 && !isTelephoneEvent(codec);
    msPerTick[payloadType] = hasRhythm ? 1000 / codec.clockRate : 0;
    isEvent[payloadType] = isTelephoneEvent(codec) ? 1 : 0;
    isVoice[payloadType] = hasRhythm && !isComfortNoise(codec) ? 1 : 0;
  }
  return { msPerTick, isEvent, isVoice, codecs };
}
