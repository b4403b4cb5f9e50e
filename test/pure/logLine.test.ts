/** The log lines of rtpproxy, made of what pino writes. */
import { equal, match } from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import pino from 'pino';
import { formatElapsed, formatLogLine, formatSyslog, type LogRecord, readLogRecord } from '../../src/io/process/logLine.js';

/** The record that a message leaves. */
function logged(write: (log: pino.Logger) => void): LogRecord {
  let json = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      json += String(chunk);
      done();
    },
  });
  write(pino({ level: 'debug', base: null }, sink));
  const record = readLogRecord(json);
  if (record === null) throw new Error(`not read: ${json}`);
  return record;
}

test('a message is LEVEL:call:function:line: text, GLOBAL where it concerns no call', () => {
  equal(formatLogLine(logged((log) => log.warn('ports are scarce'))), 'WARN:GLOBAL:rtpbridge:0: ports are scarce');
  equal(formatLogLine(logged((log) => log.info({ call: 'c1@host' }, 'opened'))), 'INFO:c1@host:rtpbridge:0: opened');
  const levels = (['debug', 'info', 'warn', 'error', 'fatal'] as const).map((name) => logged((log) => log[name]('x')).level);
  equal(levels.join(' '), 'DBUG INFO WARN ERR CRIT');
});

test('an error is told with its reason, once', () => {
  equal(formatLogLine(logged((log) => log.error(new Error('no memory')))), 'ERR:GLOBAL:rtpbridge:0: no memory');
  equal(
    formatLogLine(logged((log) => log.error({ err: new Error('ENOSPC') }, 'the log cannot be written'))),
    'ERR:GLOBAL:rtpbridge:0: the log cannot be written: ENOSPC',
  );
});

test('a message stays one line, and what is no message is none', () => {
  equal(formatLogLine(logged((log) => log.warn('a\r\nb\0c'))), 'WARN:GLOBAL:rtpbridge:0: a b c');
  equal(readLogRecord('no JSON'), null);
  equal(readLogRecord('null'), null);
});

test('the time since the start is HH:MM:SS.mmm', () => {
  equal(formatElapsed(0), '00:00:00.000');
  equal(formatElapsed(-5), '00:00:00.000');
  equal(formatElapsed(61_234.9), '00:01:01.234');
  equal(formatElapsed(100 * 3_600_000 + 59 * 60_000), '100:59:00.000');
});

test('the system log gets priority, local time and tag in front', () => {
  const at = new Date(2026, 10, 3, 4, 5, 6).getTime();
  const record: LogRecord = { level: 'ERR', timeMs: at, call: null, text: 'x' };
  equal(formatSyslog(record, 3, 'rtpproxy[7]'), '<27>Nov  3 04:05:06 rtpproxy[7]: ERR:GLOBAL:rtpbridge:0: x');
  const priorities = (['CRIT', 'ERR', 'WARN', 'INFO', 'DBUG'] as const).map((level) =>
    Number(/^<(\d+)>/.exec(formatSyslog({ ...record, level }, 16, 't'))?.[1]),
  );
  equal(priorities.join(' '), '130 131 132 134 135');
  match(formatSyslog({ ...record, timeMs: new Date(2026, 0, 31, 23, 59, 59).getTime() }, 0, 't'), /^<3>Jan 31 23:59:59 t: /);
});
