import koffi from 'koffi';
import { declare, errnoName, lastErrno } from './libc.js';

const mmap = declare<(at: number, length: number, protection: number, flags: number, fd: number, offset: number) => number>(
  'mmap',
  'int64_t',
  ['uint64_t', 'uint64_t', 'int', 'int', 'int', 'int64_t'],
);
const munmap = declare<(at: number, length: number) => number>('munmap', 'int', ['uint64_t', 'uint64_t']);
const madvise = declare<(at: number, length: number, advice: number) => number>('madvise', 'int', [
  'uint64_t',
  'uint64_t',
  'int',
]);

const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MADV_HUGEPAGE = 14;
const FOUR_GIB = 2 ** 32;

/**
 * Memory that the kernel sees. It stays where it is, and stays mapped until `unmap`, whatever the garbage collector does: the address
 * of a Buffer would not keep the Buffer alive. `high` is the same for every byte of it, so that an address inside is `low + offset`.
 */
export type Arena = {
  readonly address: number;
  readonly low: number;
  readonly high: number;
  readonly length: number;
  readonly buffer: ArrayBuffer;
  readonly unmap: () => void;
};

/** Maps `length` bytes of a file (a ring) or of fresh zeroed memory. Throws with the errno's name: without memory a thread cannot start. */
export function mapMemory(length: number, file?: { readonly fd: number; readonly offset: number }): Arena {
  const flags = file ? MAP_SHARED_POPULATE : MAP_PRIVATE_ANONYMOUS;
  const rejected: number[] = [];
  try {
    for (;;) {
      const address = mmap(0, length, PROT_READ_WRITE, flags, file?.fd ?? -1, file?.offset ?? 0);
      if (address === -1) throw new Error(`mmap of ${length} bytes: ${errnoName(lastErrno())}`);
      if (Math.floor(address / FOUR_GIB) === Math.floor((address + length - 1) / FOUR_GIB)) return arenaAt(address, length);
      rejected.push(address); // It crosses a 4 GiB border: keep it while another is chosen, so that it is not offered again.
    }
  } finally {
    for (const address of rejected) munmap(address, length);
  }
}

function arenaAt(address: number, length: number): Arena {
  return {
    address,
    low: address % FOUR_GIB,
    high: Math.floor(address / FOUR_GIB),
    length,
    buffer: koffi.view(BigInt(address), length),
    unmap: () => void munmap(address, length),
  };
}

/** Asks for 2 MiB pages: a packet pool of thousands of buffers overflows the address cache of the processor otherwise. Advice only. */
export function preferHugePages(arena: Arena): void {
  madvise(arena.address, arena.length, MADV_HUGEPAGE);
}

/** Takes memory away that another, dead thread had mapped. */
export const unmapAt = (address: number, length: number): void => void munmap(address, length);
