import type { NgHandler, NgOrigin } from './ngOrigin.js';

/** More than these do not wait. */
const MOST_WAITING = 10_000;

type Waiting = { readonly payload: string; readonly origin: NgOrigin; readonly answer: (reply: string) => void };

/**
 * Keeps the requests that come before anybody can carry them out: media threads serve their sockets a moment before the main thread does. One that
 * was dropped would not be answered at all, since its repetitions are taken for those of a request that is under way.
 */
export class EarlyRequests {
  #handler: NgHandler | null = null;
  #waiting: Waiting[] = [];

  readonly handle: NgHandler = (payload, origin, answer) => {
    if (this.#handler !== null) this.#handler(payload, origin, answer);
    else if (this.#waiting.length < MOST_WAITING) this.#waiting.push({ payload, origin, answer });
  };

  /** `handler` carries out what has come, in its order, and all that comes. */
  serve(handler: NgHandler): void {
    this.#handler = handler;
    for (const { payload, origin, answer } of this.#waiting.splice(0)) handler(payload, origin, answer);
  }
}
