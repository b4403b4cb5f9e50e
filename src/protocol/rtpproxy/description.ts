import { type Address, ok, type Result, refuse, udpPort } from '../../../model/kernel/index.js';
import type { Description } from './command.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';
import type { Grammar } from './grammar.js';
import { parseModifiers } from './modifiers.js';
import { isWildcard, numericHost } from './numericHost.js';

/** What U, L and the sub-command L say of a side: its modifiers, then its address. */
export function parseDescription(letters: string, host: string, port: string, grammar: Grammar): Result<Description, ErrorCode> {
  const modifiers = parseModifiers(letters, grammar);
  if (!modifiers.ok) return modifiers;
  const { ipv6, ...said } = modifiers.value;
  if (said.network.kind === 'ipv6' && !grammar.ipv6) return refuse(E.noSuchFamily);
  const remote = parseRemote(host, port, ipv6);
  return remote.ok ? ok({ ...said, ...remote.value }) : remote;
}

/** Lengths of text that rtpproxy takes for an address, `[shortest, longest]`. Any other says that there is none. */
const LENGTHS = { IPv4: [7, 15], IPv6: [2, 45] } as const;
/** Longer numbers would not fit the original's either. */
const PORT = /^[0-9]{1,9}$/;
const PORTS = 65_536;

function parseRemote(text: string, port: string, ipv6: boolean): Result<{ remote: Address | null; held: boolean }, ErrorCode> {
  const family = ipv6 ? 'IPv6' : 'IPv4';
  const [shortest, longest] = LENGTHS[family];
  if (text.length < shortest || text.length > longest) return ok({ remote: null, held: false });
  const host = numericHost(text, family);
  if (host === null || !PORT.test(port)) return refuse(E.remoteAddress);
  if (isWildcard(host)) return ok({ remote: null, held: true });
  const number = Number(port) % PORTS; // Beyond 65535 it wraps, as in the original.
  if (number === 0) return ok({ remote: null, held: false }); // A stream that is turned off (RFC 3264 §6): nothing is sent there.
  return ok({ remote: { host, port: udpPort(number) }, held: false });
}
