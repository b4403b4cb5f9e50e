/** A supervised relay as a service: sockets that others opened, readiness, another user, and the units that start it. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild } from '../rig/child.js';
import { LineClient, UdpControl, unixCommand } from '../rig/control.js';
import { findExecutable } from '../rig/peers.js';
import { startPiped } from '../rig/pipedRelay.js';
import { leasePorts } from '../rig/ports.js';
import { launch, runToEnd, temporaryFolder, whyNotAsNobody } from '../rig/startAttempt.js';
import { killRelay, relayBelow, startSupervised, whyNotSupervised } from '../rig/supervised.js';

const reason = whyNotSupervised();
const BOUND = { timeout: 60_000, ...(reason === null ? {} : { skip: reason }) };
const raw = reason === null ? await import('../rig/rawSocket.js') : null;
const datagrams = reason === null ? await import('../rig/unixDatagrams.js') : null;
const VERSION = '20040107';
const PATIENCE_MS = 15_000;
const PASS = 'export LISTEN_PID=$$ LISTEN_FDS=1';

const DEATHS = 3;

test('a socket that systemd has passed goes from one relay to the next', BOUND, async (t) => {
  const path = join(await temporaryFolder(t), 'passed.sock');
  const relay = await startPiped(t, ['--supervise', '-s', 'systemd:'], { passed: raw!.listeningUnix(t, path), before: PASS });
  await relay.ready();
  for (let dead: number | undefined, run = 0; run <= DEATHS; run++) {
    const client = await LineClient.open(`cunix:${path}`);
    t.after(() => client.close());
    equal(await client.ask('V', PATIENCE_MS), VERSION);
    // What ends the supervisor is not to come in between a death and its being seen.
    if (run < DEATHS) dead = await killRelay(relay.pid, dead);
  }
  process.kill(relay.pid, 'SIGTERM');
  deepEqual(await relay.exited, { code: 0, signal: null }, relay.stderr());
  ok(existsSync(path), 'the file is not ours to remove');
});

test('so does a UDP one that systemd has passed', BOUND, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const passed = raw!.boundUdp(t, '127.0.0.1', port);
  const relay = await startPiped(t, ['--supervise', '-s', 'systemd:'], { passed, before: PASS });
  await relay.ready();
  await killRelay(relay.pid);
  const client = await UdpControl.open('127.0.0.1', port);
  t.after(() => client.close());
  equal(await client.ask('V', { timeoutMs: PATIENCE_MS }), VERSION);
});

test('standard input and output serve the next relay too, and the end of the input ends both', BOUND, async (t) => {
  const relay = await startPiped(t, ['--supervise', '-s', 'stdioc:']);
  await relay.ready();
  equal(await relay.client.ask('V'), VERSION);
  await killRelay(relay.pid);
  equal(await relay.client.ask('V', PATIENCE_MS), VERSION);
  relay.client.end();
  deepEqual(await relay.exited, { code: 0, signal: null }, relay.stderr());
});

test(
  'the service manager hears of the supervisor only: when the first relay serves, and when it is told to end',
  BOUND,
  async (t) => {
    const path = join(await temporaryFolder(t), 'notify');
    const manager = datagrams!.receiveUnixDatagrams(path);
    t.after(() => manager.close());
    const relay = await startSupervised(t, { env: { NOTIFY_SOCKET: path } });
    equal(await manager.receive(), `READY=1\nMAINPID=${relay.pid}\n`);
    await killRelay(relay.pid);
    const client = await UdpControl.to(relay.control[0]!);
    t.after(() => client.close());
    equal(await client.ask('V', { timeoutMs: PATIENCE_MS }), VERSION);
    process.kill(relay.pid, 'SIGTERM');
    equal(await manager.receive(), `STOPPING=1\nMAINPID=${relay.pid}\n`);
    deepEqual(await relay.exited, { code: 0, signal: null });
  },
);

test('a relay that has become another user serves the sockets, and so does the next', BOUND, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can become another user');
  const why = await whyNotAsNobody();
  if (why !== null) return t.skip(why);
  const lease = await leasePorts();
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  chmodSync(folder, 0o755);
  const path = join(folder, 'control.sock');
  const { min, max } = lease.range(40);
  const media = ['-l', '127.0.0.1', '-m', `${min}`, '-M', `${max}`, '--data-dir', join(folder, 'data')];
  const relay = await launch(['serve', '--supervise', ...media, '-s', `unix:${path}`, '-u', 'nobody', '-w', '0600']);
  t.after(() => relay.stop());
  await relay.output(/^rtpbridge is ready/m, PATIENCE_MS);
  const nobody = Number(/^nobody:[^:]*:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1]);
  deepEqual([statSync(path).uid, statSync(path).mode & 0o777], [nobody, 0o600]);
  const dead = await killRelay(relay.pid);
  equal(await unixCommand(path, 'V', PATIENCE_MS), `${VERSION}\n`);
  const uidOf = (pid: number): number => Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  deepEqual([uidOf(await relayBelow(relay.pid, dead)), uidOf(relay.pid)], [nobody, 0]);
  deepEqual(await relay.stop(), { code: 0, signal: null });
  ok(!existsSync(path));
});

test('systemd finds nothing wrong with the units that are printed', BOUND, async (t) => {
  if (findExecutable('systemd-analyze') === null)
    return t.skip('systemd-analyze not found; install with: apt-get install systemd');
  const folder = await temporaryFolder(t);
  const write = async (name: string, ...args: string[]): Promise<string> => {
    const { stdout, stderr, code } = await runToEnd(['unit', ...args]);
    deepEqual([code, stderr], [0, '']);
    writeFileSync(join(folder, name), stdout);
    return join(folder, name);
  };
  const odd = ['-s', 'udp:127.0.0.1:222', '-n', 'tcp:%%CC_SELF%%:22', '-c', 'rr', '--config', '/etc/a "b" $c\\.conf'];
  const units = [
    await write('rtpbridge.service'),
    await write('odd.service', '--user', 'daemon', '--data-dir', '/srv/my 100% data', '--', ...odd),
    await write('passed.service', '--', '-s', 'systemd:'),
    await write('passed.socket', '--socket', '--', '-s', 'udp6:*:22222'),
    await write('file.service'),
    await write('file.socket', '--socket', '--user', 'daemon', '--', '-s', 'cunix:/run/file.sock'),
  ];
  const verified = await startChild('systemd-analyze', ['verify', '--man=no', ...units]);
  const { code } = await verified.exited;
  // What it says of other units on this machine is not ours to mend.
  const said = `${verified.stdout()}${verified.stderr()}`;
  const ours = said.split('\n').filter((line) => /rtpbridge\.service|(odd|passed|file)\.(service|socket)/.test(line));
  deepEqual(ours, []);
  equal(code, 0, said);
  match(readFileSync(units[0]!, 'utf8'), new RegExp(`^ExecStart=${process.execPath} /.*/rtpbridge\\.js serve --supervise `, 'm'));
});

test('a unit that cannot be written is refused in one line', BOUND, async () => {
  for (const [args, complaint] of [
    [['--nonsense'], /^rtpbridge: Unknown option '--nonsense'/],
    [['surplus'], /^rtpbridge: Unexpected argument 'surplus'/],
    [['--', '-T', '0'], /^rtpbridge: -T 0: expected a whole number/],
    [['--data-dir', '/srv/x'], /^rtpbridge: \/srv\/x: outside of \/var\/lib and \/run it takes a --user/],
  ] as const) {
    const { code, stdout, stderr } = await runToEnd(['unit', ...args]);
    deepEqual([code, stdout], [1, '']);
    match(stderr, complaint);
    match(stderr, /^[^\n]+\n$/);
  }
});
