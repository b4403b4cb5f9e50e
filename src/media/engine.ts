import type { Address, Result } from '../../model/kernel/index.js';

/**
 * The datagram under the hands of a media thread. There is one per thread, overwritten by the next datagram: a stage that wants to
 * keep something copies it.
 */
export type Packet = {
  /** The stream it arrived on: see `streams.ts`. */
  row: number;
  /** Memory that holds the payload at `start`, and room behind it. */
  bytes: Uint8Array;
  start: number;
  length: number;
  /** Memory that holds the source address at word `source`: see `protocol/bytes/sockaddr.ts`. */
  words: Uint32Array;
  source: number;
  /** Milliseconds of the thread's clock, read once per batch, and again in the middle of a long one. */
  nowMs: number;
};

/** Why a socket could not be opened: the name of the errno, as `EADDRINUSE`. */
export type Errno = string;

export type EngineName = 'io_uring' | 'epoll' | 'dgram';
export const ENGINE_NAMES: readonly EngineName[] = ['io_uring', 'epoll', 'dgram'];

/** What a media thread does for its engine. Every function is called on the thread's own stack; none may throw. */
export type EngineHost = {
  /** A datagram has arrived. It may call `send` any number of times. */
  readonly onDatagram: (packet: Packet) => void;
  /** Somebody called `wake` from another thread: read the mailbox. */
  readonly onWake: () => void;
  /** Whether something that happened since the last turn must not wait for its deadline. */
  readonly isTurnDue: () => boolean;
  /** The network said that nobody receives what is sent from a row that is watched for it. */
  readonly onUnreachable: (row: number) => void;
  /** Between batches, when it is due: run timers, flush. Answers the time of the next deadline, milliseconds of the same clock. */
  readonly onTurn: (nowMs: number) => number;
};

/** Counted by every engine, never reset; the shard copies them to the shared counters. */
export const ENGINE_COUNTERS = ['sendErrors', 'receiveErrors', 'truncated', 'noBuffers', 'overflows'] as const;
export type EngineCounters = Record<(typeof ENGINE_COUNTERS)[number], number>;

export const newEngineCounters = (): EngineCounters => ({
  sendErrors: 0,
  receiveErrors: 0,
  truncated: 0,
  noBuffers: 0,
  overflows: 0,
});

/** The longest datagram that is relayed, bytes; a longer one is dropped and counted as truncated. Taken from rtpproxy. */
export const LONGEST_DATAGRAM = 8192;

/**
 * Moves datagrams between sockets and the packet path of one thread. Three implementations, one behaviour. A row holds at most one
 * socket; the rows are named by the caller.
 */
export interface PacketEngine {
  readonly name: EngineName;
  readonly counters: EngineCounters;
  /** Remote address of every row, `SOCKADDR_WORDS` words each: where `send` sends to. Zeros: nowhere. */
  readonly remotes: Uint32Array;
  /** Binds a UDP socket and starts to receive. Synchronous. The port in `local` must be given. */
  open(row: number, local: Address): Result<void, Errno>;
  /**
   * Gives `to` the socket of `from`, which then has none; what `to` had before is closed. What has arrived and was not delivered yet is
   * delivered to `to`. Costs nothing where `to` had none.
   */
  move(from: number, to: number): void;
  /** Whether nothing has arrived that is still to be delivered, at any of `count` rows (at most 64). An engine that cannot see it says yes. */
  isQuiet(row: number, count: number): boolean;
  /** Marks what is sent from a row's socket with this TOS byte (RFC 2474), if the row has an IPv4 socket. */
  setTos(row: number, tos: number): void;
  /**
   * From now on it is told (`onUnreachable`) when the network says that nobody receives what is sent from this row (ICMP port, host or
   * network unreachable, RFC 792 and RFC 4443). Until the row is closed. An engine that cannot find out leaves it.
   */
  watchUnreachable(row: number): void;
  /** Whether a row has a socket. */
  isOpen(row: number): boolean;
  /** After it returns the port is free and no packet of the row is delivered any more. A row without a socket is left alone. */
  close(row: number): void;
  /** Sends the packet in hand, as it is now, from the socket of `row` to its remote. Never blocks; what cannot be sent is counted. */
  send(row: number, packet: Packet): void;
  /**
   * A packet of our own making, with room for `LONGEST_DATAGRAM` bytes at `start`: fill it, set `row` and `length`, and `send` it before the
   * next call, which may give out the same memory again.
   */
  draft(): Packet;
  /**
   * Calls `onReadable` on the thread's own stack, between packets, whenever this descriptor has something to be read: until it is unwatched,
   * again and again while something is left. It must not block, and should take a bounded part of what waits, since packets wait meanwhile.
   * The descriptor stays the caller's: it is unwatched before it is closed, and when the engine ends nobody watches it any more. Only of an
   * engine that waits in the kernel.
   */
  watch?(fd: number, onReadable: () => void): void;
  /** From now on it is not called any more. A descriptor that is not watched is left alone. */
  unwatch?(fd: number): void;
  /** Delivers datagrams until `stop`. */
  run(host: EngineHost): Promise<void>;
  /** Only of an engine that leaves the thread to its event loop: takes the turn that is due after something came from elsewhere. */
  poke?(): void;
  /** Makes `run` return after the current batch, with every socket closed. From the engine's own thread. */
  stop(): void;
}
