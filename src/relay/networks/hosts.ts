/** Addresses as people write them in options and settings. */
import { type Family, ok, type Result, refuse } from '../../../model/kernel/index.js';
import { numericHost } from '../../protocol/rtpproxy/numericHost.js';

/** Finds the numeric address of a host name, or says in words why not. */
export type ResolveHost = (name: string, family: Family) => Promise<Result<string, string>>;

export const unbracketed = (text: string): string => text.replace(/^\[(.*)\]$/s, '$1');

export const isNumeric = (text: string): boolean => numericHost(text, 'IPv4') !== null || numericHost(text, 'IPv6') !== null;

/** A name with a letter in it: digits and dots alone are an address with a mistake. */
const isName = (text: string): boolean => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text) && /[a-z]/i.test(text);

/** An address, or a name. */
export const isAdvertisable = (text: string): boolean => isNumeric(unbracketed(text)) || isName(text);

/** What stands for an address or a name in messages. */
export const AN_ADDRESS = 'an IPv4 or IPv6 address';

/**
 * The numeric host that a text of either family means: an address, with brackets or without, `*` for all of IPv4, or a name, of which the IPv4
 * address counts if it has one. The error says what was expected, or why the name is of no use.
 */
export async function readHost(text: string, resolve: ResolveHost): Promise<Result<string, string>> {
  if (text === '*') return ok('0.0.0.0');
  const bare = unbracketed(text);
  const numeric = numericHost(bare, 'IPv4') ?? numericHost(bare, 'IPv6');
  if (numeric !== null) return ok(numeric);
  if (!isName(bare)) return refuse(`expected ${AN_ADDRESS}`);
  const found = await resolve(bare, 'IPv4');
  const other = found.ok ? found : await resolve(bare, 'IPv6');
  if (!other.ok) return refuse(found.ok ? other.error : found.error);
  const host = numericHost(other.value, 'IPv4') ?? numericHost(other.value, 'IPv6');
  return host === null ? refuse(`expected ${AN_ADDRESS}, not ${other.value}`) : ok(host);
}
