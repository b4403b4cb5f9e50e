import { ok, type Result, refuse } from '../../model/kernel/index.js';

export const DEFAULT_CONTROL_PORT = 22222;
/** `sun_path` holds 108 bytes, the last of them a NUL. */
const LONGEST_UNIX_PATH = 107;

/** Where the relay listens for commands, parsed from `-s`. */
export type ControlAddress =
  | { readonly transport: 'udp' | 'tcp'; readonly ipv6: boolean; readonly host: string; readonly port: number }
  /** `lines`: persistent connections, a command a line (`cunix:`); otherwise one command a connection (`unix:`). */
  | { readonly transport: 'unix'; readonly path: string; readonly lines: boolean };

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
    default:
      return refuse(`control socket ${text}: expected udp: udp6: tcp: tcp6: unix: or cunix: in front`);
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
  return ok({ transport, ipv6, host, port });
}

export function formatControlAddress(address: ControlAddress): string {
  if (address.transport === 'unix') return `${address.lines ? 'cunix' : 'unix'}:${address.path}`;
  return address.ipv6
    ? `${address.transport}6:[${address.host}]:${address.port}`
    : `${address.transport}:${address.host}:${address.port}`;
}
