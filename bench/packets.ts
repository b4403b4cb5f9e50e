import { type Arena, mapMemory } from '../src/io/sys/memory.js';
import { STAMP_BYTES } from '../src/io/sys/socketProperties.js';
import { MAX_BATCH, MAX_CALLS } from './messages.js';

// Memory in which sendmmsg and recvmmsg find their messages, written by hand as the kernel lays it out on 64-bit Linux:
//
//     struct mmsghdr, 16 words                       struct iovec, 4 words       packet, 64 words
//     0  msg_name      (pointer, two words)          0  base (pointer)           1  RTP: V/P/X/CC, M/PT, sequence number
//     2  msg_namelen                                 2  length                   2  RTP: timestamp
//     4  msg_iov       (pointer)                                                 3  RTP: SSRC
//     6  msg_iovlen                                                              4  time of sending, Float64, µs
//     8  msg_control   (pointer)                                                 6… rest of the payload
//     10 msg_controllen
//     14 msg_len       (written by the kernel)
//
// The packet begins at word 1 so that the Float64 in its payload (byte 12 of the packet) is aligned.
const HEADER_WORDS = 16;
const VECTOR_WORDS = 4;
const SLOT_WORDS = 64;
const ADDRESS_WORDS = 4;
const CONTROL_WORDS = STAMP_BYTES / 4;

/** 12 bytes of RTP header and 20 ms of G.711. */
export const PACKET_BYTES = 172;
const PACKET_ROOM_BYTES = (SLOT_WORDS - 1) * 4;
const FIRST_PACKET_WORD = MAX_BATCH * (HEADER_WORDS + VECTOR_WORDS);
const FIRST_ADDRESS_WORD = FIRST_PACKET_WORD + MAX_BATCH * SLOT_WORDS;
const FIRST_CONTROL_WORD = FIRST_ADDRESS_WORD + MAX_BATCH * ADDRESS_WORDS;
const TOTAL_WORDS = FIRST_CONTROL_WORD + MAX_BATCH * CONTROL_WORDS;
const CONTROL_LENGTH_WORD = 10;
export const SOCKADDR_IN_BYTES = 16;

export const NAME_LOW_WORD = 0;
export const LENGTH_WORD = 14;

/** A vector of MAX_BATCH messages, each with its own address and packet buffer. */
export type MessageVector = {
  /** What sendmmsg and recvmmsg take. */
  readonly address: number;
  readonly words: Uint32Array;
  /** The same memory as Float64: a packet's time of sending is at `(packetWord(i) + 3) / 2`. */
  readonly doubles: Float64Array;
};

/** First word of the message header of slot `i`. */
export const headerWord = (i: number): number => i * HEADER_WORDS;
/** First word of the packet in slot `i`. */
export const packetWord = (i: number): number => FIRST_PACKET_WORD + i * SLOT_WORDS + 1;
/** First word of the socket address of slot `i`. */
export const addressWord = (i: number): number => FIRST_ADDRESS_WORD + i * ADDRESS_WORDS;

/** First word of the time of arrival, a `struct timespec`, of slot `i`. */
export const stampWord = (i: number): number => FIRST_CONTROL_WORD + i * CONTROL_WORDS + 4;

/** Lays out a vector for sending (packets of PACKET_BYTES), or one for receiving (more room, and the time of arrival). */
export function makeMessageVector(use: 'send' | 'receive'): MessageVector {
  const arena = mapMemory(TOTAL_WORDS * 4);
  const words = new Uint32Array(arena.buffer);
  for (let i = 0; i < MAX_BATCH; i++) {
    const header = headerWord(i);
    const vector = MAX_BATCH * HEADER_WORDS + i * VECTOR_WORDS;
    point(words, header, arena, addressWord(i) * 4);
    words[header + 2] = SOCKADDR_IN_BYTES;
    point(words, header + 4, arena, vector * 4);
    words[header + 6] = 1;
    if (use === 'receive') {
      point(words, header + 8, arena, (stampWord(i) - 4) * 4);
      words[header + CONTROL_LENGTH_WORD] = STAMP_BYTES; // It stays: the kernel writes the same length back.
    }
    point(words, vector, arena, packetWord(i) * 4);
    words[vector + 2] = use === 'send' ? PACKET_BYTES : PACKET_ROOM_BYTES;
  }
  return { address: arena.address, words, doubles: new Float64Array(arena.buffer) };
}

/** Writes the address of a byte of `arena` as a pointer, at `word`. */
export function point(words: Uint32Array, word: number, arena: Arena, offset: number): void {
  words[word] = arena.low + offset;
  words[word + 1] = arena.high;
}

/** The streams of a run are numbered `call * 2 + side`; side 0 is sent by the callers' socket, side 1 by the callees'. The SSRC carries it. */
export const FIRST_SSRC = 0x1000;

/** What the sending and the receiving thread share. Written by the sender while no packets are under way, and by the receiver from `tally` on. */
export type SharedState = {
  /** One element: what the receiver is to do. */
  readonly order: Int32Array;
  /** Per stream, the port (network byte order) that its packets must come from. */
  readonly expectedPort: Uint16Array;
  /** Per stream, the sequence number seen last, or -1. */
  readonly lastSequence: Int32Array;
  readonly tally: Int32Array;
  /** Per microsecond of delay, the packets that had it; the last one holds everything above. */
  readonly histogram: Uint32Array;
  /** Per stream: the packets that came, and when the last one did, µs since the epoch; NaN: none has. */
  readonly arrived: Uint32Array;
  readonly lastAtUs: Float64Array;
  /** Per stream: the longest time between two packets, µs. */
  readonly longestUs: Float64Array;
  /** Per stream: how many silences there were, and the last SILENCES_KEPT of them: when each ended, µs since the epoch, and how long it was. */
  readonly silences: Uint32Array;
  readonly silenceEndUs: Float64Array;
  readonly silenceUs: Float64Array;
};
export const ORDER = { idle: 0, receive: 1, end: 2 } as const;
export const TALLY = { received: 0, strays: 1, outOfOrder: 2, maxUs: 3, repeated: 4 } as const;
export const HISTOGRAM_US = 20_000;
/** Two packets of a stream that are so far apart, µs, had a silence between them. */
export const SILENCE_US = 60_000;
export const SILENCES_KEPT = 8;

export type ReceiverStart = { readonly shared: SharedState; readonly fds: readonly number[] };

export function makeSharedState(): SharedState {
  const shared = (length: number): SharedArrayBuffer => new SharedArrayBuffer(length);
  return {
    order: new Int32Array(shared(4)),
    expectedPort: new Uint16Array(shared(MAX_CALLS * 2 * 2)),
    lastSequence: new Int32Array(shared(MAX_CALLS * 2 * 4)),
    tally: new Int32Array(shared(Object.keys(TALLY).length * 4)),
    histogram: new Uint32Array(shared((HISTOGRAM_US + 1) * 4)),
    arrived: new Uint32Array(shared(MAX_CALLS * 2 * 4)),
    lastAtUs: new Float64Array(shared(MAX_CALLS * 2 * 8)),
    longestUs: new Float64Array(shared(MAX_CALLS * 2 * 8)),
    silences: new Uint32Array(shared(MAX_CALLS * 2 * 4)),
    silenceEndUs: new Float64Array(shared(MAX_CALLS * 2 * SILENCES_KEPT * 8)),
    silenceUs: new Float64Array(shared(MAX_CALLS * 2 * SILENCES_KEPT * 8)),
  };
}

/** CLOCK_MONOTONIC, µs: for pacing, as nobody sets it. */
export function monotonicUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}

/** The other byte order of a 16-bit number. */
export const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
