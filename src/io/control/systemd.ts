import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { PassedSocket } from '../sys/unixSocket.js';

/** Where sd_listen_fds(3) says that passed descriptors begin. */
const FIRST_PASSED = 3;

/** A socket that somebody has opened for us. */
export type OpenedSocket = { readonly fd: number; readonly kind: PassedSocket };

/**
 * The socket that systemd has passed to this process, by a `.socket` unit (`Accept=no`). It can be taken once: processes started by us must
 * not believe that it was meant for them. The error is one line.
 */
export async function takePassedSocket(): Promise<Result<OpenedSocket, string>> {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = process.env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
  if (pid === undefined || count === undefined) {
    return refuse('no socket was passed (no LISTEN_PID and LISTEN_FDS): it takes a socket unit of systemd to start us');
  }
  if (pid !== String(process.pid)) return refuse(`LISTEN_PID is ${pid}, and this process is ${process.pid}`);
  if (count !== '1') return refuse(`LISTEN_FDS is ${count}: expected one socket`);
  return examine(FIRST_PASSED);
}

/** What a socket is that somebody has opened for us. The error is one line. */
export async function examine(fd: number): Promise<Result<OpenedSocket, string>> {
  const sys = await import('../sys/unixSocket.js').catch(() => null);
  if (sys === null) return refuse('there are no Linux system calls here');
  const kind = sys.passedSocket(fd);
  if (kind === null) return refuse(`descriptor ${fd} is neither a listening stream socket nor a UDP socket`);
  return ok({ fd, kind });
}
