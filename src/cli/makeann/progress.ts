import { ProgressLine, type ProgressScreen } from '../progress.js';

/** How much of a long recording is encoded, on a terminal. */
export class EncodingProgress {
  readonly #line: ProgressLine;

  /** `now`: milliseconds of any clock. */
  constructor(screen: ProgressScreen, now: () => number) {
    this.#line = new ProgressLine(screen, now);
  }

  /** So many seconds are encoded of so many; 0: nobody knows of how many. */
  reach(doneS: number, totalS: number): void {
    this.#line.show(totalS > 0 ? doneS / totalS : null, () => `${Math.floor(doneS)} s encoded`);
  }

  /** Makes room for something else on the screen. */
  hide(): void {
    this.#line.hide();
  }
}
