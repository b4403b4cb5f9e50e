import { parseIPv4, parseIPv6 } from '../../protocol/bytes/sockaddr.js';
import { LOCAL_ORIGIN, type Origin } from '../../relay/control/origin.js';

/** Where a command came from, by numeric addresses as a socket tells them; IPv4 may be dressed as IPv6 (RFC 4291 §2.5.5.2). */
export function clientOrigin(client: string | undefined, asked: string | undefined): Origin {
  const host = toIPv4(client);
  return host === null ? LOCAL_ORIGIN : { host, local: toIPv4(asked) };
}

/** Null for IPv6, and for all addresses: that is no address anyone can have asked. */
function toIPv4(host = ''): string | null {
  const number = parseIPv4(host);
  if (number !== null) return number === 0 ? null : host;
  const groups = parseIPv6(host);
  if (groups === null || groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xffff) return null;
  const [high, low] = [groups[6]!, groups[7]!];
  return `${high >>> 8}.${high & 255}.${low >>> 8}.${low & 255}`;
}
