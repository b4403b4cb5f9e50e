import { type Family, ok, type Result, refuse } from '../../../model/kernel/index.js';
import { numericHost } from '../../protocol/rtpproxy/numericHost.js';
import { isAdvertisable, isNumeric, type ResolveHost, unbracketed } from './hosts.js';
import type { Network, NetworkTable } from './table.js';

/** A value of `-l` (IPv4) or `-6` (IPv6). */
export type NetworkEntry = { readonly family: Family; readonly text: string };

/** What `-l` and `-6` say. */
export type GivenNetworks = Pick<NetworkTable, 'networks' | 'bridge'>;

/** As rtpproxy; networks by `--network` and of the settings file are not counted. */
const MOST_NETWORKS = 16;

/** A network as it is written, its address not looked up yet. */
type Written = {
  /** For messages: the option and its value. */
  readonly shown: string;
  readonly family: Family;
  readonly name: string;
  readonly label: string | null;
  readonly advertised: string | null;
};

/** `bridged`: the first two are the internal and the external network. */
type Plan = { readonly networks: readonly Written[]; readonly bridged: boolean };

/**
 * Reads the values of `-l` and `-6` in the order given, and of `-A`. Each is `[label@]address[=advertised]`, the first of a family may be
 * `internal/external` with either left out (`-l A -6 /B`). A label may be given once for each family: it names a network of both. The error
 * names the option, the value and what was expected.
 */
export async function parseNetworks(
  entries: readonly NetworkEntry[],
  advertise: string | null,
  resolve: ResolveHost,
): Promise<Result<GivenNetworks, string>> {
  const plan = planOf(entries.length === 0 ? [{ family: 'IPv4', text: '*' }] : entries);
  if (!plan.ok) return plan;
  const advertised = advertisedBy(advertise, plan.value);
  if (!advertised.ok) return advertised;
  const networks: Network[] = [];
  for (const [i, written] of plan.value.networks.entries()) {
    const host = await hostOf(written, resolve);
    if (!host.ok) return host;
    networks.push({ host: host.value, advertised: advertised.value[i] ?? written.advertised, label: written.label });
  }
  const [internal, external, ...others] = networks;
  if (internal === undefined) return refuse('expected an address to listen on'); // No plan is empty.
  if (external === undefined) return ok({ networks: [internal], bridge: null });
  return ok({ networks: [internal, external, ...others], bridge: plan.value.bridged ? { internal, external } : null });
}

const flagOf = ({ family, text }: NetworkEntry): string => `${family === 'IPv4' ? '-l' : '-6'} ${text}`;

function planOf(entries: readonly NetworkEntry[]): Result<Plan, string> {
  const firsts = [entries.find(({ family }) => family === 'IPv4'), entries.find(({ family }) => family === 'IPv6')];
  for (const entry of entries)
    if (entry.text.includes('/') && !firsts.includes(entry))
      return refuse(`${flagOf(entry)}: expected one address, since only the first of a family may be INTERNAL/EXTERNAL`);
  const ends = firsts.some((entry) => entry?.text.includes('/')) ? bridgeOf(entries) : ok({ networks: [], used: [] });
  if (!ends.ok) return ends;
  const bridged = ends.value.networks.length > 0;
  const networks = [...ends.value.networks];
  for (const entry of entries) {
    if (ends.value.used.includes(entry)) continue;
    const written = parseWritten(entry);
    if (!written.ok) return written;
    networks.push(written.value);
  }
  if (networks.length > MOST_NETWORKS)
    return refuse(`-l and -6: expected at most ${MOST_NETWORKS} addresses, not ${networks.length}`);
  const problem = labelProblem(networks, bridged ? 2 : 1);
  return problem === null ? ok({ networks, bridged }) : refuse(problem);
}

type Ends = { readonly networks: readonly Written[]; readonly used: readonly NetworkEntry[] };

