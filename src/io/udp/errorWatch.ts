import type { EngineHost } from '../../media/engine.js';
import { drainErrors, keepErrors } from '../sys/errorQueue.js';

/** The rows of an engine of which it is to be known when the network says that nobody receives what they send. */
export class ErrorWatch {
  /** Row → 1 where it is watched: read with every packet. */
  readonly isWatched: Uint8Array;
  /** Row → 1 where there is something to tell. */
  readonly #isNews: Uint8Array;
  /** The rows with news, and perhaps some that had; what was found is told between packets, not in the middle of sending one. */
  readonly #news: number[] = [];

  constructor(rows: number) {
    this.isWatched = new Uint8Array(rows);
    this.#isNews = new Uint8Array(rows);
  }

  /** `fd`: the socket of the row. */
  add(row: number, fd: number): void {
    if (fd < 0 || this.isWatched[row] !== 0) return;
    keepErrors(fd);
    this.isWatched[row] = 1;
  }

  /** The row has lost its socket. */
  forget(row: number): void {
    this.isWatched[row] = 0;
    this.#isNews[row] = 0;
  }

  /** The socket of one row is now that of another. */
  move(from: number, to: number): void {
    this.isWatched[to] = this.isWatched[from]!;
    this.#isNews[to] = 0;
    if (this.#isNews[from] !== 0) this.#note(to);
    this.forget(from);
  }

  /** Empties the error queue of a watched row's socket. */
  drain(row: number, fd: number): void {
    if (drainErrors(fd) > 0) this.#note(row);
  }

  /** Tells what was found since the last time, each row once. */
  report(host: EngineHost): void {
    for (let row = this.#news.pop(); row !== undefined; row = this.#news.pop()) {
      if (this.#isNews[row] === 0) continue;
      this.#isNews[row] = 0;
      host.onUnreachable(row);
    }
  }

  #note(row: number): void {
    if (this.#isNews[row] !== 0) return;
    this.#isNews[row] = 1;
    this.#news.push(row);
  }
}
