import { type Family, familyOf } from '../../../model/kernel/index.js';
import type { NamedNetwork, NetworkAddress, NetworkPolicy } from '../settings/settings.js';

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
  /** Every address. The default first; with bridging by `-l` it is the internal one, and the external one the second. Never empty. */
  readonly networks: readonly [Network, ...Network[]];
  /** Which networks `i` and `e` name, each by its first address. Null: bridging is not configured. */
  readonly bridge: { readonly internal: Network; readonly external: Network } | null;
  /** The same addresses by the names of their networks. Never empty, and no name is there twice. */
  readonly named: readonly NamedNetwork[];
  /** The name of the network of legs for which none is named. */
  readonly standard: string;
};

export const NO_POLICY: NetworkPolicy = { latching: null, tos: null };

/** What networks are called that have no label: the only one of `-l`, and the ends of a bridge. */
export const UNLABELLED = { only: 'default', internal: 'internal', external: 'external' } as const;

/** The address of a session that asks for none. */
export const defaultNetwork = (table: NetworkTable): Network => table.networks[0];

export const networkCalled = (table: NetworkTable, name: string): NamedNetwork | undefined =>
  table.named.find((network) => network.name === name);

/** The network that an address belongs to: of several on one host the one that advertises the same. Undefined: it is not configured. */
export function networkAt(table: NetworkTable, { host, advertised }: NetworkAddress): NamedNetwork | undefined {
  const stand = table.named.filter(({ addresses }) => addresses.some((address) => address.host === host));
  return stand.find(({ addresses }) => addresses.some((address) => isSame(address, { host, advertised }))) ?? stand[0];
}

/** The network that `i` or `e` means: of several on its address the one that was named. Undefined: bridging is not configured. */
export function networkOfEnd(table: NetworkTable, end: 'internal' | 'external'): NamedNetwork | undefined {
  const network = table.bridge?.[end];
  if (network === undefined) return undefined;
  return (network.label === null ? undefined : networkCalled(table, network.label)) ?? networkAt(table, network);
}

/** Whether any network has this address. */
export const isConfigured = ({ named }: NetworkTable, host: string): boolean =>
  named.some(({ addresses }) => addresses.some((address) => address.host === host));

const isSame = (a: NetworkAddress, b: NetworkAddress): boolean => a.host === b.host && a.advertised === b.advertised;

/**
 * An address of a network: one of the family, of several the one whose turn it is (`turn`: any whole number from 0). Undefined: it has none of
 * that family.
 */
export function addressOf({ addresses }: NamedNetwork, family: Family, turn: number): NetworkAddress | undefined {
  const fitting = addresses.filter(({ host }) => familyOf(host) === family);
  return fitting[turn % fitting.length];
}

/** The family of a network's addresses where none is asked for: IPv4 if it has such. */
export const ownFamily = ({ addresses }: NamedNetwork): Family =>
  addresses.some(({ host }) => familyOf(host) === 'IPv4') ? 'IPv4' : 'IPv6';

/** The network that `6` alone takes: the default one if it has such an address, else of the others the last. Undefined: there is none. */
export function networkOfFamily(table: NetworkTable, family: Family): NamedNetwork | undefined {
  const hasFamily = ({ addresses }: NamedNetwork): boolean => addresses.some(({ host }) => familyOf(host) === family);
  const standard = networkCalled(table, table.standard);
  return standard !== undefined && hasFamily(standard) ? standard : table.named.findLast(hasFamily);
}

/** Whether a side that says neither `a` nor `s` is asymmetric: with bridging it is, unless that is turned off. */
export function defaultAsymmetric(
  options: { readonly forceAsymmetric: boolean; readonly bridgeSymmetric: boolean },
  table: NetworkTable,
): boolean {
  return options.forceAsymmetric || (table.bridge !== null && !options.bridgeSymmetric);
}
