/** What of the configuration the grammar of a command depends on: some modifiers are errors where nothing stands behind them. */
export type Grammar = {
  /** An internal and an external network are configured: `e` and `i` are allowed. */
  readonly bridging: boolean;
  /** Some network is IPv6: `6` alone is allowed. */
  readonly ipv6: boolean;
  /** Some notification socket is permitted: a U may ask for notifications. */
  readonly notify: boolean;
  /** Whether a network has this label, which `l{label}` may name. */
  hasLabel(label: string): boolean;
  /** How many instances of this module there are: `M<id>:1` up to `M<id>:<so many>` may be named. */
  moduleInstances(id: number): number;
};

/** A relay with one IPv4 network, no notifications and no modules. */
export const PLAIN_GRAMMAR: Grammar = {
  bridging: false,
  ipv6: false,
  notify: false,
  hasLabel: () => false,
  moduleInstances: () => 0,
};
