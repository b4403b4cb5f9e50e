/** What an agenda holds. Both fields are the agenda's own. */
export type Appointment = {
  /** Milliseconds of the thread's clock. */
  atMs: number;
  /** Where it stands in the heap; -1: it is in no agenda. */
  place: number;
};

/**
 * Who is to be served when: a binary heap (Williams 1964), so that the next one is found without a look at the others, and times keep their
 * fractions of a millisecond. Entries know their places, so one is moved or struck off without a search. Leaves no garbage.
 */
export class Agenda<T extends Appointment> {
  readonly #heap: T[] = [];

  /** When the next one is due; Infinity: nobody is. */
  get nextMs(): number {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0]!.atMs;
  }

  /** Enters one, or moves it. */
  put(one: T, atMs: number): void {
    one.atMs = atMs;
    if (one.place < 0) {
      one.place = this.#heap.length;
      this.#heap.push(one);
    }
    this.#rise(one);
    this.#sink(one);
  }

  /** One that is not entered is left alone. */
  remove(one: T): void {
    const { place } = one;
    if (place < 0) return;
    const last = this.#heap.pop()!;
    one.place = -1;
    if (last === one) return;
    this.#set(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  /** The first that is due, taken out; null: nobody is. */
  takeDue(nowMs: number): T | null {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return null;
    this.remove(first);
    return first;
  }

  #rise(one: T): void {
    while (one.place > 0) {
      const above = this.#heap[(one.place - 1) >> 1]!;
      if (above.atMs <= one.atMs) return;
      this.#exchange(above, one);
    }
  }

  #sink(one: T): void {
    for (;;) {
      const left = this.#heap[2 * one.place + 1];
      const right = this.#heap[2 * one.place + 2];
      if (left === undefined) return;
      const below = right !== undefined && right.atMs < left.atMs ? right : left;
      if (below.atMs >= one.atMs) return;
      this.#exchange(one, below);
    }
  }

  #exchange(above: T, below: T): void {
    const { place } = above;
    this.#set(above, below.place);
    this.#set(below, place);
  }

  #set(one: T, place: number): void {
    this.#heap[place] = one;
    one.place = place;
  }
}
