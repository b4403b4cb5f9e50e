import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ChildExit } from './child.js';
import { LineClient } from './control.js';
import { leasePorts } from './ports.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const READY_LIMIT_MS = 10_000;

export type PipedOptions = {
  /** Becomes descriptor 3 of the relay. */
  readonly passed?: number;
  /** A line of shell that stands before the relay is executed in the same process: `$$` is its process id. */
  readonly before?: string;
};

/** A relay that is talked to by its standard input and output. */
export type PipedRelay = {
  readonly pid: number;
  readonly client: LineClient;
  readonly stderr: () => string;
  readonly exited: Promise<ChildExit>;
  readonly running: () => boolean;
  /** Waits until it says, wherever, that it is ready. Throws with what it said instead. */
  readonly ready: () => Promise<void>;
};

/** Starts `rtpbridge serve -f` with further arguments, on free media ports of 127.0.0.1. It is gone with the test. */
export async function startPiped(t: TestContext, args: readonly string[], options: PipedOptions = {}): Promise<PipedRelay> {
  const lease = await leasePorts();
  const { min, max } = lease.range(40);
  const folder = await mkdtemp(join(tmpdir(), 'rtpbridge-test-'));
  const media = ['-l', '127.0.0.1', '-m', `${min}`, '-M', `${max}`, '--data-dir', join(folder, 'data')];
  const command = ['sh', '-c', `${options.before ?? ':'}; exec "$@"`, 'sh', process.execPath, RTPBRIDGE, 'serve', '-f'];
  const passed = options.passed === undefined ? [] : [options.passed];
  const child = spawn(command[0]!, [...command.slice(1), ...media, ...args], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'pipe', ...passed],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let stderr = '';
  let isRunning = true;
  let look: () => void = () => {};
  const client = LineClient.over(child.stdout!, child.stdin!);
  child.stdout!.on('data', () => look());
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    look();
  });
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('close', (code, signal) => {
      isRunning = false;
      process.removeListener('exit', kill);
      resolve({ code, signal });
      look();
    });
  });
  t.after(async () => {
    kill();
    await exited;
    await lease.release();
    await rm(folder, { recursive: true, force: true });
  });
  const ready = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready in time: ${stderr}`)), READY_LIMIT_MS);
      look = () => {
        if (/^rtpbridge is ready/m.test(client.chunks.join('') + stderr)) resolve();
        else if (isRunning) return;
        else reject(new Error(`it ended: ${stderr}`));
        clearTimeout(timer);
      };
      look();
    });
  return { pid: child.pid!, client, stderr: () => stderr, exited, running: () => isRunning, ready };
}
