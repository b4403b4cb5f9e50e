import { connect } from 'node:net';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import {
  type AdminRequest,
  type CallAnswer,
  type Reloaded,
  readAnswer,
  readCallAnswer,
  readReloaded,
  readTold,
} from '../../relay/admin/protocol.js';
import { type AdminStatus, readStatus } from '../../relay/admin/status.js';
import type { Told } from '../../relay/events/told.js';

const TIMEOUT_MS = 5000;
const RELOAD_TIMEOUT_MS = 60_000;

/** What is wrong where a relay cannot be asked, by errno. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket: does the relay run, with this data directory?',
  ECONNREFUSED: 'nobody listens there: the relay has ended',
  ENOTSOCK: 'this is no socket',
  EACCES: 'this user may not ask the relay',
  EPERM: 'this user may not ask the relay',
  EAGAIN: 'the relay does not take the connection',
  EPIPE: 'the relay has closed the connection',
  ECONNRESET: 'the relay has closed the connection',
  EINVAL: 'the path is longer than that of a socket can be',
  ENAMETOOLONG: 'the path is longer than that of a socket can be',
};

/**
 * Asks the relay that has an admin socket at `path`. Answers what it said, an object; or in one line why not: what the relay had against the
 * request, or that nobody answered within five seconds (`timeoutMs`).
 */
export async function askAdmin(
  path: string,
  request: Exclude<AdminRequest, { ask: 'watch' }>,
  timeoutMs = TIMEOUT_MS,
): Promise<Result<Readonly<Record<string, unknown>>, string>> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(lateness(timeoutMs)), timeoutMs);
  try {
    for await (const line of linesOf(path, request, late.signal)) return named(path, readAnswer(line));
    return refuse(`${path}: the relay has closed the connection without an answer`);
  } catch (error) {
    return refuse(`${path}: ${inWords(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks for the sessions of a call as they are now, and where the event log is that tells how they came to be so. */
export async function askCall(path: string, call: string): Promise<Result<CallAnswer, string>> {
  const answer = await askAdmin(path, { ask: 'call', call });
  return answer.ok ? named(path, readCallAnswer(answer.value)) : answer;
}

export async function askStatus(path: string): Promise<Result<AdminStatus, string>> {
  const answer = await askAdmin(path, { ask: 'status' });
  return answer.ok ? named(path, readStatus(answer.value['status'])) : answer;
}

/** Has the settings file read again, or (`check`) looked at. Names are looked up meanwhile, which may take its time. */
export async function askReload(path: string, check: boolean): Promise<Result<Reloaded, string>> {
  const answer = await askAdmin(path, { ask: 'reload', check }, RELOAD_TIMEOUT_MS);
  return answer.ok ? named(path, readReloaded(answer.value)) : answer;
}

/**
 * What happens to a call, or (null) to all, from now on, until `signal`. If it ends by itself, the last that comes is why, in one line: also
 * that it was not answered within five seconds (`timeoutMs`) that it will be told. Whoever reads too slowly is told how many records he missed.
 */
export async function* watchAdmin(
  path: string,
  call: string | null,
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): AsyncGenerator<Result<Told, string>> {
  let isAnswered = false;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(lateness(timeoutMs)), timeoutMs);
  try {
    for await (const line of linesOf(path, { ask: 'watch', call }, AbortSignal.any([signal, late.signal]))) {
      const told = isAnswered ? readTold(line) : null;
      if (told !== null) {
        yield ok(told);
        continue;
      }
      const answer = named(path, readAnswer(line));
      if (!answer.ok) return yield answer;
      isAnswered = true;
      clearTimeout(timer);
    }
    yield refuse(`${path}: the relay has closed the connection`);
  } catch (error) {
    if (!signal.aborted) yield refuse(`${path}: ${inWords(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

const lateness = (timeoutMs: number): Error => new Error(`no answer within ${timeoutMs / 1000} seconds`);

/** Says something, and answers the lines that come. Throws what is wrong with the connection, and the reason of `signal` when it is given. */
async function* linesOf(path: string, request: AdminRequest, signal: AbortSignal): AsyncGenerator<string> {
  signal.throwIfAborted();
  const socket = connect({ path });
  const stop = (): unknown => socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop);
  try {
    socket.setEncoding('utf8');
    socket.write(`${JSON.stringify(request)}\n`);
    let pieces: string[] = [];
    for await (const chunk of socket) {
      const [first = '', ...others] = String(chunk).split('\n');
      pieces.push(first);
      for (const other of others) {
        yield pieces.join('');
        pieces = [other];
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

const named = <T>(path: string, result: Result<T, string>): Result<T, string> =>
  result.ok ? result : refuse(`${path}: ${result.error}`);

function inWords(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words = REASONS[code ?? ''] ?? message;
  return code === undefined ? words : `${words} (${code})`;
}
