import { type Address, familyOf, ok, type Result, refuse } from '../../../model/kernel/index.js';
import { encodeSockaddr, SOCKADDR_BYTES, sockaddrLength } from '../../protocol/bytes/sockaddr.js';
import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';
import { bind, setsockopt, socket } from './socketCalls.js';

type Pointer = number;
const closeFd = declare<(fd: number) => number>('close', 'int', ['int']);

/** `ssize_t recvfrom(fd, buffer, length, flags, source, sourceLength)`. */
export const recvfrom = declare<
  (fd: number, buffer: Pointer, length: number, flags: number, source: Pointer, sourceLength: Pointer) => number
>('recvfrom', 'int64_t', ['int', 'uint64_t', 'uint64_t', 'int', 'uint64_t', 'uint64_t']);

/** `ssize_t sendto(fd, buffer, length, flags, destination, destinationLength)`. */
export const sendto = declare<
  (fd: number, buffer: Pointer, length: number, flags: number, destination: Pointer, destinationLength: number) => number
>('sendto', 'int64_t', ['int', 'uint64_t', 'uint64_t', 'int', 'uint64_t', 'uint32_t']);

/** `int recvmmsg(fd, vector, count, flags, timeout)`: many datagrams of one socket in one call. */
export const recvmmsg = declare<(fd: number, vector: Pointer, count: number, flags: number, timeout: Pointer) => number>(
  'recvmmsg',
  'int',
  ['int', 'uint64_t', 'uint32_t', 'int', 'uint64_t'],
);

/** `int sendmmsg(fd, vector, count, flags)`. */
export const sendmmsg = declare<(fd: number, vector: Pointer, count: number, flags: number) => number>('sendmmsg', 'int', [
  'int',
  'uint64_t',
  'uint32_t',
  'int',
]);

const poll = declare<(descriptors: Pointer, count: number, timeoutMs: number) => number>('poll', 'int', [
  'uint64_t',
  'uint64_t',
  'int',
]);

export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

// Scratch for the calls below: an address, then the value of a socket option.
const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer);
const OPTION_WORD = 8;
const optionAddress = scratch.address + OPTION_WORD * 4;

function setOption(fd: number, level: number, name: number, value: number): boolean {
  words[OPTION_WORD] = value;
  return setsockopt(fd, level, name, optionAddress, 4) === 0;
}

/** Sets the TOS byte of what an IPv4 socket sends from now on (RFC 2474), 0…255. Of an IPv6 socket it is not heeded. */
export const setTos = (fd: number, tos: number): void => void setOption(fd, IPPROTO_IP, IP_TOS, tos);

export type UdpSocketOptions = {
  /** Bytes of the receive queue; the kernel may grant less. */
  readonly receiveBufferBytes: number;
  /** The TOS byte of outgoing IPv4 packets (RFC 2474), 0…255. Null: as the system has it. */
  readonly tos: number | null;
};

/** Opens and binds a non-blocking UDP socket. The fd, or the errno of what failed; nothing is left open then. */
export function openUdpSocket(local: Address, options: UdpSocketOptions): Result<number, string> {
  const v6 = familyOf(local.host) === 'IPv6';
  if (!encodeSockaddr(local, words, 0)) return refuse('EINVAL');
  const fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(errnoName(lastErrno()));
  setOption(fd, SOL_SOCKET, SO_RCVBUF, options.receiveBufferBytes);
  if (v6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  else if (options.tos !== null) setTos(fd, options.tos);
  if (bind(fd, scratch.address, v6 ? SOCKADDR_BYTES : sockaddrLength(words, 0)) === 0) return ok(fd);
  const errno = lastErrno();
  closeFd(fd);
  return refuse(errnoName(errno));
}

/** `struct pollfd`, two words each, behind the value of an option. */
const POLL_WORD = 16;
const MOST_POLLED = 64;
const POLLIN = 1;

/**
 * Whether something waits at one of the sockets of these rows, an error too; `descriptors`: row → descriptor + 1, 0 (none) is passed over.
 * Of at most 64 rows; one system call.
 */
export function hasInput(descriptors: Int32Array, row: number, count: number): boolean {
  const length = Math.min(count, MOST_POLLED);
  for (let i = 0; i < length; i++) {
    words[POLL_WORD + i * 2] = descriptors[row + i]! - 1; // -1 is passed over by the kernel.
    words[POLL_WORD + i * 2 + 1] = POLLIN;
  }
  return poll(scratch.address + POLL_WORD * 4, length, 0) > 0;
}

/** Closes a descriptor. Errors are not interesting: whatever they say, the descriptor is gone. */
export const closeDescriptor = (fd: number): void => void closeFd(fd);
