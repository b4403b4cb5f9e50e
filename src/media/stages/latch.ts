import { SOCKADDR_WORDS, sameHost, sameSockaddr } from '../../protocol/bytes/sockaddr.js';
import { isRtp, rtpSequence, rtpSsrc } from '../../protocol/rtp/header.js';
import type { Packet } from '../engine.js';
import { IGNORED, NEXT, type Stage } from '../path.js';
import { componentOf } from '../streams.js';

/** After signalling moved a known address, every source is believed for this long. */
export const UPDATE_WINDOW_MS = 10_000;
/** How far ahead of the last one a sequence number may be for a new source to continue the stream. */
const MAX_SEQUENCE_STEP = 536;
const SYNC_INTERVAL_MS = 1000;
/** A refused source of a stream is told at most this often. */
const TELL_INTERVAL_MS = 1000;

/** Flags of a row, written when the path is installed, from the model's state. */
const ASYMMETRIC = 1;
const LATCHED = 2;
const HAS_PREVIOUS = 4;
/** The stage's own: an SSRC was stored when the source was confirmed. */
const HAS_SSRC = 8;
/** The stage's own: a packet has been accepted, so that another SSRC is a change. */
const HAS_STREAM = 16;
/** Given: who was left when signalling moved the stream is not listened to any more. */
const STRICT = 32;
/** Given: once a source is confirmed no other one is believed, however well it goes on with the stream. */
const ONE_SOURCE = 64;
/** Given: who sends media is believed at any time. */
const ANY_SOURCE = 128;
const OWN = HAS_SSRC | HAS_STREAM;
/** Two sources that both send must not keep us busy: for so long the stream stays with the one that took it over. */
const HANDOVER_PAUSE_MS = 1000;

/** Where things stand in what `save` answers. More may be added behind; what is not there reads as zero. */
const SAVED_FLAGS = 0;
const SAVED_LATCH_SSRC = 1;
const SAVED_LATCH_SEQUENCE = 2;
const SAVED_STREAM_SSRC = 3;
const SAVED_SOURCE_PORT = 4;

const SOURCE_FLAGS = { usual: 0, strict: ONE_SOURCE, handover: ANY_SOURCE } as const;

/** What a packet means for the address of its stream. */
export const ACCEPT = 0;
export const REJECT = 1;
/** Accept; the signalled address is hereby confirmed. */
export const CONFIRM = 2;
/** Accept, and send to this source from now on. */
export const LEARN = 3;
/** As `LEARN` of a stream that is not confirmed yet, from the source before the last signalled change: it may still move. */
export const LEARN_UNLATCHED = 4;
export type Judgement = typeof ACCEPT | typeof REJECT | typeof CONFIRM | typeof LEARN | typeof LEARN_UNLATCHED;

/** What the model knows of a stream besides its addresses. */
export type LatchState = {
  readonly asymmetric: boolean;
  readonly latched: boolean;
  readonly hasPrevious: boolean;
  /** On the thread's clock, -Infinity for never. */
  readonly signalledAtMs: number;
  /** Packets from the previous address are refused, in the time after it was left, too. Without it they are believed then, as anybody's. */
  readonly strict?: boolean;
  /** Left out: as usual. */
  readonly sources?: 'usual' | 'strict' | 'handover';
};

/**
 * Address learning of every stream of a shard, one row a stream. The addresses themselves are the model's: they come by `install`, and
 * leave as a judgement that becomes an event. What only packets can tell (SSRC, sequence) stays here.
 */
export class LatchTable {
  readonly remotes: Uint32Array;
  readonly #previous: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #signalledAtMs: Float64Array;
  readonly #latchSsrc: Uint32Array;
  readonly #latchSequence: Uint16Array;
  readonly #syncedAtMs: Float64Array;
  readonly #streamSsrc: Uint32Array;
  readonly #handedOverAtMs: Float64Array;
  /** From which port the last packet of an asymmetric side came, in network byte order: nothing is learned from it, so the model has it not. */
  readonly #sourcePort: Uint16Array;
  /** When a refused source may be told again, and the last one that was. */
  readonly #tellAtMs: Float64Array;
  readonly #told: Uint32Array;

  /** `remotes`: the engine's table of remote addresses. */
  constructor(rows: number, remotes: Uint32Array) {
    this.remotes = remotes;
    this.#previous = new Uint32Array(rows * SOCKADDR_WORDS);
    this.#flags = new Uint8Array(rows);
    this.#signalledAtMs = new Float64Array(rows);
    this.#latchSsrc = new Uint32Array(rows);
    this.#latchSequence = new Uint16Array(rows);
    this.#syncedAtMs = new Float64Array(rows);
    this.#streamSsrc = new Uint32Array(rows);
    this.#handedOverAtMs = new Float64Array(rows);
    this.#sourcePort = new Uint16Array(rows);
    this.#tellAtMs = new Float64Array(rows);
    this.#told = new Uint32Array(rows * SOCKADDR_WORDS);
  }

