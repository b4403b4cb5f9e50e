/**
 * Loaded in front of a program (`node --import`), takes io_uring away from it, the way containers do: every `io_uring_setup` fails with
 * EPERM (seccomp(2)). Threads that are made later inherit it.
 */
import { arch } from 'node:process';
import { declare, errnoName, lastErrno } from '../../src/io/sys/libc.js';
import { mapMemory } from '../../src/io/sys/memory.js';

const prctl = declare<(option: number, a: number, b: number, c: number, d: number) => number>('prctl', 'int', [
  'int',
  'uint64_t',
  'uint64_t',
  'uint64_t',
  'uint64_t',
]);

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const SYS_IO_URING_SETUP = 425;
const EPERM = 1;

// struct sock_filter: code, jump if true, jump if false, operand.
const LOAD_SYSCALL_NUMBER = [0x20, 0, 0, 0];
const ALLOW = [0x06, 0, 0, 0x7fff0000];
const DENY = [0x06, 0, 0, 0x00050000 | EPERM];
const FILTER = [LOAD_SYSCALL_NUMBER, [0x15, 0, 1, SYS_IO_URING_SETUP], DENY, ALLOW];

if (arch !== 'x64' && arch !== 'arm64') throw new Error(`the number of io_uring_setup is not known on ${arch}`);
const memory = mapMemory(4096);
const view = new DataView(memory.buffer);
const PROGRAM_AT = 64;
FILTER.forEach(([code, ifTrue, ifFalse, operand], n) => {
  const at = PROGRAM_AT + n * 8;
  view.setUint16(at, code!, true);
  view.setUint8(at + 2, ifTrue!);
  view.setUint8(at + 3, ifFalse!);
  view.setUint32(at + 4, operand!, true);
});
view.setUint16(0, FILTER.length, true); // struct sock_fprog: length, pointer.
view.setBigUint64(8, BigInt(memory.address + PROGRAM_AT), true);
if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, memory.address, 0, 0) !== 0) {
  throw new Error(`prctl: ${errnoName(lastErrno())}`);
}
