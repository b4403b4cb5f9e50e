import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { formatElapsed, formatLogLine, formatSyslog, type LogRecord, readLogRecord } from './logLine.js';

/** Where lines go. */
export type LineTargets = {
  readonly stderr: boolean;
  readonly syslog: { readonly path: string; readonly facility: number; readonly ident: string } | null;
  /** Lines on stderr begin with the time since the start: so much had passed at that time of day, both in milliseconds. */
  readonly elapsed: { readonly atMs: number; readonly elapsedMs: number } | null;
};

const STDERR = 2;
/** How long a reader of stderr that does not read is waited for before a line is dropped, and how often it is tried. */
const RETRY_MS = 20;
const RETRIES = 50;

/** The thread that writes the log: pino gives it JSON lines. It may wait, the main thread may not. */
export default async function openLineWriter(targets: LineTargets): Promise<Writable> {
  const sendToSyslog = targets.syslog === null ? null : await openSyslog(targets.syslog);
  const writeRecord = (record: LogRecord): void => {
    if (targets.stderr) writeStderr(`${formatPrefix(record, targets)}${formatLogLine(record)}\n`);
    sendToSyslog?.(record);
  };
  let rest = '';
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const record = readLogRecord(line);
        if (record !== null) writeRecord(record);
      }
      done();
    },
  });
}

const formatPrefix = ({ timeMs }: LogRecord, { elapsed }: LineTargets): string =>
  elapsed === null ? '' : `${formatElapsed(timeMs - elapsed.atMs + elapsed.elapsedMs)}/`;

function writeStderr(line: string): void {
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    try {
      writeSync(STDERR, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** The system log, or null where it cannot be reached from here at all. A message it does not take at once is dropped. */
async function openSyslog({ path, facility, ident }: NonNullable<LineTargets['syslog']>) {
  try {
    const { sendUnixDatagram } = await import('../sys/unixDatagram.js');
    return (record: LogRecord): void => {
      sendUnixDatagram(path, Buffer.from(formatSyslog(record, facility, `${ident}[${process.pid}]`)));
    };
  } catch {
    return null;
  }
}
