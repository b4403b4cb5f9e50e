import { accessSync, constants, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { makeFolder } from '../log/segmentFile.js';

/** Ends a profile and writes it. Answers what went wrong in one line, or null. */
export type ProfileEnd = () => string | null;

/**
 * Measures where this thread spends its time, from now until the function that it answers is called, which writes
 * `FOLDER/NAME-PROCESS.cpuprofile` (Chrome's DevTools and others show it). Works in any thread, also in one that never returns to its event
 * loop. Refuses a folder that cannot be written. While a profile is made the signal SIGPROF belongs to the sampling of V8.
 */
export function startProfile(folder: string, name: string): Result<ProfileEnd, string> {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    return refuse(`profiles cannot be written there (${(error as NodeJS.ErrnoException).code})`);
  }
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  return ok(() => {
    let profile: unknown = null;
    // A session within its own thread answers before `post` returns.
    session.post('Profiler.stop', (_error, result) => {
      profile = result?.profile;
    });
    session.disconnect();
    return writeProfile(join(folder, `${name}-${process.pid}.cpuprofile`), profile);
  });
}

function writeProfile(path: string, profile: unknown): string | null {
  try {
    writeFileSync(path, JSON.stringify(profile));
    return null;
  } catch (error) {
    return `the profile ${path} cannot be written (${(error as NodeJS.ErrnoException).code})`;
  }
}
