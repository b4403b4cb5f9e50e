import { parseIPv4, parseIPv6 } from '../../protocol/bytes/sockaddr.js';

/** What a browser says about the page that asks, by headers of HTTP. */
export type AskingPage = {
  /** RFC 6454 §7. */
  readonly origin: string | undefined;
  readonly host: string | undefined;
  /** `Sec-Fetch-Site` (Fetch Metadata). */
  readonly site: string | undefined;
};

/**
 * Whether a browser asks for a page that is not ours: it lends such a page its place in the network, which it must not use to end calls. A page
 * is ours if it has our origin, by a numeric address or as `localhost`: whoever owns a name can make it lead to us. `allowed`: further origins,
 * such as `https://console.example.net`. What says nothing about a page is no browser.
 */
export function isForeignPage({ origin, host = '', site }: AskingPage, isSecure: boolean, allowed: readonly string[]): boolean {
  const own = `${isSecure ? 'https' : 'http'}://${host.toLowerCase()}`;
  const isOwnName = isNumeric(host) || allowed.includes(own);
  if (origin !== undefined) return !allowed.includes(origin) && !(isOwnName && origin === own);
  if (site === undefined || site === 'none') return false;
  return site !== 'same-origin' || !isOwnName;
}

/** Whether a host with or without port is an address, or `localhost`, which browsers do not look up (RFC 6761 §6.3). */
function isNumeric(host: string): boolean {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d+)?$/.exec(host) ?? [];
  if (bracketed !== undefined) return parseIPv6(bracketed) !== null;
  return plain.toLowerCase() === 'localhost' || parseIPv4(plain) !== null;
}
