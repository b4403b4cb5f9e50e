/**
 * Keeps the commands of a call in order: where something has to be found out before one of them can be carried out, those behind it wait.
 * Calls do not wait for each other.
 */
export class CallOrder {
  /** Call → what waits behind the command that is being prepared. */
  readonly #held = new Map<string, (() => void)[]>();

  /** Has `prepare` find something out, and then `go` done with it; `prepare` null: nothing is to be found out. */
  take<T>(call: string, prepare: ((found: (value: T) => void) => void) | null, nothing: T, go: (value: T) => void): void {
    const waiting = this.#held.get(call);
    if (waiting !== undefined) {
      waiting.push(() => this.take(call, prepare, nothing, go));
      return;
    }
    if (prepare === null) {
      go(nothing);
      return;
    }
    this.#held.set(call, []);
    prepare((value) => {
      const held = this.#held.get(call) ?? [];
      this.#held.delete(call);
      go(value);
      // The first of them may hold up the others again.
      for (const act of held) act();
    });
  }
}
