/** Who is done sooner need not be told how far he is. */
const PATIENCE_MS = 1000;
const REDRAW_MS = 100;
/** The clock is looked at after so many records. */
const RECORDS = 4096;
const BAR_WIDTH = 30;

export type ProgressScreen = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
};

/** How far the reading of a long log is, on a terminal: percentage and records a second, in one line that goes away. */
export class Progress {
  readonly #screen: ProgressScreen;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #drawnAtMs = 0;
  #isShown = false;
  #records = 0;
  #done = 0;
  #total = 0;

  /** `now`: milliseconds of any clock. */
  constructor(screen: ProgressScreen, now: () => number) {
    this.#screen = screen;
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** Another record has been dealt with. */
  count(): void {
    if (++this.#records % RECORDS === 0) this.#draw();
  }

  /** So many bytes of the log have been read. */
  reach(done: number, total: number): void {
    this.#done = done;
    this.#total = total;
    this.#draw();
  }

  /** Makes room for something else on the screen. */
  hide(): void {
    if (this.#isShown) this.#screen.write('\r\x1b[K');
    this.#isShown = false;
  }

  #draw(): void {
    if (this.#screen.isTTY !== true) return;
    const now = this.#now();
    const elapsedMs = now - this.#startedAtMs;
    if (elapsedMs < PATIENCE_MS || now - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = now;
    const part = this.#total > 0 ? Math.min(1, this.#done / this.#total) : 0;
    const filled = Math.round(part * BAR_WIDTH);
    const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
    const text = `${String(Math.floor(part * 100)).padStart(3)} % ${bar} ${Math.round((this.#records * 1000) / elapsedMs)} records/s`;
    this.#screen.write(`\r${text.slice(0, (this.#screen.columns || 80) - 1)}\x1b[K`);
    this.#isShown = true;
  }
}
