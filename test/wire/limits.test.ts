/** What happens at the edges: ports, descriptors and busy neighbours. Nothing leaks, nothing dies, and all of it comes back. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { askPort, eventually, Party, setUpCall, totals } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { filesAtRest, openFiles } from '../rig/openFiles.js';
import { leasePorts } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { launch, runToEnd, temporaryFolder, whyNoFileLimit, withOpenFiles } from '../rig/startAttempt.js';

const BOUND = { timeout: 60_000 };
const HOST = '127.0.0.1';

/** A relay with so many port pairs, and a control client of it. */
async function relayWith(t: TestContext, pairs: number, ...args: string[]) {
  const relay = await startRelay({ mediaPorts: pairs * 2, args });
  t.after(() => relay.stop());
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  return { relay, control };
}

/** U and L of a call whose parties are of no interest. */
const setUp = async (control: UdpControl, call: string): Promise<readonly [string, string]> => [
  await control.ask(`U ${call} - 0 from`),
  await control.ask(`L ${call} - 0 from to`),
];

test('[PN-34] a range that is used up answers E72 and E71, nothing leaks, and every port comes back', BOUND, async (t) => {
  const { relay, control } = await relayWith(t, 3);
  const before = await filesAtRest(relay.pid);
  for (let round = 0; round < 20; round++) {
    const first = await setUp(control, `first-${round}`);
    await askPort(control, `U second-${round} - 0 from`);
    equal(await control.ask(`L second-${round} - 0 from to`), 'E71', 'no port for the other leg');
    equal(await control.ask(`U third-${round} - 0 from`), 'E72', 'none for another call');
    equal(await control.ask(`D third-${round} from`), 'E50', 'which does not exist');
    equal(await askPort(control, `U second-${round} - 0 from`), await askPort(control, `U second-${round} - 0 from`));
    equal(await control.ask(`D first-${round} from to`), '0');
    await askPort(control, `L second-${round} - 0 from to`);
    equal(await control.ask(`D second-${round} from to`), '0');
    equal(new Set(first).size, 2);
  }
  equal((await totals(control)).active, 0);
  equal(openFiles(relay.pid), before, 'as many open files as before');
  ok(relay.running());
});

test(
  'a range too small for its media threads is used to the last pair: four pairs and eight threads carry any two calls',
  BOUND,
  async (t) => {
    const { relay, control } = await relayWith(t, 4, '--workers', '8');
    const { min, max } = relay.media;
    for (let round = 0; round < 30; round++) {
      // Other Call-IDs each time, so that they fall to other threads.
      const calls = [`left-${round}`, `right-${round}`];
      const ports = (await Promise.all(calls.map((call) => setUp(control, call))))
        .flat()
        .map((answer) => Number.parseInt(answer, 10));
      equal(new Set(ports).size, 4, `four different ports, not ${ports}`);
      for (const port of ports) ok(port >= min && port < max && port % 2 === 0, `port ${port} of ${min}..${max}`);
      equal(await control.ask(`U fifth-${round} - 0 from`), 'E72');
      equal(await control.ask(`D ${calls[0]} from to`), '0');
      await askPort(control, `U fifth-${round} - 0 from`);
      for (const call of [calls[1], `fifth-${round}`]) equal(await control.ask(`D ${call} from to`), '0');
    }
  },
);

test('one pair can be allocated, again and again, and by any thread', BOUND, async (t) => {
  const { relay, control } = await relayWith(t, 1, '--workers', '4');
  for (let round = 0; round < 30; round++) {
    equal(await askPort(control, `U only-${round} - 0 from`), relay.media.min);
    equal(await control.ask(`L only-${round} - 0 from to`), 'E71');
    equal(await control.ask(`U another-${round} - 0 from`), 'E72');
    equal(await control.ask(`D only-${round} from`), '0');
  }
});

test(
  '[PN-19] a new call gets a free port of the range, and pairs of which somebody else has a port are skipped',
  BOUND,
  async (t) => {
    for (const name of ENGINE_NAMES) {
      if ((await lackOf(name)) !== null) continue;
      const { relay, control } = await relayWith(t, 6, '--engine', name);
      const { min } = relay.media;
      const before = await filesAtRest(relay.pid);
      // The RTP port of the first pair, the RTCP port of the second, both of the third, one on all addresses of the fourth.
      const taken = await Promise.all([min, min + 3, min + 4, min + 5].map((port) => DatagramPeer.open(HOST, port)));
      taken.push(await DatagramPeer.open('0.0.0.0', min + 7));
      const ports = [await askPort(control, 'U busy-1 - 0 from'), await askPort(control, 'U busy-2 - 0 from')];
      deepEqual(ports.sort(), [min + 8, min + 10]);
      equal(await control.ask('U busy-3 - 0 from'), 'E72');
      await Promise.all(taken.map((one) => one.close()));
      for (const call of ['busy-3', 'busy-4', 'busy-5', 'busy-6']) await askPort(control, `U ${call} - 0 from`);
      equal(await control.ask('X'), '0');
      equal(openFiles(relay.pid), before, `${name}: the first socket of a pair that failed was closed`);
      await relay.stop();
    }
  },
);

