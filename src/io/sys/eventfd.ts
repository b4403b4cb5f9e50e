import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';

const eventfd = declare<(initial: number, flags: number) => number>('eventfd', 'int', ['uint32_t', 'int']);
const write = declare<(fd: number, buffer: number, length: number) => number>('write', 'int64_t', [
  'int',
  'uint64_t',
  'uint64_t',
]);
const read = declare<(fd: number, buffer: number, length: number) => number>('read', 'int64_t', ['int', 'uint64_t', 'uint64_t']);

/** Blocking: io_uring answers EAGAIN for a non-blocking descriptor instead of waiting for it. Only its owner reads, when it is readable. */
const EFD_CLOEXEC = 0o2000000;
const scratch = mapMemory(4096);
new Uint32Array(scratch.buffer)[0] = 1; // The number that `signalEventfd` adds.
const sink = scratch.address + 8;

/** Opens the descriptor by which one thread wakes another that waits in the kernel (eventfd(2)). */
export function openEventfd(): number {
  const fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) throw new Error(`eventfd: ${errnoName(lastErrno())}`);
  return fd;
}

export const signalEventfd = (fd: number): void => void write(fd, scratch.address, 8);

/** Takes the signal back, so that the descriptor does not report readable again. */
export const drainEventfd = (fd: number): void => void read(fd, sink, 8);
