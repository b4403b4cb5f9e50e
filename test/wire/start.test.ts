/** What is wrong with the way it is started is said in one line, with exit code 1, and nothing is left behind. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { askPort, eventually, Party, setUpCall } from '../rig/calls.js';
import { askOnce, UdpControl, unixCommand } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { pause } from '../rig/paused.js';
import { leasePorts, type PortLease } from '../rig/ports.js';
import { startRelay } from '../rig/relay.js';
import { asNobody, type Ended, giveToNobody, launch, runToEnd, temporaryFolder, whyNotAsNobody } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
const FOREIGN = '192.0.2.99';

type Place = { readonly folder: string; readonly lease: PortLease; readonly args: string[] };

/** A folder and arguments with which it would start, on free ports; what a test adds must be what is wrong. */
async function goodArguments(t: TestContext): Promise<Place> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  const { min, max } = lease.range(40);
  const media = ['-l', '127.0.0.1', '-m', `${min}`, '-M', `${max}`, '--data-dir', join(folder, 'data')];
  return { folder, lease, args: ['serve', '-s', `udp:127.0.0.1:${await lease.port()}`, ...media] };
}

/** The same with another address behind `-l`. */
const listeningOn = (args: readonly string[], address: string): string[] =>
  args.map((arg, i) => (args[i - 1] === '-l' ? address : arg));

/** Exit code 1, silence on stdout, and one line on stderr that says who complains and what is wrong. */
function isRefused({ code, stdout, stderr }: Ended, complaint: RegExp): void {
  equal(stdout, '');
  match(stderr, /^rtpbridge: [^\n]+\n$/, 'one line');
  match(stderr, complaint);
  equal(code, 1);
}

/** The event log may have been begun; nothing else may lie about. */
const leftBehind = (folder: string): string[] => readdirSync(folder).filter((name) => name !== 'data');

test('wrong options are refused by their names, with what was expected', BOUND, async (t) => {
  const { folder, args } = await goodArguments(t);
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['-Z'], /'-Z'/],
    [['--nonsense'], /'--nonsense'/],
    [['surplus'], /'surplus'/],
    [['-T'], /-T/],
    [['-T', '0'], /-T 0: expected a whole number from 1/],
    [['-T', '1e3'], /-T 1e3: expected/],
    [['-T', ''], /-T : expected/],
    [['-W', '-1'], /-W/],
    [['-m', '0'], /-m 0: expected a whole number from 1 to 65535/],
    [['-M', '65536'], /-M 65536: expected/],
    [['-m', 'low', '-M', 'high'], /-m low: .*-M high: /],
    [['-t', '256'], /-t 256: expected a whole number from 0 to 255/],
    [['-w', '0888'], /-w 0888: expected a mode up to 07777/],
    [['-c', 'idle'], /-c idle: expected one of fifo, rr/],
    [['--nice', '21'], /--nice 21: expected a whole number from -20 to 20/],
    [['--overload-prot=2'], /--overload-prot 2: expected a load above 0 and up to 1/],
    [['--no-re'], /'--no-re': expected one of --no-resolve, --no-redirect/],
    [['-S', '/tmp'], /-S \/tmp: expected -r too/],
    [['-u', 'no-such-user'], /-u no-such-user: expected a user of this system/],
    [['--profile', '/proc/version/x'], /--profile \/proc\/version\/x: profiles cannot be written there \(E/],
    [['-d', 'LOUD'], /-d LOUD: expected one of DBUG, INFO, WARN, ERR, CRIT/],
    [['-d', 'one\nline'], /-d one line: expected one of/],
    [['--engine', 'steam'], /--engine steam: expected one of io_uring, epoll, dgram/],
    [['--workers', '0'], /--workers 0: expected a whole number from 1 to 256/],
    [['-s', 'carrier:pigeon'], /carrier:pigeon: expected udp: udp6: tcp: tcp6: unix: or cunix:/],
    [['-s', 'udp:127.0.0.1:65536'], /udp:127.0.0.1:65536: port 65536 is not from 1 to 65535/],
    [['-s', 'unix:'], /unix:: expected a path/],
    [['-s', `unix:/${'x'.repeat(107)}`], /the path is longer than 107 bytes/],
  ];
  for (const [wrong, complaint] of cases) isRefused(await runToEnd([...args, ...wrong], { cwd: folder }), complaint);
  deepEqual(readdirSync(folder), [], 'not even the event log was begun');
});

