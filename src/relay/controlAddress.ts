import { ok, type Result, refuse } from '../../model/kernel/index.js';
import { parseIPv4, parseIPv6 } from '../protocol/bytes/sockaddr.js';

export const DEFAULT_CONTROL_PORT = 22222;
/** `sun_path` holds 108 bytes, the last of them a NUL. */
const LONGEST_UNIX_PATH = 107;

/** Where the relay listens for commands, parsed from `-s`. */
export type ControlAddress =
  | { readonly transport: 'udp' | 'tcp'; readonly ipv6: boolean; readonly host: string; readonly port: number }
  /** `lines`: persistent connections, a command a line (`cunix:`); otherwise one command a connection (`unix:`). */
  | { readonly transport: 'unix'; readonly path: string; readonly lines: boolean }
  /** The one socket that a systemd socket unit passes. */
  | { readonly transport: 'systemd' }
  /** Standard input and output, a command a line. `alwaysEnds`: the end of the input ends the relay in any case (`stdioc:`). */
  | { readonly transport: 'stdio'; readonly alwaysEnds: boolean };

/** Reads a `-s` value. `*` and an empty host mean all addresses. */
export function parseControlAddress(text: string): Result<ControlAddress, string> {
  const [, prefix = '', rest = ''] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [undefined, 'unix', text];
  switch (prefix) {
    case 'udp':
    case 'udp6':
    case 'tcp':
    case 'tcp6':
      return parseHost(text, prefix.startsWith('udp') ? 'udp' : 'tcp', prefix.endsWith('6'), rest);
    case 'unix':
    case 'cunix':
      if (rest === '') return refuse(`control socket ${text}: expected a path`);
      if (utf8Length(rest) > LONGEST_UNIX_PATH)
        return refuse(`control socket ${text}: the path is longer than ${LONGEST_UNIX_PATH} bytes`);
      return ok({ transport: 'unix', path: rest, lines: prefix === 'cunix' });
    case 'systemd':
    case 'stdio':
    case 'stdioc':
      if (rest !== '') return refuse(`control socket ${text}: expected nothing behind ${prefix}:`);
      return ok(prefix === 'systemd' ? { transport: prefix } : { transport: 'stdio', alwaysEnds: prefix === 'stdioc' });
    default:
      return refuse(
        `control socket ${text}: expected udp: udp6: tcp: tcp6: unix: or cunix: in front, or systemd: stdio: or stdioc: alone`,
      );
  }
}

/** Bytes of a text in UTF-8, in which paths reach the kernel. */
function utf8Length(text: string): number {
  let length = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}

function parseHost(text: string, transport: 'udp' | 'tcp', ipv6: boolean, rest: string): Result<ControlAddress, string> {
  // IPv6 is split at the last colon, as rtpproxy does (`udp6:::1:22222`); brackets make it clear, and allow the port to be left out.
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(rest);
  const split = bracketed ?? /^(.*):(\d*)$/s.exec(rest) ?? [rest, rest, ''];
  const given = split[1] ?? '';
  const port = split[2] ? Number(split[2]) : DEFAULT_CONTROL_PORT;
  if (port < 1 || port > 65_535) return refuse(`control socket ${text}: port ${port} is not from 1 to 65535`);
  const host = given === '' || given === '*' ? (ipv6 ? '::' : '0.0.0.0') : given;
  const problem = hostProblem(host, ipv6);
  return problem === null ? ok({ transport, ipv6, host, port }) : refuse(`control socket ${text}: ${problem}`);
}

/** Why a host cannot be meant; null for an address of the family, and for whatever may be a name. */
function hostProblem(host: string, ipv6: boolean): string | null {
  if (ipv6 && parseIPv4(host) !== null) return `${host} is no IPv6 address; IPv4 is udp: or tcp:`;
  if (!host.includes(':')) return null;
  if (!ipv6) return `${host} is no IPv4 address or host name; IPv6 is udp6: or tcp6:`;
  // What stands behind a per cent sign is the network interface (RFC 4007 §11).
  if (parseIPv6(host.replace(/%.*$/s, '')) !== null) return null;
  return `${host} is no IPv6 address; what follows the last colon is the port, unless the address is in brackets`;
}

export function formatControlAddress(address: ControlAddress): string {
  switch (address.transport) {
    case 'unix':
      return `${address.lines ? 'cunix' : 'unix'}:${address.path}`;
    case 'systemd':
      return 'systemd:';
    case 'stdio':
      return address.alwaysEnds ? 'stdioc:' : 'stdio:';
    default:
      return address.ipv6
        ? `${address.transport}6:[${address.host}]:${address.port}`
        : `${address.transport}:${address.host}:${address.port}`;
  }
}

/** Whether an address means every address of this host: only then the kernel has to be asked which of them a client used. */
export function isWildcard(address: ControlAddress): boolean {
  if (address.transport !== 'udp' && address.transport !== 'tcp') return false;
  return address.ipv6 ? (parseIPv6(address.host)?.every((group) => group === 0) ?? false) : parseIPv4(address.host) === 0;
}

/** Why these control sockets cannot be served together, in one line that names the first that cannot; null if they can. */
export function controlProblem(addresses: readonly ControlAddress[], foreground: boolean): string | null {
  for (const transport of ['systemd', 'stdio'] as const) {
    const found = addresses.filter((address) => address.transport === transport);
    if (found.length > 1)
      return `control socket ${formatControlAddress(found[1]!)} there is only one of it, and it was given before`;
    const [first] = found;
    if (transport === 'stdio' && first !== undefined && !foreground) {
      return `control socket ${formatControlAddress(first)} only a relay in the foreground (-f) has a standard input`;
    }
  }
  return null;
}

/** Whether standard output carries answers, so that nothing else may be written to it. */
export const usesStdout = (addresses: readonly ControlAddress[]): boolean =>
  addresses.some((address) => address.transport === 'stdio');

/**
 * Whether the end of standard input ends the relay, as rtpproxy has it: always with `stdioc:`; with `stdio:` unless there is a UDP socket,
 * on which clients may come that cannot be seen to come or go.
 */
export function endsWithInput(addresses: readonly ControlAddress[]): boolean {
  const stdio = addresses.find((address) => address.transport === 'stdio');
  if (stdio === undefined) return false;
  return stdio.alwaysEnds || !addresses.some((address) => address.transport === 'udp');
}
