import { errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';
import { MSG_DONTWAIT, sendto } from './socket.js';
import { socket } from './socketCalls.js';
import { writeUnixAddress } from './unixAddress.js';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** What does not fit is cut off. */
const MAX_DATAGRAM_BYTES = 8192;

// Scratch: a `struct sockaddr_un`, then the datagram.
const DATA_AT = 128;
const scratch = mapMemory(DATA_AT + MAX_DATAGRAM_BYTES);
const bytes = Buffer.from(scratch.buffer);
let fd = -1;

/**
 * Sends a datagram to a unix socket, without waiting; a path that begins with `@` is one of the abstract namespace (unix(7)). Node has no
 * unix datagram sockets. Answers the errno's name if it was not taken.
 */
export function sendUnixDatagram(path: string, data: Uint8Array): string | null {
  const addressLength = writeUnixAddress(path, bytes);
  if (addressLength === 0) return 'ENAMETOOLONG';
  if (fd < 0) fd = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) return errnoName(lastErrno());
  const length = Math.min(data.length, MAX_DATAGRAM_BYTES);
  bytes.set(data.subarray(0, length), DATA_AT);
  const sent = sendto(fd, scratch.address + DATA_AT, length, MSG_DONTWAIT | MSG_NOSIGNAL, scratch.address, addressLength);
  return sent < 0 ? errnoName(lastErrno()) : null;
}
