import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { PassedSocket } from '../sys/unixSocket.js';

/** Where sd_listen_fds(3) says that passed descriptors begin. */
const FIRST_PASSED = 3;

/**
 * The socket that systemd has passed to this process, by a `.socket` unit (`Accept=no`). It can be taken once: processes started by us must
 * not believe that it was meant for them. The error is one line.
 */
export async function takePassedSocket(): Promise<Result<{ readonly fd: number; readonly kind: PassedSocket }, string>> {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = process.env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
  if (pid === undefined || count === undefined) {
    return refuse('no socket was passed (no LISTEN_PID and LISTEN_FDS): it takes a socket unit of systemd to start us');
  }
  if (pid !== String(process.pid)) return refuse(`LISTEN_PID is ${pid}, and this process is ${process.pid}`);
  if (count !== '1') return refuse(`LISTEN_FDS is ${count}: expected one socket`);
  const sys = await import('../sys/unixSocket.js').catch(() => null);
  if (sys === null) return refuse('there are no Linux system calls here');
  const kind = sys.passedSocket(FIRST_PASSED);
  if (kind === null) return refuse(`descriptor ${FIRST_PASSED} is neither a listening stream socket nor a UDP socket`);
  return ok({ fd: FIRST_PASSED, kind });
}
