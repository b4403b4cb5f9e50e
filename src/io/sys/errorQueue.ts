import { mapMemory } from './memory.js';
import { MSG_DONTWAIT, recvmmsg } from './socket.js';
import { setsockopt } from './socketCalls.js';

// What the network answers to datagrams that were sent (ICMP), as the kernel keeps it beside a socket that asked for it: ip(7) IP_RECVERR,
// ipv6(7) IPV6_RECVERR, recv(2) MSG_ERRQUEUE.

const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;
const MSG_ERRQUEUE = 0x2000;

/** `struct mmsghdr`: control messages and their length in words 8 to 11; no name and no buffer, so nothing else is written. */
const MMSGHDR_WORDS = 16;
const CONTROL_WORD = 8;
const CONTROL_LENGTH_WORD = 10;
/** `struct cmsghdr` (four words), `struct sock_extended_err` (four), the sender of the ICMP message (up to seven); more than enough. */
const CONTROL_WORDS = 32;
/** `struct cmsghdr`: level, type; then errno, and a word of origin, type, code. */
const LEVEL_WORD = 2;
const TYPE_WORD = 3;
const CAUSE_WORD = 5;
/** The shortest control message that has the cause, bytes. */
const CAUSE_BYTES = (CAUSE_WORD + 1) * 4;

const ORIGIN_ICMP = 2;
const ORIGIN_ICMP6 = 3;
/** Destination unreachable: RFC 792, with RFC 1122 §3.2.2.1 for the codes; RFC 4443 §3.1. */
const ICMP_UNREACHABLE = 3;
const ICMP6_UNREACHABLE = 1;
/** It would be reachable for something shorter. */
const ICMP_FRAGMENTATION_NEEDED = 4;

/** Taken in one call; and how many calls at most, should errors come as fast as they are taken: the rest is announced again. */
const BATCH = 32;
const MOST_BATCHES = 64;

// Scratch: the headers of a batch, then their control messages, then the value of a socket option.
const CONTROLS = BATCH * MMSGHDR_WORDS;
const OPTION = CONTROLS + BATCH * CONTROL_WORDS;
const scratch = mapMemory((OPTION + 1) * 4);
const words = new Uint32Array(scratch.buffer);

/** Lets the kernel keep what the network says of what a UDP socket sends. From then on `drainErrors` must be called for it. */
export function keepErrors(fd: number): void {
  words[OPTION] = 1;
  // Of the two, the socket heeds the one of its family.
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, scratch.address + OPTION * 4, 4);
  setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, scratch.address + OPTION * 4, 4);
}

/**
 * Takes out everything that the network said of what a socket has sent; with the last of it goes the error that the socket's next call would
 * have been refused with. It must not be left there: it takes room from what is received. Answers how many say that nobody receives.
 */
export function drainErrors(fd: number): number {
  let found = 0;
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    for (let i = 0; i < BATCH; i++) prepare(i);
    const count = recvmmsg(fd, scratch.address, BATCH, MSG_ERRQUEUE | MSG_DONTWAIT, 0);
    for (let i = 0; i < count; i++) if (saysUnreachable(i)) found++;
    if (count < BATCH) break;
  }
  return found;
}

function prepare(i: number): void {
  const header = i * MMSGHDR_WORDS;
  words.fill(0, header, header + MMSGHDR_WORDS);
  words[header + CONTROL_WORD] = scratch.low + (CONTROLS + i * CONTROL_WORDS) * 4;
  words[header + CONTROL_WORD + 1] = scratch.high;
  words[header + CONTROL_LENGTH_WORD] = CONTROL_WORDS * 4;
}

/** Nothing else was asked of the socket, so the first control message is the one. */
function saysUnreachable(i: number): boolean {
  if (words[i * MMSGHDR_WORDS + CONTROL_LENGTH_WORD]! < CAUSE_BYTES) return false;
  const message = CONTROLS + i * CONTROL_WORDS;
  const [level, type] = [words[message + LEVEL_WORD], words[message + TYPE_WORD]];
  const isError = (level === IPPROTO_IP && type === IP_RECVERR) || (level === IPPROTO_IPV6 && type === IPV6_RECVERR);
  const cause = words[message + CAUSE_WORD]!;
  const [origin, kind, code] = [cause & 0xff, (cause >> 8) & 0xff, (cause >> 16) & 0xff];
  if (!isError) return false;
  if (origin === ORIGIN_ICMP) return kind === ICMP_UNREACHABLE && code !== ICMP_FRAGMENTATION_NEEDED;
  return origin === ORIGIN_ICMP6 && kind === ICMP6_UNREACHABLE;
}
