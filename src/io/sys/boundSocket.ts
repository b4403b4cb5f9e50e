import { networkInterfaces } from 'node:os';
import { type Address, ok, type Result, refuse } from '../../../model/kernel/index.js';
import { encodeSockaddr, SOCKADDR_WORDS, sockaddrLength } from '../../protocol/bytes/sockaddr.js';
import { errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';
import { closeDescriptor } from './socket.js';
import { bind, listen, setsockopt, socket } from './socketCalls.js';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

const SCOPE_WORD = 6;
const OPTION_WORD = SOCKADDR_WORDS;
const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer);

/** Opens a UDP socket as Node does, but for a receive queue of its own length. The fd, or the errno; nothing is left open then. */
export const openDatagramSocket = (local: Address, ipv6: boolean, receiveBufferBytes: number): Result<number, string> =>
  openBound(local, ipv6, SOCK_DGRAM, (fd) => setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes));

/**
 * Opens `count` UDP sockets on one address, among which the kernel shares out the clients (SO_REUSEPORT, socket(7)): each client has one of
 * them, the same as long as their number does not change. The first is bound as if it were the only one, which is refused where anybody has
 * the address already, however ready to share. `given`: bound sockets that are the first of them; all of these are among the answer, also where
 * fewer are asked for. The fds, or the errno; nothing is left open then but what was given.
 */
export function openSharedSockets(
  local: Address,
  ipv6: boolean,
  receiveBufferBytes: number,
  count: number,
  given: readonly number[] = [],
): Result<readonly number[], string> {
  const opened: number[] = [];
  // A single one may have been opened for itself.
  for (const fd of given) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  for (let i = given.length; i < count; i++) {
    const bound = openBound(local, ipv6, SOCK_DGRAM, (fd) => {
      setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
      if (i > 0) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    });
    if (!bound.ok) {
      for (const fd of opened) closeDescriptor(fd);
      return bound;
    }
    if (i === 0) setOption(bound.value, SOL_SOCKET, SO_REUSEPORT, 1);
    opened.push(bound.value);
  }
  return ok([...given, ...opened]);
}

/** Opens a TCP socket that listens, as Node does: on every IPv6 address means on every IPv4 address too. The fd, or the errno. */
export function openListeningSocket(local: Address, ipv6: boolean, backlog: number): Result<number, string> {
  const bound = openBound(local, ipv6, SOCK_STREAM, (fd) => setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1));
  if (!bound.ok) return bound;
  const errno = beginToListen(bound.value, backlog);
  if (errno === null) return bound;
  closeDescriptor(bound.value);
  return refuse(errno);
}

/** Lets connections to a bound stream socket wait in the kernel until somebody accepts them. The errno if it cannot. */
export const beginToListen = (fd: number, backlog: number): string | null =>
  listen(fd, backlog) === 0 ? null : errnoName(lastErrno());

function openBound({ host, port }: Address, ipv6: boolean, type: number, prepare: (fd: number) => void): Result<number, string> {
  const [address = '', zone] = host.split('%');
  const fd = socket(ipv6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(errnoName(lastErrno()));
  prepare(fd);
  if (ipv6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  const isNumeric = encodeSockaddr({ host: address, port }, words, 0);
  if (zone !== undefined) words[SCOPE_WORD] = scopeOf(zone);
  if (isNumeric && bind(fd, scratch.address, sockaddrLength(words, 0)) === 0) return ok(fd);
  const errno = isNumeric ? errnoName(lastErrno()) : 'EINVAL';
  closeDescriptor(fd);
  return refuse(errno);
}

function setOption(fd: number, level: number, name: number, value: number): void {
  words[OPTION_WORD] = value;
  setsockopt(fd, level, name, scratch.address + OPTION_WORD * 4, 4);
}

/** The number of the network interface that an IPv6 address is limited to (RFC 4007 §11); 0, which no interface has, if there is none. */
function scopeOf(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  const addresses = networkInterfaces()[zone] ?? [];
  return Math.max(0, ...addresses.map((address) => (address.family === 'IPv6' ? address.scopeid : 0)));
}
