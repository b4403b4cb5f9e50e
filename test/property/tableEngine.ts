import { type Address, formatAddress, ok, type Result, refuse } from '../../model/kernel/index.js';
import { type Errno, newEngineCounters, type Packet, type PacketEngine } from '../../src/media/engine.js';
import { decodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';

/** A datagram that has left: from which row and port, where to, what was in it. */
export type Departure = { readonly row: number; readonly from: Address; readonly to: Address | null; readonly bytes: Uint8Array };

/** A packet engine whose sockets are lines of a table: it binds what is free, and remembers what it was told to send. */
export class TableEngine implements PacketEngine {
  readonly name = 'dgram';
  readonly counters = newEngineCounters();
  readonly remotes: Uint32Array;
  /** Row → where it is bound. */
  readonly bound = new Map<number, Address>();
  /** Rows that were sent from, in order. */
  readonly sent: number[] = [];
  /** The same with what was sent; taken out by whoever looks. */
  readonly departures: Departure[] = [];
  /** Row → the TOS it was last given. */
  readonly tos = new Map<number, number>();
  /** Rows that are watched for what the network says of their remotes. */
  readonly watched = new Set<number>();
  /** Rows where something waits to be delivered. */
  readonly arrived = new Set<number>();
  /** Who is told of it; set by the shard's owner, as `run` does for a real engine. */
  onUnreachable: (row: number) => void = () => {};
  /** Who is told of every packet that leaves, when it does. */
  onDeparture: (departure: Departure) => void = () => {};
  readonly #rowAt = new Map<string, number>();
  /** Set to make every bind fail with it. */
  failure: Errno | null = null;

  constructor(rows: number) {
    this.remotes = new Uint32Array(rows * SOCKADDR_WORDS);
  }

  open(row: number, local: Address): Result<void, Errno> {
    if (this.failure !== null) return refuse(this.failure);
    const at = formatAddress(local);
    if (this.#rowAt.has(at)) return refuse('EADDRINUSE');
    if (this.bound.has(row)) throw new Error(`row ${row} has a socket already, at ${formatAddress(this.bound.get(row)!)}`);
    this.#rowAt.set(at, row);
    this.bound.set(row, local);
    return ok(undefined);
  }

  watchUnreachable(row: number): void {
    this.watched.add(row);
  }

  /** The network says that nobody receives what this row sends; it is told if the row is watched for it. */
  unreachable(row: number): void {
    if (this.watched.has(row)) this.onUnreachable(row);
  }

  isOpen(row: number): boolean {
    return this.bound.has(row);
  }

  close(row: number): void {
    const local = this.bound.get(row);
    if (local === undefined) return;
    this.bound.delete(row);
    this.watched.delete(row);
    this.#rowAt.delete(formatAddress(local));
  }

  move(from: number, to: number): void {
    const local = this.bound.get(from);
    if (local === undefined) throw new Error(`row ${from} has no socket to move`);
    this.close(to);
    this.bound.delete(from);
    this.bound.set(to, local);
    if (this.watched.delete(from)) this.watched.add(to);
  }

  isQuiet(row: number, count: number): boolean {
    return ![...this.arrived].some((at) => at >= row && at < row + count);
  }

  setTos(row: number, tos: number): void {
    this.tos.set(row, tos);
  }

  draft(): Packet {
    return {
      row: 0,
      bytes: new Uint8Array(8192),
      start: 0,
      length: 0,
      words: new Uint32Array(SOCKADDR_WORDS),
      source: 0,
      nowMs: 0,
    };
  }

  send(row: number, packet: Packet): void {
    const from = this.bound.get(row);
    if (from === undefined) throw new Error(`row ${row} sends without a socket`);
    this.sent.push(row);
    const bytes = packet.bytes.slice(packet.start, packet.start + packet.length);
    const departure = { row, from, to: decodeSockaddr(this.remotes, row * SOCKADDR_WORDS), bytes };
    this.departures.push(departure);
    this.onDeparture(departure);
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {
    for (const row of [...this.bound.keys()]) this.close(row);
  }
}
