import { type Address, ok, type Result, refuse } from '../../model/kernel/index.js';
import { type Errno, newEngineCounters, type Packet, type PacketEngine } from '../../src/media/engine.js';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import type { SimulatedNetwork } from './world.js';

/** A datagram that a relay has taken in or sent out. */
export type Passage = {
  readonly way: 'in' | 'out';
  readonly row: number;
  /** Whence it came, or where it was sent. */
  readonly peer: Address;
  readonly bytes: Uint8Array;
  readonly atMs: number;
};

/** The packet engine of a shard in a simulated world: its sockets are addresses of the simulated network. */
export class SimulatedEngine implements PacketEngine {
  readonly name = 'dgram';
  readonly counters = newEngineCounters();
  readonly remotes: Uint32Array;
  /** Everything that has passed, in order. */
  readonly passages: Passage[] = [];
  readonly #network: SimulatedNetwork;
  readonly #bound = new Map<number, Address>();
  /** Where a socket that was moved now delivers. */
  readonly #moved = new Map<Address, number>();
  /** Row → the TOS it was last given. */
  readonly tos = new Map<number, number>();
  /** Rows that are watched for what the network says of their remotes. */
  readonly watched = new Set<number>();
  /** Who is told of it; set by the shard's owner, as `run` does for a real engine. */
  onUnreachable: (row: number) => void = () => {};
  readonly #words = new Uint32Array(SOCKADDR_WORDS);
  /** Who gets the datagrams; set by the shard's owner, as `run` does for a real engine. */
  onDatagram: (packet: Packet) => void = () => {};

  constructor(network: SimulatedNetwork, rows: number) {
    this.#network = network;
    this.remotes = new Uint32Array(rows * SOCKADDR_WORDS);
  }

  get bound(): ReadonlyMap<number, Address> {
    return this.#bound;
  }

  open(row: number, local: Address): Result<void, Errno> {
    if (this.#bound.has(row)) throw new Error(`row ${row} has a socket already`);
    if (!this.#network.bind(local, (bytes, from) => this.#receive(this.#moved.get(local) ?? row, bytes, from)))
      return refuse('EADDRINUSE');
    this.#bound.set(row, local);
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
    return this.#bound.has(row);
  }

  close(row: number): void {
    const local = this.#bound.get(row);
    if (local === undefined) return;
    this.#bound.delete(row);
    this.watched.delete(row);
    this.#network.unbind(local);
  }

  move(from: number, to: number): void {
    const local = this.#bound.get(from);
    if (local === undefined) throw new Error(`row ${from} has no socket to move`);
    this.close(to);
    this.#bound.delete(from);
    this.#bound.set(to, local);
    this.#moved.set(local, to);
    if (this.watched.delete(from)) this.watched.add(to);
  }

  isQuiet(): boolean {
    return true;
  }

  setTos(row: number, tos: number): void {
    this.tos.set(row, tos);
  }

  draft(): Packet {
    const { nowMs } = this.#network.time;
    return { row: 0, bytes: new Uint8Array(8192), start: 0, length: 0, words: this.#words, source: 0, nowMs };
  }

  send(row: number, packet: Packet): void {
    const local = this.#bound.get(row);
    const peer = decodeSockaddr(this.remotes, row * SOCKADDR_WORDS);
    if (local === undefined || peer === null) throw new Error(`row ${row} sends, but has no socket or nobody to send to`);
    const bytes = packet.bytes.slice(packet.start, packet.start + packet.length);
    this.passages.push({ way: 'out', row, peer, bytes, atMs: this.#network.time.nowMs });
    this.#network.send(local, peer, bytes);
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {
    for (const row of [...this.#bound.keys()]) this.close(row);
  }

  #receive(row: number, bytes: Uint8Array, from: Address): void {
    const { nowMs } = this.#network.time;
    this.passages.push({ way: 'in', row, peer: from, bytes, atMs: nowMs });
    encodeSockaddr(from, this.#words, 0);
    this.onDatagram({ row, bytes, start: 0, length: bytes.length, words: this.#words, source: 0, nowMs });
  }
}
