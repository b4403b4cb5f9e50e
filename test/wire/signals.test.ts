/** How the relay ends, by signals and by force, and what the next one finds. */
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { SIGNAL_NAMES, SIGNALS } from '../../src/relay/signalTable.js';
import { askPort, eventually, Party, setUpCall } from '../rig/calls.js';
import type { Child } from '../rig/child.js';
import { UdpControl, unixCommand } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { pause } from '../rig/paused.js';
import { leasePorts } from '../rig/ports.js';
import { launch, runToEnd, temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const HOST = '127.0.0.1';
/** What the event log holds is on its way to the disk for so long: see `workers/media.ts`. */
const LOG_DELAY_MS = 100;

type Site = {
  readonly folder: string;
  readonly udp: string;
  readonly unix: string;
  readonly pidFile: string;
  readonly args: string[];
};

/** Where relays run one after the other: the same ports, the same files. */
async function site(t: TestContext): Promise<Site> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  const { min, max } = lease.range(80);
  const [udp, unix, pidFile] = [`udp:${HOST}:${await lease.port()}`, join(folder, 'control.sock'), join(folder, 'pid')];
  const sockets = ['-s', udp, '-s', `unix:${unix}`, '-p', pidFile, '--data-dir', join(folder, 'data')];
  return { folder, udp, unix, pidFile, args: ['serve', ...sockets, '-l', HOST, '-m', `${min}`, '-M', `${max}`] };
}

async function start(t: TestContext, { args, folder }: Site, ...more: string[]): Promise<Child> {
  const relay = await launch([...args, ...more], { cwd: folder });
  t.after(() => relay.stop());
  await relay.output(/^rtpbridge is ready/m, 10_000);
  return relay;
}

async function controlOf(t: TestContext, { udp }: Site): Promise<UdpControl> {
  const control = await UdpControl.to(udp);
  t.after(() => control.close());
  return control;
}

async function end(relay: Child, signal: NodeJS.Signals) {
  process.kill(relay.pid, signal);
  return Promise.race([relay.exited, delay(10_000, 'it still runs', { ref: false })]);
}

for (const name of ENGINE_NAMES) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(
      `${name}: ${signal} ends it with exit code 0, its files and sockets go, its calls are closed in the log`,
      BOUND,
      async (t) => {
        const reason = await lackOf(name);
        if (reason !== null) return t.skip(reason);
        const place = await site(t);
        const relay = await start(t, place, '--engine', name);
        equal(Number(readFileSync(place.pidFile, 'utf8')), relay.pid);
        ok(statSync(place.unix).isSocket());
        const control = await controlOf(t, place);
        const [caller, callee] = [await Party.open(t), await Party.open(t)];
        const ports = await setUpCall(control, 'last-call', caller, callee);
        await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);
        const unanswered = await askPort(control, 'U unanswered - 0 from');

        deepEqual(await end(relay, signal), { code: 0, signal: null });
        equal(relay.stderr(), '');
        ok(!existsSync(place.unix) && !existsSync(place.pidFile));
        for (const port of [ports.facesCallee, ports.facesCaller + 1, unanswered])
          await (await DatagramPeer.open(HOST, port)).close();

        const { code, stdout } = await runToEnd(['replay', join(place.folder, 'data')]);
        equal(code, 0, stdout);
        match(stdout, /last-call +session closed: shutdown; caller 5 received, 5 relayed/);
        match(stdout, /unanswered +session closed: shutdown/);
      },
    );
  }
}

const LESS_USUAL = SIGNAL_NAMES.filter((name) => SIGNALS[name] === 'stop' && !['SIGTERM', 'SIGINT'].includes(name));

for (const signal of LESS_USUAL) {
  test(`${signal} ends it with exit code 0, too, and starts no debugger`, BOUND, async (t) => {
    const place = await site(t);
    const relay = await start(t, place);
    deepEqual(await end(relay, signal), { code: 0, signal: null });
    equal(relay.stderr(), '');
    ok(!existsSync(place.unix) && !existsSync(place.pidFile));
  });
}

test('a second signal while it ends ends it at once, with 128 and its number', BOUND, async (t) => {
  for (const [first, second] of [
    ['SIGTERM', 'SIGINT'],
    ['SIGUSR1', 'SIGUSR2'],
  ] as const) {
    const place = await site(t);
    const relay = await start(t, place);
    // Both wait for it until it goes on; then it sees them in one turn, in the order of the kernel.
    await pause(relay.pid);
    process.kill(relay.pid, first);
    process.kill(relay.pid, second);
    const exit = await end(relay, 'SIGCONT');
    const codes = [first, second].map((name) => 128 + constants.signals[name]);
    ok(typeof exit === 'object' && codes.includes(exit.code ?? -1), `${first} ${second}: ${JSON.stringify(exit)}`);
  }
});

