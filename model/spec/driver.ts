/**
 * A relay under test, whatever it is made of: the pure step, shards in a simulated world, or a process on UDP. The same histories are
 * played to all of them, and the same oracle judges what they answer.
 */
export interface Driver {
  /** Has one control command carried out, its text without a cookie. Answers the reply without cookie and line feed. */
  send(command: string): string | Promise<string>;
  /** Lets time pass without a command or a packet. */
  advance(ms: number): void | Promise<void>;
  /** How many port pairs the relay holds: counted from the sockets, not asked of the relay. */
  heldPairs(): number | Promise<number>;
}
