import type { Family } from '../../../model/kernel/index.js';
import { formatIPv6, parseIPv4, parseIPv6 } from '../bytes/sockaddr.js';

/** A numeric host of this family in the one way it is written here (RFC 5952), so that equal hosts are equal texts. Null: it is none. */
export function numericHost(text: string, family: Family): string | null {
  if (family === 'IPv4') return parseIPv4(text) === null ? null : text;
  const groups = text === '' ? null : parseIPv6(text);
  return groups === null ? null : formatIPv6(groups);
}

/** Whether an address stands for all of the host's, or, in a session description, for none. */
export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';
