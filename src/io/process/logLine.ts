import type { LogLevel } from '../../relay/optionValues.js';

/** One message as pino writes it, as far as we look at it. */
export type LogRecord = {
  readonly level: LogLevel;
  /** Milliseconds since the Unix epoch. */
  readonly timeMs: number;
  /** The call it concerns; null for the relay as a whole. */
  readonly call: string | null;
  readonly text: string;
};

/** The lowest of pino's numbers that is a level of ours. */
const LEVEL_NUMBERS: readonly (readonly [number, LogLevel])[] = [
  [60, 'CRIT'],
  [50, 'ERR'],
  [40, 'WARN'],
  [30, 'INFO'],
];

/** Severities of the system log: RFC 3164, section 4.1.1. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { CRIT: 2, ERR: 3, WARN: 4, INFO: 6, DBUG: 7 };
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Reads one JSON line of pino; null if it is none. */
export function readLogRecord(json: string): LogRecord | null {
  try {
    const { level, time, call, msg, err } = JSON.parse(json) as Record<string, unknown>;
    const error = (err as { message?: unknown } | undefined)?.message;
    return {
      level: LEVEL_NUMBERS.find(([number]) => Number(level) >= number)?.[1] ?? 'DBUG',
      timeMs: Number(time),
      call: typeof call === 'string' ? call : null,
      text: [msg, error === msg ? undefined : error].filter((part) => part !== undefined).join(': '),
    };
  } catch {
    return null;
  }
}

/** `LEVEL:<Call-ID|GLOBAL>:<function>:<line>: text`, as rtpproxy writes it; we have no function and line to name. Always one line. */
export function formatLogLine({ level, call, text }: LogRecord): string {
  return `${level}:${call ?? 'GLOBAL'}:rtpbridge:0: ${text}`.replaceAll(/[\r\n\0]+/g, ' ');
}

/** `HH:MM:SS.mmm`, what stands before the slash when lines are to begin with the time since the start. */
export function formatElapsed(ms: number): string {
  const whole = Math.max(0, Math.floor(ms));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const [hours, minutes, seconds] = [whole / 3_600_000, (whole / 60_000) % 60, (whole / 1000) % 60];
  return `${two(hours)}:${two(minutes)}:${two(seconds)}.${String(whole % 1000).padStart(3, '0')}`;
}

/** A message to the system log: RFC 3164, section 4.1, as syslog(3) writes it to the local socket (without the host). */
export function formatSyslog(record: LogRecord, facility: number, tag: string): string {
  const at = new Date(record.timeMs);
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map((value) => String(value).padStart(2, '0')).join(':');
  const date = `${MONTHS[at.getMonth()]} ${String(at.getDate()).padStart(2, ' ')} ${clock}`;
  return `<${facility * 8 + SEVERITIES[record.level]}>${date} ${tag}: ${formatLogLine(record)}`;
}