  /** Where `install` may write the previous address of a row; it counts only if the flag says so. */
  previousAt(row: number): { readonly words: Uint32Array; readonly at: number } {
    return { words: this.#previous, at: row * SOCKADDR_WORDS };
  }

  /** The stage's own knowledge of the stream is kept. */
  install(row: number, state: LatchState): void {
    const own = this.#flags[row]! & OWN;
    const given = (state.asymmetric ? ASYMMETRIC : 0) | (state.latched ? LATCHED : 0) | (state.hasPrevious ? HAS_PREVIOUS : 0);
    this.#flags[row] = own | given | (state.strict === true ? STRICT : 0) | SOURCE_FLAGS[state.sources ?? 'usual'];
    this.#signalledAtMs[row] = state.signalledAtMs;
  }

  /** A new session starts knowing nothing. */
  clear(row: number): void {
    this.#flags[row] = 0;
    this.#signalledAtMs[row] = Number.NEGATIVE_INFINITY;
    this.#syncedAtMs[row] = Number.NEGATIVE_INFINITY;
    this.#tellAtMs[row] = Number.NEGATIVE_INFINITY;
    this.#handedOverAtMs[row] = Number.NEGATIVE_INFINITY;
    this.#told[row * SOCKADDR_WORDS] = 0;
    this.#sourcePort[row] = 0;
    this.remotes.fill(0, row * SOCKADDR_WORDS, (row + 1) * SOCKADDR_WORDS);
  }

  /** What is known of a stream besides its addresses, as numbers for `restore`; null: nothing. */
  save(row: number): readonly number[] | null {
    const own = this.#flags[row]! & OWN;
    if (own === 0) return null;
    const saved = [own, this.#latchSsrc[row]!, this.#latchSequence[row]!, this.#streamSsrc[row]!];
    const port = this.#sourcePort[row]!;
    if (port !== 0) saved.push(swapped(port));
    return saved;
  }

  /**
   * Goes on from what was saved: whoever was believed still is. What `install` gives may come before or after. The numbers may be some
   * seconds old, which `MAX_SEQUENCE_STEP` allows for; the next packet of the stream brings them up to date.
   */
  restore(row: number, saved: readonly number[]): void {
    this.#flags[row] = (this.#flags[row]! & ~OWN) | ((saved[SAVED_FLAGS] ?? 0) & OWN);
    this.#latchSsrc[row] = saved[SAVED_LATCH_SSRC] ?? 0;
    this.#latchSequence[row] = saved[SAVED_LATCH_SEQUENCE] ?? 0;
    this.#streamSsrc[row] = saved[SAVED_STREAM_SSRC] ?? 0;
    this.#sourcePort[row] = swapped(saved[SAVED_SOURCE_PORT] ?? 0);
    this.#syncedAtMs[row] = Number.NEGATIVE_INFINITY;
  }

  /** Whether a packet that was refused is to be told: not too often, and not the same source twice running. */
  isRefusalNews(packet: Packet): boolean {
    const { row, words, source, nowMs } = packet;
    if (nowMs < this.#tellAtMs[row]!) return false;
    const told = this.#told;
    const at = row * SOCKADDR_WORDS;
    if (sameSockaddr(words, source, told, at)) return false;
    for (let i = 0; i < SOCKADDR_WORDS; i++) told[at + i] = words[source + i]!;
    this.#tellAtMs[row] = nowMs + TELL_INTERVAL_MS;
    return true;
  }

  judge(packet: Packet): Judgement {
    const { row } = packet;
    const at = row * SOCKADDR_WORDS;
    const flags = this.#flags[row]!;
    const isLatched = (flags & LATCHED) !== 0;
    if (this.remotes[at] === 0) return this.#isLeft(packet) ? REJECT : this.#learn(packet, isLatched);
    if ((flags & ASYMMETRIC) !== 0) {
      if (!sameHost(packet.words, packet.source, this.remotes, at)) return REJECT;
      this.#sourcePort[row] = packet.words[packet.source]! >>> 16;
      this.#follow(packet);
      return ACCEPT;
    }
    if (sameSockaddr(packet.words, packet.source, this.remotes, at)) {
      if (!isLatched) return this.#confirm(packet) ? CONFIRM : ACCEPT;
      this.#follow(packet);
      return ACCEPT;
    }
    if (this.#isLeft(packet)) return REJECT;
    if (isLatched) return this.#override(packet);
    return this.#learn(packet, this.#confirm(packet));
  }

  /** Remembers by whom the stream is recognised should its source change. False while signalling is fresh, or without a usable SSRC. */
  #confirm(packet: Packet): boolean {
    const { row } = packet;
    const isFresh = this.#isOpenTo(row) && packet.nowMs - this.#signalledAtMs[row]! < UPDATE_WINDOW_MS;
    if (!isRtpStream(packet)) return !isFresh;
    const source = rtpSsrc(packet.bytes, packet.start);
    this.#noteStream(row, source);
    if (isFresh || source === 0) return false;
    this.#latchSsrc[row] = source;
    this.#latchSequence[row] = rtpSequence(packet.bytes, packet.start);
    this.#flags[row]! |= HAS_SSRC;
    return true;
  }

  /** The addresses belong to the model: here only which judgement it gets. What is confirmed (`isLatched`) stays so. */
  #learn(packet: Packet, isLatched: boolean): Judgement {
    const { row } = packet;
    if (isRtpStream(packet)) this.#noteStream(row, rtpSsrc(packet.bytes, packet.start));
    if (isLatched) return LEARN;
    return this.#isPrevious(packet) ? LEARN_UNLATCHED : LEARN;
  }

  /** Whether signalling opens a stream to other sources for a while. */
  #isOpenTo(row: number): boolean {
    return (this.#flags[row]! & ONE_SOURCE) === 0;
  }

  #isPrevious({ row, words, source }: Packet): boolean {
    return (this.#flags[row]! & HAS_PREVIOUS) !== 0 && sameSockaddr(words, source, this.#previous, row * SOCKADDR_WORDS);
  }

  #isLeft(packet: Packet): boolean {
    return (this.#flags[packet.row]! & STRICT) !== 0 && this.#isPrevious(packet);
  }

  /** A confirmed stream gets a packet from another source. */
  #override(packet: Packet): Judgement {
    const { row, nowMs } = packet;
    const flags = this.#flags[row]!;
    if ((flags & ONE_SOURCE) !== 0) return REJECT;
    if ((flags & ANY_SOURCE) === 0) return this.#mayOverride(packet) ? this.#learn(packet, true) : REJECT;
    if (componentOf(row) === 0 && !isRtpStream(packet)) return REJECT;
    if (nowMs - this.#handedOverAtMs[row]! < HANDOVER_PAUSE_MS) return ACCEPT;
    this.#handedOverAtMs[row] = nowMs;
    return this.#learn(packet, true);
  }

  #mayOverride(packet: Packet): boolean {
    const { row } = packet;
    if (!isRtpStream(packet) || (this.#flags[row]! & HAS_SSRC) === 0) return false;
    const sequence = rtpSequence(packet.bytes, packet.start);
    if (packet.nowMs - this.#signalledAtMs[row]! >= UPDATE_WINDOW_MS) {
      if (rtpSsrc(packet.bytes, packet.start) !== this.#latchSsrc[row]) return false;
      if (((sequence - this.#latchSequence[row]!) & 0xffff) > MAX_SEQUENCE_STEP) return false;
    }
    this.#latchSequence[row] = sequence;
    return true;
  }

  /** Keeps the stored sequence number near the stream's, and takes note of a new SSRC from the accepted source. */
  #follow(packet: Packet): void {
    if (!isRtpStream(packet)) return;
    const { row, nowMs } = packet;
    const source = rtpSsrc(packet.bytes, packet.start);
    if (source !== this.#streamSsrc[row] || (this.#flags[row]! & HAS_STREAM) === 0) {
      const changed = (this.#flags[row]! & HAS_STREAM) !== 0;
      this.#noteStream(row, source);
      if (changed) this.#confirm(packet);
    }
    if (nowMs - this.#syncedAtMs[row]! < SYNC_INTERVAL_MS || source !== this.#latchSsrc[row]) return;
    this.#latchSequence[row] = rtpSequence(packet.bytes, packet.start);
    this.#syncedAtMs[row] = nowMs;
  }

  #noteStream(row: number, source: number): void {
    this.#streamSsrc[row] = source;
    this.#flags[row]! |= HAS_STREAM;
  }
}

const swapped = (port: number): number => ((port & 0xff) << 8) | ((port >>> 8) & 0xff);

/** Of what `save` answered: from which port the last packet of a side came that was asymmetric then; null: there was none, or it is an old log. */
export const savedSourcePort = (saved: readonly number[] | null): number | null => saved?.[SAVED_SOURCE_PORT] ?? null;

const isRtpStream = (packet: Packet): boolean =>
  componentOf(packet.row) === 0 && isRtp(packet.bytes, packet.start, packet.length);

/**
 * `onNews` takes the slow turn: it must leave the path of the stream as the model then wants it. `onRefused` gets packets of refused
 * sources, at most one a second and stream, and none of the source that it got last: who sprays a port with packets must not keep us busy.
 */
export function latchStage(
  table: LatchTable,
  onNews: (packet: Packet, judgement: Judgement) => void,
  onRefused: (packet: Packet) => void,
): Stage {
  return (packet) => {
    const judgement = table.judge(packet);
    if (judgement === ACCEPT) return NEXT;
    if (judgement === REJECT) {
      if (table.isRefusalNews(packet)) onRefused(packet);
      return IGNORED;
    }
    onNews(packet, judgement);
    return NEXT;
  };
}
