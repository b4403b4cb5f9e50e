import { type Address, familyOf, udpPort } from '../../../model/kernel/index.js';
import { decodeSockaddr, encodeSockaddr, SOCKADDR_BYTES, sockaddrLength } from '../../protocol/bytes/sockaddr.js';
import { mapMemory } from './memory.js';
import { closeDescriptor } from './socket.js';
import { connect, getsockname, socket } from './socketCalls.js';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
/** Discard (RFC 863); no packet is sent there or anywhere. */
const ANY_PORT = udpPort(9);

// Scratch for the calls below: an address, then its length.
const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer, 0, 16);
const LENGTH_WORD = 8;

/** The local address from which the kernel would send to a numeric host, by its routing table. Null: it would not send there. */
export function routeTo(host: string): string | null {
  const to: Address = { host, port: ANY_PORT };
  if (!encodeSockaddr(to, words, 0)) return null;
  const fd = socket(familyOf(host) === 'IPv6' ? AF_INET6 : AF_INET, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return null;
  try {
    if (connect(fd, scratch.address, sockaddrLength(words, 0)) !== 0) return null;
    words[LENGTH_WORD] = SOCKADDR_BYTES;
    if (getsockname(fd, scratch.address, scratch.address + LENGTH_WORD * 4) !== 0) return null;
    return decodeSockaddr(words, 0)?.host ?? null;
  } finally {
    closeDescriptor(fd);
  }
}
