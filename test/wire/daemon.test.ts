/** rtpproxy in the background: when its command returns, what it leaves of its parent, where its words go, and how it ends. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askPort, Party, setUpCall } from '../rig/calls.js';
import { askOnce, UdpControl, unixCommand } from '../rig/control.js';
import { backgroundPid, hasEnded, isAlive, launchRtpproxy, rtpproxySite, runRtpproxy, startRtpproxy } from '../rig/rtpproxy.js';
import { runToEnd } from '../rig/startAttempt.js';
import { receiveUnixDatagrams } from '../rig/unixDatagrams.js';

const BOUND = { timeout: 40_000 };
const VERSION = '20040107';

/** Fields of /proc/PID/stat behind the name, the first being number 3: proc(5). */
const statOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
const PPID = 1;
const SESSION = 3;

async function controlOf(t: TestContext, udp: string): Promise<UdpControl> {
  const control = await UdpControl.to(udp);
  t.after(() => control.close());
  return control;
}

test(
  '[PN-11 PN-31] the command returns with 0 and without a word once calls are served, and the process goes on alone',
  BOUND,
  async (t) => {
    const site = await rtpproxySite(t);
    const { pid, stdout, stderr } = await startRtpproxy(t, site);
    equal(await askOnce(site.udp, 'V'), VERSION, 'at once, without waiting');
    deepEqual([stdout, stderr], ['', '']);
    const stat = statOf(pid);
    equal(Number(stat[SESSION]), pid, 'the head of a session of its own');
    notEqual(Number(stat[PPID]), process.pid);
    equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), 'rtpproxy\n');
    match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^rtpproxy -F -s udp:/);
    for (const fd of [0, 1, 2]) equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/null');
    equal(readlinkSync(`/proc/${pid}/cwd`), '/');

    const control = await controlOf(t, site.udp);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const ports = await setUpCall(control, 'in-background', caller, callee);
    await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);

    process.kill(pid, 'SIGTERM');
    ok(await hasEnded(pid));
    ok(!existsSync(site.unix) && !existsSync(site.pidFile));
  },
);

test('[PN-31 PN-09] two instances stand side by side on sockets, port ranges and event logs of their own', BOUND, async (t) => {
  const sites = [await rtpproxySite(t), await rtpproxySite(t)];
  const env = { ...sites[0]!.env };
  const pids: number[] = [];
  for (const site of sites) pids.push((await startRtpproxy(t, { ...site, env })).pid);
  for (const site of sites) {
    equal(await askOnce(site.udp, 'V'), VERSION);
    equal(await unixCommand(site.unix, 'V'), `${VERSION}\n`);
  }
  const control = await controlOf(t, sites[0]!.udp);
  await askPort(control, 'U only-here - 0 from');
  equal(await askOnce(sites[1]!.udp, 'D only-here from'), 'E50', 'the other does not know the call');
  const folders = sites.map(({ udp }) => udp.replaceAll(':', '_'));
  deepEqual(readdirSync(join(sites[0]!.folder, 'state')).sort(), folders.sort());
  process.kill(pids[0]!, 'SIGTERM');
  ok(await hasEnded(pids[0]!));
  ok(isAlive(pids[1]!));
  equal(await askOnce(sites[1]!.udp, 'V'), VERSION);
  const { code, stdout } = await runToEnd([
    'replay',
    join(sites[0]!.folder, 'state', folders.find((name) => sites[0]!.udp.endsWith(name.slice(-5)))!),
  ]);
  equal(code, 0, stdout);
  match(stdout, /only-here +session closed: shutdown/);
});

test('a start that fails in the background is told by the command: 1 and the reason on its stderr', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const first = await startRtpproxy(t, site);
  const second = await runRtpproxy(site.args, { env: site.env, cwd: site.folder });
  equal(second.code, 1);
  equal(second.stdout, '');
  match(
    second.stderr,
    /^rtpproxy: control socket udp:127\.0\.0\.1:\d+: it is in use: is another relay running\? \(EADDRINUSE\)\n$/,
  );
  equal(Number(readFileSync(site.pidFile, 'utf8')), first.pid, 'its pid file is that of the first one still');
  const unixOnly = await runRtpproxy(['-F', '-s', site.unix, '-p', join(site.folder, 'other')], { env: site.env });
  deepEqual([unixOnly.code, existsSync(join(site.folder, 'other'))], [1, false]);
  match(unixOnly.stderr, /\(EADDRINUSE\)/);
  equal(await unixCommand(site.unix, 'V'), `${VERSION}\n`, 'the first serves on');
});

