/** What a relay that was killed takes up again. */
import { equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { eventually, Party, setUpCall, totals } from '../rig/calls.js';
import { controlPlace, UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type RelayOptions, type RunningRelay, startRelay } from '../rig/relay.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const BOUND = { timeout: 30_000 };

async function start(t: TestContext, options: RelayOptions = {}): Promise<{ relay: RunningRelay; control: UdpControl }> {
  const relay = await startRelay(options);
  t.after(() => relay.stop());
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  return { relay, control };
}

const secondsLeft = async (control: UdpControl, call: string): Promise<number> =>
  Number((await control.ask(`Q ${call} from-${call} to-${call}`)).split(' ')[0]);

for (const engine of ENGINE_NAMES) {
  test(`${engine}: a call whose relay is killed goes on by the same ports, with its counters`, BOUND, async (t) => {
    const lack = await lackOf(engine);
    if (lack !== null) return t.skip(lack);
    const { relay, control } = await start(t, { args: ['--engine', engine] });
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const ports = await setUpCall(control, 'lasting', caller, callee);
    await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 20);
    await callee.reaches(caller, ports.facesCallee, ports.facesCaller, 30);
    await new Promise((resolve) => setTimeout(resolve, 2300)); // Counters are written down every two seconds.
    const before = await control.ask('Q lasting from-lasting to-lasting');
    await relay.killAndRestart();
    await eventually(async () => match(relay.stdout() + relay.stderr(), /1 session of a relay that died is taken up/));
    const after = await control.ask('Q lasting from-lasting to-lasting');
    equal(after.split(' ').slice(1).join(' '), before.split(' ').slice(1).join(' '));
    await caller.reaches(callee, ports.facesCaller, ports.facesCallee, 5);
    await callee.reaches(caller, ports.facesCallee, ports.facesCaller, 5);
    equal((await totals(control)).created, 1, 'it is the same session');
    equal(await control.ask('D lasting from-lasting to-lasting'), '0');
    equal((await totals(control)).active, 0);
  });
}

