/**
 * A map that knows which of its entries was set first, at no cost: a `Map` that is asked from its beginning skips the place of every entry
 * that was deleted there since it was last laid out anew, a hundred thousand of them and more.
 */
export class AgingMap<V extends object> {
  readonly #entries = new Map<string, V>();
  #walk: IterableIterator<[string, V]> | null = null;
  #oldest: readonly [key: string, value: V] | null = null;

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** What is set again is the youngest again. `value`: an object of its own. */
  set(key: string, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    if (this.#entries.delete(key) && this.#oldest !== null && this.#oldest[0] === key) this.#oldest = null;
  }

  /** The entry that was set before all others; null if there is none. */
  oldest(): readonly [key: string, value: V] | null {
    if (this.#oldest !== null) return this.#oldest;
    this.#walk ??= this.#entries.entries();
    const next = this.#walk.next();
    if (next.done === true)
      this.#walk = null; // Every entry was passed, so every one is gone.
    else this.#oldest = next.value;
    return this.#oldest;
  }
}