/** The internal and the external network: of the values with a slash, and the one without that gives the end still open. */
function bridgeOf(entries: readonly NetworkEntry[]): Result<Ends, string> {
  const ends: [Written | null, Written | null] = [null, null];
  const used: NetworkEntry[] = [];
  for (const entry of entries.filter(({ text }) => text.includes('/'))) {
    const parts = entry.text.split('/');
    if (parts.length !== 2 || parts.every((part) => part === '')) return refuse(`${flagOf(entry)}: expected INTERNAL/EXTERNAL`);
    for (const [i, part] of parts.entries()) {
      if (part === '') continue;
      if (/[@=]/.test(part))
        return refuse(`${flagOf(entry)}: expected addresses without label and =, which a bridge cannot have`);
      if (ends[i] !== null) return refuse(`${flagOf(entry)}: expected no second ${i === 0 ? 'internal' : 'external'} address`);
      ends[i] = { shown: flagOf(entry), family: entry.family, name: part, label: null, advertised: null };
    }
    used.push(entry);
  }
  const [plain] = entries.filter(({ text }) => !text.includes('/'));
  if (ends[0] === null && plain !== undefined) {
    if (/[@=]/.test(plain.text))
      return refuse(`${flagOf(plain)}: expected an address without label and =, which a bridge cannot have`);
    ends[0] = { shown: flagOf(plain), family: plain.family, name: plain.text, label: null, advertised: null };
    used.push(plain);
  }
  const [internal, external] = ends;
  if (internal !== null && external !== null) return ok({ networks: [internal, external], used });
  return refuse(
    `${used.map(flagOf).join(' ')}: expected an ${internal === null ? 'internal' : 'external'} address for the bridge too`,
  );
}

/** Neither what ends a label in a command, nor what parts the words of one. */
const LABEL = /^[^{}@=/\s]+$/;

function parseWritten(entry: NetworkEntry): Result<Written, string> {
  const shown = flagOf(entry);
  const [, label, name = '', advertised] = /^(?:([^@]*)@)?([^=]*)(?:=(.*))?$/s.exec(entry.text) ?? [];
  if (label !== undefined && !LABEL.test(label))
    return refuse(`${shown}: expected a label without { } @ = / and blanks before the @`);
  if (name === '') return refuse(`${shown}: expected an address, or * for all`);
  if (advertised !== undefined && !isAdvertisable(advertised))
    return refuse(`${shown}: expected an address or a host name to advertise behind the =`);
  return ok({
    shown,
    family: entry.family,
    name,
    label: label ?? null,
    advertised: advertised === undefined ? null : unbracketed(advertised),
  });
}

function labelProblem(networks: readonly Written[], unlabelled: number): string | null {
  const seen = new Set<string>();
  for (const [i, { shown, label, family }] of networks.entries()) {
    if (label === null && i >= unlabelled)
      return `${shown}: expected LABEL@${shown.slice(3)}, since it is not the default network`;
    if (label === null) continue;
    const taken = `${label}@${family}`;
    if (seen.has(taken)) return `${shown}: expected another label, since ${label} is taken`;
    seen.add(taken);
  }
  return null;
}

/** What `-A` says of the first networks. */
function advertisedBy(text: string | null, { networks, bridged }: Plan): Result<readonly (string | null)[], string> {
  if (text === null) return ok([]);
  const parts = text.split('/');
  const wanted = bridged ? 'two addresses, INTERNAL/EXTERNAL' : 'one address, since there is no bridge';
  if (parts.length !== (bridged ? 2 : 1)) return refuse(`-A ${text}: expected ${wanted}`);
  if (!parts.every(isAdvertisable))
    return refuse(`-A ${text}: expected ${bridged ? 'two addresses or host names' : 'an address or a host name'}`);
  const [first] = networks;
  if (first !== undefined && first.advertised !== null)
    return refuse(`-A ${text}: expected no second address to advertise for ${first.shown}`);
  return ok(parts.map(unbracketed));
}

async function hostOf({ shown, family, name }: Written, resolve: ResolveHost): Promise<Result<string, string>> {
  if (name === '*') return ok(family === 'IPv4' ? '0.0.0.0' : '::');
  const bare = family === 'IPv6' ? unbracketed(name) : name;
  const numeric = numericHost(bare, family);
  if (numeric !== null) return ok(numeric);
  const expected = `${shown}: expected an ${family} address`;
  if (isNumeric(bare) || /^[0-9.]+$/.test(bare)) return refuse(expected);
  const resolved = await resolve(bare, family);
  if (!resolved.ok) return refuse(`${shown}: ${resolved.error}`);
  const host = numericHost(resolved.value, family);
  return host === null ? refuse(`${expected}, not ${resolved.value}`) : ok(host);
}
