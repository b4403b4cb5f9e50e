import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';

const epollCreate = declare<(flags: number) => number>('epoll_create1', 'int', ['int']);
const epollCtl = declare<(epoll: number, operation: number, fd: number, event: number) => number>('epoll_ctl', 'int', [
  'int',
  'int',
  'int',
  'uint64_t',
]);

/** `int epoll_wait(epoll, events, count, timeoutMs)`. */
export const epollWait = declare<(epoll: number, events: number, count: number, timeoutMs: number) => number>(
  'epoll_wait',
  'int',
  ['int', 'uint64_t', 'int', 'int'],
);

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
/** In the first word of an event: an error waits at the socket, or in its error queue. */
export const EPOLLERR = 8;

/** On x64 the structure is packed: events at word 0, data at word 1. Elsewhere data is aligned, at word 2. */
export const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
export const EVENT_DATA_WORD = process.arch === 'x64' ? 1 : 2;

const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer);

export function openEpoll(): number {
  const fd = epollCreate(EPOLL_CLOEXEC);
  if (fd < 0) throw new Error(`epoll_create1: ${errnoName(lastErrno())}`);
  return fd;
}

/** Watches a descriptor for input, level-triggered; `data` (32 bits) comes back with each event. 0, or the errno. */
export function watchInput(epoll: number, fd: number, data: number): number {
  words.fill(0, 0, EVENT_WORDS);
  words[0] = EPOLLIN;
  words[EVENT_DATA_WORD] = data;
  return epollCtl(epoll, EPOLL_CTL_ADD, fd, scratch.address) === 0 ? 0 : lastErrno();
}

export const unwatch = (epoll: number, fd: number): void => void epollCtl(epoll, EPOLL_CTL_DEL, fd, scratch.address);
