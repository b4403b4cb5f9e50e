import type { TapeBell } from './tapeBell.js';

/**
 * How packets get from a media thread to the recorder, which may be slow because disks are: a ring in memory that both share, one for each
 * media thread, written by that thread alone and read by the recorder alone. Neither ever waits for the other; where there is no room,
 * packets are refused and the caller counts them.
 *
 *     header   32-bit counters, each in a cache line of its own
 *              WRITTEN   bytes ever written, modulo 2^32: what is behind it does not exist yet
 *              READ      bytes ever read, modulo 2^32: what is before it may be overwritten
 *     ring     a power of two of bytes; entries at multiples of 8, none of them around the end
 *
 *     entry    word 0       its length in bytes (a multiple of 8), and its kind in the lowest three bits
 *     skip     nothing: the next entry stands at the beginning of the ring
 *     order    word 1       UTF-16 units of text; these follow
 *     packet   word 1       number of the recording
 *              word 2…3     when it came, a double
 *              word 4       its length << 2 | its stream
 *              word 5…11    its source (see `protocol/bytes/sockaddr.ts`)
 *              word 12…     its bytes
 *
 * An entry exists once WRITTEN is beyond it, and that is stored last: a thread that dies in the middle of an entry has not written it, and
 * a writer that is made on its memory goes on where it ended.
 */
export const TAPE_HEADER_BYTES = 192;
const WRITTEN = 0;
const READ = 16;

const KIND_BITS = 7;
const SKIP = 0;
const PACKET = 1;
/** An order, or what of a long one is neither its beginning nor its end. */
const ORDER = 2;
const ORDER_BEGINS = 3;
const ORDER_ENDS = 4;
const ORDER_WHOLE = 5;

const PACKET_HEADER_BYTES = 48;
const ORDER_HEADER_BYTES = 8;
const SOURCE_WORDS = 7;
/** So much of the ring packets leave free for orders, or an eighth of it. */
const MAX_RESERVE_BYTES = 1 << 16;

/** How much memory a tape of so many megabytes takes, bytes: the next power of two, 1…1024 megabytes, and the header. */
export function tapeBytes(megabytes: number): number {
  const log = Math.ceil(Math.log2(Math.min(1024, Math.max(1, megabytes))));
  return TAPE_HEADER_BYTES + 2 ** (20 + log);
}

/** What writer and reader see of the memory. Its size: the header and a power of two of at least 1024 bytes. */
function viewsOf(memory: SharedArrayBuffer) {
  const size = memory.byteLength - TAPE_HEADER_BYTES;
  return {
    size,
    counters: new Int32Array(memory, 0, TAPE_HEADER_BYTES / 4),
    bytes: new Uint8Array(memory, TAPE_HEADER_BYTES),
    words: new Int32Array(memory, TAPE_HEADER_BYTES),
    sources: new Uint32Array(memory, TAPE_HEADER_BYTES),
    doubles: new Float64Array(memory, TAPE_HEADER_BYTES),
    units: new Uint16Array(memory, TAPE_HEADER_BYTES),
  };
}

type Part = { readonly kind: number; readonly text: string };

/** The end of the tape that a media thread holds. */
export class TapeWriter {
  readonly #bell: TapeBell;
  readonly #views: ReturnType<typeof viewsOf>;
  readonly #size: number;
  readonly #reserve: number;
  #written: number;
  /** As it was when it was last looked at: more may be free by now. */
  #read: number;
  /** Orders for which there was no room. */
  #waiting: Part[] = [];
  #isRingDue = false;
  /** Where packets come from: mostly the one arena of the engine, whose words are copied. Null: it is seen for the first time. */
  #arena: Uint8Array | null = null;
  #arenaWords: Int32Array | null = null;

  /** On memory of `tapeBytes`: new, or left by a thread that has died. */
  constructor(memory: SharedArrayBuffer, bell: TapeBell) {
    this.#bell = bell;
    this.#views = viewsOf(memory);
    this.#size = this.#views.size;
    this.#reserve = Math.min(MAX_RESERVE_BYTES, this.#size / 8);
    this.#written = Atomics.load(this.#views.counters, WRITTEN);
    this.#read = Atomics.load(this.#views.counters, READ);
  }

