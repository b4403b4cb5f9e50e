import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { SOCKADDR_BYTES, SOCKADDR_WORDS, sockaddrLength } from '../../protocol/bytes/sockaddr.js';
import { declare, errnoName, lastErrno } from './libc.js';
import { type Arena, mapMemory } from './memory.js';
import { closeDescriptor, MSG_DONTWAIT, recvmmsg } from './socket.js';
import { bind, setsockopt, socket } from './socketCalls.js';

// UDP sockets that are bound to every address of the host, and know which of them a datagram was sent to: ip(7) IP_PKTINFO for IPv4,
// RFC 3542 §6 for IPv6. The same control message that comes with a datagram chooses, on the way out, the source of the answer.

type Pointer = number;
const sendmsg = declare<(fd: number, message: Pointer, flags: number) => number>('sendmsg', 'int64_t', [
  'int',
  'uint64_t',
  'int',
]);

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
const IPV6_PKTINFO = 50;

/** `struct cmsghdr`: length in words 0 and 1, level, type; what it is about begins at word 4. Lengths without the padding. */
const CMSG_DATA_WORD = 4;
const IPV4_INFO_BYTES = 16 + 12; // struct in_pktinfo: interface, address for the answer, address in the header
const IPV6_INFO_BYTES = 16 + 20; // struct in6_pktinfo: address, interface
/** `struct msghdr`: name, its length, buffers, their count, control messages, their length, flags; with the count of bytes, `mmsghdr`. */
const MSGHDR_WORDS = 14;
const MMSGHDR_WORDS = 16;
const IOVEC_WORDS = 4;
/** Ours is the only control message that was asked for; a socket that somebody else made may bring more. */
const CONTROL_WORDS = 64;

/** The two ends of a datagram: as received, the client's address and the one of ours that it used; two socket addresses. */
export type Envelope = Uint32Array;
export const ENVELOPE_WORDS = SOCKADDR_WORDS * 2;

const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer);

function setOption(fd: number, level: number, name: number, value: number): boolean {
  words[0] = value;
  return setsockopt(fd, level, name, scratch.address, 4) === 0;
}