for (const name of ENGINE_NAMES) {
  test(
    `[PN-34] ${name}: when descriptors run out U answers E72 and L E71, calls go on, and it was said at the start`,
    BOUND,
    async (t) => {
      const reason = (await lackOf(name)) ?? whyNoFileLimit();
      if (reason !== null) return t.skip(reason);
      const folder = await temporaryFolder(t);
      const lease = await leasePorts(600);
      t.after(() => lease.release());
      const { min, max } = lease.range(500);
      const socket = `udp:127.0.0.1:${await lease.port()}`;
      const media = ['-l', HOST, '-m', `${min}`, '-M', `${max}`, '--engine', name, '--data-dir', join(folder, 'data')];
      const relay = await launch(['serve', '-s', socket, ...media], { under: withOpenFiles(256), cwd: folder });
      t.after(() => relay.stop());
      await relay.output(/^rtpbridge is ready/m, 10_000);
      const note = relay
        .stdout()
        .split('\n')
        .filter((line) => line.includes('open files'));
      equal(note.length, 1, relay.stdout());
      match(note[0]!, /\b256 open files\b.*\bneeds (\d+)\b.*ulimit -n \1/, 'one line says the limit, and the one that would do');
      const control = await UdpControl.to(socket);
      t.after(() => control.close());
      await runOut({ t, relay, control });
      deepEqual(await relay.stop(), { code: 0, signal: null });
    },
  );
}

type Scene = { readonly t: TestContext; readonly relay: Pick<RunningRelay, 'pid' | 'running'>; readonly control: UdpControl };

async function runOut({ t, relay, control }: Scene): Promise<void> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const { facesCallee, facesCaller } = await setUpCall(control, 'lasting', caller, callee);
  await caller.reaches(callee, facesCaller, facesCallee, 3);
  const before = await filesAtRest(relay.pid);
  for (let round = 0; round < 3; round++) {
    const made: string[] = [];
    for (;;) {
      const answer = await control.ask(`U more-${round}-${made.length} - 0 from`);
      if (!/^\d/.test(answer)) {
        equal(answer, 'E72');
        break;
      }
      made.push(`more-${round}-${made.length}`);
      ok(made.length < 250, 'descriptors do not run out');
    }
    ok(made.length > 50, `only ${made.length} calls`);
    equal(await control.ask(`L ${made[0]} - 0 from to`), 'E71');
    equal(await control.ask('V'), '20040107');
    await callee.reaches(caller, facesCallee, facesCaller, 3);
    for (const call of made) equal(await control.ask(`D ${call} from`), '0');
    await eventually(async () => equal(openFiles(relay.pid), before));
  }
  ok(relay.running());
}

test('[KC-09] where every call is recorded, so many fewer fit into the open files that are allowed', BOUND, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  const place = ['-s', `udp:${HOST}:${await lease.port()}`, '-l', HOST, '--data-dir', join(folder, 'data')];
  const recording = ['-r', join(folder, 'records')];
  for (const [flags, told] of [
    [[], 'about 100 calls; the port range needs 1000'],
    [recording, 'about 100 calls; the port range needs 1000'],
    [[...recording, '-a'], 'about 50 calls; the port range needs 1800'],
    [[...recording, '-a', '-P'], 'about 80 calls; the port range needs 1200'],
    [[...recording, '-a', '--record-format', 'wav'], 'about 80 calls; the port range needs 1200'],
    [[...recording, '-a', '-R'], 'about 66 calls; the port range needs 1400'],
  ] as const) {
    const relay = await launch(['serve', ...place, '-m', '40000', '-M', '40800', '-L', '600', ...flags]);
    t.after(() => relay.stop());
    await relay.output(/^rtpbridge is ready/m, 10_000);
    match(relay.stdout(), new RegExp(`\\b600 open files are allowed, enough for ${told} `), flags.join(' '));
    await relay.stop();
  }
});

test('with too few open files to start at all, it says so in one line', BOUND, async (t) => {
  const reason = whyNoFileLimit();
  if (reason !== null) return t.skip(reason);
  const folder = await temporaryFolder(t);
  const { code, stdout, stderr } = await runToEnd(['serve', '--data-dir', join(folder, 'data')], { under: withOpenFiles(64) });
  deepEqual({ code, stdout }, { code: 1, stdout: '' });
  match(stderr, /^rtpbridge: 64 open files are allowed; [^\n]*less than \d+\n$/);
});
