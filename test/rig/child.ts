import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a process may take after SIGTERM before it is killed. */
const GRACE_MS = 5_000;
/** What is kept of each output stream: the newest part. */
const OUTPUT_LIMIT_CHARS = 4_000_000;

/** Kill the children that still run, whatever ends this process. */
const killers = new Set<() => void>();
process.on('exit', () => {
  for (const kill of killers) kill();
});
// The test runner ends a file that takes too long by SIGTERM, which by itself would end us without the line above.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process started by a test, ended by its own process id and by nothing else. */
export interface Child {
  readonly pid: number;
  /** Settles when the process has ended and its output has been read to the end. */
  readonly exited: Promise<ChildExit>;
  stdout(): string;
  stderr(): string;
  /** True until the process has ended. */
  running(): boolean;
  /**
   * Waits until `pattern` appears in the output.
   * @throws when the process ends before that, or after `timeoutMs`; the message carries the output
   */
  output(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray>;
  /** SIGTERM, and SIGKILL when that is not obeyed within five seconds. May be called again. */
  stop(): Promise<ChildExit>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Starts a process whose output is collected. It dies with the test process: a test runner that gives up must not leave
 * relays behind.
 * @throws when the executable cannot be started
 */
export async function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> {
  // A group of its own, because servers that fork (Kamailio) leave workers behind when only their head is killed, and
  // those would keep our pipes open for ever.
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8');
    child[name].on('data', (chunk: string) => {
      text[name] = (text[name] + chunk).slice(-OUTPUT_LIMIT_CHARS);
      for (const look of waiting) look();
    });
  }
  function killGroup(): void {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  let ended = false;
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true;
      killers.delete(killGroup);
      resolve({ code, signal });
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve, reject) => child.once('spawn', () => resolve()).once('error', reject));
  killers.add(killGroup);

  function output(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => settle(() => reject(new Error(`${command} ${why}\n${text.stdout}${text.stderr}`)));
      const timer = setTimeout(() => fail(`did not say ${pattern} within ${timeoutMs} ms`), timeoutMs);
      function settle(act: () => void): void {
        clearTimeout(timer);
        waiting.delete(look);
        act();
      }
      function look(): void {
        const found = pattern.exec(text.stdout) ?? pattern.exec(text.stderr);
        if (found !== null) settle(() => resolve(found));
        else if (ended) fail(`ended before it said ${pattern}`);
      }
      waiting.add(look);
      look();
    });
  }

  async function stop(): Promise<ChildExit> {
    if (ended) return exited;
    child.kill('SIGTERM');
    const obeyed = await Promise.race([exited.then(() => true), delay(GRACE_MS, false, { ref: false })]);
    if (!obeyed) killGroup();
    return exited;
  }

  return {
    pid: child.pid!,
    exited,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    running: () => !ended,
    output,
    stop,
  };
}
