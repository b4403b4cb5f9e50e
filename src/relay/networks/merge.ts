import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { PortRange } from '../portalloc/portTable.js';
import type { NamedNetwork, Settings } from '../settings/settings.js';
import type { GivenNetworks } from './parse.js';
import { type Network, type NetworkTable, NO_POLICY, UNLABELLED } from './table.js';

/** Where networks come from. */
export type NetworkSources = {
  /** `-l`, `-6` and `-A`; null: nothing of them was given. */
  readonly given: GivenNetworks | null;
  /** `--network`, in the order of the command line. */
  readonly named: readonly NamedNetwork[];
  readonly settings: Pick<Settings, 'networks' | 'bridge' | 'standard'>;
};

/** The addresses of a network as the classic protocol sees them. */
type Group = { readonly network: NamedNetwork; readonly flat: readonly Network[] };

/**
 * Puts the networks of the command line and of the settings file together. The default is what the settings say, else that of `-l`, else the
 * internal end of a bridge, else the first. Refuses, in one line, what cannot be: two of one name, names that nobody has, two ranges of ports
 * for one address, and no network at all.
 */
export function mergeNetworks({ given, named, settings }: NetworkSources): Result<NetworkTable, string> {
  const groups = [...(given === null ? [] : groupsOf(given)), ...[...named, ...settings.networks].map(groupOf)];
  const problem = nameProblem(groups) ?? rangeProblem(groups.map(({ network }) => network));
  if (problem !== null) return refuse(problem);
  const names = groups.map(({ network }) => network.name);
  const [first] = groups;
  if (first === undefined) return refuse('expected a network: -l, --network, or one in the settings file');
  const bridge = settings.bridge ?? bridgeNames(given);
  const standard = settings.standard ?? (given === null ? (bridge?.internal ?? first.network.name) : first.network.name);
  for (const [role, name] of [...Object.entries(bridge ?? {}), ['default', standard] as const])
    if (!names.includes(name)) return refuse(`${role} ${name}: no network is called so: there are ${names.join(', ')}`);
  const firstOf = (name: string): Network => groups.find(({ network }) => network.name === name)!.flat[0]!;
  const [head, tail] = inOrder(groups, standard);
  return ok({
    networks: [head, ...tail],
    bridge: bridge === null ? null : { internal: firstOf(bridge.internal), external: firstOf(bridge.external) },
    named: groups.map(({ network }) => network),
    standard,
  });
}

/** The names of the networks that the command line gives. */
export const namesGiven = ({ given, named }: Pick<NetworkSources, 'given' | 'named'>): readonly string[] =>
  [...(given === null ? [] : groupsOf(given)), ...named.map(groupOf)].map(({ network }) => network.name);

/** `-l` and `-6` with one label are one network; those without are called by what they are. */
function groupsOf({ networks, bridge }: GivenNetworks): Group[] {
  const byLabel = new Map<string, Network[]>();
  const found: { readonly name: string; readonly flat: Network[] }[] = [];
  for (const network of networks) {
    const { label } = network;
    const same = label === null ? undefined : byLabel.get(label);
    if (same !== undefined) {
      same.push(network);
      continue;
    }
    const flat = [network];
    if (label !== null) byLabel.set(label, flat);
    const end = network === bridge?.internal ? 'internal' : network === bridge?.external ? 'external' : 'only';
    found.push({ name: label ?? UNLABELLED[end], flat });
  }
  return found.map(({ name, flat }) => ({
    network: { name, addresses: flat.map(({ host, advertised }) => ({ host, advertised })), ports: null, policy: NO_POLICY },
    flat,
  }));
}

const groupOf = (network: NamedNetwork): Group => ({
  network,
  flat: network.addresses.map((address) => ({ ...address, label: network.name })),
});

const bridgeNames = (given: GivenNetworks | null): Settings['bridge'] =>
  given === null || given.bridge === null ? null : { internal: UNLABELLED.internal, external: UNLABELLED.external };

function nameProblem(groups: readonly Group[]): string | null {
  const seen = new Set<string>();
  for (const { network } of groups) {
    if (seen.has(network.name)) return `network ${network.name}: expected another name, since there is one already`;
    seen.add(network.name);
  }
  return null;
}

/** The port pairs of an address are given out by one table. */
function rangeProblem(named: readonly NamedNetwork[]): string | null {
  const holders = new Map<string, NamedNetwork>();
  for (const network of named) {
    for (const { host } of network.addresses) {
      const other = holders.get(host) ?? network;
      if (!isSameRange(other.ports, network.ports))
        return `network ${network.name}: expected the same ports as ${other.name} has, since both stand on ${host}`;
      holders.set(host, network);
    }
  }
  return null;
}

const isSameRange = (a: PortRange | null, b: PortRange | null): boolean => a?.first === b?.first && a?.pairs === b?.pairs;

/** All addresses, those of the default network first. */
function inOrder(groups: readonly Group[], standard: string): readonly [Network, readonly Network[]] {
  const [head, ...tail] = [
    ...groups.filter(({ network }) => network.name === standard),
    ...groups.filter(({ network }) => network.name !== standard),
  ].flatMap(({ flat }) => flat);
  return [head!, tail];
}
