import { decodeNg, encodingOf } from '../../protocol/ng/readRequest.js';
import { encodeReply, errorReply } from '../../protocol/ng/reply.js';
import type { NgDictionary, NgEncoding } from '../../protocol/ng/value.js';
import { joinMessage, type NgMessage, type NgRead } from '../../relay/ng/ngMessage.js';
import type { NgClient, Permission } from './access.js';
import { type NgExchange, type NgPeer, NOT_PERMITTED } from './exchange.js';
import { NOT_LISTED } from './refusals.js';

/** Requests of one connection that may be under way at a time. */
const MAX_IN_FLIGHT = 64;
/** Beyond so much that a client does not read, nothing is read from it, and no event is sent to it. */
export const MAX_BUFFERED_BYTES = 1 << 20;
/** So long it may not read; and so long a message may take to come. */
export const PATIENCE_MS = 30_000;
/** So long a client that may not ask yet has for the request that shows why it may. */
const FIRST_REQUEST_MS = 10_000;

/** Why a connection is closed: its client is done; it may not ask; the relay ends. */
export type Parting = 'done' | 'refused' | 'ending';

/** What carries messages: TCP or a WebSocket. */
export type Carrier = {
  /** What stands next of what the client has sent. */
  readonly next: () => NgRead;
  /** Sends a whole message. */
  readonly send: (message: string) => void;
  /** Bytes that the client has not taken yet. */
  readonly buffered: () => number;
  readonly setReading: (isReading: boolean) => void;
  /** Closes when everything is sent. */
  readonly end: (why: Parting) => void;
  /** Closes at once. */
  readonly destroy: () => void;
};

/** What is known of a connection when it begins. */
export type ConnectionStart = {
  readonly peer: Omit<NgPeer, 'identity'> & { readonly connection: string };
  readonly client: NgClient;
  /** Whether the token stands in the first request, because there is no header for it. */
  readonly takesToken: boolean;
  readonly patienceMs: number;
};

/**
 * One client of TCP or a WebSocket. Its requests are begun in the order in which they come, and each is answered as soon as it can be: cookies tell
 * which answer is whose. Requests without cookie are carried out one after the other. A client that does not read is not read from, and closed if
 * that lasts.
 */
export class NgConnection {
  readonly name: string;
  readonly #exchange: NgExchange;
  readonly #carrier: Carrier;
  readonly #peer: ConnectionStart['peer'];
  readonly #patienceMs: number;
  #client: NgClient;
  #takesToken: boolean;
  #encoding: NgEncoding = 'json';
  #isPlain = false;
  #inFlight = 0;
  #isPumping = false;
  #isEnded = false;
  #isBroken = false;
  #isResting = false;
  #isOver = false;
  #stall: NodeJS.Timeout | undefined;
  #first: NodeJS.Timeout | undefined;

  constructor(exchange: NgExchange, carrier: Carrier, { peer, client, takesToken, patienceMs }: ConnectionStart) {
    this.#exchange = exchange;
    this.#carrier = carrier;
    this.#peer = peer;
    this.#client = client;
    this.#takesToken = takesToken;
    this.#patienceMs = patienceMs;
    this.name = peer.connection;
    const isUnknown = exchange.gate.permit(client).kind === 'refused';
    if (isUnknown) this.#first = setTimeout(() => carrier.destroy(), Math.min(patienceMs, FIRST_REQUEST_MS)).unref();
  }

  /** Something has come. */
  received(): void {
    this.#pump();
  }

  /** The client has taken something. */
  drained(): void {
    this.#pump();
  }

  /** The client sends no more; what it has asked is still answered. */
  ended(): void {
    this.#isEnded = true;
    this.#pump();
  }

