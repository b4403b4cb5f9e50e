import { ROWS_PER_SESSION } from './streams.js';

/**
 * Counters of one shard in shared memory: the media thread writes, the main thread reads without a message. Each counter is one
 * aligned 64-bit float written by one thread, so a reader never sees half of it.
 */
export const SHARD_COUNTERS = [
  /** The number that the last session got: it outlives the thread, so that no number is given twice. */
  'lastSession',
  'sessionsOpened',
  'sessionsActive',
  'sessionsClosed',
  'sessionsTimedOut',
  /** Both legs were opened. */
  'sessionsCompleted',
  /** Of those that ended complete: no RTP at all, RTP of one side only; the same of RTCP. */
  'sessionsWithoutRtp',
  'sessionsOneWayRtp',
  'sessionsWithoutRtcp',
  'sessionsOneWayRtcp',
  /** New sessions that were refused because the thread had too much to do. */
  'sessionsRefused',
  /** Lifetimes of ended sessions, seconds. */
  'secondsOfSessions',
  /** Read from sockets of complete sessions. */
  'packetsReceived',
  /** The same, while the last second passed. */
  'packetsPerSecond',
  'packetsRelayed',
  /** UDP payload of those. */
  'bytesRelayed',
  /** The same two, and the packets that the kernel would not send, while the last second passed. */
  'relayedPerSecond',
  'bytesPerSecond',
  'errorsPerSecond',
  /** Read and thrown away: before completion, from foreign sources, or without a destination. */
  'packetsDiscarded',
  'packetsResized',
  'packetsMadeByResizing',
  'packetsLostInResizing',
  /** What the analysis of ended streams counted. */
  'rtpSent',
  'rtpReceived',
  'rtpDuplicates',
  'rtpLost',
  'rtpParseErrors',
  'sendErrors',
  'receiveErrors',
  'truncated',
  'noBuffers',
  'overflows',
  /** Records that could not be written to the event log. */
  'logErrors',
  'defects',
  /** Prompts that began and that ended to be played, and their packets. */
  'playersStarted',
  'playersEnded',
  'packetsPlayed',
  /** Recordings that are being made; packets that went into recordings, and that there was no room for; recordings that could not be written. */
  'recordingsOpen',
  'packetsRecorded',
  'packetsUnrecorded',
  'recordingErrors',
  /** Requests of the NG protocol that came to the thread by a socket of its own. */
  'ngPings',
  'ngOffers',
  'ngAnswers',
  'ngRollbacks',
  'ngDeletes',
  'ngQueries',
  'ngRecordingStarts',
  'ngRecordingStops',
  'ngRecordingPauses',
  'ngMediaStops',
  'ngKeys',
  'ngMediaBlocks',
  'ngMediaUnblocks',
  'ngSilences',
  'ngUnsilences',
  'ngDtmfBlocks',
  'ngDtmfUnblocks',
  'ngSubscribeRequests',
  'ngSubscribeAnswers',
  'ngUnsubscribes',
  /** Those that were no requests. */
  'ngOthers',
  'ngErrors',
  'ngDuplicates',
  /** How busy the thread is, 0…1, smoothed; and whether that is too much for new sessions, 0 or 1. */
  'load',
  'overloaded',
  /** What the thread has in hand: the id of a request, the number of a session; 0: none. Looked at when it has died. */
  'requestInHand',
  'sessionInHand',
] as const;
export type ShardCounter = (typeof SHARD_COUNTERS)[number];

/** Counters of one stream, for the life of its session. */
export const STREAM_COUNTERS = [
  /** Accepted by the latching rule. */
  'received',
  'bytes',
  'relayed',
  /** Accepted, but there was nowhere to send it. */
  'dropped',
  /** From a source that the latching rule refused. */
  'ignored',
  /** When the last packet reached the send stage, or was kept from it as blocked, milliseconds of the thread's clock; 0: never. */
  'heardAtMs',
  /** Before both legs were open: thrown away. */
  'early',
  /** Times that the network said that nobody receives what is sent from this stream's socket (ICMP). */
  'unreachable',
] as const;
export type StreamCounter = (typeof STREAM_COUNTERS)[number];

/** Where each counter of a shard stands: looked up in the middle of calls. */
const SHARD_PLACES = Object.fromEntries(SHARD_COUNTERS.map((name, place) => [name, place])) as Readonly<
  Record<ShardCounter, number>
>;

