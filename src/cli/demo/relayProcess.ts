import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A relay that runs as a child process and is ready for commands. */
export type RelayProcess = {
  readonly pid: number;
  /** What it printed until it was ready, that line included. */
  readonly greeting: readonly string[];
  /** Asks it to end, waits, and answers its exit code; null if it had to be killed. May be called twice. */
  end(): Promise<number | null>;
};

const READY_LINE = /^rtpbridge is ready/;
const READY_LIMIT_MS = 15_000;
const END_LIMIT_MS = 5_000;
/** Lines of its error output kept for the message when it does not start. */
const COMPLAINT_LINES = 5;

/** Compiled to the same directory as this file's parent. */
const RTPBRIDGE = fileURLToPath(new URL('../rtpbridge.js', import.meta.url));

/**
 * Starts `rtpbridge serve` with these arguments and resolves when it is ready. Rejects if it ends, or says nothing, before that.
 */
export async function startRelay(args: readonly string[], signal: AbortSignal): Promise<RelayProcess> {
  const child = spawn(process.execPath, [RTPBRIDGE, 'serve', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  // A crash of the demo must not leave a relay behind.
  const reap = () => child.kill('SIGKILL');
  process.once('exit', reap);
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  }).finally(() => process.off('exit', reap));
  const end = async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(reap, END_LIMIT_MS);
    const code = await ended;
    clearTimeout(killer);
    return code;
  };

  const greeting: string[] = [];
  const complaints: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    complaints.push(line);
    if (complaints.length > COMPLAINT_LINES) complaints.shift();
  });
  // Stays attached after the ready line: a full pipe would stop the relay.
  const lines = createInterface(child.stdout);
  const ready = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (greeting.some((earlier) => READY_LINE.test(earlier))) return;
      greeting.push(line);
      if (READY_LINE.test(line)) resolve();
    });
  });

  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_LIMIT_MS)]);
  const verdict = await Promise.race([
    ready.then(() => 'ready' as const),
    ended.then(() => 'ended' as const),
    (limit.aborted ? Promise.resolve() : once(limit, 'abort')).then(() => 'late' as const),
  ]);
  if (verdict === 'ready') return { pid: child.pid!, greeting, end };
  await end();
  signal.throwIfAborted();
  const why =
    verdict === 'late' ? `was not ready after ${READY_LIMIT_MS / 1000} s` : `ended with ${child.exitCode ?? child.signalCode}`;
  throw new Error(`the relay ${why}: ${complaints.join(' | ') || 'it printed no error'}`);
}
