/** What the process may and what it gives away: root, -u, limits, priorities. Most of it can be tried by root only. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Party, setUpCall } from '../rig/calls.js';
import { askOnce, UdpControl, unixCommand } from '../rig/control.js';
import { rtpproxySite, runRtpproxy, type Site, serveRtpproxy, startRtpproxy } from '../rig/rtpproxy.js';
import { asNobody, giveToNobody, runToEnd, whyNotAsNobody } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
const USER = 'nobody';

const isRoot = process.getuid?.() === 0;
const ROOT_ONLY = isRoot ? {} : { skip: 'only root can become another user' };
/** Its ids, from the user data base. */
const [UID, GID] = (/^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? []).slice(1).map(Number) as [
  number,
  number,
];
const GROUP = new RegExp(`^([^:]+):[^:]*:${GID}:`, 'm').exec(readFileSync('/etc/group', 'utf8'))?.[1] ?? '';

const without = (site: Site, ...flags: string[]): string[] => site.args.filter((arg) => !flags.includes(arg));

/** User and group of every thread of a process: real, effective, saved, file system. */
function idsOf(pid: number): { uids: Set<string>; gids: Set<string>; groups: Set<string> } {
  const found = { uids: new Set<string>(), gids: new Set<string>(), groups: new Set<string>() };
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    const field = (name: string): string =>
      (new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '').trim().replaceAll('\t', ' ');
    found.uids.add(field('Uid'));
    found.gids.add(field('Gid'));
    found.groups.add(field('Groups'));
  }
  return found;
}

const allOf = (id: number): Set<string> => new Set([`${id} ${id} ${id} ${id}`]);

test('[PN-27] root is refused a network control socket unless -u names a user or -F says that it is meant', {
  ...BOUND,
  ...ROOT_ONLY,
}, async (t) => {
  const site = await rtpproxySite(t);
  for (const kind of ['udp', 'tcp']) {
    const args = [...without(site, '-F'), '-s', site.udp.replace('udp', kind)];
    for (const where of ['-f', '-D']) {
      const refused = await runRtpproxy([...args, where], { env: site.env });
      equal(refused.code, 1);
      match(refused.stderr, /^rtpproxy: running as root with the control socket udp:127\.0\.0\.1:\d+: .*-u.*-F[^\n]*\n$/);
    }
  }
  ok(!existsSync(site.pidFile), 'nothing was begun');
  const { pid } = await startRtpproxy(t, site);
  deepEqual(idsOf(pid).uids, allOf(0));
});

test('[PN-27] with unix control sockets only root is warned, and not at all with -F or -u', {
  ...BOUND,
  ...ROOT_ONLY,
}, async (t) => {
  for (const [flags, warning] of [
    [[], /^rtpproxy: running as root: [^\n]*-u[^\n]*\n$/],
    [['-F'], /^$/],
    [['-u', USER], /^$/],
  ] as const) {
    const site = await rtpproxySite(t);
    const { stderr } = await startRtpproxy(t, {
      ...site,
      args: [...without(site, '-F', '-s', site.udp).filter((arg) => !arg.startsWith('unix:')), '-s', site.unix, ...flags],
    });
    match(stderr, warning);
    equal(await unixCommand(site.unix, 'V'), `${VERSION}\n`);
  }
});

test('[PN-27] -u changes user, group and groups of every thread; sockets, calls and the event log work on', {
  ...BOUND,
  ...ROOT_ONLY,
}, async (t) => {
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.skip(reason);
  const site = await rtpproxySite(t);
  const relay = await serveRtpproxy(t, { ...site, args: without(site, '-F') }, ['-u', USER, '-d', 'DBUG']);
  const { uids, gids, groups } = idsOf(relay.pid);
  deepEqual([uids, gids, groups], [allOf(UID), allOf(GID), new Set([String(GID)])]);
  ok(readdirSync(`/proc/${relay.pid}/task`).length > 5, 'media threads among them');
  const control = await UdpControl.to(site.udp);
  t.after(() => control.close());
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const ports = await setUpCall(control, 'as-nobody', caller, callee);
  await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);
  await callee.reaches(caller, ports.facesCallee, ports.facesCaller, 5);
  const state = join(site.folder, 'state', readdirSync(join(site.folder, 'state'))[0]!);
  for (const path of [state, join(state, 'log'), ...readdirSync(join(state, 'log')).map((name) => join(state, 'log', name))])
    deepEqual([lstatSync(path).uid, lstatSync(path).gid], [UID, GID], path);
  equal(statSync(site.pidFile).uid, 0, 'a pid file must not be another user’s: init scripts believe it');
  deepEqual(await relay.stop(), { code: 0, signal: null });
  equal(relay.stderr(), '');
  const { code, stdout } = await runToEnd(['replay', state]);
  equal(code, 0, stdout);
  match(stdout, /as-nobody +session closed: shutdown; caller 5 received, 5 relayed/);
});

