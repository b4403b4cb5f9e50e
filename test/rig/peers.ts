import { fail } from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Servers live where the path of an ordinary user does not lead. */
const SERVER_PATHS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/**
 * Says whether the programs of other projects that a test needs are here. When one is missing the test is skipped with
 * the command that installs it, and the caller must return; with RTPBRIDGE_REQUIRE_PEERS=1, as on a build machine, it
 * fails.
 * @example if (!requirePeer(t, ['kamailio', 'sipp'], 'apt-get install …')) return;
 */
export function requirePeer(t: TestContext, executables: readonly string[], install: string): boolean {
  const missing = executables.filter((name) => findExecutable(name) === null);
  if (missing.length === 0) return true;
  const message = `${missing.join(' and ')} not found; install with: ${install}`;
  const { RTPBRIDGE_REQUIRE_PEERS } = process.env;
  if (RTPBRIDGE_REQUIRE_PEERS === '1') fail(message);
  t.skip(message);
  return false;
}

/** The full path of a program, or null. */
export function findExecutable(name: string): string | null {
  const { PATH } = process.env;
  const places = [...(PATH ?? '').split(delimiter).filter((place) => place !== ''), ...SERVER_PATHS];
  for (const place of places) {
    const path = join(place, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this place.
    }
  }
  return null;
}
