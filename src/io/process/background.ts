import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** How the process in the background knows that it is one, and on which descriptor its parent waits. */
const MARK = 'RTPBRIDGE_BACKGROUND';
/** Descriptor 3 is the one that a service manager hands over: sd_listen_fds(3). */
const SOCKET_FD = 3;
const READY_FD = 4;
const READY = 'ready\n';
const STDOUT = 1;
const STDERR = 2;

/**
 * Starts this program again, in a session of its own, and waits until it serves. Answers the exit code: 0, or 1 when it has ended instead;
 * what is wrong it has said itself, on the stderr that it shares with us until it serves. Its parent may go then, it stays.
 */
export function startInBackground(): Promise<number> {
  const [node, program, ...args] = process.argv;
  const handedOver = process.env['LISTEN_FDS'] === undefined ? 'ignore' : SOCKET_FD;
  const child = spawn(node!, [...process.execArgv, program!, ...args], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', handedOver, 'pipe'],
    env: { ...process.env, [MARK]: String(process.pid) },
  });
  const interrupt = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  return new Promise((resolve) => {
    const end = (code: number): void => {
      child.unref();
      resolve(code);
    };
    child.once('error', () => end(1));
    child.once('exit', (_code, signal) => {
      if (signal !== null) writeSync(STDERR, `the process in the background was ended by ${signal}\n`);
      end(1);
    });
    const link = child.stdio[READY_FD] as Readable;
    let said = '';
    link.setEncoding('latin1').on('data', (chunk: string) => {
      said += chunk;
      if (said !== READY) return;
      link.destroy();
      end(0);
    });
  });
}

/** The end of the link that the process in the background holds. */
export type BackgroundLink = {
  /** Lets go of the parent: of its output unless `redirect` is false, of the folder it was started in unless `chdir` is. */
  readonly ready: (options: { readonly redirect: boolean; readonly chdir: boolean }) => Promise<void>;
};

/** The link to the parent if this process is the one in the background, otherwise null. To be asked once. */
export function joinBackground(): BackgroundLink | null {
  const parent = process.env[MARK];
  if (parent !== String(process.ppid)) return null;
  delete process.env[MARK];
  // Handed-over sockets are meant for one process, and that is us now.
  if (process.env['LISTEN_PID'] === parent) process.env['LISTEN_PID'] = String(process.pid);
  return {
    ready: async ({ redirect, chdir }) => {
      if (redirect) await silence();
      if (chdir) process.chdir('/');
      try {
        writeSync(READY_FD, READY);
        closeSync(READY_FD);
      } catch {
        // The parent did not wait; we serve all the same.
      }
    },
  };
}

/** Output goes nowhere from now on. A system without system calls of ours keeps it where it was. */
async function silence(): Promise<void> {
  const nowhere = openSync('/dev/null', 'r+');
  try {
    const { duplicateDescriptor } = await import('../sys/descriptors.js');
    for (const fd of [STDOUT, STDERR]) duplicateDescriptor(nowhere, fd);
  } catch {
    // As said above.
  } finally {
    closeSync(nowhere);
  }
}
