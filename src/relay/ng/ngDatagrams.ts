import { encodingOf } from '../../protocol/ng/readRequest.js';
import type { NgEncoding } from '../../protocol/ng/value.js';
import { PENDING, ReplyCache } from '../control/replyCache.js';
import { shardOf } from '../supervisor/dispatch.js';
import type { NgExecutor } from './ngExecutor.js';
import { fitDatagram, joinMessage, splitMessage } from './ngMessage.js';
import type { NgOrigin } from './ngOrigin.js';

/** Requests that may be with the main thread at a time. More are not taken; their clients ask again. */
const MOST_FORWARDED = 4096;

/** The client of a datagram. */
export type NgSender = {
  /** The socket it came by, and the client's address and port: two words. */
  readonly key: string;
  readonly origin: Omit<NgOrigin, 'from'>;
};

/** What is needed of the thread. `To` is where a datagram came from, by which it is answered. */
export type NgDatagramsWorld<To> = {
  readonly shard: number;
  readonly shards: number;
  readonly executor: NgExecutor;
  readonly now: () => number;
  readonly senderOf: (to: To) => NgSender;
  /** Whether a client may ask at all. What others send is not answered. */
  readonly admits: (sender: NgSender) => boolean;
  /** Something has come from a client that may not. Called for each datagram of a flood: it must cost next to nothing. */
  readonly onRefused: (sender: NgSender) => void;
  /** Hands a datagram, as it came, to the thread that holds its call. */
  readonly pass: (shard: number, to: To, text: string) => void;
  /** Asks the main thread. `ticket` comes back with its answer. */
  readonly forward: (ticket: number, payload: string, origin: NgOrigin) => void;
  /** The answer to a datagram: cookie, blank, payload. It is to leave when what has been done is written down. */
  readonly send: (to: To, text: string) => void;
  readonly onDuplicate: () => void;
  /** The call that is being worked on; null: none any more. If the thread dies over it, it is known by that. */
  readonly onHand: (call: string | null) => void;
  /** Calls that threads have died over again and again. */
  readonly setAside: ReadonlySet<string>;
  /** Tickets are numbered from here: another thread's must be others. */
  readonly firstTicket: number;
};

type Forwarded<To> = {
  readonly to: To;
  readonly from: string;
  readonly cookie: string;
  readonly call: string | null;
  readonly encoding: NgEncoding;
};

/**
 * NG requests as datagrams, on one media thread. Each is carried out by the thread that holds its call, wherever it came in: that one also
 * knows which requests are repeated, so it does not matter if a repetition takes another way. The answer leaves by that thread's socket on
 * the address that was asked.
 *
 * The requests of a call stay in order: they meet at one thread, in the order in which they came; and while one of them is with the main
 * thread those behind it go there as well, which sees to it that they do not overtake it (`CallOrder`).
 */
export class NgDatagrams<To> {
  readonly #world: NgDatagramsWorld<To>;
  readonly #replies = new ReplyCache();
  readonly #forwarded = new Map<number, Forwarded<To>>();
  /** Call → how many of its requests are with the main thread. */
  readonly #away = new Map<string, number>();
  #ticket: number;

  constructor(world: NgDatagramsWorld<To>) {
    this.#world = world;
    this.#ticket = world.firstTicket;
  }

  /** A datagram has come, one character a byte. `isPassed`: another thread found that its call is held here. */
  receive(text: string, to: To, isPassed: boolean): void {
    const { executor, shard, shards, senderOf, admits, onRefused } = this.#world;
    const sender = senderOf(to);
    if (!admits(sender)) {
      onRefused(sender);
      return;
    }
    const message = splitMessage(text);
    if (message?.cookie == null) return; // Without a cookie nobody would know what an answer answers.
    const { cookie, payload } = message;
    const call = executor.call(payload);
    const holder = isPassed || call === null ? shard : shardOf(call, shards);
    if (holder === shard)
      this.#take({ to, call, cookie, from: `${sender.key} ${cookie}`, encoding: encodingOf(payload) }, payload, sender);
    else this.#world.pass(holder, to, text);
  }

  /** What the main thread has answered. */
  answer(ticket: number, reply: string): void {
    const asked = this.#forwarded.get(ticket);
    if (asked === undefined) return; // It was the thread before this one that wanted to know.
    this.#forwarded.delete(ticket);
    const { call } = asked;
    if (call !== null) {
      const left = (this.#away.get(call) ?? 1) - 1;
      if (left > 0) this.#away.set(call, left);
      else this.#away.delete(call);
    }
    this.#settle(asked, reply);
  }

  /** An answer that a client got from a relay or a thread that has died. `from`: as in `Origin`. */
  restore(from: string, reply: string, atMs: number): void {
    this.#replies.restore(from, reply, atMs);
  }

  #take(request: Forwarded<To>, payload: string, { origin }: NgSender): void {
    const { to, call, cookie, from } = request;
    const { executor, setAside, onHand } = this.#world;
    const isForMain = (call !== null && (this.#away.has(call) || setAside.has(call))) || executor.needsMain(payload);
    if (isForMain && this.#forwarded.size >= MOST_FORWARDED) return;
    const known = this.#replies.take(from, this.#world.now());
    if (known !== undefined) {
      this.#world.onDuplicate();
      if (known !== PENDING) this.#world.send(to, joinMessage({ cookie, payload: known }));
      return;
    }
    if (isForMain) {
      this.#forward(request, payload, { from, ...origin });
      return;
    }
    onHand(call);
    const reply = executor.execute(payload, { from, ...origin });
    onHand(null);
    this.#settle(request, reply);
  }

  #forward(request: Forwarded<To>, payload: string, origin: NgOrigin): void {
    const { call } = request;
    if (call !== null) this.#away.set(call, (this.#away.get(call) ?? 0) + 1);
    const ticket = this.#ticket++;
    this.#forwarded.set(ticket, request);
    this.#world.forward(ticket, payload, origin);
  }

  #settle({ to, from, cookie, encoding }: Forwarded<To>, answer: string): void {
    const payload = fitDatagram(cookie, encoding, answer);
    this.#replies.keep(from, payload);
    this.#world.send(to, joinMessage({ cookie, payload }));
  }
}
