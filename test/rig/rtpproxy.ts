import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.js';
import { leasePorts } from './ports.js';
import { type Ended, temporaryFolder } from './startAttempt.js';

const PROGRAMS = {
  rtpproxy: fileURLToPath(new URL('../../src/cli/rtpproxy.js', import.meta.url)),
  rtpproxy_debug: fileURLToPath(new URL('../../src/cli/rtpproxyDebug.js', import.meta.url)),
};
const END_LIMIT_MS = 15_000;
const LOOK_MS = 20;

/** Where an rtpproxy may run: free ports, a folder of its own for everything it leaves. */
export type Site = {
  readonly folder: string;
  readonly udp: string;
  /** Path of a unix control socket. */
  readonly unix: string;
  readonly pidFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** Arguments with which it starts, also as root: both control sockets, the pid file, a small port range. */
  readonly args: readonly string[];
};

/** A site on a loopback address, removed with the test. */
export async function rtpproxySite(t: TestContext, host = '127.0.0.1'): Promise<Site> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  // Whom it becomes (-u) must reach what is in there.
  chmodSync(folder, 0o755);
  const { min, max } = lease.range(40);
  const [udp, unix, pidFile] = [`udp:127.0.0.1:${await lease.port()}`, join(folder, 'control.sock'), join(folder, 'pid')];
  const { RTPP_LOG_TFORM, RTPP_LOG_TSTART, NOTIFY_SOCKET, ...env } = process.env;
  return {
    ...{ folder, udp, unix, pidFile },
    env: { ...env, RTPBRIDGE_DATA_DIR: join(folder, 'state'), RTPBRIDGE_SYSLOG: join(folder, 'no-syslog') },
    args: ['-F', '-s', udp, '-s', `unix:${unix}`, '-p', pidFile, '-l', host, '-m', `${min}`, '-M', `${max}`],
  };
}

export type RunOptions = {
  readonly program?: keyof typeof PROGRAMS;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What stands in front of `node`: a command that takes another one as its arguments. */
  readonly under?: readonly string[];
};

/** Starts rtpproxy with exactly these arguments, and waits for nothing. */
export function launchRtpproxy(args: readonly string[], { program, env, cwd, under }: RunOptions = {}): Promise<Child> {
  const [command, ...rest] = [...(under ?? []), process.execPath, PROGRAMS[program ?? 'rtpproxy'], ...args];
  return startChild(command!, rest, { ...(env === undefined ? {} : { env }), ...(cwd === undefined ? {} : { cwd }) });
}

/**
 * Runs it to its end, which must come by itself: it printed something, refused, or has gone to the background.
 * @throws when it still runs after 15 seconds
 */
export async function runRtpproxy(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = await launchRtpproxy(args, options);
  const exit = await Promise.race([child.exited, delay(END_LIMIT_MS, null, { ref: false })]);
  if (exit === null) {
    await child.stop();
    throw new Error(`rtpproxy ${args.join(' ')} still runs after ${END_LIMIT_MS} ms\n${child.stdout()}${child.stderr()}`);
  }
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}

/** Starts it in the foreground and waits until it serves. It is stopped with the test. */
export async function serveRtpproxy(
  t: TestContext,
  { args, env, folder }: Site,
  more: readonly string[] = [],
  options: RunOptions = {},
) {
  const relay = await launchRtpproxy(['-f', ...args, ...more], { env, cwd: folder, ...options });
  t.after(() => relay.stop());
  await relay.output(/^rtpbridge is ready/m, END_LIMIT_MS);
  return relay;
}

/** Processes in the background are ended by their own ids, also when the test process is ended. */
const inBackground = new Set<number>();
process.on('exit', () => {
  for (const pid of inBackground) kill(pid);
});

/** Starts it in the background; answers its process id, as it stands in the pid file. It is killed with the test if it still runs. */
export async function startRtpproxy(t: TestContext, { args, env, folder, pidFile }: Site, ...more: string[]) {
  const ended = await runRtpproxy([...args, ...more], { env, cwd: folder });
  if (ended.code !== 0) throw new Error(`rtpproxy did not start (${ended.code}): ${ended.stderr}`);
  const pid = await backgroundPid(t, pidFile);
  return { pid, ...ended };
}

/** The process id in a pid file, once it is there. The process is killed with the test if it still runs. */
export async function backgroundPid(t: TestContext, pidFile: string): Promise<number> {
  const written = (): string => (existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '');
  for (let leftMs = END_LIMIT_MS; leftMs > 0 && !/^\d+\n$/.test(written()); leftMs -= LOOK_MS) await delay(LOOK_MS);
  const pid = Number(written());
  if (pid === 0) throw new Error(`no process id came to ${pidFile}`);
  inBackground.add(pid);
  t.after(() => {
    inBackground.delete(pid);
    kill(pid);
  });
  return pid;
}

function kill(pid: number): void {
  if (!isAlive(pid)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

/** A process that nobody waits for stays as a zombie where the first process of the machine does not care: that one is dead. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether the process has ended before the time is up. */
export async function hasEnded(pid: number, limitMs = 10_000): Promise<boolean> {
  for (let leftMs = limitMs; leftMs > 0; leftMs -= LOOK_MS) {
    if (!isAlive(pid)) return true;
    await delay(LOOK_MS);
  }
  return !isAlive(pid);
}
