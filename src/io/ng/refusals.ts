/** Why a client is refused whatever it shows. */
export const NOT_LISTED = 'its address is not among those that may';

const INTERVAL_MS = 60_000;

/** Tells of clients that were refused: at once, then at most once a minute, with how many there were meanwhile. */
export class RefusalLog {
  readonly #tell: (text: string) => void;
  #count = 0;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** `what`: the socket; `why` in a few words. */
  note(what: string, client: string, why: string, nowMs: number): void {
    this.#count++;
    if (nowMs < this.#nextMs) return;
    const others = this.#count > 1 ? ` (and ${this.#count - 1} more since the last such line)` : '';
    this.#tell(`NG socket ${what}: ${client} was refused: ${why}${others}`);
    this.#count = 0;
    this.#nextMs = nowMs + INTERVAL_MS;
  }
}
