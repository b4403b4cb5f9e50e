import { declare, errnoName, lastErrno } from './libc.js';
import { mapMemory } from './memory.js';

const getrlimit = declare<(resource: number, limit: number) => number>('getrlimit', 'int', ['int', 'uint64_t']);
const setrlimit = declare<(resource: number, limit: number) => number>('setrlimit', 'int', ['int', 'uint64_t']);
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const UNLIMITED = 2n ** 64n - 1n;
const scratch = mapMemory(4096);
const values = new BigUint64Array(scratch.buffer, 0, 2); // rlim_cur, rlim_max

export type FileLimit = { readonly soft: number; readonly hard: number };

/** How many descriptors this process may have open: getrlimit(2), RLIMIT_NOFILE. */
export function fileLimit(): FileLimit {
  if (getrlimit(RLIMIT_NOFILE, scratch.address) !== 0) throw new Error(`getrlimit: ${errnoName(lastErrno())}`);
  return { soft: Number(values[0]), hard: Number(values[1]) };
}

/**
 * Makes room for `wanted` descriptors: raises the soft limit, and the hard one where the system lets us (as root, up to `fs.nr_open`).
 * Answers the limits in force afterwards.
 */
export function raiseFileLimit(wanted: number): FileLimit {
  const before = fileLimit();
  if (before.soft >= wanted) return before;
  values[0] = BigInt(wanted);
  values[1] = BigInt(Math.max(before.hard, wanted));
  if (setrlimit(RLIMIT_NOFILE, scratch.address) !== 0) {
    values[0] = BigInt(Math.min(before.hard, wanted));
    values[1] = BigInt(before.hard);
    setrlimit(RLIMIT_NOFILE, scratch.address);
  }
  return fileLimit();
}

/** Sets both limits of open files to exactly `count`. The errno's name if the system refuses. */
export function setFileLimit(count: number): string | null {
  values.fill(BigInt(count));
  return setrlimit(RLIMIT_NOFILE, scratch.address) === 0 ? null : errnoName(lastErrno());
}

/** Lets the process leave core dumps of any size, as far as its hard limit goes. */
export function liftCoreLimit(): void {
  values.fill(UNLIMITED);
  if (setrlimit(RLIMIT_CORE, scratch.address) === 0 || getrlimit(RLIMIT_CORE, scratch.address) !== 0) return;
  values[0] = values[1]!;
  setrlimit(RLIMIT_CORE, scratch.address);
}