const ROW_STRIDE = 8;
const HEADER_STRIDE = 80;
/** Behind the counters of its streams, each slot says which session has it, so that it can be told when the thread has died. */
const SLOT_STRIDE = ROWS_PER_SESSION * ROW_STRIDE + 1;

export const RECEIVED = STREAM_COUNTERS.indexOf('received');
export const BYTES = STREAM_COUNTERS.indexOf('bytes');
export const RELAYED = STREAM_COUNTERS.indexOf('relayed');
export const DROPPED = STREAM_COUNTERS.indexOf('dropped');
export const IGNORED = STREAM_COUNTERS.indexOf('ignored');
export const HEARD_AT = STREAM_COUNTERS.indexOf('heardAtMs');
export const EARLY = STREAM_COUNTERS.indexOf('early');
export const UNREACHABLE = STREAM_COUNTERS.indexOf('unreachable');

/** How many bytes of shared memory the counters of a shard with so many session slots take, and the slot where sockets wait. */
export const countersBytes = (slots: number): number => (HEADER_STRIDE + (slots + 1) * SLOT_STRIDE) * 8;

export class Counters {
  readonly #values: Float64Array;

  constructor(memory: ArrayBufferLike) {
    this.#values = new Float64Array(memory);
  }

  /** The array itself, for the packet path: `values[rowBase(row) + RECEIVED]++`. */
  get values(): Float64Array {
    return this.#values;
  }

  shard(name: ShardCounter): number {
    return this.#values[SHARD_PLACES[name]]!;
  }

  addToShard(name: ShardCounter, amount: number): void {
    this.#values[SHARD_PLACES[name]]! += amount;
  }

  setShard(name: ShardCounter, value: number): void {
    this.#values[SHARD_PLACES[name]] = value;
  }

  stream(row: number, name: StreamCounter): number {
    return this.#values[rowBase(row) + STREAM_COUNTERS.indexOf(name)]!;
  }

  /** A new session starts at zero. */
  clearSession(slot: number): void {
    const base = rowBase(slot * ROWS_PER_SESSION);
    this.#values.fill(0, base, base + SLOT_STRIDE);
  }

  /** The number of the session that a slot is taken by; 0: none. */
  sessionAt(slot: number): number {
    return this.#values[rowBase(slot * ROWS_PER_SESSION) + SLOT_STRIDE - 1]!;
  }

  setSessionAt(slot: number, session: number): void {
    this.#values[rowBase(slot * ROWS_PER_SESSION) + SLOT_STRIDE - 1] = session;
  }

  /** Whether nothing was counted of a stream. */
  isZero(row: number): boolean {
    const base = rowBase(row);
    for (let i = 0; i < STREAM_COUNTERS.length; i++) if (this.#values[base + i] !== 0) return false;
    return true;
  }

  /** The counters of a stream in the order of `STREAM_COUNTERS`. */
  saveStream(row: number): number[] {
    const base = rowBase(row);
    return [...this.#values.subarray(base, base + STREAM_COUNTERS.length)];
  }

  /** What is not there counts as zero: an earlier version may have saved it. */
  restoreStream(row: number, saved: readonly number[]): void {
    const base = rowBase(row);
    for (let i = 0; i < STREAM_COUNTERS.length; i++) this.#values[base + i] = saved[i] ?? 0;
  }

  /** Changes whenever something of a slot's streams is counted. */
  sumOfSlot(slot: number): number {
    const base = rowBase(slot * ROWS_PER_SESSION);
    let sum = 0;
    for (let i = 0; i < ROWS_PER_SESSION * ROW_STRIDE; i++) sum += this.#values[base + i]!;
    return sum;
  }

  /** Whether there is a counter of that name: a log of another version may name others. */
  knows(name: string): name is ShardCounter {
    return (SHARD_COUNTERS as readonly string[]).includes(name);
  }

  /** The counters of the shard that are not zero, by name. */
  saveShard(): Partial<Record<ShardCounter, number>> {
    const saved: Partial<Record<ShardCounter, number>> = {};
    for (let i = 0; i < SHARD_COUNTERS.length; i++) if (this.#values[i] !== 0) saved[SHARD_COUNTERS[i]!] = this.#values[i]!;
    return saved;
  }
}

/** Where the counters of a stream begin in `Counters.values`; those of four streams are a slot's, with its session behind. */
export const rowBase = (row: number): number => HEADER_STRIDE + row * ROW_STRIDE + (row >> 2);
