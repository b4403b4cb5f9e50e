import { NG_COMMANDS, type NgCommand } from '../../protocol/ng/request.js';

/** What one client has asked for, as far as that was counted. */
export type NgClientRow = {
  /** Its address, numeric. */
  readonly client: string;
  readonly byCommand: ReadonlyMap<NgCommand, number>;
  /** Requests that were answered with an error, those that were none among them. */
  readonly errors: number;
};

/** Of so many clients the requests are counted one by one; those of others only in the sums. */
export const MOST_NG_CLIENTS = 256;

/** Room for an address: IPv6 takes 45 characters. The first byte is how many there are. */
const NAME_BYTES = 48;
const COUNTS_AT = NAME_BYTES / 8;
const ERRORS_AT = COUNTS_AT + NG_COMMANDS.length;
/** In 64-bit floats. */
const ROW_STRIDE = ERRORS_AT + 1;
const HEADER_STRIDE = 1;

export const NG_CLIENTS_BYTES = (HEADER_STRIDE + MOST_NG_CLIENTS * ROW_STRIDE) * 8;

const PLACES = new Map(NG_COMMANDS.map((command, place) => [command, COUNTS_AT + place]));

/**
 * In shared memory, requests by client and command that a media thread has taken by sockets of its own: it writes, the main thread reads without a
 * message. It outlives the thread; the one in its place goes on counting.
 */
export class NgClientTable {
  readonly #counts: Float64Array;
  readonly #bytes: Uint8Array;
  /** How many rows are taken: raised when a row has its name. */
  readonly #taken: Int32Array;
  readonly #rows = new Map<string, number>();

  constructor(memory: ArrayBufferLike) {
    this.#counts = new Float64Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.#taken = new Int32Array(memory, 0, 1);
    for (let row = 0; row < this.#size; row++) this.#rows.set(this.#nameOf(row), row);
  }

  /** A request was answered. `command`: null where it was none. */
  count(client: string, command: NgCommand | null, isError: boolean): void {
    const row = this.#rows.get(client) ?? this.#begin(client);
    if (row === null) return;
    const base = baseOf(row);
    if (command !== null) this.#counts[base + PLACES.get(command)!]!++;
    if (isError) this.#counts[base + ERRORS_AT]!++;
  }

  /** As it stands now, in the order in which the clients came. */
  rows(): readonly NgClientRow[] {
    return Array.from({ length: this.#size }, (_, row) => {
      const base = baseOf(row);
      const byCommand = new Map([...PLACES].map(([command, place]) => [command, this.#counts[base + place]!]));
      return { client: this.#nameOf(row), byCommand, errors: this.#counts[base + ERRORS_AT]! };
    });
  }

  get #size(): number {
    return Atomics.load(this.#taken, 0);
  }

  /** Null: there are too many, or it has a name that no address has. */
  #begin(client: string): number | null {
    const row = this.#size;
    if (row >= MOST_NG_CLIENTS || client.length >= NAME_BYTES) return null;
    const start = baseOf(row) * 8;
    this.#bytes[start] = client.length;
    for (let i = 0; i < client.length; i++) this.#bytes[start + 1 + i] = client.charCodeAt(i);
    this.#rows.set(client, row);
    Atomics.store(this.#taken, 0, row + 1);
    return row;
  }

  #nameOf(row: number): string {
    const start = baseOf(row) * 8;
    return String.fromCharCode(...this.#bytes.subarray(start + 1, start + 1 + this.#bytes[start]!));
  }
}

const baseOf = (row: number): number => HEADER_STRIDE + row * ROW_STRIDE;
