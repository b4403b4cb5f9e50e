import koffi from 'koffi';
import { declare } from './libc.js';

const getpwnam = declare<(name: string) => number>('getpwnam', 'uint64_t', ['str']);
const getgrnam = declare<(name: string) => number>('getgrnam', 'uint64_t', ['str']);

// `struct passwd` and `struct group` begin with two pointers; then come uid and gid, or the gid.
const RECORD_BYTES = 24;
const FIRST_ID_AT = 16;
const SECOND_ID_AT = 20;

function readId(record: number, at: number): number {
  return new DataView(koffi.view(BigInt(record), RECORD_BYTES)).getUint32(at, true);
}

/** The ids of a user, from whatever the system keeps its users in: getpwnam(3). Null: there is none of this name. */
export function findUser(name: string): { readonly uid: number; readonly gid: number } | null {
  const record = getpwnam(name);
  return record === 0 ? null : { uid: readId(record, FIRST_ID_AT), gid: readId(record, SECOND_ID_AT) };
}

/** The id of a group: getgrnam(3). Null: there is none of this name. */
export function findGroup(name: string): number | null {
  const record = getgrnam(name);
  return record === 0 ? null : readId(record, FIRST_ID_AT);
}
