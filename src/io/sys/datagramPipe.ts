import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';
import { setsockopt } from './socketCalls.js';

const socketpair = declare<(family: number, type: number, protocol: number, fds: number) => number>('socketpair', 'int', [
  'int',
  'int',
  'int',
  'uint64_t',
]);

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const scratch = mapMemory(4096);
const words = new Uint32Array(scratch.buffer);

/** Two descriptors: what is written to `input` can be read from `output`, message by message, in its order. Non-blocking. */
export type DatagramPipe = { readonly input: number; readonly output: number };

/** Opens a way for messages from any thread of the process to one (socketpair(2)). `bytes`: how much may wait. Or the errno. */
export function openDatagramPipe(bytes: number): Result<DatagramPipe, string> {
  if (socketpair(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0, scratch.address) < 0) return refuse(errnoName(lastErrno()));
  const pipe = { input: words[0]!, output: words[1]! };
  words[2] = bytes;
  setsockopt(pipe.input, SOL_SOCKET, SO_SNDBUF, scratch.address + 8, 4);
  return ok(pipe);
}
