import { type Mailbox, Reader } from '../../relay/callEvents/mailbox.js';
import type { EventConnections, EventStream } from '../../relay/callEvents/ports.js';
import { pushOf, streamTextOf } from '../../relay/callEvents/wording.js';

/** Bytes that may wait in the connection of one receiver. What is beyond waits in the mailbox, where it is kept once for all. */
const MAX_BUFFERED = 256 << 10;
/** Of one controller. */
const MOST_ATTACHED = 64;
/** Connections that the calls of one controller came by, the last ones. */
const MOST_KNOWN = 16;

/** One that is attached: a connection that asked for events, or a client of server-sent events. */
type Attached = {
  readonly name: string | EventStream;
  readonly reader: Reader;
  /** Everything up to this number was taken by the kernel. */
  flushed: number;
};

/**
 * Those who are told of the events of one controller while they are connected. Who asks (`events`, `GET /events`) is told of all of them; while
 * nobody does, the connection that the last call came by is told of the events of calls that wish it (`connection`).
 *
 * There is no answer to an event that is pushed. What the kernel has not taken when a connection ends is told again; what is lost on the way
 * is told to whoever says how far he got.
 */
export class Audience {
  readonly #mailbox: Mailbox;
  readonly #connections: EventConnections;
  readonly #attached = new Map<string | EventStream, Attached>();
  /** The last one last. */
  readonly #known = new Set<string>();
  /** Of what calls wish to be told by the connection that they came by. */
  readonly #wished: Reader;
  /** The greatest number that the kernel has taken for anybody who has gone, or for a connection that calls came by. */
  #told = 0;
  /** The last number that went by such a connection. */
  #pushed = 0;

  /** Begins with the oldest event that is kept. */
  constructor(mailbox: Mailbox, connections: EventConnections) {
    this.#mailbox = mailbox;
    this.#connections = connections;
    this.#told = (mailbox.oldest?.seq ?? mailbox.lastSeq + 1) - 1;
    this.#wished = new Reader(mailbox, ({ ways }) => ways.includes('connection'), this.#told);
  }

  get isEmpty(): boolean {
    return this.#attached.size === 0 && this.#known.size === 0;
  }

  /** Events that some connection was to be told of, and none was. */
  waiting(): number {
    return this.#wished.waiting();
  }

  /** A call has come by this connection, and wishes its events there. */
  use(connection: string): void {
    this.#known.delete(connection);
    this.#known.add(connection);
    for (const oldest of this.#known) {
      if (this.#known.size <= MOST_KNOWN) break;
      this.#known.delete(oldest);
    }
  }

  /** `after`: null: what nobody was told of yet. Answers why not, or null. */
  attach(name: string | EventStream, after: number | null): string | null {
    const before = this.#attached.get(name);
    if (before === undefined && this.#attached.size >= MOST_ATTACHED)
      return `expected at most ${MOST_ATTACHED} that are told of the events of a controller`;
    before?.reader.leave();
    // A greater number is one of another run of the relay: everything is new to who comes with it.
    const from = after === null ? this.#toldSoFar() : after > this.#mailbox.lastSeq ? 0 : Math.max(0, after);
    const reader = new Reader(this.#mailbox, () => true, from);
    this.#attached.set(name, { name, reader, flushed: from });
    return null;
  }

  /** Does not want to be told any more. Whether it was. */
  detach(name: string | EventStream): boolean {
    const attached = this.#attached.get(name);
    if (attached !== undefined) this.#noteFlushed(attached);
    return this.closed(name);
  }

  /** Has gone: what the kernel had not taken was not told. */
  closed(name: string | EventStream): boolean {
    const attached = this.#attached.get(name);
    const wasKnown = typeof name === 'string' && this.#known.delete(name);
    if (wasKnown) this.#pushed = Math.min(this.#pushed, this.#told);
    if (attached !== undefined) {
      this.#told = Math.max(this.#told, attached.flushed);
      attached.reader.leave();
      this.#attached.delete(name);
    }
    if (this.#attached.size === 0) this.#wished.rewind(this.#told);
    return wasKnown || attached !== undefined;
  }

  /** Hands on what there is. Answers whether something is left that has to wait for a slow receiver. */
  pump(): boolean {
    let isBlocked = false;
    for (const attached of this.#attached.values()) isBlocked = this.#pumpOne(attached) || isBlocked;
    if (this.#attached.size > 0) this.#wished.skip(this.#toldSoFar());
    else isBlocked = this.#pumpKnown();
    return isBlocked;
  }

  /** A sign of life for those who would otherwise hear nothing: a comment (HTML Living Standard §9.2.7). */
  comment(): void {
    for (const { name } of this.#attached.values()) if (typeof name !== 'string' && name.buffered() === 0) name.write(':\n\n');
  }

  /** Ends what nobody else ends. */
  end(): void {
    for (const { name } of this.#attached.values()) if (typeof name !== 'string') name.end();
  }

  leave(): void {
    this.#wished.leave();
    for (const { reader } of this.#attached.values()) reader.leave();
  }

  /** The greatest number that anybody was told of. */
  #toldSoFar(): number {
    let told = Math.max(this.#told, this.#pushed);
    for (const { reader } of this.#attached.values()) told = Math.max(told, reader.seq);
    return told;
  }

  #pumpOne(attached: Attached): boolean {
    const { name, reader } = attached;
    for (let parcel = reader.peek(); parcel !== undefined; parcel = reader.peek()) {
      if (this.#buffered(name) > MAX_BUFFERED) return true;
      const isSent =
        typeof name === 'string'
          ? this.#connections.send(name, `event-${parcel.seq}`, pushOf(parcel.published()))
          : name.write(streamTextOf(parcel.seq, parcel.event, parcel.json));
      if (!isSent) return false; // It has gone, and that will be told.
      reader.settle(parcel);
    }
    this.#noteFlushed(attached);
    return false;
  }

  #pumpKnown(): boolean {
    const connection = [...this.#known].reverse().find((each) => this.#connections.isOpen(each));
    if (connection === undefined) return false;
    for (let parcel = this.#wished.peek(); parcel !== undefined; parcel = this.#wished.peek()) {
      if (this.#connections.buffered(connection) > MAX_BUFFERED) return true;
      if (!this.#connections.send(connection, `event-${parcel.seq}`, pushOf(parcel.published()))) return false;
      this.#wished.settle(parcel);
      this.#pushed = parcel.seq;
    }
    if (this.#connections.buffered(connection) === 0) this.#told = Math.max(this.#told, this.#pushed);
    return false;
  }

  #noteFlushed(attached: Attached): void {
    if (this.#buffered(attached.name) === 0) attached.flushed = attached.reader.seq;
  }

  #buffered(name: string | EventStream): number {
    return typeof name === 'string' ? this.#connections.buffered(name) : name.buffered();
  }
}
