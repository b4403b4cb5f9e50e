import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

export const LOCK_FILE = 'lock';
/** A relay that was killed a moment ago may still be on its way out. */
const PATIENCE_MS = 1000;
const RETRY_MS = 20;

/**
 * Takes a folder for this process alone, until it ends or `release` is called: two relays that write one event log would take up each
 * other's calls. The error is one line. Where the system has no locks (flock(2)) nothing is taken, and nobody is refused.
 */
export async function lockFolder(folder: string): Promise<Result<{ readonly release: () => void }, string>> {
  const sys = await import('../sys/fileLock.js').catch(() => null);
  if (sys === null) return ok({ release: () => {} });
  const path = join(folder, LOCK_FILE);
  let fd: number;
  try {
    fd = openSync(path, 'a+', 0o640);
  } catch (error) {
    return refuse(`${path} cannot be opened (${(error as NodeJS.ErrnoException).code})`);
  }
  for (let waitedMs = 0; sys.tryLockFile(fd) === 'busy'; waitedMs += RETRY_MS) {
    if (waitedMs >= PATIENCE_MS) {
      closeSync(fd);
      return refuse(`${folder} is in use by another relay${ownerOf(path)}: give each its own data directory`);
    }
    await delay(RETRY_MS);
  }
  sign(fd);
  return ok({ release: () => closeSync(fd) });
}

/** Who holds the lock is only told for people: on a full disk nobody is told. */
function sign(fd: number): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } catch {}
}

function ownerOf(path: string): string {
  const pid = readFileSync(path, 'latin1').trim();
  return /^\d+$/.test(pid) ? ` (process ${pid})` : '';
}
