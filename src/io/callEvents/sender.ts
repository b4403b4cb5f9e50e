import { setImmediate as loopTurn, setTimeout as pause } from 'node:timers/promises';
import type { Mailbox, Parcel, Reader } from '../../relay/callEvents/mailbox.js';
import { type Delivery, failed } from '../notify/carrier.js';

/** Before each further attempt, milliseconds; the last one stays. A receiver that was restarted is back soon, one that is down for long is not pestered. */
export const PAUSES_MS: readonly number[] = [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 15_000];

/** Between two warnings of one way. */
const WARNING_PAUSE_MS = 10_000;

/** The way to one receiver. Never throws and never rejects. */
export interface EventCarrier {
  /** One attempt, over after some seconds at the latest. The next one begins when it is over. */
  deliver(parcel: Parcel, mailbox: Mailbox): Promise<Delivery>;
  /** An attempt that is under way fails. Soon over. */
  close(): Promise<void>;
}

export type SenderWorld = {
  readonly clock: () => number;
  readonly warn: (text: string) => void;
  readonly pausesMs: readonly number[];
};

/**
 * Everything that goes one way, of all controllers that use it: in the order in which it happened, one at a time, each tried until it has
 * arrived, was refused, or is not kept any more. It holds no events itself, so a receiver that is dead costs what is kept anyhow.
 */
export class Sender {
  readonly #name: string;
  readonly #carrier: EventCarrier;
  readonly #world: SenderWorld;
  readonly #readers = new Set<Reader>();
  readonly #ending = new AbortController();
  #work: Promise<void> | null = null;
  #attempts = 0;
  #failingSince: number | null = null;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  /** `name`: how warnings call the receiver. */
  constructor(name: string, carrier: EventCarrier, world: SenderWorld) {
    this.#name = name;
    this.#carrier = carrier;
    this.#world = world;
  }

  /** Nothing waits, and nothing is under way. */
  get isIdle(): boolean {
    return this.#work === null;
  }

  add(reader: Reader): void {
    this.#readers.add(reader);
    this.wake();
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader);
  }

  /** One of the readers may have something new. */
  wake(): void {
    if (!this.#isEnding) this.#work ??= this.#deliverAll();
  }

  /** Goes on until everything is delivered or `limit` is fulfilled, then ends the connection. Says how much was not delivered. */
  async close(limit: Promise<void>): Promise<void> {
    await Promise.race([this.#work, limit]);
    this.#ending.abort();
    await this.#carrier.close();
    await this.#work;
    let left = 0;
    for (const reader of this.#readers) left += reader.waiting();
    if (left > 0) this.#world.warn(`events to ${this.#name}: the relay ends, ${left} not delivered`);
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #deliverAll(): Promise<void> {
    // The loop looks at the connection before it is used again: a receiver that has closed it is noticed. And others can work meanwhile.
    await loopTurn();
    for (let next = this.#next(); next !== null && !this.#isEnding; next = this.#next()) {
      const { reader, parcel } = next;
      reader.take();
      const delivery = await this.#carrier.deliver(parcel, reader.mailbox).catch((error: Error) => failed(error.message));
      this.#settle(reader, parcel, delivery);
      if (delivery.kind === 'failed') await this.#pause();
      else await loopTurn();
    }
    this.#work = null;
  }

  /** What happened first of all that waits. */
  #next(): { readonly reader: Reader; readonly parcel: Parcel } | null {
    let first: { reader: Reader; parcel: Parcel } | null = null;
    for (const reader of this.#readers) {
      const parcel = reader.peek();
      if (parcel !== undefined && parcel.arrival < (first?.parcel.arrival ?? Number.POSITIVE_INFINITY))
        first = { reader, parcel };
    }
    return first;
  }

  #settle(reader: Reader, parcel: Parcel, delivery: Delivery): void {
    const { controller } = reader.mailbox;
    if (delivery.kind === 'failed') {
      reader.fail();
      if (this.#isEnding) return;
      this.#failingSince ??= this.#world.clock();
      // Once is nothing: a receiver may close a connection that was idle just when it is used.
      if (this.#attempts === 1) this.#warn(`${delivery.reason}; it is tried again`);
      return;
    }
    reader.settle(parcel);
    if (this.#failingSince !== null && this.#attempts > 1) {
      const seconds = Math.round((this.#world.clock() - this.#failingSince) / 1000);
      this.#world.warn(`events to ${this.#name}: taken again after ${seconds} s`);
    }
    this.#attempts = 0;
    this.#failingSince = null;
    if (delivery.kind === 'refused') this.#warn(`${parcel.event} ${parcel.seq} of ${controller} refused: ${delivery.reason}`);
    if (parcel.letter === null) this.#warn(`some of ${controller} up to ${parcel.seq} are lost, they had to wait too long`);
  }

  async #pause(): Promise<void> {
    const { pausesMs } = this.#world;
    const ms = pausesMs[Math.min(this.#attempts++, pausesMs.length - 1)] ?? 0;
    // Who ends does not wait.
    await pause(ms, undefined, { signal: this.#ending.signal }).catch(() => {});
  }

  /** A receiver that refuses everything must not fill the log. */
  #warn(text: string): void {
    const now = this.#world.clock();
    if (now - this.#warnedAt < WARNING_PAUSE_MS) {
      this.#unsaid++;
      return;
    }
    const more = this.#unsaid > 0 ? ` (and ${this.#unsaid} more like it before)` : '';
    this.#warnedAt = now;
    this.#unsaid = 0;
    this.#world.warn(`events to ${this.#name}: ${text}${more}`);
  }
}
