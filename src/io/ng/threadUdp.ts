import type { PacketEngine } from '../../media/engine.js';
import { decodeSockaddr, SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import type { ExchangeRecord } from '../../relay/events/record.js';
import { NgDatagrams, type NgDatagramsWorld, type NgSender } from '../../relay/ng/ngDatagrams.js';
import { MAX_DATAGRAM_BYTES } from '../../relay/ng/ngMessage.js';
import { clientOrigin } from '../control/clientOrigin.js';
import { mapMemory } from '../sys/memory.js';
import { DatagramBatch, ENVELOPE_WORDS, type Envelope, sendFromAsked } from '../sys/packetInfo.js';
import { MSG_DONTWAIT, recvfrom, sendto } from '../sys/socket.js';
import type { NgStart } from './threadSockets.js';

/** Requests that are carried out before packets get their turn again: each may take as long as hundreds of packets. */
const BATCH = 8;
const AF_INET = 2;
/** Clients of one socket that are remembered. Anybody can have many. */
const MOST_SENDERS = 1024;
/** What stands in front of a datagram that goes to another thread: the number of its socket, then its envelope. */
const HEAD_WORDS = 1 + ENVELOPE_WORDS;
const HEAD_BYTES = HEAD_WORDS * 4;

/** By which socket a datagram came, and its ends. */
type Arrival = { readonly socket: number; readonly envelope: Envelope };

export type ThreadUdpWorld = Pick<
  NgDatagramsWorld<never>,
  'shard' | 'executor' | 'now' | 'admits' | 'onRefused' | 'forward' | 'onDuplicate' | 'onHand' | 'setAside' | 'firstTicket'
> & {
  /** Brings what has been done to where it outlives the thread; then the answers leave. */
  readonly flush: () => void;
};

/**
 * The NG sockets of one media thread, which it reads between packets: a request for a call of its own is answered without any other thread.
 * One that belongs to another thread goes there by a socket pair.
 */
export class ThreadUdp {
  readonly #start: NgStart;
  readonly #engine: PacketEngine;
  readonly #datagrams: NgDatagrams<Arrival>;
  readonly #flush: () => void;
  readonly #batch = new DatagramBatch(BATCH, MAX_DATAGRAM_BYTES);
  /** A message between threads, as it comes or goes. */
  readonly #message = mapMemory(HEAD_BYTES + MAX_DATAGRAM_BYTES);
  readonly #words = new Uint32Array(this.#message.buffer, 0, HEAD_WORDS);
  readonly #text = Buffer.from(this.#message.buffer, HEAD_BYTES);
  /** By socket and client: a proxy asks from a few sockets, again and again. */
  readonly #senders: Map<number, NgSender>[];
  #answers: { readonly to: Arrival; readonly text: string }[] = [];
  #isOpen = false;

  constructor(start: NgStart, engine: PacketEngine, world: ThreadUdpWorld) {
    this.#start = start;
    this.#engine = engine;
    this.#flush = world.flush;
    this.#senders = start.sockets.map(() => new Map());
    this.#datagrams = new NgDatagrams({
      ...world,
      shards: start.outboxes.length,
      senderOf: (to) => this.#senderOf(to),
      pass: (shard, to, text) => this.#pass(shard, to, text),
      send: (to, text) => void this.#answers.push({ to, text }),
    });
  }

  /** Begins to serve. `exchanges`: what clients were answered by whom this thread replaces. False: the engine cannot do that. */
  begin(exchanges: readonly ExchangeRecord[]): boolean {
    const { sockets, more, inbox } = this.#start;
    if (this.#engine.watch === undefined) return false;
    const names = new Set(sockets.map(({ name }) => name));
    for (const { from, reply, at } of exchanges) {
      if (names.has(from.slice(0, from.indexOf(' ')))) this.#datagrams.restore(from, reply, at);
    }
    for (const [socket, { fd }] of sockets.entries()) this.#engine.watch(fd, () => this.#receive(socket, fd));
    // Answered by the thread's own socket: it has the same address.
    for (const { fd, socket } of more) this.#engine.watch(fd, () => this.#receive(socket, fd));
    this.#engine.watch(inbox, () => this.#receivePassed(inbox));
    this.#isOpen = true;
    return true;
  }

  /** What the main thread has answered to a request that was forwarded. */
  answer(ticket: number, reply: string): void {
    if (!this.#isOpen) return;
    this.#datagrams.answer(ticket, reply);
    this.#sendAnswers();
  }

  /** Nothing is taken any more. The descriptors stay open. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const { fd } of [...this.#start.sockets, ...this.#start.more]) this.#engine.unwatch?.(fd);
    this.#engine.unwatch?.(this.#start.inbox);
    this.#batch.close();
    this.#message.unmap();
  }

  #receive(socket: number, fd: number): void {
    const count = this.#batch.receive(fd, BATCH);
    for (let i = 0; i < count; i++) {
      const envelope = new Uint32Array(ENVELOPE_WORDS);
      this.#batch.copyEnvelope(i, envelope, 0);
      this.#datagrams.receive(this.#batch.text(i), { socket, envelope }, false);
    }
    this.#sendAnswers();
  }

  #receivePassed(inbox: number): void {
    const { address, length } = this.#message;
    for (let i = 0; i < BATCH; i++) {
      const got = recvfrom(inbox, address, length, MSG_DONTWAIT, 0, 0);
      if (got < HEAD_BYTES) break;
      const arrival = { socket: this.#words[0]!, envelope: this.#words.slice(1) };
      this.#datagrams.receive(this.#text.toString('latin1', 0, got - HEAD_BYTES), arrival, true);
    }
    this.#sendAnswers();
  }

  /** Where too much waits already it is dropped, as the kernel would: its client asks again. */
  #pass(shard: number, { socket, envelope }: Arrival, text: string): void {
    this.#words[0] = socket;
    this.#words.set(envelope, 1);
    const length = HEAD_BYTES + this.#text.write(text, 'latin1');
    sendto(this.#start.outboxes[shard]!, this.#message.address, length, MSG_DONTWAIT, 0, 0);
  }

  /** An answer leaves only after what it tells of is with the operating system. */
  #sendAnswers(): void {
    if (this.#answers.length === 0) return;
    const answers = this.#answers;
    this.#answers = [];
    this.#flush();
    for (const { to, text } of answers) sendFromAsked(this.#start.sockets[to.socket]!.fd, text, to.envelope);
  }

  #senderOf(arrival: Arrival): NgSender {
    const { socket, envelope } = arrival;
    // Of a socket on all addresses the one that was asked is told anew with each datagram.
    if ((envelope[0]! & 0xffff) !== AF_INET || this.#start.sockets[socket]!.host === null) return this.#readSender(arrival);
    const known = this.#senders[socket]!;
    const client = (envelope[0]! >>> 16) * 2 ** 32 + envelope[1]!;
    const present = known.get(client);
    if (present !== undefined) return present;
    const sender = this.#readSender(arrival);
    if (known.size >= MOST_SENDERS) known.clear();
    known.set(client, sender);
    return sender;
  }

  #readSender({ socket, envelope }: Arrival): NgSender {
    const { name, host: bound } = this.#start.sockets[socket]!;
    const { host = '-', port = 0 } = decodeSockaddr(envelope, 0) ?? {};
    const origin = clientOrigin(host, bound ?? decodeSockaddr(envelope, SOCKADDR_WORDS)?.host);
    return {
      key: `${name} ${host}:${port}`,
      origin: { transport: 'udp', client: origin.host ?? host, identity: null, connection: null, ...origin },
    };
  }
}