const NOT_WRITTEN = /recording 1 of long cannot be written: \S*long=from-long\.o\.rtp: EFBIG/;

/** A relay that records the call `long` under a limit of file sizes of 32 kB: 64 blocks of 512 bytes. */
async function startLimited(t: TestContext, place: Site, caller: Party, callee: Party) {
  const under = ['sh', '-c', 'ulimit -f 64; exec "$@"', 'sh'];
  const relay = await launch([...place.args, '-r', 'records'], { cwd: place.folder, under });
  t.after(() => relay.stop());
  await relay.output(/^rtpbridge is ready/m, 10_000);
  const control = await controlOf(t, place);
  const { facesCaller } = await setUpCall(control, 'long', caller, callee);
  equal(await control.ask('R long from-long to-long'), '0');
  return { relay, facesCaller };
}

test(
  'a recording that reaches the limit of file sizes ends the relay, which takes the time to end its calls',
  BOUND,
  async (t) => {
    const place = await site(t);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const { relay, facesCaller } = await startLimited(t, place, caller, callee);
    // Beyond the limit every attempt to write brings another signal.
    for (let n = 0; n < 40 && relay.running(); n++) {
      await caller.send(facesCaller, 20);
      await delay(50);
    }
    deepEqual(await relay.exited, { code: 0, signal: null }, relay.stderr());
    match(relay.stderr(), NOT_WRITTEN);
    const { stdout } = await runToEnd(['replay', join(place.folder, 'data')]);
    match(stdout, /long +session closed: shutdown/);
  },
);

test('what cannot be written of a recording that the end of the relay completes is told, too', BOUND, async (t) => {
  const place = await site(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const { relay, facesCaller } = await startLimited(t, place, caller, callee);
  // Of 40 kB two buffers of 16 kB are written at once, the rest when the relay ends, or after a second.
  for (let n = 0; n < 10; n++) {
    await caller.send(facesCaller, 20);
    await delay(10);
  }
  process.kill(relay.pid, 'SIGTERM');
  deepEqual(await relay.exited, { code: 0, signal: null }, relay.stderr());
  match(relay.stderr(), NOT_WRITTEN);
});

test('SIGPIPE is ignored', BOUND, async (t) => {
  const place = await site(t);
  const relay = await start(t, place);
  process.kill(relay.pid, 'SIGPIPE');
  equal(await (await controlOf(t, place)).ask('V'), '20040107');
  deepEqual(await end(relay, 'SIGTERM'), { code: 0, signal: null });
});

/** Asks for a session; what came before the signal is taken back. */
async function askForOne(control: UdpControl): Promise<string> {
  const reply = await control.ask('U late - 0 from');
  if (reply !== 'E99') await control.ask('D late from');
  return reply;
}

test('after SIGHUP new sessions are refused, the others go on, and it ends with the last one', BOUND, async (t) => {
  const place = await site(t);
  const relay = await start(t, place);
  const control = await controlOf(t, place);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const ports = await setUpCall(control, 'going-on', caller, callee);
  const waiting = await askPort(control, 'U waiting - 0 from');
  for (let times = 0; times < 2; times++) {
    process.kill(relay.pid, 'SIGHUP');
    await eventually(async () => equal(await askForOne(control), 'E99'), 5_000);
  }
  await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);
  equal(await askPort(control, 'U waiting - 0 from'), waiting, 'what is known is known');
  match(await control.ask('L waiting - 0 to from'), /^\d+ /, 'and may be answered');
  equal(await control.ask('D waiting from'), '0');
  ok(relay.running());
  equal(await control.ask('D going-on from-going-on'), '0');
  deepEqual(await Promise.race([relay.exited, delay(10_000, 'it still runs', { ref: false })]), { code: 0, signal: null });
  ok(!existsSync(place.unix) && !existsSync(place.pidFile));
});

test('without a session SIGHUP ends it at once; while it drains the other signals do what they always do', BOUND, async (t) => {
  const idle = await start(t, await site(t));
  deepEqual(await end(idle, 'SIGHUP'), { code: 0, signal: null });
  const place = await site(t);
  const busy = await start(t, place);
  await askPort(await controlOf(t, place), 'U staying - 0 from');
  process.kill(busy.pid, 'SIGHUP');
  deepEqual(await end(busy, 'SIGTERM'), { code: 0, signal: null });
});

