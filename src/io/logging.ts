import pino, { type Logger } from 'pino';
import type { LogLevel } from '../relay/options.js';

export type { Logger };

const PINO_LEVELS: Readonly<Record<LogLevel, string>> = {
  DBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERR: 'error',
  CRIT: 'fatal',
};

/**
 * The log of the main thread: JSON lines on stderr, written by a thread of their own so that a slow terminal holds nothing up. Media threads
 * have none: what they have to say comes to the main thread as a message, and nothing is said per packet.
 */
export function openLogger(level: LogLevel): Logger {
  const transport = pino.transport({ target: 'pino/file', options: { destination: 2 } });
  return pino({ level: PINO_LEVELS[level], base: { pid: process.pid } }, transport);
}

/** Waits until everything is written. */
export const closeLogger = (logger: Logger): Promise<void> => new Promise((resolve) => logger.flush(() => resolve()));
