import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { NotifyTarget } from '../../../model/session/notify.js';
import type { Origin } from '../control/origin.js';

/** A value of `-n`: sessions may ask for it, by this text. Plain data: it crosses threads. */
export type Permitted = {
  /** With its prefix, in full. */
  readonly text: string;
  /** `self`: whoever sends the command, at this port. */
  readonly target: NotifyTarget | { readonly kind: 'self'; readonly port: number };
};

const MOST_FIXED = 64;
const MOST_WILDCARDS = 2;
/** The doubled percent signs are part of it. */
const SELF = '%%CC_SELF%%';
/** `sun_path` holds 108 bytes, the last of them a NUL. */
const LONGEST_PATH = 107;
/** Where a client without an IPv4 address is reached. */
const LOOPBACK = '127.0.0.1';

const EXPECTED = `expected unix:PATH, tcp:HOST:PORT, tcp:${SELF}:PORT or xmlrpc:http://HOST:PORT/PATH`;

/** Reads the values of `-n`. The error names the value and what was expected. */
export function parsePermitted(values: readonly string[]): Result<readonly Permitted[], string> {
  const permitted: Permitted[] = [];
  for (const value of values) {
    const parsed = parseOne(value);
    if (!parsed.ok) return parsed;
    permitted.push(parsed.value);
  }
  const wildcards = permitted.filter(({ target }) => target.kind === 'self').length;
  if (wildcards > MOST_WILDCARDS) return refuse(`-n: expected at most ${MOST_WILDCARDS} with ${SELF}, not ${wildcards}`);
  const fixed = permitted.length - wildcards;
  return fixed > MOST_FIXED ? refuse(`-n: expected at most ${MOST_FIXED} sockets, not ${fixed}`) : ok(permitted);
}

function parseOne(value: string): Result<Permitted, string> {
  // A bare path; but `host:port` is none, though the original takes it for one.
  const isPath = !value.includes(':') || /^[./]/.test(value);
  const [, prefix = '', rest = ''] = isPath ? [value, 'unix', value] : (/^([a-z]+):(.*)$/s.exec(value) ?? []);
  const target = prefix === 'unix' ? parsePath(rest) : prefix === 'tcp' ? parseHost(rest) : parseUrl(prefix, rest);
  return target === null ? refuse(`-n ${value}: ${EXPECTED}`) : ok({ text: `${prefix}:${rest}`, target });
}

const parsePath = (path: string): NotifyTarget | null =>
  path === '' || path.length > LONGEST_PATH || path.includes('\0') ? null : { kind: 'unix', path };

/** Split at the last colon; brackets around IPv6 are taken off. */
function parseHost(text: string): Permitted['target'] | null {
  const [, host = '', digits] = /^(.+):([0-9]{1,5})$/s.exec(text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535) || /[\0\s/]/.test(host)) return null;
  return host === SELF ? { kind: 'self', port } : { kind: 'tcp', host: host.replace(/^\[(.*)\]$/, '$1'), port, bind: null };
}

const parseUrl = (prefix: string, url: string): NotifyTarget | null =>
  prefix === 'xmlrpc' && /^http:\/\/[^/?#\s]+(?:[/?][^#\s]*)?$/.test(url) ? { kind: 'xmlrpc', url } : null;

/** Whether sessions may ask for notifications at all. */
export const isNotifyEnabled = (permitted: readonly Permitted[]): boolean => permitted.length > 0;

/** What a client may leave out in front of a permitted text, most likely first: B2BUA sends the bare path, OpenSIPS cuts off `tcp:`. */
const PREFIXES = ['', 'unix:', 'tcp:', 'xmlrpc:'];

/** Where the notifications that a U asks for go: `socket` as written there, `origin` who asked. Null: that is not permitted. */
export function matchTarget(permitted: readonly Permitted[], socket: string, origin: Origin): NotifyTarget | null {
  for (const prefix of PREFIXES) {
    const target = permitted.find(({ text }) => text === prefix + socket)?.target;
    if (target === undefined) continue;
    return target.kind === 'self'
      ? { kind: 'tcp', host: origin.host ?? LOOPBACK, port: target.port, bind: origin.local }
      : target;
  }
  return null;
}
