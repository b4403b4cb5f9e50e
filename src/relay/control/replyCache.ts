import { AgingMap } from './agingMap.js';

/** How long an answer is kept for repetitions of what it answers, from when that came: as rtpproxy does. No client asks for so long. */
export const REPLY_LIFETIME_MS = 35_000;
/** Beyond so many, or so many bytes of keys and answers, the oldest go early: a flood must not fill the memory. */
export const MAX_REPLIES = 200_000;
const MAX_BYTES = 64 << 20;
/** Repetitions that come while the first is being worked on, and wait for its answer; more are asked again, or lost. */
const MAX_WAITING = 16;

/** It is being carried out: its answer will go to the same place. */
export const PENDING = Symbol('pending');

type Deliver = (reply: string) => void;
/** `waiting`: who is told the reply when it is there; null: nobody asked to be. */
type Entry = { reply: string | typeof PENDING; readonly expiresAtMs: number; readonly waiting: Deliver[] | null };

/** What an answer to a command is known by. `from`: control socket, client and cookie, as in `Origin`. */
export const replyKey = (from: string, command: string): string => `${from} ${command}`;

/**
 * Answers by who asked what, so that a command or a request that is repeated gets the same answer and is not carried out twice. Keys begin with
 * the socket and the client, so that no client gets the answer of another, and have its cookie; those of the classic protocol go on with the
 * command (`replyKey`), so that a cookie may be used again. One character a byte.
 */
export class ReplyCache {
  readonly #entries = new AgingMap<Entry>();
  readonly #maxReplies: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxReplies = MAX_REPLIES, maxBytes = MAX_BYTES) {
    this.#maxReplies = maxReplies;
    this.#maxBytes = maxBytes;
  }

  /** What was answered; `PENDING`; or undefined for what is new, which then counts as pending. */
  take(key: string, nowMs: number): Entry['reply'] | undefined {
    const known = this.#find(key, nowMs);
    if (known !== undefined) return known.reply;
    this.#set(key, { reply: PENDING, expiresAtMs: nowMs + REPLY_LIFETIME_MS, waiting: null });
    return undefined;
  }

  /** What has become of it; nothing is kept of one that has gone early. */
  keep(key: string, reply: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#fill(key, entry, reply);
  }

  /**
   * The same where every repetition is to be answered by itself: it may have come another way than the first, over HTTP, or by a thread that
   * has taken the place of another. For what is new, what is to be called with its answer, which goes to `deliver` too. Null for a repetition:
   * `deliver` has been called, or is called when the first is answered, also if that has gone early.
   */
  ask(key: string, nowMs: number, deliver: Deliver): Deliver | null {
    const known = this.#find(key, nowMs);
    if (known === undefined) {
      const entry: Entry = { reply: PENDING, expiresAtMs: nowMs + REPLY_LIFETIME_MS, waiting: [deliver] };
      this.#set(key, entry);
      return (reply) => {
        if (entry.reply === PENDING) this.#fill(key, entry, reply);
        for (const each of entry.waiting?.splice(0) ?? []) each(reply);
      };
    }
    if (known.reply !== PENDING) deliver(known.reply);
    else if (known.waiting !== null && known.waiting.length < MAX_WAITING) known.waiting.push(deliver);
    return null;
  }

  /** An answer of somebody who has died, given `atMs`; in the order in which they were given. */
  restore(key: string, reply: string, atMs: number): void {
    this.#set(key, { reply, expiresAtMs: atMs + REPLY_LIFETIME_MS, waiting: null });
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  #find(key: string, nowMs: number): Entry | undefined {
    this.#expire(nowMs);
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAtMs > nowMs ? entry : undefined;
  }

  #set(key: string, entry: Entry): void {
    this.#delete(key);
    this.#entries.set(key, entry);
    this.#bytes += key.length + lengthOf(entry);
    this.#makeRoom();
  }

  #fill(key: string, entry: Entry, reply: string): void {
    const isKept = this.#entries.get(key) === entry;
    if (isKept) this.#bytes += reply.length - lengthOf(entry);
    entry.reply = reply;
    if (isKept) this.#makeRoom();
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= key.length + lengthOf(entry);
  }

  /** Entries stand in the order of their ends, because all live equally long. */
  #expire(nowMs: number): void {
    for (let oldest = this.#entries.oldest(); oldest !== null && oldest[1].expiresAtMs <= nowMs; oldest = this.#entries.oldest())
      this.#delete(oldest[0]);
  }

  #makeRoom(): void {
    while (this.#entries.size > this.#maxReplies || this.#bytes > this.#maxBytes) {
      const oldest = this.#entries.oldest();
      if (oldest === null) break;
      this.#delete(oldest[0]);
    }
  }
}

const lengthOf = ({ reply }: Entry): number => (reply === PENDING ? 0 : reply.length);
