/** Longer Call-IDs are not remembered. */
const LONGEST_CALL = 1020;
/** How long it is, then the Call-ID, one byte a character. */
export const CALL_IN_HAND_BYTES = 4 + LONGEST_CALL;

/** In shared memory, the call whose request a media thread is carrying out: what is found there when it has died, it has died over. */
export class CallInHand {
  readonly #length: Int32Array;
  readonly #text: Buffer;

  constructor(memory: SharedArrayBuffer) {
    this.#length = new Int32Array(memory, 0, 1);
    this.#text = Buffer.from(memory, 4);
  }

  /** Null: it is done with. */
  note(call: string | null): void {
    this.#length[0] = call === null || call.length > LONGEST_CALL ? 0 : this.#text.write(call, 'latin1');
  }

  /** What a dead thread had in hand, which is forgotten hereby; null: nothing. */
  take(): string | null {
    const length = this.#length[0]!;
    this.#length[0] = 0;
    return length === 0 ? null : this.#text.toString('latin1', 0, length);
  }
}
