/** A relay that listens on every kind of control socket at once, standard input among them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UdpControl } from '../../rig/control.js';
import { leasePorts, type PortLease } from '../../rig/ports.js';
import { type Kind, type Pipes, SOCKETS } from './kinds.js';

const RTPBRIDGE = fileURLToPath(new URL('../../../src/cli/rtpbridge.js', import.meta.url));
const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 5_000;
const DEFAULT_PAIRS = 60;

export type Server = {
  /** The control socket of each kind, as `-s` was given it. */
  readonly sockets: Readonly<Partial<Record<Kind, string>>>;
  readonly media: { readonly min: number; readonly max: number };
  readonly pipes: Pipes;
  /** Puts the folder and the free port in, as in the options. */
  readonly fill: (text: string) => string;
  /** SIGTERM; answers the exit code, null when it had to be killed. */
  readonly stop: () => Promise<number | null>;
  readonly stderr: () => string;
};

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// The test runner ends a file that takes too long by SIGTERM, which by itself would end us without the line above.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));

/**
 * Starts `rtpbridge serve` with the options of a transcript and waits until it answers.
 * @throws with what it wrote when it does not start
 */
export async function startServer(options: readonly string[], kinds: readonly Kind[]): Promise<Server> {
  const pairs = Number(options.find((option) => option.startsWith('PAIRS='))?.slice(6) ?? DEFAULT_PAIRS);
  const lease = await leasePorts(pairs * 2 + 40);
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-transcript-'));
  const discard = async (): Promise<void> => {
    await lease.release();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const media = lease.range(pairs * 2);
    const spare = String(await lease.port());
    const fill = (text: string): string => text.replaceAll('DIR', dir).replaceAll('NPORT', spare);
    const sockets = await nameSockets(kinds, lease, fill);
    const args = [
      ...['serve', '-f', '-F', ...Object.values(sockets).flatMap((name) => ['-s', name])],
      ...options.filter((option) => !option.startsWith('PAIRS=')).map(fill),
      ...['-m', String(media.min), '-M', String(media.max), '--data-dir', join(dir, 'data'), '-p', join(dir, 'pid')],
    ];
    const child = await startProcess(args, dir);
    const stop = async (): Promise<number | null> => {
      try {
        return await child.stop();
      } finally {
        await discard();
      }
    };
    await answers(sockets, child).catch(async (error: Error) => {
      await child.stop();
      throw new Error(`rtpbridge ${args.join(' ')}: ${error.message}\n${child.stderr()}`);
    });
    return { sockets, media, pipes: child.pipes, fill, stop, stderr: child.stderr };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function nameSockets(kinds: readonly Kind[], lease: PortLease, fill: (text: string) => string) {
  const sockets: Partial<Record<Kind, string>> = {};
  for (const kind of kinds) {
    const name = fill(SOCKETS[kind]);
    sockets[kind] = name.endsWith(':PORT') ? name.replace('PORT', String(await lease.port())) : name;
  }
  return sockets;
}

type Started = {
  readonly pipes: Pipes;
  readonly stop: () => Promise<number | null>;
  readonly stderr: () => string;
  readonly isOver: () => boolean;
};

async function startProcess(args: readonly string[], cwd: string): Promise<Started> {
  const child = spawn(process.execPath, [RTPBRIDGE, ...args], { cwd, stdio: 'pipe' });
  running.add(child);
  let stderr = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    stderr = (stderr + text).slice(-100_000);
  });
  let isOver = false;
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      isOver = true;
      running.delete(child);
      resolve(code);
    });
  });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  const stop = async (): Promise<number | null> => {
    if (isOver) return exited;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    return exited.finally(() => clearTimeout(timer));
  };
  return { pipes: { input: child.stdin, output: child.stdout }, stop, stderr: () => stderr, isOver: () => isOver };
}

/** Probes as a client does, because standard output belongs to the control protocol. */
async function answers(sockets: Readonly<Partial<Record<Kind, string>>>, child: Started): Promise<void> {
  // With commands on standard input the greeting goes to standard error, and comes when every socket is open.
  for (let waitedMs = 0; !/is ready/.test(child.stderr()) && waitedMs < START_LIMIT_MS; waitedMs += 20) await delay(20);
  const probe = await UdpControl.to(sockets.udp!);
  try {
    for (const end = Date.now() + START_LIMIT_MS; ; ) {
      const answer = await probe.ask('V', { timeoutMs: 50 }).catch(() => null);
      if (answer !== null) return;
      if (child.isOver()) throw new Error('it ended instead of starting');
      if (Date.now() > end) throw new Error(`no answer to V within ${START_LIMIT_MS} ms`);
    }
  } finally {
    await probe.close();
  }
}
