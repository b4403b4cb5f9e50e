import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

export const RUN_MARK_FILE = 'run.json';

/** What a folder of the log says of the run that wrote to it last. */
export type RunMark = {
  /** When it began, milliseconds: as in the headers of its segments. */
  readonly run: number;
  /** How many shards it had. */
  readonly shards: number;
  /** When it ended as it was told to, milliseconds; null: it did not, or still runs. */
  readonly endedAt: number | null;
};

/**
 * Writes the mark in place of the one before, and waits for the disk: whoever reads it finds the one or the other, also after a crash of
 * the machine. The folder must be there. Refuses with the system's message, and there is no mark then: that of another run would say that
 * it is the last one, and the newest segments tell without one which that is.
 */
export function writeRunMark(folder: string, { run, shards, endedAt }: RunMark): Result<void, string> {
  const path = join(folder, RUN_MARK_FILE);
  try {
    const fd = openSync(`${path}.new`, 'w', 0o640);
    try {
      writeFileSync(fd, `${JSON.stringify({ run, shards, endedAt })}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${path}.new`, path);
    syncFolder(folder);
    return ok(undefined);
  } catch (error) {
    removeIfPossible(`${path}.new`);
    removeIfPossible(path);
    return refuse(`${path}: ${(error as Error).message}`);
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The mark in a folder; null where there is none, or what stands there is something else. */
export function readRunMark(folder: string): RunMark | null {
  try {
    const path = join(folder, RUN_MARK_FILE);
    if (!statSync(path).isFile()) return null; // A pipe would keep us waiting.
    const { run, shards, endedAt } = Object(JSON.parse(readFileSync(path, 'utf8'))) as Partial<Record<string, unknown>>;
    if (!isAmount(run) || !isAmount(shards) || !Number.isInteger(shards) || shards < 1) return null;
    return endedAt === null || isAmount(endedAt) ? { run, shards, endedAt } : null;
  } catch {
    return null;
  }
}

/** JSON has no other numbers than finite ones. */
const isAmount = (value: unknown): value is number => typeof value === 'number' && value >= 0;