test('relative names mean the folder it was started in, before and after it has left it', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const relative = ['-s', 'unix:near.sock', '-s', 'bare.sock', '-p', 'near.pid'];
  const { pid } = await startRtpproxy(t, { ...site, pidFile: join(site.folder, 'near.pid') }, ...relative);
  equal(readlinkSync(`/proc/${pid}/cwd`), '/');
  for (const name of ['near.sock', 'bare.sock']) equal(await unixCommand(join(site.folder, name), 'V'), `${VERSION}\n`);
  process.kill(pid, 'SIGINT');
  ok(await hasEnded(pid));
  deepEqual(readdirSync(site.folder), ['state'], 'all of them are gone');
});

test('-D stays in the start-up folder', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const { pid } = await startRtpproxy(t, site, '-D');
  equal(readlinkSync(`/proc/${pid}/cwd`), site.folder);
});

test('an instance that is killed leaves its files, and the next one takes them over', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const first = await startRtpproxy(t, site);
  process.kill(first.pid, 'SIGKILL');
  ok(await hasEnded(first.pid));
  ok(existsSync(site.unix) && existsSync(site.pidFile));
  const second = await startRtpproxy(t, site);
  notEqual(second.pid, first.pid);
  equal(await unixCommand(site.unix, 'V'), `${VERSION}\n`);
});

test('SIGHUP drains it in the background, too', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const { pid } = await startRtpproxy(t, site);
  const control = await controlOf(t, site.udp);
  await askPort(control, 'U last - 0 from');
  process.kill(pid, 'SIGHUP');
  ok(!(await hasEnded(pid, 500)), 'a session is left');
  equal(await control.ask('D last from'), '0');
  ok(await hasEnded(pid));
  ok(!existsSync(site.unix));
});

test('--no_redirect keeps stdout and stderr, and log lines go there, too', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  writeFileSync(join(site.folder, 'file'), '');
  const env = { ...site.env, RTPBRIDGE_DATA_DIR: join(site.folder, 'file'), TMPDIR: site.folder };
  const command = await launchRtpproxy([...site.args, '--no_redirect', '-d', 'WARN'], { env, cwd: site.folder });
  const pid = await backgroundPid(t, site.pidFile);
  t.after(() => command.stop());
  await command.output(/^WARN:GLOBAL:rtpbridge:0: the event log goes to .*\(E[A-Z]+\)/m, 10_000);
  ok(command.running(), 'our pipes are open as long as the process in the background has them');
  notEqual(readlinkSync(`/proc/${pid}/fd/2`), '/dev/null');
  process.kill(pid, 'SIGTERM');
  deepEqual(await command.exited, { code: 0, signal: null });
});

test('in the background the log goes to the system log, with the facility of -d', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const syslog = receiveUnixDatagrams(site.env['RTPBRIDGE_SYSLOG']!);
  t.after(() => syslog.close());
  writeFileSync(join(site.folder, 'file'), '');
  const env = { ...site.env, RTPBRIDGE_DATA_DIR: join(site.folder, 'file'), TMPDIR: site.folder };
  const { pid } = await startRtpproxy(t, { ...site, env }, '-d', 'WARN:LOG_LOCAL1');
  const priority = 17 * 8 + 4;
  match(
    await syslog.receive(),
    new RegExp(
      `^<${priority}>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d rtpproxy\\[${pid}\\]: WARN:GLOBAL:rtpbridge:0: the event log goes to `,
    ),
  );
  rmSync(site.env['RTPBRIDGE_SYSLOG']!);
  equal(await askOnce(site.udp, 'V'), VERSION, 'it does not need a system log');
});

test('where no folder for the event log can be written it takes a temporary one', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const [closed, spare] = [join(site.folder, 'closed'), join(site.folder, 'spare')];
  writeFileSync(closed, '');
  mkdirSync(spare);
  await startRtpproxy(t, { ...site, env: { ...site.env, RTPBRIDGE_DATA_DIR: closed, TMPDIR: spare } });
  equal(await askOnce(site.udp, 'V'), VERSION);
  const [made, ...others] = readdirSync(spare);
  deepEqual(others, []);
  deepEqual(readdirSync(join(spare, made!)), ['admin.sock', 'log']);
});