test('unix control sockets belong to the account, with mode 0755 for a group unless -w says another', {
  ...BOUND,
  ...ROOT_ONLY,
}, async (t) => {
  for (const [flags, mode, uid] of [
    [['-u', `${USER}:${GROUP}`], 0o755, UID],
    [['-u', `:${GROUP}`], 0o755, 0],
    [['-u', `${USER}:${GROUP}`, '-w', '0600'], 0o600, UID],
    [['-u', USER, '-w', '0666'], 0o666, UID],
    [['-u', USER], 0o660, UID],
    [['-w', '0666'], 0o660, 0],
  ] as const) {
    const site = await rtpproxySite(t);
    const relay = await serveRtpproxy(t, site, flags);
    const found = statSync(site.unix);
    deepEqual([found.mode & 0o7777, found.uid, found.gid], [mode, uid, flags[0] === '-u' ? GID : 0], flags.join(' '));
    equal(await unixCommand(site.unix, 'V'), `${VERSION}\n`);
    if (flags[1].startsWith(':')) deepEqual([idsOf(relay.pid).uids, idsOf(relay.pid).gids], [allOf(0), allOf(GID)]);
    await relay.stop();
  }
});

test('a privileged control port is opened before the user changes', { ...BOUND, ...ROOT_ONLY }, async (t) => {
  const port = await freePortBelow1024();
  const site = await rtpproxySite(t);
  const relay = await serveRtpproxy(t, site, ['-u', USER, '-s', `udp:127.0.0.1:${port}`]);
  deepEqual(idsOf(relay.pid).uids, allOf(UID));
  equal(await askOnce(`udp:127.0.0.1:${port}`, 'V'), VERSION);
});

