import type { Address, Millis } from '../kernel/index.js';
import type { Tally } from './event.js';
import type { Network } from './network.js';
import type { Side } from './side.js';

/** All that `decide` may know besides the state: everything that would make it impure is handed in. */
export type Surroundings = {
  readonly now: Millis;
  /** A bound port pair, its RTP address; present when `legToOpen` asked for one and one was free. */
  readonly sparePort: Address | null;
  /** For new sessions. */
  readonly setupTtlMs: number;
  readonly ttlMs: number;
  readonly independentTtl: boolean;
  /** Where legs stand for which nothing else is asked. */
  readonly network: Network;
  /** The last command, or relayed packet of that side. */
  readonly heardAt: Readonly<Record<Side, Millis>>;
  /** A session whose last reference goes is held for so long. Left out: it ends at once. */
  readonly deleteGraceMs?: number;
  /** Until when another stream of the dialogue keeps this one alive. Left out: none does. */
  readonly keptUntil?: Millis;
  /** What has been counted so far; goes into the closing event. */
  readonly tally: Readonly<Record<Side, Tally>>;
};
