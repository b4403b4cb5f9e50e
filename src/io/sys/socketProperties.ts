import { errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';
import { getsockname, setsockopt } from './socketCalls.js';

const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_TIMESTAMPNS = 35;

// Scratch for the calls below: an address, its length, the value of an option.
const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer, 0, 16);
const bytes = new DataView(scratch.buffer);
const LENGTH_WORD = 8;
const OPTION_WORD = 9;

/** The local port of a bound socket: getsockname(2). For sockets that were bound to port 0. */
export function localPort(fd: number): number {
  words[LENGTH_WORD] = LENGTH_WORD * 4;
  if (getsockname(fd, scratch.address, scratch.address + LENGTH_WORD * 4) !== 0) {
    throw new Error(`getsockname: ${errnoName(lastErrno())}`);
  }
  return bytes.getUint16(2);
}

/** Whether the option was taken. */
function setOption(fd: number, name: number, value: number): boolean {
  words[OPTION_WORD] = value;
  return setsockopt(fd, SOL_SOCKET, name, scratch.address + OPTION_WORD * 4, 4) === 0;
}

/**
 * Sets both queues of a socket to `length` bytes, above `net.core.rmem_max` too. False if the system refuses: it takes
 * CAP_NET_ADMIN (socket(7), SO_RCVBUFFORCE).
 */
export function forceSocketQueues(fd: number, length: number): boolean {
  const received = setOption(fd, SO_RCVBUFFORCE, length);
  return setOption(fd, SO_SNDBUFFORCE, length) && received;
}

/** Room for what `stampArrivals` adds to a message: `CMSG_SPACE(sizeof(struct timespec))`, bytes. The time is at byte 16. */
export const STAMP_BYTES = 32;

/** Makes the kernel put the time of arrival, CLOCK_REALTIME, beside every datagram that is received (SO_TIMESTAMPNS). */
export function stampArrivals(fd: number): void {
  if (!setOption(fd, SO_TIMESTAMPNS, 1)) throw new Error(`SO_TIMESTAMPNS: ${errnoName(lastErrno())}`);
}