async function freePortBelow1024(): Promise<number> {
  for (let port = 1023; port > 600; port--) {
    const isFree = await new Promise<boolean>((resolve) => {
      const socket = createSocket('udp4');
      socket.once('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error('no port below 1024 is free');
}

test('a user or group that does not exist is refused by its name, before anything is opened', {
  ...BOUND,
  ...ROOT_ONLY,
}, async (t) => {
  const site = await rtpproxySite(t);
  for (const [account, said] of [
    ['no-such-user', /-u no-such-user: expected a user of this system, and no-such-user is none/],
    [`${USER}:no-such-group`, /expected a group of this system, and no-such-group is none/],
    [':no-such-group', /expected a group of this system/],
  ] as const) {
    for (const where of ['-f', '-D']) {
      const refused = await runRtpproxy([...site.args, where, '-u', account], { env: site.env });
      deepEqual([refused.code, refused.stdout], [1, '']);
      match(refused.stderr, said);
      match(refused.stderr, /^rtpproxy: [^\n]+\n$/);
    }
  }
  deepEqual(readdirSync(site.folder), []);
});

test('an ordinary user may name itself with -u, and nobody else', BOUND, async (t) => {
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.skip(reason);
  const site = await rtpproxySite(t);
  await giveToNobody(site.folder);
  const refused = await runRtpproxy([...site.args, '-u', 'root'], { env: site.env, under: asNobody() });
  equal(refused.code, 1);
  match(refused.stderr, /-u root: expected to be started by root/);
  if (!isRoot) return;
  const relay = await serveRtpproxy(t, { ...site, args: without(site, '-F') }, ['-u', USER], { under: asNobody() });
  equal(await askOnce(site.udp, 'V'), VERSION);
  deepEqual(await relay.stop(), { code: 0, signal: null });
  ok(!existsSync(site.unix) && !existsSync(site.pidFile));
});

/** Soft and hard limit of open files. */
const fileLimits = (pid: number): number[] =>
  (/^Max open files +(\d+) +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? []).slice(1).map(Number);

test('-L sets the limit of open files; one that cannot be had ends the start', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const relay = await serveRtpproxy(t, site, ['-L', '777']);
  deepEqual(fileLimits(relay.pid), [777, 777]);
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.diagnostic(`not tried as an ordinary user: ${reason}`);
  const refused = await runRtpproxy(['-f', '-L', '1000000000', '-s', site.unix], { env: site.env, under: asNobody() });
  equal(refused.code, 1);
  equal(refused.stderr, 'rtpproxy: -L 1000000000: the limit of open files cannot be set (EPERM)\n');
});

/** Priority and scheduling class of every thread: fields 19 and 41 of proc(5), stat. */
function scheduling(pid: number): { nice: Set<number>; policy: Set<number> } {
  const fields = readdirSync(`/proc/${pid}/task`).map((task) =>
    readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' '),
  );
  return { nice: new Set(fields.map((field) => Number(field[16]))), policy: new Set(fields.map((field) => Number(field[38]))) };
}

test('--nice sets the priority of all that works; one that cannot be had ends the start', BOUND, async (t) => {
  const site = await rtpproxySite(t);
  const relay = await serveRtpproxy(t, site, ['--nice', '7']);
  ok(scheduling(relay.pid).nice.has(7));
  equal(relay.stderr(), '');
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.diagnostic(`not tried as an ordinary user: ${reason}`);
  const refused = await runRtpproxy(['-f', '--nice', '-5', '-s', site.unix], { env: site.env, under: asNobody() });
  equal(refused.code, 1);
  equal(refused.stderr, 'rtpproxy: --nice -5: the priority cannot be set (EACCES)\n');
});

test('-c asks for a real-time class; where it cannot be had that is only logged', BOUND, async (t) => {
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.skip(reason);
  const site = await rtpproxySite(t);
  await giveToNobody(site.folder);
  const relay = await serveRtpproxy(t, site, ['-c', 'rr'], { under: asNobody() });
  equal(await askOnce(site.udp, 'V'), VERSION);
  await relay.output(/^ERR:GLOBAL:rtpbridge:0: -c rr: the scheduling class cannot be had \(EPERM\); going on without$/m, 5_000);
  deepEqual(scheduling(relay.pid).policy, new Set([0]));
  await relay.stop();
  if (!isRoot) return;
  const site2 = await rtpproxySite(t);
  const fast = await serveRtpproxy(t, site2, ['-c', 'rr', '-d', 'ERR']);
  const SCHED_RR = 2;
  // A container may keep root from it.
  ok(scheduling(fast.pid).policy.has(SCHED_RR) || /-c rr: the scheduling class cannot be had/.test(fast.stderr()));
});

test('[PN-28] it starts with just -u USER: the usual control socket, the usual ports', { ...BOUND, ...ROOT_ONLY }, async (t) => {
  const [socket, pidFile] = ['/var/run/rtpproxy.sock', '/var/run/rtpproxy.pid'];
  if (existsSync(socket) || existsSync(pidFile)) return t.skip('an rtpproxy has been used on this machine');
  // Whoever it becomes may not remove files there.
  t.after(() => {
    for (const path of [socket, pidFile]) rmSync(path, { force: true });
  });
  const site = await rtpproxySite(t);
  chmodSync(site.folder, 0o755);
  const relay = await serveRtpproxy(t, { ...site, args: [] }, ['-u', USER]);
  equal(await unixCommand(socket, 'V'), `${VERSION}\n`);
  const port = Number(await unixCommand(socket, 'U usual 192.0.2.1 4000 from'));
  ok(port >= 35_000 && port <= 65_000, String(port));
  notEqual(UID, 0);
  deepEqual(idsOf(relay.pid).uids, allOf(UID));
  equal(Number(readFileSync(pidFile, 'utf8')), relay.pid);
  deepEqual(await relay.stop(), { code: 0, signal: null });
});