  /** It is closed: answers that come now have nowhere to go. */
  closed(): void {
    this.#isOver = true;
    clearTimeout(this.#stall);
    clearTimeout(this.#first);
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  buffered(): number {
    return this.#isOver ? 0 : this.#carrier.buffered();
  }

  /** Whether it is sent: not to a client that is gone, or does not read. */
  push(cookie: string, event: NgDictionary): boolean {
    if (this.#isOver || this.#carrier.buffered() > MAX_BUFFERED_BYTES) return false;
    this.#carrier.send(joinMessage({ cookie: this.#isPlain ? null : cookie, payload: encodeReply(this.#encoding, event) }));
    this.#look();
    return true;
  }

  /** Other settings hold: whoever was permitted and is not any more has to go. */
  judgeAgain(): void {
    const isUnknown = this.#first !== undefined;
    if (this.#isOver || isUnknown || this.#exchange.gate.permit(this.#client).kind === 'permitted') return;
    this.#leave('other settings hold, and it is not among those that may any more');
  }

  /** Takes no more requests. What was asked before is still answered, and events go out. */
  rest(): void {
    this.#isResting = true;
    this.#look();
  }

  /** The relay ends: closes when everything is sent. */
  finish(): void {
    this.#end('ending');
  }

  close(): void {
    this.#carrier.destroy();
  }

  #mayTake(): boolean {
    const limit = this.#isPlain ? 1 : MAX_IN_FLIGHT;
    if (this.#isOver || this.#isBroken || this.#isResting) return false;
    return this.#inFlight < limit && this.#carrier.buffered() <= MAX_BUFFERED_BYTES;
  }

  /** Answers that come at once must not nest. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    let isEmpty = false;
    while (!isEmpty && this.#mayTake()) {
      const read = this.#carrier.next();
      if (read.kind === 'message') this.#take(read.message);
      else if (read.kind === 'broken') this.#break(read);
      else isEmpty = true;
    }
    this.#isPumping = false;
    if ((this.#isBroken || (isEmpty && this.#isEnded)) && this.#inFlight === 0) this.#end('done');
    this.#look();
  }

  #take(message: NgMessage): void {
    const permission = this.#judge(message);
    this.#isPlain = message.cookie === null;
    this.#encoding = encodingOf(message.payload);
    if (permission.kind === 'refused') {
      this.#answer(message.cookie, encodeReply(this.#encoding, errorReply(NOT_PERMITTED)));
      this.#leave(permission.why === 'address' ? NOT_LISTED : 'it showed no token that is known');
      return;
    }
    this.#inFlight++;
    let isAnswered = false;
    this.#exchange.carryOut({ ...this.#peer, identity: permission.identity }, message, (reply) => {
      if (isAnswered) return;
      isAnswered = true;
      this.#inFlight--;
      this.#answer(message.cookie, reply);
      this.#pump();
    });
  }

  #judge(message: NgMessage): Permission {
    const { gate } = this.#exchange;
    if (this.#takesToken && gate.asksForToken) {
      const decoded = decodeNg(message.payload);
      const token = decoded.ok ? decoded.value.dictionary['token'] : undefined;
      if (typeof token === 'string') this.#client = { ...this.#client, token };
    }
    const permission = gate.permit(this.#client);
    if (permission.kind === 'refused') return permission;
    this.#takesToken = false;
    clearTimeout(this.#first);
    this.#first = undefined;
    return permission;
  }

  #answer(cookie: string | null, payload: string): void {
    if (!this.#isOver) this.#carrier.send(joinMessage({ cookie, payload }));
  }

  #break(read: NgRead & { readonly kind: 'broken' }): void {
    this.#exchange.counters.unreadable++;
    const { cookie, encoding, reason } = read;
    if (cookie !== null) this.#answer(cookie, encodeReply(encoding, errorReply(reason)));
    this.#isBroken = true;
  }

  #leave(why: string): void {
    this.#exchange.noteRefusal(this.#peer.socket, this.#peer.client, why);
    this.#end('refused');
  }

  #end(why: Parting): void {
    if (this.#isOver) return;
    this.closed();
    this.#carrier.end(why);
  }

  /** Stops or begins to read, and sees to it that a client that does not read does not stay for ever. */
  #look(): void {
    if (this.#isOver) return;
    const isStalled = this.#carrier.buffered() > MAX_BUFFERED_BYTES;
    this.#carrier.setReading(this.#mayTake());
    if (!isStalled) {
      clearTimeout(this.#stall);
      this.#stall = undefined;
    } else this.#stall ??= setTimeout(() => this.#carrier.destroy(), this.#patienceMs).unref();
  }
}
