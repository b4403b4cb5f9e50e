import { setImmediate as loopTurn, setTimeout as pause } from 'node:timers/promises';
import { type Carrier, type Delivery, failed, type Notice } from './carrier.js';

/** Notices that wait for one listener; what comes beyond is dropped, so that a dead listener cannot fill the memory. */
const MAX_WAITING = 10_000;
/** Before each further attempt, milliseconds: a listener that is restarted is back by then, or has failed to start. */
const PAUSES_MS = [50, 250, 1_000];

/** Everything that goes to one listener: in order, one at a time, each tried four times. */
export class Outlet {
  readonly #name: string;
  readonly #carrier: Carrier;
  readonly #onWarning: (text: string) => void;
  readonly #waiting: Notice[] = [];
  readonly #ending = new AbortController();
  #work: Promise<void> | null = null;
  #overflow = 0;

  /** `name`: how warnings call the listener. */
  constructor(name: string, carrier: Carrier, onWarning: (text: string) => void) {
    this.#name = name;
    this.#carrier = carrier;
    this.#onWarning = onWarning;
  }

  get isIdle(): boolean {
    return this.#work === null;
  }

  send(notice: Notice): void {
    if (this.#waiting.length >= MAX_WAITING) {
      if (this.#overflow === 0) this.#warn(notice, `${MAX_WAITING} are waiting already (those that follow are counted)`);
      this.#overflow++;
      return;
    }
    this.#waiting.push(notice);
    this.#work ??= this.#deliverAll();
  }

  /** Goes on until everything is delivered or `limit` is fulfilled, then ends the connection. Says how much was not delivered. */
  async close(limit: Promise<void>): Promise<void> {
    await Promise.race([this.#work, limit]);
    this.#ending.abort();
    await this.#carrier.close();
    await this.#work;
    const left = this.#waiting.length;
    if (left > 0) this.#onWarning(`notify ${this.#name}: the relay ends, ${left} not delivered`);
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted;
  }

  async #deliverAll(): Promise<void> {
    // The loop looks at the connection once before it is used after a pause: a listener that has closed it is noticed, the line not lost.
    await loopTurn();
    for (let notice = this.#waiting[0]; notice !== undefined; notice = this.#waiting[0]) {
      await loopTurn(); // Also lets others work while a thousand calls time out.
      if (this.#isEnding) break;
      const delivery = await this.#deliver(notice);
      if (delivery.kind === 'failed' && this.#isEnding) break;
      if (delivery.kind !== 'delivered') this.#warn(notice, delivery.reason);
      this.#waiting.shift();
    }
    if (this.#overflow > 0) this.#onWarning(`notify ${this.#name}: ${this.#overflow} not delivered, too many had to wait`);
    this.#overflow = 0;
    this.#work = null;
  }

  async #deliver(notice: Notice): Promise<Delivery> {
    let delivery = await this.#carrier.deliver(notice);
    for (const ms of PAUSES_MS) {
      if (delivery.kind !== 'failed') break;
      try {
        await pause(ms, undefined, { signal: this.#ending.signal });
      } catch {
        return failed('the relay ends');
      }
      delivery = await this.#carrier.deliver(notice);
    }
    return delivery;
  }

  #warn(notice: Notice, reason: string): void {
    this.#onWarning(`notify ${this.#name}: ${JSON.stringify(notice.line)} not delivered: ${reason}`);
  }
}
