import { type Family, familyOf } from '../../../model/kernel/index.js';

/** A local address on which media sockets may stand. */
export type Network = {
  /** Numeric, without brackets; a wildcard stands for all addresses of its family. */
  readonly host: string;
  /** What replies name instead: numeric or a name. Null: the host itself. */
  readonly advertised: string | null;
  /** By which `l{label}` names it. */
  readonly label: string | null;
};

/** The configured networks. Plain data: it crosses threads. */
export type NetworkTable = {
  /** The default first; with bridging it is the internal one, and the external one the second. Never empty. */
  readonly networks: readonly [Network, ...Network[]];
  /** Which networks `i` and `e` name. Null: bridging is not configured. */
  readonly bridge: { readonly internal: Network; readonly external: Network } | null;
};

/** The network of a session that asks for none. */
export const defaultNetwork = (table: NetworkTable): Network => table.networks[0];

/** The network that `6` alone takes: the default one if it fits, else of the others the last. Undefined: there is none. */
export function networkOfFamily(table: NetworkTable, family: Family): Network | undefined {
  const isOfFamily = ({ host }: Network): boolean => familyOf(host) === family;
  const first = defaultNetwork(table);
  return first !== undefined && isOfFamily(first) ? first : table.networks.findLast(isOfFamily);
}

/** Whether a side that says neither `a` nor `s` is asymmetric: with bridging it is, unless that is turned off. */
export function defaultAsymmetric(
  options: { readonly forceAsymmetric: boolean; readonly bridgeSymmetric: boolean },
  table: NetworkTable,
): boolean {
  return options.forceAsymmetric || (table.bridge !== null && !options.bridgeSymmetric);
}
