import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { formatIPv6, parseIPv4, parseIPv6 } from '../../protocol/bytes/sockaddr.js';

/** A network: the first `prefix` bits of an address, of which IPv4 has 32 and IPv6 128. */
type Block = { readonly groups: readonly number[]; readonly prefix: number };

/** Addresses and networks that may do something. Empty: all may. */
export type AllowList = readonly Block[];

const MAPPED_BITS = 96;
const ipv4Groups = (host: number): number[] => [Math.floor(host / 65_536), host % 65_536];

/** Whether it is IPv4 dressed as IPv6 (RFC 4291 §2.5.5.2). */
const isMapped = (groups: readonly number[]): boolean =>
  groups.length === 8 && groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);

/** Two groups of 16 bits for IPv4, also where it is dressed as IPv6; eight for IPv6; null for what is no address. */
function groupsOf(host: string): readonly number[] | null {
  const ipv4 = parseIPv4(host);
  if (ipv4 !== null) return ipv4Groups(ipv4);
  const groups = parseIPv6(host.replace(/%.*$/s, ''));
  return groups !== null && isMapped(groups) ? groups.slice(6) : groups;
}

/** A numeric address as it is always written: IPv4 as such, IPv6 as RFC 5952 has it, without interface. Others stay as they are. */
export function plainHost(host: string): string {
  const groups = groupsOf(host);
  if (groups === null) return host;
  if (groups.length === 8) return formatIPv6(groups);
  return groups.flatMap((group) => [group >>> 8, group & 255]).join('.');
}

/** Reads addresses and networks (`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`). Refuses with one line that names the first that is none. */
export function parseAllowList(entries: readonly string[]): Result<AllowList, string> {
  const blocks: Block[] = [];
  for (const entry of entries) {
    const block = parseBlock(entry);
    if (block === null) return refuse(`${entry}: expected an address, or a network such as 192.0.2.0/24 or 2001:db8::/32`);
    blocks.push(block);
  }
  return ok(blocks);
}

function parseBlock(entry: string): Block | null {
  const [, host = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const groups = groupsOf(host);
  if (groups === null) return null;
  const bits = groups.length * 16;
  if (digits === undefined) return { groups, prefix: bits };
  const prefix = groups.length === 2 && host.includes(':') ? Number(digits) - MAPPED_BITS : Number(digits);
  return prefix < 0 || prefix > bits ? null : { groups, prefix };
}

/** Whether a client with this numeric address may. */
export function allows(list: AllowList, host: string): boolean {
  if (list.length === 0) return true;
  const groups = groupsOf(host);
  return groups !== null && list.some((block) => isInside(groups, block));
}

function isInside(groups: readonly number[], block: Block): boolean {
  if (groups.length !== block.groups.length) return false;
  for (let at = 0, left = block.prefix; left > 0; at++, left -= 16) {
    const different = groups[at]! ^ block.groups[at]!;
    if (different >>> Math.max(0, 16 - left) !== 0) return false;
  }
  return true;
}
