/** How long an answer is kept for retransmissions of its command: as rtpproxy does. */
export const REPLY_LIFETIME_MS = 35_000;
/** Beyond so many the oldest go early: a flood must not fill the memory. */
export const MAX_REPLIES = 200_000;

/** The command is being carried out: its answer will go to the same place. */
export const PENDING = Symbol('pending');

type Entry = { reply: string | typeof PENDING; readonly expiresAtMs: number };

/** What an answer is known by. `from`: control socket, client and cookie, as in `Origin`. */
export const replyKey = (from: string, command: string): string => `${from} ${command}`;

/**
 * Answers by command, so that a retransmitted datagram gets the same answer and is not carried out twice. The key is the source, the
 * cookie and the text: clients that happen to use the same cookie, or use it again after a restart, never get each other's answers.
 */
export class ReplyCache {
  readonly #entries = new Map<string, Entry>();

  /** What was answered; `PENDING`; or undefined for a command that is new, which then counts as pending. */
  take(key: string, nowMs: number): string | typeof PENDING | undefined {
    this.#expire(nowMs);
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.expiresAtMs > nowMs) return entry.reply;
    this.#entries.delete(key);
    this.#entries.set(key, { reply: PENDING, expiresAtMs: nowMs + REPLY_LIFETIME_MS });
    return undefined;
  }

  keep(key: string, reply: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.reply = reply;
  }

  /** An answer of a relay that has died, given `atMs`. */
  restore(key: string, reply: string, atMs: number): void {
    this.#entries.set(key, { reply, expiresAtMs: atMs + REPLY_LIFETIME_MS });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries stand in the order of their ends, because all live equally long. */
  #expire(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAtMs > nowMs && this.#entries.size <= MAX_REPLIES) break;
      this.#entries.delete(key);
    }
  }
}
