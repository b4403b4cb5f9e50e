import { isAdvertisable, readHost, unbracketed } from '../networks/hosts.js';
import { NO_POLICY } from '../networks/table.js';
import { A_NAME, isNetworkName } from '../networks/written.js';
import { type PortRange, portRange } from '../portalloc/portTable.js';
import { nearestName } from './nearest.js';
import { isFields } from './placed.js';
import type { Fields, SettingsReader, Spot } from './reader.js';
import type { NamedNetwork, NetworkAddress, NetworkPolicy, Settings } from './settings.js';
import type { SettingsWorld } from './world.js';

const LAST_PORT = 65_535;
const MAX_TOS = 255;

/** The networks of the settings, in their order, and which of them are the default and the ends of the bridge. */
export async function readNetworks(
  reader: SettingsReader,
  fields: Fields,
  world: SettingsWorld,
): Promise<Pick<Settings, 'networks' | 'bridge' | 'standard'>> {
  const networks: NamedNetwork[] = [];
  const spot = fields.at('networks');
  const entries = spot === null ? null : reader.entries(spot, 'a map of names to networks');
  for (const [name, node] of entries ?? []) {
    const network = await readNetwork(reader, { path: [...spot!.path, name], node }, name, world);
    if (network !== null) networks.push(network);
  }
  complainOfRanges(reader, spot, networks);
  // Also those that are not right: whoever names them means them.
  const names = [...world.given, ...(entries?.keys() ?? [])];
  const nameOf = (at: Spot): string | null => readName(reader, at, names);
  return { networks, standard: fields.read('default', nameOf), bridge: readBridge(reader, fields, nameOf) };
}

async function readNetwork(reader: SettingsReader, spot: Spot, name: string, world: SettingsWorld): Promise<NamedNetwork | null> {
  if (!isNetworkName(name)) reader.complain(spot, `expected ${A_NAME}`);
  if (world.given.includes(name))
    reader.complain(spot, 'expected another name, since the command line has a network of this one');
  const fields = reader.fields(spot, ['addresses', 'ports', 'policy']);
  if (fields === null) return null;
  const at = fields.at('addresses');
  if (at === null) reader.complain(spot, 'expected addresses');
  const addresses: NetworkAddress[] = [];
  for (const each of at === null ? [] : reader.list(at)) {
    const address = await readAddress(reader, each, world);
    if (address === null) continue;
    if (addresses.some(({ host }) => host === address.host)) reader.refuse(each, 'expected each address once');
    addresses.push(address);
  }
  if (at !== null && Array.isArray(at.node.value) && at.node.value.length === 0) reader.complain(at, 'expected an address');
  const ports = fields.read('ports', (range) => readPorts(reader, range));
  const policy = fields.read('policy', (of) => readPolicy(reader, of)) ?? NO_POLICY;
  return addresses.length === 0 ? null : { name, addresses, ports, policy };
}

/** `10.0.0.1`, or `{address: 10.0.0.1, advertised: 203.0.113.5}`. */
async function readAddress(reader: SettingsReader, spot: Spot, world: SettingsWorld): Promise<NetworkAddress | null> {
  const fields = isFields(spot.node.value) ? reader.fields(spot, ['address', 'advertised']) : null;
  const at = fields === null ? spot : fields.at('address');
  if (at === null) {
    reader.complain(spot, 'expected address');
    return null;
  }
  const advertised = fields?.read('advertised', (of) => readAdvertised(reader, of)) ?? null;
  const text = reader.text(at, 'an IPv4 or IPv6 address');
  if (text === null) return null;
  const host = await readHost(text, world.resolve);
  if (!host.ok) return reader.refuse(at, host.error);
  const problem = await world.bindProblem(host.value);
  if (problem !== null) return reader.refuse(at, problem);
  return { host: host.value, advertised };
}

function readAdvertised(reader: SettingsReader, spot: Spot): string | null {
  const expected = 'an address or a host name';
  const text = reader.text(spot, expected);
  if (text === null) return null;
  return isAdvertisable(text) ? unbracketed(text) : reader.refuse(spot, `expected ${expected}`);
}

/** `30000-39999`: the pairs in it, as `-m` and `-M` have them. */
export function readPorts(reader: SettingsReader, spot: Spot): PortRange | null {
  const expected = `expected LOWEST-HIGHEST, two ports from 1 to ${LAST_PORT} such as 30000-39999`;
  const [, low, high] = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(String(spot.node.value)) ?? [];
  const [min, max] = [Number(low), Number(high)];
  // Also where no number was given.
  if (!(min >= 1 && max <= LAST_PORT && min <= max)) return reader.refuse(spot, expected);
  const range = portRange(min, max);
  return range.pairs > 0 ? range : reader.refuse(spot, 'expected a range that holds an even port with its odd neighbour');
}

function readPolicy(reader: SettingsReader, spot: Spot): NetworkPolicy | null {
  const fields = reader.fields(spot, ['latching', 'tos']);
  if (fields === null) return null;
  return {
    latching: fields.read('latching', (at) => reader.oneOf(at, ['symmetric', 'asymmetric'] as const)),
    tos: fields.read('tos', (at) => reader.number(at, { least: 0, most: MAX_TOS, isWhole: true })),
  };
}

function readBridge(reader: SettingsReader, fields: Fields, nameOf: (at: Spot) => string | null): Settings['bridge'] {
  const spot = fields.at('bridge');
  const ends = spot === null ? null : reader.fields(spot, ['internal', 'external']);
  if (ends === null) return null;
  const [internal, external] = [ends.need('internal', nameOf), ends.need('external', nameOf)];
  return internal === null || external === null ? null : { internal, external };
}

function readName(reader: SettingsReader, spot: Spot, names: readonly string[]): string | null {
  const name = reader.text(spot, 'the name of a network');
  if (name === null || names.includes(name)) return name;
  const near = nearestName(name, names);
  const there = names.length === 0 ? 'there is none' : `there are ${names.join(', ')}`;
  return reader.refuse(spot, `no network is called so: ${there}${near === null ? '' : `; did you mean ${near}?`}`);
}

/** The port pairs of an address are given out by one table. */
function complainOfRanges(reader: SettingsReader, spot: Spot | null, networks: readonly NamedNetwork[]): void {
  const holders = new Map<string, NamedNetwork>();
  for (const network of networks) {
    for (const { host } of network.addresses) {
      const other = holders.get(host) ?? network;
      holders.set(host, network);
      if (other.ports?.first === network.ports?.first && other.ports?.pairs === network.ports?.pairs) continue;
      const entries = spot?.node.value;
      const node = entries !== undefined && isFields(entries) ? entries.get(network.name) : undefined;
      if (node === undefined) continue;
      const at = { path: ['networks', network.name], node };
      reader.complain(at, `expected the same ports as ${other.name} has, since both stand on ${host}`);
    }
  }
}
