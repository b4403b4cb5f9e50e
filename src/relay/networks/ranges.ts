import { type Family, familyOf } from '../../../model/kernel/index.js';
import { isAnyHeld, type PortRange } from '../portalloc/portTable.js';
import type { OwnPorts, OwnRange } from '../portalloc/portTables.js';
import type { NetworkTable } from './table.js';

/** The addresses that have ports of their own, each once. */
export function ownRanges({ named }: Pick<NetworkTable, 'named'>): readonly OwnRange[] {
  const ranges = new Map<string, OwnRange>();
  for (const { addresses, ports } of named) {
    if (ports === null) continue;
    for (const { host } of addresses) ranges.set(host, { host, range: ports });
  }
  return [...ranges.values()];
}

/**
 * Of the ports that addresses had (`known`) those whose address is in no network any more, but calls stand there still: what such a call opens
 * yet, for a media line that is added or a party that moves, is to come from where firewalls expect it.
 */
export function rangesLeft<T extends OwnPorts>(known: readonly T[], { named }: Pick<NetworkTable, 'named'>): readonly T[] {
  const hosts = new Set(named.flatMap(({ addresses }) => addresses.map(({ host }) => host)));
  return known.filter(({ host, range, memory }) => !hosts.has(host) && isAnyHeld(range, memory));
}

/** Pairs of all ranges together. `standard`: the range of those addresses that have none of their own, one for each family. */
export function allPairs(table: Pick<NetworkTable, 'named'>, standard: PortRange): number {
  const families = new Set<Family>();
  for (const { addresses, ports } of table.named)
    if (ports === null) for (const { host } of addresses) families.add(familyOf(host));
  // Also where every network has its own: a command may name an address that is not configured.
  const shared = standard.pairs * Math.max(1, families.size);
  return ownRanges(table).reduce((sum, { range }) => sum + range.pairs, shared);
}
