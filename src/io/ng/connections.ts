import type { NgDictionary } from '../../protocol/ng/value.js';
import type { EventConnections } from '../../relay/callEvents/ports.js';
import type { NgConnection } from './connection.js';

/** Of TCP and WebSockets together; the next one is closed at once. */
const MAX_CONNECTIONS = 512;

/** All connections of the listeners, by the names that `NgOrigin.connection` has. Names are not used twice. */
export class NgConnections implements EventConnections {
  readonly #open = new Map<string, NgConnection>();
  readonly #listeners: ((connection: string) => void)[] = [];
  #named = 0;
  #isResting = false;
  #onLast: () => void = () => {};

  /** No more are taken. */
  get isFull(): boolean {
    return this.#isResting || this.#open.size >= MAX_CONNECTIONS;
  }

  get size(): number {
    return this.#open.size;
  }

  /** `kind`: `tcp`, `ws`, … */
  nextName(kind: string): string {
    return `${kind}/${++this.#named}`;
  }

  add(connection: NgConnection): void {
    this.#open.set(connection.name, connection);
  }

  /** It has closed. */
  remove(connection: NgConnection): void {
    connection.closed();
    if (!this.#open.delete(connection.name)) return;
    for (const listener of this.#listeners) listener(connection.name);
    if (this.#open.size === 0) this.#onLast();
  }

  send(connection: string, cookie: string, event: NgDictionary): boolean {
    return this.#open.get(connection)?.push(cookie, event) ?? false;
  }

  isOpen(connection: string): boolean {
    return this.#open.get(connection)?.isOpen ?? false;
  }

  buffered(connection: string): number {
    return this.#open.get(connection)?.buffered() ?? 0;
  }

  onClosed(listener: (connection: string) => void): void {
    this.#listeners.push(listener);
  }

  judgeAgain(): void {
    for (const connection of this.#open.values()) connection.judgeAgain();
  }

  /** Takes no more requests. What was asked before is still answered, and events go out. */
  rest(): void {
    this.#isResting = true;
    for (const connection of this.#open.values()) connection.rest();
  }

  /** The relay ends: each is closed when everything is sent. Fulfilled when all are, if their clients go along. */
  finish(): Promise<void> {
    return new Promise((done) => {
      this.#onLast = done;
      for (const connection of this.#open.values()) connection.finish();
      if (this.#open.size === 0) done();
    });
  }

  /** At once. */
  close(): void {
    for (const connection of this.#open.values()) connection.close();
  }
}