  /**
   * Copies a packet: `length` (0…65535) bytes from `start`, its source the words from `source`. `atMs`: milliseconds since the Unix epoch.
   * False: there is no room, or an order waits that it must not overtake; it is not recorded. Allocates nothing.
   */
  packet(
    recording: number,
    stream: 0 | 1 | 2 | 3,
    atMs: number,
    words: Uint32Array,
    source: number,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): boolean {
    if (this.#waiting.length > 0 && !this.#moveWaiting()) return false;
    const entryBytes = (PACKET_HEADER_BYTES + length + 7) & ~7;
    const at = this.#roomFor(entryBytes, this.#reserve);
    if (at < 0) return false;
    const { words: to, doubles } = this.#views;
    const word = at >> 2;
    to[word] = entryBytes | PACKET;
    to[word + 1] = recording;
    doubles[(at >> 3) + 1] = atMs;
    to[word + 4] = (length << 2) | stream;
    for (let i = 0; i < SOURCE_WORDS; i++) to[word + 5 + i] = words[source + i]!;
    this.#copy(bytes, start, length, at + PACKET_HEADER_BYTES);
    Atomics.store(this.#views.counters, WRITTEN, this.#written);
    return true;
  }

  /** Passes an order on, behind all packets so far and before all that follow. One that does not fit waits until `flush` finds room. */
  order(text: string): void {
    const most = (this.#reserve >> 1) - ORDER_HEADER_BYTES;
    const units = most >> 1;
    if (text.length <= units) {
      this.#waiting.push({ kind: ORDER_WHOLE, text });
    } else {
      for (let at = 0; at < text.length; at += units) {
        const kind = at === 0 ? ORDER_BEGINS : at + units >= text.length ? ORDER_ENDS : ORDER;
        this.#waiting.push({ kind, text: text.slice(at, at + units) });
      }
    }
    this.#moveWaiting();
  }

  /** To be called once a turn. Wakes the reader where it must not sleep on; true: orders still wait for room, so call again soon. */
  flush(): boolean {
    if (this.#waiting.length > 0) this.#moveWaiting();
    const unread = (this.#written - Atomics.load(this.#views.counters, READ)) | 0;
    if (this.#isRingDue || unread > this.#size >> 1) {
      this.#isRingDue = false;
      this.#bell.ring();
    }
    return this.#waiting.length > 0;
  }

  /** True: nothing waits any more. */
  #moveWaiting(): boolean {
    let moved = 0;
    while (moved < this.#waiting.length && this.#writeOrder(this.#waiting[moved]!)) moved++;
    this.#isRingDue = true;
    this.#waiting = this.#waiting.slice(moved);
    return this.#waiting.length === 0;
  }

  #writeOrder({ kind, text }: Part): boolean {
    const entryBytes = (ORDER_HEADER_BYTES + text.length * 2 + 7) & ~7;
    const at = this.#roomFor(entryBytes, 0);
    if (at < 0) return false;
    const { words, units, counters } = this.#views;
    words[at >> 2] = entryBytes | kind;
    words[(at >> 2) + 1] = text.length;
    const first = (at + ORDER_HEADER_BYTES) >> 1;
    for (let i = 0; i < text.length; i++) units[first + i] = text.charCodeAt(i);
    Atomics.store(counters, WRITTEN, this.#written);
    return true;
  }

  /** Where an entry goes, counted from the beginning of the ring, and then WRITTEN is to be stored; -1: there is no room. */
  #roomFor(entryBytes: number, reserve: number): number {
    const at = this.#written & (this.#size - 1);
    const tail = this.#size - at;
    const needed = entryBytes > tail ? tail + entryBytes : entryBytes;
    if (needed > this.#free() - reserve) {
      this.#read = Atomics.load(this.#views.counters, READ);
      if (needed > this.#free() - reserve) return -1;
    }
    this.#written = (this.#written + needed) | 0;
    if (needed === entryBytes) return at;
    this.#views.words[at >> 2] = tail | SKIP;
    return 0;
  }

  #free(): number {
    return this.#size - ((this.#written - this.#read) | 0);
  }

  #copy(bytes: Uint8Array, start: number, length: number, at: number): void {
    const { bytes: to, words } = this.#views;
    if (bytes !== this.#arena) {
      this.#arena = bytes;
      this.#arenaWords = null;
    } else if (this.#arenaWords === null && (bytes.byteOffset & 3) === 0) {
      this.#arenaWords = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    }
    const from = this.#arenaWords;
    if (from === null || (start & 3) !== 0) {
      to.set(bytes.subarray(start, start + length), at);
      return;
    }
    let word = at >> 2;
    const end = (start + length) >> 2;
    for (let i = start >> 2; i < end; i++) words[word++] = from[i]!;
    for (let i = length & ~3; i < length; i++) to[at + i] = bytes[start + i]!;
  }
}

/** What `TapeReader.next` has found. */
export type TapeEntry = 'none' | 'packet' | 'order';

/** The end of the tape that the recorder holds. What it shows of a packet is valid until `release`. */
export class TapeReader {
  readonly #views: ReturnType<typeof viewsOf>;
  /** All bytes of the ring; the packet is the `length` from `start`. */
  readonly bytes: Uint8Array;
  /** All words of the ring; the packet's source are those from `source`. */
  readonly words: Uint32Array;
  recording = 0;
  stream: 0 | 1 | 2 | 3 = 0;
  atMs = 0;
  source = 0;
  start = 0;
  length = 0;
  /** The order. */
  text = '';
  #read: number;
  /** As it was when it was last looked at. */
  #written: number;
  #partial = '';

  constructor(memory: SharedArrayBuffer) {
    this.#views = viewsOf(memory);
    this.bytes = this.#views.bytes;
    this.words = this.#views.sources;
    this.#read = Atomics.load(this.#views.counters, READ);
    this.#written = this.#read;
  }

  /** How many bytes have been written and not read yet. */
  get waitingBytes(): number {
    return (Atomics.load(this.#views.counters, WRITTEN) - this.#read) | 0;
  }

  /** The next entry; its fields are those of this object. */
  next(): TapeEntry {
    for (;;) {
      if (this.#read === this.#written) {
        this.#written = Atomics.load(this.#views.counters, WRITTEN);
        if (this.#read === this.#written) return 'none';
      }
      const at = this.#read & (this.#views.size - 1);
      const head = this.#views.words[at >> 2]!;
      const kind = head & KIND_BITS;
      this.#read = (this.#read + (head & ~KIND_BITS)) | 0;
      if (kind === PACKET) {
        this.#readPacket(at);
        return 'packet';
      }
      if (kind !== SKIP && this.#readOrder(at, kind)) return 'order';
    }
  }

  /** What was read may be overwritten. */
  release(): void {
    Atomics.store(this.#views.counters, READ, this.#read);
  }

  #readPacket(at: number): void {
    const { words, doubles } = this.#views;
    const word = at >> 2;
    this.recording = words[word + 1]!;
    this.atMs = doubles[(at >> 3) + 1]!;
    this.length = words[word + 4]! >>> 2;
    this.stream = (words[word + 4]! & 3) as 0 | 1 | 2 | 3;
    this.source = word + 5;
    this.start = at + PACKET_HEADER_BYTES;
  }

  /** Answers whether the order is complete. The writer may have died in the middle of a long one: then another begins. */
  #readOrder(at: number, kind: number): boolean {
    const units = this.#views.words[(at >> 2) + 1]!;
    const first = (at + ORDER_HEADER_BYTES) >> 1;
    let text = '';
    for (let i = 0; i < units; i++) text += String.fromCharCode(this.#views.units[first + i]!);
    const isWhole = kind === ORDER_WHOLE || kind === ORDER_ENDS;
    const before = kind === ORDER_WHOLE || kind === ORDER_BEGINS ? '' : this.#partial;
    this.#partial = isWhole ? '' : before + text;
    if (isWhole) this.text = before + text;
    return isWhole;
  }
}
