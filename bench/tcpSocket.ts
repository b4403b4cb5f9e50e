import { type Address, ok, type Result, refuse } from '../model/kernel/index.js';
import { declare, errnoName, lastErrno } from '../src/io/sys/libc.js';
import { mapMemory } from '../src/io/sys/memory.js';
import { closeDescriptor } from '../src/io/sys/socket.js';
import { encodeSockaddr, sockaddrLength } from '../src/protocol/bytes/sockaddr.js';

// Only the load generator speaks TCP by system calls: socket(2), connect(2), tcp(7).

const socket = declare<(family: number, type: number, protocol: number) => number>('socket', 'int', ['int', 'int', 'int']);
const connect = declare<(fd: number, address: number, length: number) => number>('connect', 'int', [
  'int',
  'uint64_t',
  'uint32_t',
]);
const setsockopt = declare<(fd: number, level: number, name: number, value: number, length: number) => number>(
  'setsockopt',
  'int',
  ['int', 'int', 'int', 'uint64_t', 'uint32_t'],
);

const AF_INET = 2;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer, 0, 16);
const OPTION_WORD = 8;

/** Connects to an IPv4 address and waits for it; small writes leave at once. The fd, blocking, or the errno of what failed. */
export function openTcpConnection(remote: Address): Result<number, string> {
  const fd = socket(AF_INET, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) return refuse(errnoName(lastErrno()));
  words[OPTION_WORD] = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, scratch.address + OPTION_WORD * 4, 4);
  if (encodeSockaddr(remote, words, 0) && connect(fd, scratch.address, sockaddrLength(words, 0)) === 0) return ok(fd);
  const errno = lastErrno();
  closeDescriptor(fd);
  return refuse(errnoName(errno));
}