test('a call that is being set up when the relay is killed can be answered afterwards', BOUND, async (t) => {
  const { relay, control } = await start(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = Number.parseInt(await control.ask(`U half 127.0.0.1 ${caller.rtp.port} from-half`), 10);
  await relay.killAndRestart();
  const facesCaller = Number.parseInt(await control.ask(`L half 127.0.0.1 ${callee.rtp.port} from-half to-half`), 10);
  await caller.reaches(callee, facesCaller, facesCallee, 5);
  equal(Number.parseInt(await control.ask(`U half 127.0.0.1 ${caller.rtp.port} from-half`), 10), facesCallee);
});

test('the time to live goes on where it was, and is not used up by the time the relay was not there', BOUND, async (t) => {
  const { relay, control } = await start(t, { args: ['-T', '20'] });
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  await setUpCall(control, 'quiet', caller, callee);
  await control.ask('V'); // Something else.
  const before = await secondsLeft(control, 'quiet');
  await relay.killAndRestart(() => new Promise((resolve) => setTimeout(resolve, 3000)));
  const after = await secondsLeft(control, 'quiet');
  ok(after >= before - 2 && after <= before, `${before} s before, ${after} s after`);
});

test(
  'what was ended does not come back: neither by D before a kill, nor after the relay has ended as it was told to',
  BOUND,
  async (t) => {
    const { relay, control } = await start(t);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    await setUpCall(control, 'gone', caller, callee);
    equal(await control.ask('D gone from-gone to-gone'), '0');
    await relay.killAndRestart();
    equal((await totals(control)).active, 0);
  },
);

test('a repeated command gets the answer it got before the kill, also one that ended the call', BOUND, async (t) => {
  const { relay, control } = await start(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  await setUpCall(control, 'told', caller, callee);
  const asked = { cookie: 'the-same' };
  equal(await control.ask('D told from-told to-told', asked), '0');
  await relay.killAndRestart();
  equal(await control.ask('D told from-told to-told', asked), '0');
  equal(await control.ask('D told from-told to-told'), 'E50', 'with another cookie it is another command');
});

test('what was answered before two kills in a row is remembered, too', BOUND, async (t) => {
  const { relay, control } = await start(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  await setUpCall(control, 'twice', caller, callee);
  const asked = { cookie: 'asked-early' };
  equal(await control.ask('D twice from-twice to-twice', asked), '0');
  await relay.killAndRestart();
  await relay.killAndRestart();
  equal(await control.ask('D twice from-twice to-twice', asked), '0');
});

test('a port that somebody else has taken meanwhile costs the call that had it, and no other', BOUND, async (t) => {
  const { relay, control } = await start(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const lost = await setUpCall(control, 'lost', caller, callee);
  const kept = await setUpCall(control, 'kept', caller, callee);
  await relay.killAndRestart(async () => {
    // An io_uring gives its sockets back a moment after its process has gone.
    const thief = await eventually(() => DatagramPeer.open('127.0.0.1', lost.facesCallee));
    t.after(() => thief.close());
  });
  equal((await totals(control)).active, 1);
  await caller.reaches(callee, kept.facesCaller, kept.facesCallee, 3);
  equal(await control.ask('Q lost from-lost to-lost'), 'E50');
});

test(
  'a relay that is killed, and then cannot start because its control socket is taken, still takes its calls up in the end',
  BOUND,
  async (t) => {
    const { relay, control } = await start(t);
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const { facesCaller, facesCallee } = await setUpCall(control, 'patient', caller, callee);
    const { port } = controlPlace(relay.control[0]!) as { readonly port: number };
    await relay.killAndRestart(async (dataDir) => {
      const thief = await DatagramPeer.open('127.0.0.1', port);
      const attempt = spawnSync(process.execPath, [
        RTPBRIDGE,
        'serve',
        '-s',
        relay.control[0]!,
        '-l',
        '127.0.0.1',
        '--data-dir',
        dataDir,
      ]);
      match(attempt.stderr.toString(), /EADDRINUSE/);
      await thief.close();
    });
    await caller.reaches(callee, facesCaller, facesCallee, 3);
  },
);

test('a second relay on the same data directory is refused, and does not take the calls of the first one', BOUND, async (t) => {
  const { relay, control } = await start(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const { facesCaller, facesCallee } = await setUpCall(control, 'mine', caller, callee);
  const args = ['serve', '-s', 'udp:127.0.0.1:1024', '-l', '127.0.0.1', '--data-dir', relay.dataDir];
  const attempt = spawnSync(process.execPath, [RTPBRIDGE, ...args]);
  equal(attempt.status, 1);
  match(attempt.stderr.toString(), new RegExp(`^rtpbridge: .*/log is in use by another relay \\(process ${relay.pid}\\)`));
  await caller.reaches(callee, facesCaller, facesCallee, 3);
});

test('with --fresh nothing is taken up; with --durability none nothing is written, and nothing comes back', BOUND, async (t) => {
  for (const args of [['--fresh'], ['--durability', 'none']]) {
    const { relay, control } = await start(t, { args });
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    await setUpCall(control, 'forgotten', caller, callee);
    await relay.killAndRestart();
    equal((await totals(control)).active, 0, args.join(' '));
  }
});

test('another number of threads takes up the calls of all the threads there were', BOUND, async (t) => {
  const { relay, control } = await start(t, { args: ['--workers', '3'] });
  const parties = await Promise.all(Array.from({ length: 2 }, () => Party.open(t)));
  const [caller, callee] = parties as [Party, Party];
  const calls = Array.from({ length: 8 }, (_, n) => `call-${n}`);
  const ports = [];
  for (const call of calls) ports.push(await setUpCall(control, call, caller, callee));
  await relay.killAndRestart(() => {}, ['--workers', '2']);
  for (const { facesCaller, facesCallee } of ports) await caller.reaches(callee, facesCaller, facesCallee, 2);
  equal((await totals(control)).active, calls.length);
});
