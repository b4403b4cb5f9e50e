/** Something of a relay dies, without a word to anybody, and comes back by itself. */
export type Death = {
  /** The whole relay, or one of its media threads: they are counted round, so that any number means one. */
  readonly who: 'relay' | number;
  /** When: milliseconds after the step of the history began that it belongs to. */
  readonly afterMs: number;
  /** How long nothing is there in its place, milliseconds. */
  readonly downMs: number;
};

/**
 * A relay under test, whatever it is made of: the pure step, shards in a simulated world, or a process on UDP. The same histories are
 * played to all of them, and the same oracle judges what they answer.
 */
export interface Driver {
  /**
   * Has one control command carried out, its text without a cookie. Answers the reply without cookie and line feed. Whoever dies meanwhile
   * is asked again, with the same cookie; when it answers, all serve again.
   */
  send(command: string, deaths?: readonly Death[]): string | Promise<string>;
  /** Lets time pass without a command or a packet, at least until all serve again. */
  advance(ms: number, deaths?: readonly Death[]): void | Promise<void>;
  /** How many port pairs the relay holds: counted from the sockets, not asked of the relay. */
  heldPairs(): number | Promise<number>;
}
