import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';
import { MSG_DONTWAIT, sendto } from './socket.js';

const socket = declare<(family: number, type: number, protocol: number) => number>('socket', 'int', ['int', 'int', 'int']);

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** `sizeof(sun_path)`; the last byte is a NUL. */
const PATH_BYTES = 108;
/** What does not fit is cut off. */
const MAX_DATAGRAM_BYTES = 8192;

// Scratch: a `struct sockaddr_un`, then the datagram.
const DATA_AT = 128;
const scratch = mapMemory(DATA_AT + MAX_DATAGRAM_BYTES);
const bytes = new Uint8Array(scratch.buffer);
let fd = -1;

/**
 * Sends a datagram to a unix socket, without waiting; a path that begins with `@` is one of the abstract namespace (unix(7)). Node has no
 * unix datagram sockets. Answers the errno's name if it was not taken.
 */
export function sendUnixDatagram(path: string, data: Uint8Array): string | null {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length >= PATH_BYTES) return 'ENAMETOOLONG';
  if (fd < 0) fd = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) return errnoName(lastErrno());
  bytes.fill(0, 0, DATA_AT);
  new DataView(scratch.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(name, 2);
  if (path.startsWith('@')) bytes[2] = 0;
  const length = Math.min(data.length, MAX_DATAGRAM_BYTES);
  bytes.set(data.subarray(0, length), DATA_AT);
  const sent = sendto(fd, scratch.address + DATA_AT, length, MSG_DONTWAIT | MSG_NOSIGNAL, scratch.address, 2 + name.length);
  return sent < 0 ? errnoName(lastErrno()) : null;
}
