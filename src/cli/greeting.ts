import { familyOf } from '../../model/kernel/index.js';
import type { Relay } from '../main.js';
import { isWildcard } from '../protocol/rtpproxy/numericHost.js';
import { formatControlAddress } from '../relay/controlAddress.js';
import { type Network, type NetworkTable, networkAt } from '../relay/networks/table.js';
import { formatNgAddress } from '../relay/ng/ngAddress.js';
import { lastPort } from '../relay/portalloc/portTable.js';
import { packageVersion } from './version.js';

/** Its address, and what else was said of it. */
function describeNetwork(network: Network, { bridge }: NetworkTable): string {
  const { host, advertised, label } = network;
  const place = isWildcard(host) ? `all ${familyOf(host)} addresses` : host;
  const role = network === bridge?.internal ? ' (internal)' : network === bridge?.external ? ' (external)' : '';
  return `${label === null ? '' : `${label} at `}${place}${advertised === null ? '' : `, advertised as ${advertised}`}${role}`;
}

/** What the relay says of itself once it serves. `isForced`: the engine was asked for by name. */
export function formatGreeting(relay: Relay, isForced: boolean): string {
  const { engine, refused } = relay.choice;
  const why = isForced
    ? 'as told'
    : refused.length > 0
      ? `others would not do: ${refused.join('; ')}`
      : 'it costs least per packet';
  const lines = relay.control.map((address) => `control      ${formatControlAddress(address)}`);
  for (const address of relay.ng) lines.push(`control      ${formatNgAddress(address)} (NG)`);
  for (const network of relay.networks.networks) {
    const range = networkAt(relay.networks, network)?.ports ?? relay.range;
    lines.push(`media        ${describeNetwork(network, relay.networks)}, ports ${range.first} to ${lastPort(range)}`);
  }
  lines.push(`engine       ${engine} on ${relay.workers} media thread${relay.workers === 1 ? '' : 's'} (${why})`);
  lines.push(`event log    ${relay.logFolder}`);
  if (relay.advice !== null) lines.push(`note         ${relay.advice}`);
  lines.push(`rtpbridge is ready (version ${packageVersion()}, process ${process.pid})`);
  return lines.join('\n');
}
