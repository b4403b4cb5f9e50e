import { type Family, familyOf, ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { Network } from '../../../model/session/network.js';
import { isWildcard } from '../../protocol/rtpproxy/numericHost.js';
import type { NamedNetwork, NetworkAddress, NetworkPolicy } from '../settings/settings.js';
import type { RouteTo } from './choose.js';
import { addressOf, type NetworkTable, networkCalled, networkOfFamily, ownFamily } from './table.js';

/** What is asked of the place where a leg is to stand. */
export type NetworkWanted = {
  /** Null: the default, or another one that fits the rest. */
  readonly name: string | null;
  /** Null: as the network has it. */
  readonly family: Family | null;
  /**
   * The numeric host of the other side: where no name is given, the network counts from whose address the kernel would send to it, if that is
   * configured. Null: it is not known, or is not to matter.
   */
  readonly towards: string | null;
  /** Any whole number from 0: whose turn it is among several addresses of a family. */
  readonly turn: number;
};

export type NetworkFound = { readonly network: Network; readonly name: string; readonly policy: NetworkPolicy };

/**
 * The network of a leg, by its name. Of a wildcard address that advertises nothing, that address is advertised from which the kernel would send
 * to the other side, where it is known: nobody could send to `0.0.0.0`. The error is one line.
 */
export function chooseNamed(table: NetworkTable, wanted: NetworkWanted, routeTo: RouteTo): Result<NetworkFound, string> {
  const { name, towards, turn } = wanted;
  const local = towards === null ? null : routeTo(towards);
  const found = name === null ? unnamed(table, wanted, local) : named(table, name);
  if (!found.ok) return found;
  const network = found.value;
  const family = wanted.family ?? familyToward(network, name === null ? local : null);
  const address = atLocal(network, family, local) ?? addressOf(network, family, turn);
  if (address === undefined) return refuse(`network ${network.name} has no ${family} address`);
  return ok({ network: advertising(address, local), name: network.name, policy: network.policy });
}

function named(table: NetworkTable, name: string): Result<NamedNetwork, string> {
  const network = networkCalled(table, name);
  return network === undefined ? refuse(`no network is called ${name}: there are ${namesOf(table)}`) : ok(network);
}

const namesOf = ({ named }: NetworkTable): string => named.map(({ name }) => name).join(', ');

/** The way to the other side first, if it is asked for; then the default; then, where that has none of the family, another that does. */
function unnamed(table: NetworkTable, { family }: NetworkWanted, local: string | null): Result<NamedNetwork, string> {
  if (local !== null && (family === null || family === familyOf(local))) {
    const stands = ({ addresses }: NamedNetwork): boolean => addresses.some(({ host }) => host === local);
    const catchesAll = ({ addresses }: NamedNetwork): boolean =>
      addresses.some(({ host }) => isWildcard(host) && familyOf(host) === familyOf(local));
    const onTheWay = table.named.find(stands) ?? table.named.find(catchesAll);
    if (onTheWay !== undefined) return ok(onTheWay);
  }
  if (family === null) return named(table, table.standard);
  const network = networkOfFamily(table, family);
  return network === undefined ? refuse(`no network has an ${family} address: there are ${namesOf(table)}`) : ok(network);
}

/** A network that was chosen by the way to a host is entered by the address of that way. */
function familyToward(network: NamedNetwork, local: string | null): Family {
  const family = local === null ? null : familyOf(local);
  return family !== null && addressOf(network, family, 0) !== undefined ? family : ownFamily(network);
}

/** The address itself by which the kernel would send, if the network has it: only there no turns are taken. */
const atLocal = ({ addresses }: NamedNetwork, family: Family, local: string | null): NetworkAddress | undefined =>
  addresses.find(({ host }) => host === local && familyOf(host) === family);

const advertising = ({ host, advertised }: NetworkAddress, local: string | null): Network => ({
  host,
  advertised: advertised ?? (isWildcard(host) && local !== null && familyOf(local) === familyOf(host) ? local : null),
});
