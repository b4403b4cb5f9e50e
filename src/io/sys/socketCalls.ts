import { declare } from './libc.js';

// The system calls on sockets, as the files beside this one need them. Pointers are addresses as numbers: see `libc.ts`.

type Pointer = number;

/** `int socket(family, type, protocol)`. */
export const socket = declare<(family: number, type: number, protocol: number) => number>('socket', 'int', ['int', 'int', 'int']);

/** `int bind(fd, address, length)`. */
export const bind = declare<(fd: number, address: Pointer, length: number) => number>('bind', 'int', [
  'int',
  'uint64_t',
  'uint32_t',
]);

/** `int connect(fd, address, length)`. */
export const connect = declare<(fd: number, address: Pointer, length: number) => number>('connect', 'int', [
  'int',
  'uint64_t',
  'uint32_t',
]);

/** `int listen(fd, backlog)`. */
export const listen = declare<(fd: number, backlog: number) => number>('listen', 'int', ['int', 'int']);

/** `int getsockname(fd, address, length)`: the length is read and written. */
export const getsockname = declare<(fd: number, address: Pointer, length: Pointer) => number>('getsockname', 'int', [
  'int',
  'uint64_t',
  'uint64_t',
]);

/** `int setsockopt(fd, level, name, value, length)`. */
export const setsockopt = declare<(fd: number, level: number, name: number, value: Pointer, length: number) => number>(
  'setsockopt',
  'int',
  ['int', 'int', 'int', 'uint64_t', 'uint32_t'],
);
