/** Who is done sooner need not be told how far he is. */
const PATIENCE_MS = 1000;
const REDRAW_MS = 100;
const BAR_WIDTH = 30;

export type ProgressScreen = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
};

/** How far long work has got, on a terminal: one line that goes away. Whoever pipes stderr elsewhere is not told. */
export class ProgressLine {
  readonly #screen: ProgressScreen;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  #drawnAtMs = 0;
  #isShown = false;

  /** `now`: milliseconds of any clock. */
  constructor(screen: ProgressScreen, now: () => number) {
    this.#screen = screen;
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** So much of it is done, 0…1; null: nobody knows. `words`: what else is to be said, given how long it took so far, milliseconds. */
  show(part: number | null, words: (elapsedMs: number) => string): void {
    if (this.#screen.isTTY !== true) return;
    const now = this.#now();
    const elapsedMs = now - this.#startedAtMs;
    if (elapsedMs < PATIENCE_MS || now - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = now;
    const text = `${part === null ? '' : barOf(Math.min(1, part))}${words(elapsedMs)}`;
    this.#screen.write(`\r${text.slice(0, (this.#screen.columns || 80) - 1)}\x1b[K`);
    this.#isShown = true;
  }

  /** Makes room for something else on the screen. */
  hide(): void {
    if (this.#isShown) this.#screen.write('\r\x1b[K');
    this.#isShown = false;
  }
}

function barOf(part: number): string {
  const filled = Math.round(part * BAR_WIDTH);
  return `${String(Math.floor(part * 100)).padStart(3)} % [${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] `;
}

/** The clock is looked at after so many things done. */
const THINGS = 4096;

/** The same for the reading of large files: percentage and how much is done a second. */
export class Progress {
  readonly #line: ProgressLine;
  readonly #what: string;
  #things = 0;
  #done = 0;
  #total = 0;

  /** `now`: milliseconds of any clock. `what` is counted: `records`. */
  constructor(screen: ProgressScreen, now: () => number, what: string) {
    this.#line = new ProgressLine(screen, now);
    this.#what = what;
  }

  /** Another one has been dealt with. */
  count(): void {
    if (++this.#things % THINGS === 0) this.#draw();
  }

  /** So many bytes have been read. */
  reach(done: number, total: number): void {
    this.#done = done;
    this.#total = total;
    this.#draw();
  }

  /** Makes room for something else on the screen. */
  hide(): void {
    this.#line.hide();
  }

  #draw(): void {
    const part = this.#total > 0 ? this.#done / this.#total : 0;
    this.#line.show(part, (elapsedMs) => `${Math.round((this.#things * 1000) / elapsedMs)} ${this.#what}/s`);
  }
}
