import { readdir, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { planRetention, type RetentionLimits, type StoredSegment } from '../../relay/events/retention.js';
import { parseSegmentName } from './segment.js';

const INTERVAL_MS = 60_000;
const MEGABYTE = 1 << 20;

export type RetentionOptions = {
  readonly folder: string;
  readonly limits: RetentionLimits;
  /** How often it is looked, milliseconds. */
  readonly intervalMs?: number;
  /** One line for an operator; the same one is not said again before something else, or nothing, was to be said. */
  readonly onWarning: (text: string) => void;
};

export type Retention = {
  /** Looks no more. Settles when what was under way is over. */
  readonly close: () => Promise<void>;
};

/** Keeps the event log within its limits: looks at once and then every minute, and deletes the oldest segments. Never keeps a process alive. */
export function openRetention({ folder, limits, intervalMs = INTERVAL_MS, onWarning }: RetentionOptions): Retention {
  let said: string | null = null;
  let running: Promise<void> | null = null;

  const look = async (): Promise<void> => {
    const warning = await enforce(folder, limits).catch((error: Error) => `event log in ${folder}: ${error.message}`);
    if (warning !== null && warning !== said) onWarning(warning);
    said = warning;
    running = null;
  };
  const begin = (): void => {
    running ??= look();
  };
  const timer = setInterval(begin, intervalMs).unref();
  begin();

  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/** Deletes what is to be deleted. Answers what an operator should know; null: nothing. */
async function enforce(folder: string, limits: RetentionLimits): Promise<string | null> {
  const files = await storedSegments(folder);
  if (files.length === 0) return null;
  const { bavail, bsize } = await statfs(folder);
  const { remove, isShort } = planRetention(files, bavail * bsize, limits, Date.now());
  for (const path of remove) await unlink(path).catch(unlessGone);
  if (!isShort) return null;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / MEGABYTE)} MB`;
  return `event log in ${folder}: without what a recovery needs it cannot be kept below ${megabytes(limits.keepBytes)} and leave ${megabytes(limits.minFreeBytes)} of the disk free`;
}

/** Nothing, where there is no such folder yet. */
async function storedSegments(folder: string): Promise<StoredSegment[]> {
  const names = await readdir(folder).catch(unlessGone);
  const found = await Promise.all(
    (names ?? []).map(async (name): Promise<StoredSegment[]> => {
      const segment = parseSegmentName(name);
      if (segment === null) return [];
      const path = join(folder, name);
      const status = await stat(path).catch(() => null); // It is gone, or nothing that a relay has made.
      return status?.isFile() ? [{ ...segment, path, bytes: status.size, closedAtMs: status.mtimeMs }] : [];
    }),
  );
  return found.flat();
}

/** Somebody else may delete files, too. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
