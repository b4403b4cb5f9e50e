import { closeSync, existsSync, fstatSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SegmentHeader } from '../../relay/events/logEntry.js';
import type { LogRecord } from '../../relay/events/record.js';
import type { Frames } from './frames.js';
import { listSegments, SEGMENT_MAGIC, segmentName } from './segment.js';

/** What is gathered is written when it has grown beyond this, bytes. */
export const CHUNK_BYTES = 64 << 10;

/** A segment that is being written. */
export type SegmentFile = {
  readonly path: string;
  readonly number: number;
  readonly fd: number;
  /** Device and inode: whether it is still this file that stands at the path. */
  readonly dev: number;
  readonly ino: number;
  readonly openedAtMs: number;
  /** Of its header and snapshot. */
  readonly openingBytes: number;
  /** The number of the last record of its snapshot; 0: there was none. */
  readonly openingSeq: number;
};

/** What a segment begins with. `refused`: told of each record of the snapshot that cannot be written, and why. */
export type Opening = {
  readonly header: SegmentHeader;
  readonly snapshot: Iterable<LogRecord>;
  readonly refused: (reason: string) => void;
};

/**
 * Makes a segment and writes what it begins with, in chunks that go through `frames`, which must be empty. Throws where that fails; nothing
 * is left of it then: a full disk must not fill the folder.
 */
export function openSegmentFile(
  folder: string,
  number: number,
  { header, snapshot, refused }: Opening,
  frames: Frames,
): SegmentFile {
  const path = join(folder, segmentName(header.shard, number));
  // The log may hold Call-IDs and addresses: it is nobody's but the operator's.
  const fd = openSync(path, 'ax', 0o640);
  let openingBytes = 0;
  let openingSeq = 0;
  const write = (): void => {
    const { bytes, reason } = frames.write(fd);
    if (reason !== null) throw new Error(reason);
    openingBytes += bytes;
  };
  const add = (record: SegmentHeader | LogRecord): void => {
    const reason = frames.add(record);
    if (reason !== null) refused(reason);
  };
  try {
    frames.addPlain(SEGMENT_MAGIC);
    add(header);
    for (const record of snapshot) {
      add(record);
      openingSeq = record.seq;
      if (frames.length >= CHUNK_BYTES) write();
    }
    write();
    const { dev, ino } = fstatSync(fd);
    return { path, number, fd, dev, ino, openedAtMs: header.startedAt, openingBytes, openingSeq };
  } catch (error) {
    frames.clear();
    closeSegmentFile(fd);
    removeIfPossible(path);
    throw error;
  }
}

/** Answers what the system says against it: some file systems tell only now that they could not write. Null: nothing. */
export function closeSegmentFile(fd: number): string | null {
  try {
    closeSync(fd);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether somebody has taken the file away: what is written to it then is written for nobody, and no error says so. */
export function isTakenAway({ path, dev, ino }: SegmentFile): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined || found.dev !== dev || found.ino !== ino;
  } catch (error) {
    // A file stands in place of a folder. Whatever else keeps us from looking says nothing against writing.
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR';
  }
}

/** The number of the newest segment of a shard in a folder, which is made where it is missing; 0: there is none. Throws where it cannot be. */
export function newestNumber(folder: string, shard: number): number {
  makeFolder(folder);
  return listSegments(folder).reduce((most, found) => (found.shard === shard ? Math.max(most, found.number) : most), 0);
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It stays, then; the next one has another number.
  }
}

/**
 * As `mkdir -p`; `mode` is that of the last folder, if it is made. Node's own `recursive` never returns where the system answers ENOENT below a
 * folder that exists, as in `/proc`.
 */
export function makeFolder(path: string, mode = 0o777, isRetry = false): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || isRetry) throw error;
    if (!existsSync(dirname(path))) makeFolder(dirname(path));
    makeFolder(path, mode, true); // Another shard may have made the parent meanwhile.
  }
}
