import { ok, type Result, refuse } from '../../model/kernel/index.js';
import type { RelayOptions } from '../relay/options.js';

/** What the process needs besides media sockets: control connections (100), threads, log segments, Node itself. */
const OTHER_DESCRIPTORS = 200;
/** With fewer than these no thread can be started. */
const LEAST_DESCRIPTORS = 100;

/** Two pairs of RTP and RTCP. */
const SOCKETS_PER_CALL = 4;

/** Files that a call has open when it is recorded, and whether every call is. */
export type RecordedFiles = { readonly perCall: number; readonly isAlways: boolean };

/** How many files a recording of both sides takes. */
export function recordedFiles({
  recordDir,
  recordForm,
  recordAll,
  recordRtcp,
}: Pick<RelayOptions, 'recordDir' | 'recordForm' | 'recordAll' | 'recordRtcp'>): RecordedFiles {
  if (recordDir === null) return { perCall: 0, isAlways: false };
  // With -a pcap is written into a single file.
  const isSingle = recordForm === 'wav' || (recordForm === 'pcap' && recordAll);
  return { perCall: isSingle ? 1 : recordRtcp ? 4 : 2, isAlways: recordAll };
}

/** Why the relay cannot even be loaded, in one line; null: it can. */
export async function tooFewFiles(): Promise<string | null> {
  try {
    const { fileLimit } = await import('./sys/resourceLimit.js');
    const { soft } = fileLimit();
    return soft < LEAST_DESCRIPTORS ? tooFew(soft) : null;
  } catch {
    return null;
  }
}

const tooFew = (soft: number): string =>
  `${soft} open files are allowed; not even the relay itself can do with less than ${LEAST_DESCRIPTORS}`;

/**
 * Makes room for the sockets of all port pairs, and for the files of its calls if they may be recorded. Answers null if there is enough, or a line that says what is missing; refuses, in one
 * line, where not even the relay itself has enough. Without system calls of our own nothing can be raised, and nothing is said.
 * `isFixed`: the operator has set the limit, and it stays as it is.
 */
export async function makeRoomForSockets(
  pairs: number,
  isFixed: boolean,
  { perCall, isAlways }: RecordedFiles,
): Promise<Result<string | null, string>> {
  const neededFor = (files: number): number => Math.ceil(pairs / 2) * (SOCKETS_PER_CALL + files) + OTHER_DESCRIPTORS;
  const certain = isAlways ? perCall : 0;
  const wanted = neededFor(certain);
  try {
    const { fileLimit, raiseFileLimit } = await import('./sys/resourceLimit.js');
    const { soft } = isFixed ? fileLimit() : raiseFileLimit(neededFor(perCall));
    if (soft >= wanted) return ok(null);
    if (soft < LEAST_DESCRIPTORS) return refuse(tooFew(soft));
    const calls = Math.max(0, Math.floor((soft - OTHER_DESCRIPTORS) / (SOCKETS_PER_CALL + certain)));
    const remedy = `ulimit -n ${wanted}, or LimitNOFILE=${wanted}`;
    return ok(`${soft} open files are allowed, enough for about ${calls} calls; the port range needs ${wanted} (${remedy})`);
  } catch {
    return ok(null);
  }
}
