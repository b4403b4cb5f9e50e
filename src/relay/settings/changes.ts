import { type NetworkTable, networkOfEnd } from '../networks/table.js';
import { lastPort, type PortRange } from '../portalloc/portTable.js';
import type { NamedNetwork, NetworkAddress, NetworkPolicy, Settings, Token } from './settings.js';

/** What the relay goes by: its settings, and the networks that came of them and of the command line. */
export type InForce = { readonly settings: Settings; readonly networks: NetworkTable };

/** `office: 10.0.0.1 advertised as 203.0.113.5, 2001:db8::1; ports 30000 to 39999`. `range`: of networks that have none of their own. */
export const describeNetwork = ({ name, addresses, ports }: NamedNetwork, range: PortRange): string =>
  `${name}: ${addresses.map(describeAddress).join(', ')}; ports ${describeRange(ports ?? range)}`;

const describeAddress = ({ host, advertised }: NetworkAddress): string =>
  advertised === null ? host : `${host} advertised as ${advertised}`;

const describeRange = (range: PortRange): string => `${range.first} to ${lastPort(range)}`;

/** What is different, a line each, for whoever has changed the settings file. Of secrets it is said that they are others, not what they are. */
export function describeChanges(before: InForce, after: InForce): string[] {
  const [old, now] = [before.settings, after.settings];
  return [
    ...networkChanges(before.networks.named, after.networks.named),
    ...change('default', before.networks.standard, after.networks.standard),
    ...change('bridge.internal', endOf(before, 'internal'), endOf(after, 'internal')),
    ...change('bridge.external', endOf(before, 'external'), endOf(after, 'external')),
    ...change('limits.calls', old.limits.calls, now.limits.calls),
    ...change('limits.calls-per-second', old.limits.callsPerSecond, now.limits.callsPerSecond),
    ...change('control.allow', list(old.control.allow), list(now.control.allow)),
    ...tokenChanges(old.control.tokens, now.control.tokens),
    ...change('control.tls.certificate', old.control.tls?.certificate, now.control.tls?.certificate),
    ...change('control.tls.key', old.control.tls?.key, now.control.tls?.key),
    ...change('control.tls.client-ca', old.control.tls?.clientCa, now.control.tls?.clientCa),
    ...(old.events.secret === now.events.secret ? [] : ['events.secret: another one']),
    ...change('events.ways', list(old.events.ways), list(now.events.ways)),
    ...change('events.silence', seconds(old.events.silenceMs), seconds(now.events.silenceMs)),
    ...change('events.keep', seconds(old.events.keepMs), seconds(now.events.keepMs)),
  ];
}

const endOf = ({ networks }: InForce, end: 'internal' | 'external'): string | undefined => networkOfEnd(networks, end)?.name;

type Shown = string | number | null | undefined;

const change = (what: string, old: Shown, now: Shown): string[] =>
  (old ?? null) === (now ?? null) ? [] : [`${what}: ${old ?? 'none'} -> ${now ?? 'none'}`];

const list = (texts: readonly string[]): string | null => (texts.length === 0 ? null : texts.join(', '));
const seconds = (ms: number | null): string | null => (ms === null ? null : `${ms / 1000} s`);

function networkChanges(before: readonly NamedNetwork[], after: readonly NamedNetwork[]): string[] {
  const find = (networks: readonly NamedNetwork[], name: string): NamedNetwork | undefined =>
    networks.find((network) => network.name === name);
  const addressesOf = ({ addresses }: NamedNetwork): string => addresses.map(describeAddress).join(', ');
  const rangeOf = ({ ports }: NamedNetwork): string => (ports === null ? 'of the relay' : describeRange(ports));
  const gone = before.filter(({ name }) => find(after, name) === undefined);
  return [
    ...after.flatMap((now) => {
      const old = find(before, now.name);
      if (old === undefined) return [`networks.${now.name}: new, ${addressesOf(now)}, ports ${rangeOf(now)}`];
      return [
        ...change(`networks.${now.name}.addresses`, addressesOf(old), addressesOf(now)),
        ...change(`networks.${now.name}.ports`, rangeOf(old), rangeOf(now)),
        ...change(`networks.${now.name}.policy`, policyOf(old.policy), policyOf(now.policy)),
      ];
    }),
    ...gone.map(({ name }) => `networks.${name}: gone; calls that stand on it go on`),
  ];
}

const policyOf = ({ latching, tos }: NetworkPolicy): string | null =>
  list([...(latching === null ? [] : [latching]), ...(tos === null ? [] : [`TOS ${tos}`])]);

function tokenChanges(before: readonly Token[], after: readonly Token[]): string[] {
  const find = (tokens: readonly Token[], name: string): Token | undefined => tokens.find((token) => token.name === name);
  return [
    ...after.flatMap(({ name, token }) => {
      const old = find(before, name);
      if (old === undefined) return [`control.tokens.${name}: new`];
      return old.token === token ? [] : [`control.tokens.${name}: another one`];
    }),
    ...before.filter(({ name }) => find(after, name) === undefined).map(({ name }) => `control.tokens.${name}: gone`),
  ];
}