/** Opens a non-blocking UDP socket on a port of every address; with IPv6, of every IPv4 address too. The fd, or what failed. */
export function openWildcardSocket(ipv6: boolean, port: number, receiveBufferBytes: number): Result<number, string> {
  const fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(errnoName(lastErrno()));
  setOption(fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
  if (ipv6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  words.fill(0, 0, SOCKADDR_WORDS);
  words[0] = (ipv6 ? AF_INET6 : AF_INET) | ((port & 0xff) << 24) | ((port >> 8) << 16);
  if (bind(fd, scratch.address, sockaddrLength(words, 0)) === 0) {
    const prepared = tellAskedAddress(fd, ipv6);
    if (prepared.ok) return ok(fd);
    closeDescriptor(fd);
    return prepared;
  }
  const errno = lastErrno();
  closeDescriptor(fd);
  return refuse(errnoName(errno));
}

/** Makes a bound UDP socket tell the address that was used; the errno if it cannot. */
export function tellAskedAddress(fd: number, ipv6: boolean): Result<void, string> {
  const isTold = ipv6 ? setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : setOption(fd, IPPROTO_IP, IP_PKTINFO, 1);
  return isTold ? ok(undefined) : refuse(errnoName(lastErrno()));
}

/** Memory for a batch of datagrams of one socket, used by one thread. */
export class DatagramBatch {
  readonly #arena: Arena;
  readonly #words: Uint32Array;
  readonly #text: Buffer;
  readonly #count: number;
  readonly #payloadBytes: number;
  // Where the parts stand, in words: a header, a buffer list, a name and control messages each; the payloads follow.
  readonly #iovecs: number;
  readonly #names: number;
  readonly #controls: number;
  readonly #payloads: number;
  readonly #payloadWords: number;
  /** Headers at the front that the kernel has written to. */
  #used: number;

  /** `payloadBytes`: what is longer is cut off. */
  constructor(count: number, payloadBytes: number) {
    this.#count = count;
    this.#payloadBytes = payloadBytes;
    this.#iovecs = count * MMSGHDR_WORDS;
    this.#names = this.#iovecs + count * IOVEC_WORDS;
    this.#controls = this.#names + count * SOCKADDR_WORDS;
    this.#payloads = this.#controls + count * CONTROL_WORDS;
    this.#payloadWords = Math.ceil(payloadBytes / 4);
    this.#arena = mapMemory((this.#payloads + count * this.#payloadWords) * 4);
    this.#words = new Uint32Array(this.#arena.buffer, 0, this.#payloads);
    this.#text = Buffer.from(this.#arena.buffer);
    this.#used = count;
  }

  /** Takes up to `limit` datagrams that wait at the socket. How many; none on an error, too, of which every one concerns one client. */
  receive(fd: number, limit: number): number {
    for (let i = 0; i < this.#used; i++) this.#prepare(i);
    const count = Math.max(0, recvmmsg(fd, this.#arena.address, Math.min(limit, this.#count), MSG_DONTWAIT, 0));
    this.#used = Math.min(count + 1, this.#count); // One more was tried.
    return count;
  }

  /** A datagram of the batch, one character a byte. */
  text(i: number): string {
    const start = (this.#payloads + i * this.#payloadWords) * 4;
    return this.#text.toString('latin1', start, start + this.#words[i * MMSGHDR_WORDS + MSGHDR_WORDS]!);
  }

  /** Writes a datagram's ends at `at`; "no address" for the one of ours where the kernel did not say it. */
  copyEnvelope(i: number, to: Envelope, at: number): void {
    const name = this.#names + i * SOCKADDR_WORDS;
    to.set(this.#words.subarray(name, name + SOCKADDR_WORDS), at);
    const end = this.#controls + i * CONTROL_WORDS + this.#words[i * MMSGHDR_WORDS + 10]! / 4;
    let message = this.#controls + i * CONTROL_WORDS;
    while (message + CMSG_DATA_WORD <= end && !this.#readInfo(message, to, at + SOCKADDR_WORDS)) {
      message += Math.max(CMSG_DATA_WORD, Math.ceil(this.#words[message]! / 8) * 2);
    }
  }

  close(): void {
    this.#arena.unmap();
  }

  /** Whether the control message was the one that says which address of ours was used. */
  #readInfo(message: number, to: Envelope, at: number): boolean {
    const [level, type] = [this.#words[message + 2], this.#words[message + 3]];
    const data = message + CMSG_DATA_WORD;
    if (level === IPPROTO_IP && type === IP_PKTINFO) {
      to[at] = AF_INET;
      to[at + 1] = this.#words[data + 1]!;
      return true;
    }
    if (level !== IPPROTO_IPV6 || type !== IPV6_PKTINFO) return false;
    to[at] = AF_INET6;
    to.set(this.#words.subarray(data, data + 5), at + 2);
    return true;
  }

  #prepare(i: number): void {
    const { low, high } = this.#arena;
    const header = i * MMSGHDR_WORDS;
    const iovec = this.#iovecs + i * IOVEC_WORDS;
    const name = this.#names + i * SOCKADDR_WORDS;
    this.#words.fill(0, name, name + SOCKADDR_WORDS);
    writeHeader(this.#words, header, {
      high,
      name: low + name * 4,
      nameBytes: SOCKADDR_BYTES,
      iovec: low + iovec * 4,
      control: low + (this.#controls + i * CONTROL_WORDS) * 4,
      controlBytes: CONTROL_WORDS * 4,
    });
    writeIovec(this.#words, iovec, low + (this.#payloads + i * this.#payloadWords) * 4, high, this.#payloadBytes);
  }
}

/** Where a message's parts are: the lower halves of their addresses. */
type Parts = {
  readonly high: number;
  readonly name: number;
  readonly nameBytes: number;
  readonly iovec: number;
  readonly control: number;
  readonly controlBytes: number;
};

function writeHeader(to: Uint32Array, at: number, parts: Parts): void {
  to.fill(0, at, at + MSGHDR_WORDS);
  to[at] = parts.name;
  to[at + 1] = parts.high;
  to[at + 2] = parts.nameBytes;
  to[at + 4] = parts.iovec;
  to[at + 5] = parts.high;
  to[at + 6] = 1;
  to[at + 8] = parts.control;
  to[at + 9] = parts.high;
  to[at + 10] = parts.controlBytes;
}

function writeIovec(to: Uint32Array, at: number, low: number, high: number, bytes: number): void {
  to[at] = low;
  to[at + 1] = high;
  to[at + 2] = bytes;
  to[at + 3] = 0;
}

// An answer that is sent: header, buffer list, name and control message in front, then the text.
const LONGEST_ANSWER = 65_507;
const IOVEC = MMSGHDR_WORDS;
const NAME = IOVEC + IOVEC_WORDS;
const CONTROL = NAME + SOCKADDR_WORDS;
const TEXT = CONTROL + CONTROL_WORDS;
const outgoing = mapMemory(TEXT * 4 + LONGEST_ANSWER);
const outgoingWords = new Uint32Array(outgoing.buffer, 0, TEXT);
const outgoingText = Buffer.from(outgoing.buffer, TEXT * 4);

/**
 * Sends an answer (one character a byte) to the client of `envelope`, from the address that it used. Whether it has left; where not, the
 * client asks again.
 */
export function sendFromAsked(fd: number, text: string, envelope: Envelope): boolean {
  const { low, high } = outgoing;
  outgoingWords.set(envelope.subarray(0, SOCKADDR_WORDS), NAME);
  const length = outgoingText.write(text, 'latin1');
  writeIovec(outgoingWords, IOVEC, low + TEXT * 4, high, length);
  writeHeader(outgoingWords, 0, {
    high,
    name: low + NAME * 4,
    nameBytes: sockaddrLength(envelope, 0),
    iovec: low + IOVEC * 4,
    control: low + CONTROL * 4,
    controlBytes: writeInfo(envelope),
  });
  return sendmsg(fd, outgoing.address, MSG_DONTWAIT) >= 0;
}

/** Writes the control message that chooses the source. Its length with padding, bytes; 0 where the address is not known. */
function writeInfo(envelope: Envelope): number {
  const family = envelope[SOCKADDR_WORDS]!;
  const data = CONTROL + CMSG_DATA_WORD;
  outgoingWords.fill(0, CONTROL, data + 6);
  if (family === AF_INET) {
    outgoingWords[CONTROL] = IPV4_INFO_BYTES;
    outgoingWords[CONTROL + 2] = IPPROTO_IP;
    outgoingWords[CONTROL + 3] = IP_PKTINFO;
    outgoingWords[data + 1] = envelope[SOCKADDR_WORDS + 1]!; // No interface: routing chooses it.
    return 32;
  }
  if (family !== AF_INET6) return 0;
  outgoingWords[CONTROL] = IPV6_INFO_BYTES;
  outgoingWords[CONTROL + 2] = IPPROTO_IPV6;
  outgoingWords[CONTROL + 3] = IPV6_PKTINFO;
  outgoingWords.set(envelope.subarray(SOCKADDR_WORDS + 2, SOCKADDR_WORDS + 6), data);
  // The same address may be on several interfaces if it holds on one link only (fe80::/10).
  const isLinkLocal = (envelope[SOCKADDR_WORDS + 2]! & 0xc0ff) === 0x80fe;
  if (isLinkLocal) outgoingWords[data + 4] = envelope[SOCKADDR_WORDS + 6]!;
  return 40;
}
