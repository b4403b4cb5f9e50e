import { uptime } from 'node:os';
import { fileURLToPath } from 'node:url';
import pino, { type Logger } from 'pino';
import type { RelayOptions } from '../relay/options.js';
import { LOG_FACILITIES, type LogLevel } from '../relay/optionValues.js';
import type { LineTargets } from './process/logLines.js';

export type { Logger };

const PINO_LEVELS: Readonly<Record<LogLevel, string>> = {
  DBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERR: 'error',
  CRIT: 'fatal',
};

const LINE_WRITER = fileURLToPath(new URL('./process/logLines.js', import.meta.url));
/** Where the system log takes messages (RFC 3164 over a unix datagram socket). */
const SYSLOG_SOCKET = '/dev/log';

export type LogOptions = Pick<RelayOptions, 'program' | 'logLevel' | 'logFacility' | 'foreground' | 'redirect'>;

/**
 * The log of the main thread, written by a thread of its own so that a slow terminal or system log holds nothing up. Media threads have
 * none: what they have to say comes to the main thread as a message, and nothing is said per packet.
 *
 * rtpbridge writes JSON lines to stderr. rtpproxy writes the lines that its users' scripts know: to stderr, in the background to the
 * system log. A `call` among the fields of a message is the call it concerns.
 */
export function openLogger(options: LogOptions): Logger {
  const level = PINO_LEVELS[options.logLevel];
  if (options.program === 'rtpbridge') {
    return pino({ level, base: { pid: process.pid } }, pino.transport({ target: 'pino/file', options: { destination: 2 } }));
  }
  return pino({ level, base: null }, pino.transport({ target: LINE_WRITER, options: lineTargets(options, process.env) }));
}

/**
 * The same JSON lines of a process that has little to say and nobody to hold up: no thread writes them, and each is written when the call
 * returns.
 */
export const openDirectLogger = ({ logLevel }: Pick<LogOptions, 'logLevel'>): Logger =>
  pino({ level: PINO_LEVELS[logLevel], base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));

function lineTargets(options: LogOptions, env: NodeJS.ProcessEnv): LineTargets {
  const { RTPP_LOG_TFORM, RTPP_LOG_TSTART, RTPBRIDGE_SYSLOG } = env;
  const startedAtS = Number(RTPP_LOG_TSTART ?? Number.NaN);
  const elapsedMs = Number.isNaN(startedAtS) ? process.uptime() * 1000 : (uptime() - startedAtS) * 1000;
  return {
    stderr: options.foreground || !options.redirect,
    syslog: options.foreground
      ? null
      : { path: RTPBRIDGE_SYSLOG ?? SYSLOG_SOCKET, facility: LOG_FACILITIES[options.logFacility], ident: 'rtpproxy' },
    elapsed: RTPP_LOG_TFORM === 'rel' ? { atMs: Date.now(), elapsedMs } : null,
  };
}

/** Waits until everything is written. */
export const closeLogger = (logger: Logger): Promise<void> => new Promise((resolve) => logger.flush(() => resolve()));
