import { type Address, familyOf, udpPort } from '../../../model/kernel/index.js';

/**
 * Transport addresses as the kernel writes them: Linux `sockaddr_in` and `sockaddr_in6`, little-endian machine, as 32-bit words.
 *
 *     word 0   family (low 16 bits), port in network byte order (high 16 bits)
 *     word 1   IPv4 address, network byte order          (IPv6: flow label, ignored)
 *     word 2…5 IPv6 address, network byte order
 *     word 6   IPv6 scope
 *
 * Packet engines deliver sources and take destinations in this form, so that the packet path compares four bytes where text
 * would have to be built. A row of zeros is "no address".
 */
export const SOCKADDR_WORDS = 8;
/** What the kernel needs to hold either family: `sizeof(struct sockaddr_in6)`, bytes. */
export const SOCKADDR_BYTES = 28;

const AF_INET = 2;
const AF_INET6 = 10;

/** The length that `sendto` and `bind` want with the address at `at`, bytes; 0 for "no address". */
export function sockaddrLength(words: Uint32Array, at: number): number {
  const family = words[at]! & 0xffff;
  return family === AF_INET ? 16 : family === AF_INET6 ? SOCKADDR_BYTES : 0;
}

/** Whether two addresses are equal in host and port. The IPv6 flow label does not count (RFC 6437: it may change). */
export function sameSockaddr(a: Uint32Array, atA: number, b: Uint32Array, atB: number): boolean {
  return a[atA] === b[atB] && sameHost(a, atA, b, atB);
}

/** Whether two addresses are equal in host, whatever the port. */
export function sameHost(a: Uint32Array, atA: number, b: Uint32Array, atB: number): boolean {
  if ((a[atA]! & 0xffff) !== (b[atB]! & 0xffff)) return false;
  if ((a[atA]! & 0xffff) === AF_INET) return a[atA + 1] === b[atB + 1];
  for (let i = 2; i <= 6; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

export function clearSockaddr(words: Uint32Array, at: number): void {
  words.fill(0, at, at + SOCKADDR_WORDS);
}

const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
const swap32 = (value: number): number =>
  ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;

/** Writes an address as eight words at `at`. Answers false, and writes zeros, if the host is not numeric. */
export function encodeSockaddr(address: Address, words: Uint32Array, at: number): boolean {
  clearSockaddr(words, at);
  if (familyOf(address.host) === 'IPv4') {
    const host = parseIPv4(address.host);
    if (host === null) return false;
    words[at] = (AF_INET | (swap16(address.port) << 16)) >>> 0;
    words[at + 1] = swap32(host);
    return true;
  }
  const groups = parseIPv6(address.host);
  if (groups === null) return false;
  words[at] = (AF_INET6 | (swap16(address.port) << 16)) >>> 0;
  for (let i = 0; i < 4; i++) words[at + 2 + i] = swap32(((groups[i * 2]! << 16) | groups[i * 2 + 1]!) >>> 0);
  return true;
}

/** The address at `at`, or null for "no address". */
export function decodeSockaddr(words: Uint32Array, at: number): Address | null {
  const family = words[at]! & 0xffff;
  const port = udpPort(swap16(words[at]! >>> 16));
  if (family === AF_INET) {
    const host = swap32(words[at + 1]!);
    return { host: `${host >>> 24}.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${host & 255}`, port };
  }
  if (family !== AF_INET6) return null;
  const groups: number[] = [];
  for (let i = 0; i < 4; i++) {
    const pair = swap32(words[at + 2 + i]!);
    groups.push(pair >>> 16, pair & 0xffff);
  }
  return { host: formatIPv6(groups), port };
}

const LONGEST_IPV4 = '255.255.255.255'.length;
const DIGIT_0 = 48;
/** A dot, seen from the digits. */
const END_OF_PART = 46 - DIGIT_0;

/** A dotted quad as a number, or null. Leading zeros are refused: they mean octal to some resolvers and decimal to others. */
export function parseIPv4(text: string): number | null {
  if (text.length > LONGEST_IPV4) return null;
  let value = 0;
  let parts = 0;
  /** Of the part in hand; -1: it has no digit yet. */
  let part = -1;
  for (let i = 0; i <= text.length; i++) {
    const digit = i === text.length ? END_OF_PART : text.charCodeAt(i) - DIGIT_0;
    if (digit === END_OF_PART) {
      if (part < 0) return null;
      value = value * 256 + part;
      parts++;
      part = -1;
    } else {
      if (digit < 0 || digit > 9 || part === 0) return null;
      part = part < 0 ? digit : part * 10 + digit;
      if (part > 255) return null;
    }
  }
  return parts === 4 ? value : null;
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2, all three forms), or null. No scope, no brackets. */
export function parseIPv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string, mayEndInIPv4: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (mayEndInIPv4 && i === parts.length - 1 && part.includes('.')) {
      const host = parseIPv4(part);
      if (host === null) return null;
      groups.push(Math.floor(host / 65536), host % 65536);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

/** RFC 5952: lower case, the longest run of two or more zero groups as `::`, the first of equals. */
export function formatIPv6(groups: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) {
      start = i;
      length = run;
    }
    if (run > 0) i += run - 1;
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return start < 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}
