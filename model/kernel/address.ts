import type { UdpPort } from './brand.js';

/** A transport address. `host` is numeric: dotted quad, or IPv6 without brackets; the family can be told by the colon. */
export type Address = { readonly host: string; readonly port: UdpPort };

export type Family = 'IPv4' | 'IPv6';

export const familyOf = (host: string): Family => (host.includes(':') ? 'IPv6' : 'IPv4');

export const sameAddress = (a: Address, b: Address): boolean => a.port === b.port && a.host === b.host;

/** `192.0.2.1:4000`, `[2001:db8::1]:4000`. */
export const formatAddress = (a: Address): string =>
  familyOf(a.host) === 'IPv6' ? `[${a.host}]:${a.port}` : `${a.host}:${a.port}`;