test('a port range without an even port and its neighbour is refused', BOUND, async (t) => {
  const { folder, args } = await goodArguments(t);
  for (const [min, max] of [
    [5000, 5000],
    [5001, 5002],
    [5002, 5001],
    [6000, 5000],
    [65_535, 65_535],
  ]) {
    const refused = await runToEnd([...args, '-m', `${min}`, '-M', `${max}`], { cwd: folder });
    isRefused(refused, new RegExp(`-m ${min} -M ${max}: the range holds no even port`));
  }
});

test('[PN-33] an address that is not on the host is refused by its name and errno', BOUND, async (t) => {
  const { folder, args, lease } = await goodArguments(t);
  const port = await lease.port();
  isRefused(
    await runToEnd(listeningOn(args, FOREIGN), { cwd: folder }),
    new RegExp(`-l ${FOREIGN}: .*not on this host.*\\(EADDRNOTAVAIL\\)`),
  );
  for (const kind of ['udp', 'tcp']) {
    const refused = await runToEnd([...args, '-s', `${kind}:${FOREIGN}:${port}`], { cwd: folder });
    isRefused(refused, new RegExp(`${kind}:${FOREIGN}:${port}: the address is not on this host \\(EADDRNOTAVAIL\\)`));
  }
  isRefused(await runToEnd(listeningOn(args, 'no-such-host.invalid'), { cwd: folder }), /-l no-such-host\.invalid: .*\(E/);
  deepEqual(leftBehind(folder), []);
});

test(
  'a busy control port is refused by its name and errno, and the socket file of another control socket is gone',
  BOUND,
  async (t) => {
    const { folder, args, lease } = await goodArguments(t);
    const taken = await DatagramPeer.open('127.0.0.1', await lease.port());
    t.after(() => taken.close());
    const sockets = [
      '-s',
      `unix:${join(folder, 'control.sock')}`,
      '-s',
      `udp:127.0.0.1:${taken.port}`,
      '-p',
      join(folder, 'pid'),
    ];
    const refused = await runToEnd([...args, ...sockets], { cwd: folder });
    isRefused(refused, new RegExp(`udp:127.0.0.1:${taken.port}: it is in use.* \\(EADDRINUSE\\)`));
    deepEqual(leftBehind(folder), [], 'neither socket file nor pid file');
  },
);

test(
  'a second instance on the same unix socket is refused, and the first keeps its socket file and works on',
  BOUND,
  async (t) => {
    for (const kind of ['unix', 'cunix']) {
      const first = await startRelay({ control: [`${kind}:DIR/control.sock`, 'udp:127.0.0.1:PORT'] });
      t.after(() => first.stop());
      const { args } = await goodArguments(t);
      const path = first.control[0]!.slice(kind.length + 1);
      const { ino } = statSync(path);
      const refused = await runToEnd([...args, '-s', first.control[0]!]);
      isRefused(refused, new RegExp(`${kind}:${path}: it is in use: is another relay running\\? \\(EADDRINUSE\\)`));
      equal(statSync(path).ino, ino, 'the very same file');
      equal(await askOnce(first.control[0]!, 'V'), VERSION);
      await first.stop();
      ok(!existsSync(path));
    }
  },
);

test('an instance that cannot take connections at the moment keeps its socket file all the same', BOUND, async (t) => {
  const first = await startRelay({ control: ['unix:DIR/control.sock'] });
  t.after(() => first.stop());
  const path = first.control[0]!.slice('unix:'.length);
  const waiting: Socket[] = [];
  await pause(first.pid);
  try {
    // More than the kernel queues for it: then a connection is refused with EAGAIN, as if it did not want any.
    for (let n = 0; n < 80; n++) waiting.push(connect({ path }).on('error', () => {}));
    const { args } = await goodArguments(t);
    isRefused(await runToEnd([...args, '-s', first.control[0]!]), /\(EADDRINUSE\)/);
  } finally {
    process.kill(first.pid, 'SIGCONT');
    for (const socket of waiting) socket.destroy();
  }
  await eventually(async () => equal(await unixCommand(path, 'V'), `${VERSION}\n`), 5_000);
});

test('a unix socket is not made over a file of another kind, nor in a folder that does not exist', BOUND, async (t) => {
  const { folder, args } = await goodArguments(t);
  const file = join(folder, 'precious');
  writeFileSync(file, 'text');
  isRefused(await runToEnd([...args, '-s', `unix:${file}`]), /precious: something that is no socket is in its place \(EEXIST\)/);
  equal(statSync(file).size, 4);
  const nowhere = `cunix:${join(folder, 'missing', 'control.sock')}`;
  isRefused(await runToEnd([...args, '-s', nowhere]), /control\.sock: its folder does not exist \(ENOENT\)/);
});

test('an ordinary user is refused a privileged control port, by its name and errno', BOUND, async (t) => {
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.skip(reason);
  const { folder, args } = await goodArguments(t);
  await giveToNobody(folder);
  for (const kind of ['udp', 'tcp']) {
    const refused = await runToEnd([...args, '-s', `${kind}:127.0.0.1:9`], { under: asNobody(), cwd: folder });
    isRefused(refused, new RegExp(`${kind}:127.0.0.1:9: this user may not open it .*privileged.* \\(EACCES\\)`));
  }
});

test('a data directory that cannot be written is refused by its name', BOUND, async (t) => {
  const { folder, args } = await goodArguments(t);
  writeFileSync(join(folder, 'file'), '');
  isRefused(await runToEnd([...args, '--data-dir', join(folder, 'file')]), /ENOTDIR.*file\/log/);
  isRefused(await runToEnd([...args, '--data-dir', '/proc/rtpbridge']), /ENOENT.*\/proc\/rtpbridge/);
  const reason = await whyNotAsNobody();
  if (reason !== null) return t.diagnostic(`not tried as an ordinary user: ${reason}`);
  const closed = join(folder, 'closed');
  mkdirSync(closed);
  chmodSync(folder, 0o755);
  chmodSync(closed, 0o555);
  await giveToNobody(closed);
  isRefused(await runToEnd([...args, '--data-dir', closed], { under: asNobody() }), /EACCES.*closed\/log/);
});

test('a pid file that cannot be written is said in the log, and nothing else comes of it', BOUND, async (t) => {
  const { folder, args } = await goodArguments(t);
  const pidFile = join(folder, 'missing', 'pid');
  const relay = await launch([...args, '-p', pidFile]);
  t.after(() => relay.stop());
  await relay.output(/^rtpbridge is ready/m, 10_000);
  equal(await askOnce(args[2]!, 'V'), VERSION);
  await relay.output(/"level":50,.*"the pid file \/.*\/missing\/pid cannot be written \(ENOENT\)"/, 5_000);
  deepEqual(await relay.stop(), { code: 0, signal: null });
  deepEqual(leftBehind(folder), []);
});

/** The module that takes io_uring away from the process that loads it. */
const WITHOUT_IO_URING = { node: ['--import', fileURLToPath(new URL('../rig/withoutIoUring.js', import.meta.url))] };

test('an engine that is asked for and does not work here is refused with the reason of the system', BOUND, async (t) => {
  const reason = await lackOf('io_uring');
  if (reason !== null) return t.skip(`it cannot be taken away: ${reason}`);
  const { args } = await goodArguments(t);
  const refused = await runToEnd([...args, '--engine', 'io_uring'], WITHOUT_IO_URING);
  isRefused(refused, /no packet engine works here \(io_uring: io_uring_setup: EPERM\)/);
});

test('without io_uring, as in a container, it takes the next engine, says why, and relays', BOUND, async (t) => {
  const reason = (await lackOf('io_uring')) ?? (await lackOf('epoll'));
  if (reason !== null) return t.skip(`there is no choice here: ${reason}`);
  const { args } = await goodArguments(t);
  const relay = await launch(args, WITHOUT_IO_URING);
  t.after(() => relay.stop());
  await relay.output(/^rtpbridge is ready/m, 10_000);
  match(relay.stdout(), /^engine +epoll on \d+ media threads? \(.*io_uring: io_uring_setup: EPERM.*\)$/m);
  const control = await UdpControl.to(args[2]!);
  t.after(() => control.close());
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const { facesCallee, facesCaller } = await setUpCall(control, 'contained', caller, callee);
  await caller.reaches(callee, facesCaller, facesCallee, 5);
  await callee.reaches(caller, facesCallee, facesCaller, 5);
  deepEqual(await relay.stop(), { code: 0, signal: null });
});

test('a free port that is taken a moment later stops nothing: two instances share a range', BOUND, async (t) => {
  const { args, folder, lease } = await goodArguments(t);
  const ports = [args[2]!, `udp:127.0.0.1:${await lease.port()}`];
  const controls: UdpControl[] = [];
  for (const [n, name] of ports.entries()) {
    const relay = await launch([...args.with(2, name), '--data-dir', join(folder, `data-${n}`)]);
    t.after(() => relay.stop());
    await relay.output(/^rtpbridge is ready/m, 10_000);
    controls.push(await UdpControl.to(name));
  }
  t.after(() => Promise.all(controls.map((control) => control.close())));
  const given = new Set<number>();
  // Twenty pairs, and each instance knows only of its own: whoever finds a port busy takes another.
  for (let n = 0; n < 10; n++) for (const control of controls) given.add(await askPort(control, `U shared-${n} - 0 from`));
  equal(given.size, 20);
  for (const control of controls) equal(await control.ask('U shared-more - 0 from'), 'E72');
});
