import { endianness } from 'node:os';
import koffi from 'koffi';

// Everything in this folder lays out kernel structures by hand as little-endian words.
if (endianness() !== 'LE') throw new Error('the system call engines need a little-endian machine');

/** The C library that Node itself is linked to: glibc and musl alike. */
const libc = koffi.load(null);

/**
 * Declares a foreign function. Pointers are `uint64_t` and cross as plain numbers computed beforehand: user addresses fit in 47 bits,
 * and a number costs half of what a BigInt or a Buffer costs per call.
 */
export function declare<F extends (...args: never[]) => unknown>(name: string, result: string, args: readonly string[]): F {
  return libc.func(name, result, [...args]) as unknown as F;
}

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));

/** `EADDRINUSE` for 98. */
export const errnoName = (errno: number): string => errnoNames.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;

/** The errno of the last foreign call of this thread. */
export const lastErrno = (): number => koffi.errno();

/** The number behind a name, for comparisons on the hot path. */
export function errnoValue(name: string): number {
  const value = (koffi.os.errno as Record<string, number>)[name];
  if (value === undefined) throw new Error(`this system knows no ${name}`);
  return value;
}
