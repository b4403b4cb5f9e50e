import type { EventSettings } from '../settings/settings.js';
import type { OwnedEvent } from './callEvent.js';
import { bytesOf, type Letter, Mailbox } from './mailbox.js';

/** What may wait or be kept at most; a test may want less. */
export type OfficeLimits = {
  readonly controllers: number;
  /** Of one controller. */
  readonly events: number;
  readonly bytes: number;
  /** Of all controllers. */
  readonly allBytes: number;
};

export const OFFICE_LIMITS: OfficeLimits = { controllers: 256, events: 10_000, bytes: 16 << 20, allBytes: 64 << 20 };

export type Taken = { readonly mailbox: Mailbox; readonly letter: Letter };

/**
 * The events of all controllers, each numbered and kept for a while, so that whoever was away can go on where he was. Knows nothing of how they
 * are sent.
 */
export class Mailboxes {
  readonly #run: number;
  readonly #limits: OfficeLimits;
  readonly #mailboxes = new Map<string, Mailbox>();
  #settings: EventSettings;
  #arrivals = 0;
  #bytes = 0;

  /** `run`: when the relay began to count, milliseconds since the Unix epoch. */
  constructor(run: number, settings: EventSettings, limits: Partial<OfficeLimits> = {}) {
    this.#run = run;
    this.#settings = settings;
    this.#limits = { ...OFFICE_LIMITS, ...limits };
  }

  set settings(settings: EventSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#mailboxes.size;
  }

  /** What all letters take, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Numbers an event and keeps it. Null: there are too many controllers, and none of them can be forgotten. */
  take(owned: OwnedEvent, nowMs: number): Taken | null {
    const mailbox = this.of(owned.owner.controller, nowMs);
    if (mailbox === null) return null;
    const { events, bytes, allBytes } = this.#limits;
    const ways = owned.owner.ways.length > 0 ? owned.owner.ways : this.#settings.ways;
    const letter = mailbox.put(owned, ways, ++this.#arrivals, nowMs);
    this.#bytes += bytesOf(letter);
    while (mailbox.size > events || (mailbox.bytes > bytes && mailbox.size > 1)) this.#drop(mailbox);
    while (this.#bytes > allBytes) this.#drop(this.#largest());
    return { mailbox, letter };
  }

  find(controller: string): Mailbox | undefined {
    return this.#mailboxes.get(controller);
  }

  /** The mailbox of a controller, which begins here if it is new. Null: there are too many. */
  of(controller: string, nowMs: number): Mailbox | null {
    const present = this.#mailboxes.get(controller);
    if (present !== undefined) return present;
    if (this.#mailboxes.size >= this.#limits.controllers && !this.#forgetOne()) return null;
    const mailbox = new Mailbox(controller, this.#run);
    mailbox.usedAt = nowMs;
    this.#mailboxes.set(controller, mailbox);
    return mailbox;
  }

  /** Forgets what was kept for long enough. */
  expire(nowMs: number): void {
    const limit = nowMs - this.#settings.keepMs;
    for (const mailbox of this.#mailboxes.values()) {
      for (let oldest = mailbox.oldest; oldest !== undefined && oldest.takenAt <= limit; oldest = mailbox.oldest)
        this.#drop(mailbox);
    }
  }

  #drop(mailbox: Mailbox): void {
    const before = mailbox.bytes;
    mailbox.drop();
    this.#bytes -= before - mailbox.bytes;
  }

  /** Whoever keeps most loses first. */
  #largest(): Mailbox {
    let largest: Mailbox | null = null;
    for (const mailbox of this.#mailboxes.values()) if (mailbox.bytes >= (largest?.bytes ?? 0)) largest = mailbox;
    return largest!;
  }

  /** Forgets the controller that has not been used for longest, of those that nothing is kept for and that nobody waits for. */
  #forgetOne(): boolean {
    let oldest: Mailbox | null = null;
    for (const mailbox of this.#mailboxes.values()) {
      const isFree = mailbox.size === 0 && mailbox.readers.size === 0;
      if (isFree && mailbox.usedAt < (oldest?.usedAt ?? Number.POSITIVE_INFINITY)) oldest = mailbox;
    }
    return oldest !== null && this.#mailboxes.delete(oldest.controller);
  }
}
