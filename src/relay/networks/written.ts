import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { NamedNetwork, NetworkAddress } from '../settings/settings.js';
import { isAdvertisable, type ResolveHost, readHost, unbracketed } from './hosts.js';
import { NO_POLICY } from './table.js';

/** What `--network` and the settings file may call a network: `l{…}` and the flags of NG must be able to say it. */
const NAME = /^[a-z0-9_][a-z0-9_.-]{0,63}$/i;
export const A_NAME = 'a name of up to 64 letters, digits, _ . and -';
export const isNetworkName = (text: string): boolean => NAME.test(text);

/**
 * Reads a value of `--network`: `NAME=ADDRESS[!ADVERTISED][,ADDRESS[!ADVERTISED]...]`, addresses of both families in any order. The error
 * names the option, the value and what was expected.
 */
export async function parseNetworkOption(text: string, resolve: ResolveHost): Promise<Result<NamedNetwork, string>> {
  const wrong = (expected: string): Result<never, string> => refuse(`--network ${text}: ${expected}`);
  const at = text.indexOf('=');
  if (at < 0) return wrong('expected NAME=ADDRESS[!ADVERTISED],…');
  const name = text.slice(0, at);
  if (!isNetworkName(name)) return wrong(`expected ${A_NAME} before the =`);
  const addresses: NetworkAddress[] = [];
  for (const each of text.slice(at + 1).split(',')) {
    const [written = '', advertised, ...more] = each.split('!');
    if (more.length > 0) return wrong(`expected no second ! in ${each}`);
    if (advertised !== undefined && !isAdvertisable(advertised))
      return wrong('expected an address or a host name to advertise behind the !');
    const host = await readHost(written, resolve);
    if (!host.ok) return wrong(written === '' ? 'expected an address, or * for all' : `${written}: ${host.error}`);
    if (addresses.some((other) => other.host === host.value)) return wrong(`expected ${written} once`);
    addresses.push({ host: host.value, advertised: advertised === undefined ? null : unbracketed(advertised) });
  }
  return ok({ name, addresses, ports: null, policy: NO_POLICY });
}
