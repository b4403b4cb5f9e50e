import { fchmodSync } from 'node:fs';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';
import { closeDescriptor } from './socket.js';
import { bind, socket } from './socketCalls.js';
import { writeUnixAddress } from './unixAddress.js';

const getsockopt = declare<(fd: number, level: number, name: number, value: number, length: number) => number>(
  'getsockopt',
  'int',
  ['int', 'int', 'int', 'uint64_t', 'uint64_t'],
);

const AF_UNIX = 1;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;

const ADDRESS_BYTE = 16;
const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer);
const bytes = Buffer.from(scratch.buffer);

/**
 * Makes a unix stream socket at a path where there is none, which nobody but us can connect to yet, and which does not listen yet. The fd,
 * or the errno. Unlike a socket of Node, closing it leaves the file alone: that may be somebody else's by then.
 */
export function bindUnixSocket(path: string): Result<number, string> {
  const length = path.startsWith('@') ? 0 : writeUnixAddress(path, bytes.subarray(ADDRESS_BYTE));
  if (length === 0) return refuse('ENAMETOOLONG');
  const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(errnoName(lastErrno()));
  fchmodSync(fd, 0o600); // The file gets the mode of the socket.
  if (bind(fd, scratch.address + ADDRESS_BYTE, length) === 0) return ok(fd);
  const errno = lastErrno();
  closeDescriptor(fd);
  return refuse(errnoName(errno));
}

/** What a descriptor that somebody passed to us is. */
export type PassedSocket = 'listening stream' | 'IPv4 datagram' | 'IPv6 datagram';

/** Null: none of the above, or no socket at all. */
export function passedSocket(fd: number): PassedSocket | null {
  const type = getOption(fd, SO_TYPE);
  const family = getOption(fd, SO_DOMAIN);
  if (type === SOCK_STREAM && getOption(fd, SO_ACCEPTCONN) === 1) return 'listening stream';
  if (type !== SOCK_DGRAM || family === AF_UNIX) return null;
  return family === AF_INET6 ? 'IPv6 datagram' : 'IPv4 datagram';
}

function getOption(fd: number, name: number): number | null {
  words[1] = 4;
  return getsockopt(fd, SOL_SOCKET, name, scratch.address, scratch.address + 4) === 0 ? words[0]! : null;
}
