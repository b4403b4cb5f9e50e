import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, type ChildExit, startChild } from './child.js';
import { findExecutable } from './peers.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const END_LIMIT_MS = 15_000;
/** Nobody's ids on Linux: a user who may do nothing special and owns nothing. */
const NOBODY = 65_534;

export type Ended = ChildExit & { readonly stdout: string; readonly stderr: string };

export type LaunchOptions = {
  /** What stands in front of `node`: a command that takes another one as its arguments. */
  readonly under?: readonly string[];
  /** Arguments of node itself. */
  readonly node?: readonly string[];
  readonly cwd?: string;
};

/** Starts `rtpbridge` with any arguments, and waits for nothing. */
export function launch(args: readonly string[], options: LaunchOptions = {}): Promise<Child> {
  const [command, ...rest] = [...(options.under ?? []), process.execPath, ...(options.node ?? []), RTPBRIDGE, ...args];
  return startChild(command!, rest, options.cwd === undefined ? {} : { cwd: options.cwd });
}

/**
 * Runs `rtpbridge` to its end, which must come by itself.
 * @throws when it still runs after 15 seconds
 */
export async function runToEnd(args: readonly string[], options: LaunchOptions = {}): Promise<Ended> {
  const child = await launch(args, options);
  const exit = await Promise.race([child.exited, delay(END_LIMIT_MS, null, { ref: false })]);
  if (exit === null) {
    await child.stop();
    throw new Error(`rtpbridge ${args.join(' ')} still runs after ${END_LIMIT_MS} ms\n${child.stdout()}${child.stderr()}`);
  }
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}

/** A directory that is removed with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rtpbridge-test-'));
  // A thread that was just replaced may still be writing into it.
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return folder;
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** The command by which a process is limited to so many open files, hard limit included, also when we are root. */
export function withOpenFiles(count: number): readonly string[] {
  const limit = ['sh', '-c', `ulimit -n ${count}; exec "$@"`, 'sh'];
  // Root could raise the hard limit again; without this capability it cannot.
  return isRoot() ? [...limit, 'setpriv', '--bounding-set=-sys_resource', '--'] : limit;
}

/** The command by which a process runs as a user without privileges. Needs no command when we are one. */
export function asNobody(): readonly string[] {
  return isRoot() ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'] : [];
}

/** Gives a folder to the user of `asNobody`. */
export async function giveToNobody(folder: string): Promise<void> {
  if (isRoot()) await chown(folder, NOBODY, NOBODY);
}

/** Why a process cannot be started as an ordinary user here, or null. */
export async function whyNotAsNobody(): Promise<string | null> {
  if (isRoot() && findExecutable('setpriv') === null) return 'setpriv not found; install with: apt-get install util-linux';
  const { code, stderr } = await runToEnd(['--version'], { under: asNobody() });
  return code === 0 ? null : `an ordinary user cannot run it from here: ${stderr.split('\n')[0]}`;
}

/** Why the open files of a process cannot be limited here, or null. */
export function whyNoFileLimit(): string | null {
  return isRoot() && findExecutable('setpriv') === null ? 'setpriv not found; install with: apt-get install util-linux' : null;
}
