/** What an rtpproxy says when it starts, where it cannot say it, and what it cannot have. */
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openDataFolder } from '../../src/io/process/dataFolder.js';
import { eventually } from '../rig/calls.js';
import { askOnce, unixCommand } from '../rig/control.js';
import { launchRtpproxy, rtpproxySite, runRtpproxy, serveRtpproxy, startRtpproxy } from '../rig/rtpproxy.js';
import { receiveUnixDatagrams } from '../rig/unixDatagrams.js';

const BOUND = { timeout: 40_000 };
const VERSION = '20040107';
const END_LIMIT_MS = 15_000;

test(
  'recording that is asked for and has no folder is said in the log, which begins with errors, and calls go on',
  BOUND,
  async (t) => {
    const site = await rtpproxySite(t);
    const relay = await serveRtpproxy(t, site, ['-a', '-P']);
    await relay.output(/^ERR:GLOBAL:rtpbridge:0: -a: nothing is recorded, .*-r.*going on without$/m, END_LIMIT_MS);
    match(await askOnce(site.udp, 'U call 127.0.0.1 4000 from'), /^\d+ 127\.0\.0\.1$/);
    equal(await askOnce(site.udp, 'R call from'), 'E50');
    const silent = await rtpproxySite(t);
    const other = await serveRtpproxy(t, silent, ['-P', '-R']);
    await other.stop();
    doesNotMatch(other.stderr(), /recorded/, 'nobody asked for it');
  },
);

test('a folder in the place of the pid file is an error in the log, not silence', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const relay = await serveRtpproxy(t, site, ['-p', site.folder]);
  await relay.output(/^ERR:GLOBAL:rtpbridge:0: the pid file \/.* cannot be written \(EISDIR\)$/m, END_LIMIT_MS);
  equal(await askOnce(site.udp, 'V'), VERSION);
});

test('it serves where nothing can be written to stdout and stderr', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  // Without -F root is warned on stderr.
  const args = ['-f', '-s', `unix:${site.unix}`, '-p', site.pidFile, ...site.args.slice(site.args.indexOf('-l'))];
  for (const under of [
    ['sh', '-c', 'exec "$@" >/dev/full 2>/dev/full', 'sh'],
    ['sh', '-c', 'exec "$@" >&- 2>&-', 'sh'],
  ]) {
    const relay = await launchRtpproxy(args, { env: site.env, cwd: site.folder, under });
    t.after(() => relay.stop());
    await eventually(async () => equal(await unixCommand(site.unix, 'V'), `${VERSION}\n`), END_LIMIT_MS);
    ok(relay.running());
    deepEqual(await relay.stop(), { code: 0, signal: null });
  }
});

test('where there is no place for the event log at all it does not start, and says so in one line', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const file = join(site.folder, 'file');
  writeFileSync(file, '');
  const env = { ...site.env, RTPBRIDGE_DATA_DIR: file, TMPDIR: file };
  for (const more of [['-f'], []]) {
    const { code, stdout, stderr } = await runRtpproxy([...more, ...site.args], { env, cwd: site.folder });
    deepEqual([code, stdout], [1, '']);
    match(
      stderr,
      /^rtpproxy: there is no place for the event log, [^\n]*\/file\/[^\n]* \(E[A-Z]+\), [^\n]*\/file \(E[A-Z]+\)\n$/,
    );
  }
});

test('the event log of a relay with a handed-over socket is found again by the name of its unit', BOUND, async (t) => {
  const { folder } = await rtpproxySite(t);
  const env = { RTPBRIDGE_DATA_DIR: folder, LISTEN_FDNAMES: 'rtpproxy.socket' };
  const folderOf = (control: string[]) => openDataFolder('/nowhere', control, env);
  const ofUnit = { ok: true, value: { path: join(folder, 'systemd_rtpproxy.socket'), warning: null } };
  deepEqual(folderOf(['systemd:']), ofUnit);
  deepEqual(folderOf(['stdio:', 'systemd:']), ofUnit);
  const own = { ok: true, value: { path: join(folder, 'tcp_127.0.0.1_1'), warning: null } };
  deepEqual(folderOf(['systemd:', 'tcp:127.0.0.1:1']), own, 'a control socket of its own names it as before');
});

test('in the background the log says what it listens on, at level INFO', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const syslog = receiveUnixDatagrams(site.env['RTPBRIDGE_SYSLOG']!);
  t.after(() => syslog.close());
  const { pid } = await startRtpproxy(t, site, '-d', 'INFO');
  match(await syslog.receive(), new RegExp(`rtpproxy\\[${pid}\\]: INFO:GLOBAL:rtpbridge:0: control +${site.udp}$`));
  let line = '';
  while (!line.includes('is ready')) line = await syslog.receive();
});

test('too few open files for the port range are a warning in the log of the background, too', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const syslog = receiveUnixDatagrams(site.env['RTPBRIDGE_SYSLOG']!);
  t.after(() => syslog.close());
  await startRtpproxy(t, site, '-d', 'WARN', '-L', '150');
  match(await syslog.receive(), /WARN:GLOBAL:rtpbridge:0: 150 open files are allowed, .* the port range needs \d+/);
});

test('a command that is interrupted before calls are served does not return 0', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  // A configuration that is being written: the start waits for its end.
  const config = join(site.folder, 'fifo');
  execFileSync('mkfifo', [config]);
  const command = await launchRtpproxy([...site.args, '--config', config], { env: site.env, cwd: site.folder });
  t.after(() => command.stop());
  const writer = await eventually(async () => openSync(config, constants.O_WRONLY | constants.O_NONBLOCK), END_LIMIT_MS);
  process.kill(command.pid, 'SIGINT');
  await delay(1_000);
  closeSync(writer);
  deepEqual(await command.exited, { code: 1, signal: null }, command.stderr());
  ok(!existsSync(site.unix) && !existsSync(site.pidFile));
});

test('a file of acct_csv that cannot be written is named in the log', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  mkdirSync(join(site.folder, 'rtpproxy_acct.csv'));
  const relay = await serveRtpproxy(t, site, ['--dso', 'acct_csv', '-d', 'WARN']);
  await relay.output(/^ERR:GLOBAL:rtpbridge:0: acct_csv: \/[^:]*\/rtpproxy_acct\.csv: EISDIR/m, END_LIMIT_MS);
});
