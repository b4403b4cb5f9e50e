import { type Family, ok, type Result, refuse } from '../../../model/kernel/index.js';
import { parseIPv4, parseIPv6 } from '../../protocol/bytes/sockaddr.js';
import type { RelayOptions } from '../options.js';
import type { NgTransport } from './ngOrigin.js';

export const DEFAULT_NG_PORT = 2223;

/** Where the relay listens for requests of the NG protocol, parsed from `--listen-ng`. */
export type NgAddress = {
  /** `http` and `ws` are the same listener by two names, as are `https` and `wss`. */
  readonly transport: NgTransport;
  /** In which a name is looked up; null: in IPv4, and in IPv6 if it has no IPv4 address. */
  readonly family: Family | null;
  /** Numeric without brackets, or a name; `0.0.0.0` and `::` are all addresses, the latter of both families. */
  readonly host: string;
  readonly port: number;
};

const SCHEMES: Readonly<Record<string, readonly [NgTransport, Family | null]>> = {
  udp: ['udp', 'IPv4'],
  udp6: ['udp', 'IPv6'],
  tcp: ['tcp', 'IPv4'],
  tcp6: ['tcp', 'IPv6'],
  http: ['http', null],
  https: ['https', null],
  ws: ['ws', null],
  wss: ['wss', null],
};

/**
 * Reads a `--listen-ng` value: `TRANSPORT:HOST[:PORT]`. An IPv6 address stands in brackets, which makes `udp:` mean `udp6:` too; `*` is all
 * addresses, of IPv4 unless the transport says IPv6. Refuses with one line that names the value.
 */
export function parseNgAddress(text: string): Result<NgAddress, string> {
  const [, scheme = '', rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [];
  const known = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (known === undefined) {
    return refuse(`NG socket ${text}: expected udp: udp6: tcp: tcp6: http: https: ws: or wss: and a host`);
  }
  const split = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,9}))?$/s.exec(rest);
  if (split === null) {
    const hint = parseIPv6(rest) === null ? `${scheme}:HOST or ${scheme}:HOST:PORT` : `brackets around an IPv6 address`;
    return refuse(`NG socket ${text}: expected ${hint}`);
  }
  const [, bracketed, plain = '', digits] = split;
  const port = digits === undefined ? DEFAULT_NG_PORT : Number(digits);
  if (port < 1 || port > 65_535) return refuse(`NG socket ${text}: port ${port} is not from 1 to 65535`);
  const [transport, family] = known;
  if (bracketed !== undefined) return bracketedHost(text, transport, bracketed, port);
  if (plain === '*') return ok({ transport, family: family ?? 'IPv4', host: family === 'IPv6' ? '::' : '0.0.0.0', port });
  if (plain === '' || /[\s/]/.test(plain)) return refuse(`NG socket ${text}: expected a host, or * for all addresses`);
  if (parseIPv4(plain) === null) return ok({ transport, family, host: plain, port });
  if (family === 'IPv6') return refuse(`NG socket ${text}: ${plain} is no IPv6 address; IPv4 is udp: or tcp:`);
  return ok({ transport, family: 'IPv4', host: plain, port });
}

/** Reads every `--listen-ng` of a command line. Refuses with one line about the first that is wrong. */
export function parseNgAddresses(texts: readonly string[]): Result<readonly NgAddress[], string> {
  const addresses: NgAddress[] = [];
  for (const text of texts) {
    const address = parseNgAddress(text);
    if (!address.ok) return refuse(`--listen-ng: ${address.error}`);
    addresses.push(address.value);
  }
  return ok(addresses);
}

function bracketedHost(text: string, transport: NgTransport, host: string, port: number): Result<NgAddress, string> {
  // What stands behind a per cent sign is the network interface (RFC 4007 §11).
  if (parseIPv6(host.replace(/%[^%\s]+$/, '')) !== null) return ok({ transport, family: 'IPv6', host, port });
  return refuse(`NG socket ${text}: ${host} is no IPv6 address`);
}

/** One word, which `parseNgAddress` reads as the same address. */
export function formatNgAddress({ transport, family, host, port }: NgAddress): string {
  const isPacket = transport === 'udp' || transport === 'tcp';
  const scheme = isPacket && family === 'IPv6' ? `${transport}6` : transport;
  return `${scheme}:${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Whether media threads serve an address themselves, each by a socket of its own, where there are the system calls for it: what is said there
 * waits for no other thread. Not where answers wait for the disk.
 */
export const isForThreads = (
  { transport }: NgAddress,
  { eventLog, engine }: Pick<RelayOptions, 'eventLog' | 'engine'>,
): boolean => transport === 'udp' && eventLog.durability !== 'fsync' && engine !== 'dgram';

/** Whether it means every address of this host. */
export const isEveryNgAddress = ({ host }: NgAddress): boolean =>
  parseIPv4(host) === 0 || (parseIPv6(host)?.every((group) => group === 0) ?? false);

/** Whether it takes a certificate to serve it. */
export const isSecureNg = ({ transport }: NgAddress): boolean => transport === 'https' || transport === 'wss';
