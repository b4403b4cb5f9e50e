import type { Session } from './session.js';

/** Which session stands in which slot of its shard. */
export class Slots {
  readonly #limit: number;
  readonly #sessions: (Session | undefined)[] = [];
  readonly #free: number[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** No slot from here on was ever taken. */
  get used(): number {
    return this.#used;
  }

  /** A slot that nobody has, or null. */
  take(): number | null {
    return this.#free.pop() ?? (this.#used < this.#limit ? this.#used++ : null);
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  /** Takes certain slots, before any other is taken. */
  reserve(slots: ReadonlySet<number>): void {
    this.#used = Math.max(0, ...[...slots].map((slot) => slot + 1));
    for (let slot = 0; slot < this.#used; slot++) if (!slots.has(slot)) this.#free.push(slot);
  }

  at(slot: number): Session | undefined {
    return this.#sessions[slot];
  }

  put(session: Session): void {
    this.#sessions[session.slot] = session;
  }

  /** The session has ended; its slot is given back. */
  remove({ slot }: Session): void {
    this.#sessions[slot] = undefined;
    this.give(slot);
  }
}
