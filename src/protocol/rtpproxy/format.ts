import { type Address, familyOf } from '../../../model/kernel/index.js';
import type { QueryCounter } from './command.js';

/** Whether an address stands for all of the host's: then a reply names the port only, and the client knows the host better. */
const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** The answer to U and L: `port`, `port address`, or `port address 6`. The 6 is mandatory for IPv6: clients write IP4 into SDP without it. */
export function formatLocal(local: Address): string {
  if (isWildcard(local.host)) return `${local.port}`;
  return familyOf(local.host) === 'IPv6' ? `${local.port} ${local.host} 6` : `${local.port} ${local.host}`;
}

/** The answer to Q: values in the order asked, or with `verbose` as `name=value`. */
export function formatCounters(values: readonly (readonly [QueryCounter, number])[], verbose: boolean): string {
  return values.map(([name, value]) => (verbose ? `${name}=${value}` : `${value}`)).join(' ');
}

export type Totals = {
  readonly sessionsCreated: number;
  readonly activeSessions: number;
  readonly packetsReceived: number;
  readonly packetsTransmitted: number;
};

/** The answer to I: five lines, with `load` a sixth; every session has two streams in rtpproxy's count. */
export function formatInfo(totals: Totals, load: number | null): string {
  const lines = [
    `sessions created: ${totals.sessionsCreated}`,
    `active sessions: ${totals.activeSessions}`,
    `active streams: ${totals.activeSessions * 2}`,
    `packets received: ${totals.packetsReceived}`,
    `packets transmitted: ${totals.packetsTransmitted}`,
  ];
  if (load !== null) lines.push(`average load: ${load.toFixed(6)}`);
  return lines.join('\n');
}