test(
  'a relay that is killed leaves its files, and the next one takes them over and serves on the same ports',
  BOUND,
  async (t) => {
    const place = await site(t);
    const first = await start(t, place);
    const before = await controlOf(t, place);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const ports = await setUpCall(before, 'cut-off', caller, callee);
    await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);
    await delay(LOG_DELAY_MS);
    equal(((await end(first, 'SIGKILL')) as { signal: string }).signal, 'SIGKILL');
    ok(existsSync(place.unix) && existsSync(place.pidFile), 'what a killed process cannot take away');

    const log = join(place.folder, 'data');
    const crashed = await runToEnd(['replay', log]);
    equal(crashed.code, 0, crashed.stdout);
    match(crashed.stdout, /cut-off +leg of the caller opened/);
    doesNotMatch(crashed.stdout, /cut-off +session closed/);

    const second = await start(t, place);
    equal(Number(readFileSync(place.pidFile, 'utf8')), second.pid);
    equal(await unixCommand(place.unix, 'V'), '20040107\n');
    const control = await controlOf(t, place);
    match(await control.ask('Q cut-off from-cut-off to-cut-off'), /^60 /, 'its calls go on');
    equal(await control.ask('D cut-off from-cut-off to-cut-off'), '0');
    const again = await setUpCall(control, 'next', caller, callee);
    await caller.reaches(callee, again.facesCaller, again.facesCallee, 5);
    deepEqual(await end(second, 'SIGTERM'), { code: 0, signal: null });

    const both = await runToEnd(['replay', log]);
    equal(both.code, 0, both.stdout);
    match(both.stdout, /cut-off +leg of the caller opened/, 'the first run can still be read');
    match(both.stdout, /next +session closed: shutdown/);
    const one = await runToEnd(['replay', log, '--call', 'cut-off']);
    doesNotMatch(one.stdout, /next/);
  },
);

test('a pid file that another process has written meanwhile is left alone', BOUND, async (t) => {
  const place = await site(t);
  const relay = await start(t, place);
  writeFileSync(place.pidFile, `${process.pid}\n`);
  deepEqual(await end(relay, 'SIGTERM'), { code: 0, signal: null });
  equal(readFileSync(place.pidFile, 'utf8'), `${process.pid}\n`);
});

test('a pid file that is no file, as /dev/null, is neither written nor removed', BOUND, async (t) => {
  const place = await site(t);
  const before = statSync('/dev/null');
  const relay = await start(t, place, '-p', '/dev/null');
  deepEqual(await end(relay, 'SIGTERM'), { code: 0, signal: null });
  const after = statSync('/dev/null');
  ok(after.isCharacterDevice());
  deepEqual([after.ino, after.rdev], [before.ino, before.rdev]);
});

test('it ends while commands and packets come in, without a crash', BOUND, async (t) => {
  for (const name of ENGINE_NAMES) {
    if ((await lackOf(name)) !== null) continue;
    const place = await site(t);
    const relay = await start(t, place, '--engine', name);
    const control = await controlOf(t, place);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const { facesCaller } = await setUpCall(control, 'busy', caller, callee);
    const isOver = relay.exited.then(() => true);
    let turn = 0;
    const traffic = (async () => {
      for (; !(await Promise.race([isOver, delay(1, false)])); turn++) {
        await caller.send(facesCaller, 10);
        control.send(`during_${turn} U during-${turn % 15} - 0 from`);
      }
    })();
    await eventually(async () => ok(turn > 50), 5_000);
    deepEqual(await end(relay, 'SIGTERM'), { code: 0, signal: null }, `${name}: ${relay.stderr()}`);
    await traffic;
    doesNotMatch(relay.stderr(), /defect|died|Error/);
    const { code, stdout } = await runToEnd(['replay', join(place.folder, 'data')]);
    equal(code, 0, stdout.slice(-2_000));
    const count = (what: string) => stdout.split('\n').filter((line) => line.includes(what)).length;
    equal(count('session closed'), count('session opened'), 'every session that was opened is closed in the log');
  }
});

test('a signal that comes while it starts ends it too, and no file is left', BOUND, async (t) => {
  for (const afterMs of [100, 200, 300, 400, 500, 700]) {
    const place = await site(t);
    const relay = await launch(place.args, { cwd: place.folder });
    t.after(() => relay.stop());
    await delay(afterMs);
    const exit = await end(relay, 'SIGTERM');
    // Before it listens for signals the system ends it.
    ok(
      typeof exit === 'object' && (exit.code === 0 || exit.signal === 'SIGTERM'),
      `${afterMs} ms: ${JSON.stringify(exit)} ${relay.stderr()}`,
    );
    ok(!existsSync(place.unix) && !existsSync(place.pidFile), `${afterMs} ms: a file is left`);
  }
});
