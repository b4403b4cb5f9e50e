import { Socket } from 'node:net';

/** Says to a relay that it is supervised, and what it has inherited: a JSON list of `DESCRIPTOR=ADDRESS`. */
const MARK = 'RTPBRIDGE_SUPERVISED';
/** The line between the two processes. */
const LINK_FD = 3;
const FIRST_SOCKET_FD = 4;
const SERVED = 'served\n';

/** Sockets that stand open, by their addresses as `formatControlAddress` writes them. */
export type OpenSockets = ReadonlyMap<string, number>;

/** The environment and the descriptors of a relay that is to have these sockets; `stdio` as `spawn` takes it. */
export function bequeath(sockets: OpenSockets, env: NodeJS.ProcessEnv) {
  const names = [...sockets.keys()].map((name, i) => `${FIRST_SOCKET_FD + i}=${name}`);
  // Readiness is told by the process that the service manager has started, which would take the relay's death for the end of the service.
  const { NOTIFY_SOCKET, ...rest } = env;
  return {
    env: { ...rest, [MARK]: JSON.stringify(names) },
    stdio: ['inherit', 'inherit', 'inherit', 'pipe', ...sockets.values()] as const,
  };
}

/** Calls back when the relay at the other end of the line says that it serves. */
export function onServed(stdio: readonly unknown[], served: () => void): void {
  const link = stdio[LINK_FD];
  if (!(link instanceof Socket)) return; // The process could not be started.
  link.on('error', () => {}); // It has ended, which is heard of by other means.
  link.once('data', served);
}

/** Taken when the program starts, and from the environment: processes that are started by us must not believe that it is theirs. */
const inherited = take(process.env);

function take(env: NodeJS.ProcessEnv): OpenSockets | null {
  const text = env[MARK];
  delete env[MARK];
  if (text === undefined) return null;
  const entries = (JSON.parse(text) as string[]).map((entry): [string, number] => {
    const at = entry.indexOf('=');
    return [entry.slice(at + 1), Number(entry.slice(0, at))];
  });
  return new Map(entries);
}

/** The sockets that whoever supervises this process holds open for it; none if it is not supervised. */
export const inheritedSockets = (): OpenSockets => inherited ?? new Map();

/** The supervised end of the line. */
export type SupervisorLink = {
  /** Says that the relay serves. */
  readonly served: () => void;
};

/**
 * The line to whoever supervises this process; null if nobody does. To be asked once. When the line breaks, the other process has died, and
 * this one dies with it: nobody would start it again, and it would hold the ports of the next. It dies as by a crash, because that is what
 * it is, so that the calls are taken up by the next and not ended.
 *
 * A line and not PR_SET_PDEATHSIG: the kernel forgets that when the process becomes another user (-u).
 */
export function joinSupervisor(): SupervisorLink | null {
  if (inherited === null) return null;
  const link = new Socket({ fd: LINK_FD, readable: true, writable: true });
  link.on('error', () => {}); // Followed by its close.
  link.once('close', () => process.kill(process.pid, 'SIGKILL'));
  link.resume();
  link.unref();
  return { served: () => void link.write(SERVED) };
}
