/** When new sessions are refused although there are ports: too much to do (E98), and the relay is about to leave (E99). */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askPort, eventually, Party, setUpCall } from '../rig/calls.js';
import type { UdpControl } from '../rig/control.js';
import { openRelay } from '../rig/relayScene.js';

const BOUND = { timeout: 60_000 };
const CALLS = 4;
/** Packets a party sends at once, some hundreds of times a second. */
const BURST = 5;
const RELIEF_LIMIT_MS = 20_000;

/** `average load` of `Il`. */
async function loadOf(control: UdpControl): Promise<number> {
  const lines = (await control.ask('Il', { timeoutMs: 5_000 })).split('\n');
  match(lines[5] ?? '', /^average load: \d+\.\d{6}$/, `the sixth line of ${lines.join(' | ')}`);
  return Number(lines[5]!.split(': ')[1]);
}

/** Sends some ten thousand packets a second, both ways in a few calls, until it is told to stop. */
async function startTraffic(t: TestContext, control: UdpControl): Promise<() => Promise<void>> {
  let isOver = false;
  const flows: Promise<void>[] = [];
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(flows);
  };
  t.after(stop);
  for (let n = 0; n < CALLS; n++) {
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const { facesCaller, facesCallee } = await setUpCall(control, `busy-${n}`, caller, callee);
    const flow = async (): Promise<void> => {
      for (; !isOver; await delay(2)) {
        await Promise.all([caller.send(facesCaller, BURST), callee.send(facesCallee, BURST)]);
        caller.rtp.arrived.length = 0;
        callee.rtp.arrived.length = 0;
      }
    };
    // A test that failed closes the sockets under us.
    flows.push(flow().catch(() => {}));
  }
  return stop;
}

test('[PN-50] Il tells a load that rises under traffic and falls after it', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const stop = await startTraffic(t, control);
  let most = 0;
  await eventually(async () => {
    most = Math.max(most, await loadOf(control));
    ok(most > 0.005, `the load under traffic is ${most}`);
  }, 10_000);
  ok(most <= 1, `a load of ${most}`);
  await stop();
  await eventually(async () => {
    const load = await loadOf(control);
    ok(load < most, `after the traffic it is ${load}, before ${most}`);
  }, RELIEF_LIMIT_MS);
});

test(
  '[PN-50] with --overload_prot new sessions are refused under load, known ones go on, and it ends with the load',
  BOUND,
  async (t) => {
    const { relay, control } = await openRelay(t, { args: ['--overload_prot=0.01'] });
    const before = await askPort(control, 'U before 127.0.0.1 4000 f');
    const stop = await startTraffic(t, control);
    let tried = 0;
    await eventually(async () => {
      const call = `U more-${tried++} 127.0.0.1 4000 f`;
      const answer = await control.ask(call, { timeoutMs: 5_000 });
      const shown = `${call} was answered with ${answer}, load ${await loadOf(control)}`;
      if (answer !== 'E98') equal(await control.ask(`D more-${tried - 1} f`), '0');
      equal(answer, 'E98', shown);
    }, 15_000);
    equal(await control.ask(`Q more-${tried - 1} f`), 'E50', 'nothing was made');
    equal(await askPort(control, 'U before 127.0.0.1 4002 f'), before, 'a known session is not refused');
    ok((await askPort(control, 'L before 127.0.0.1 5000 f t')) > 0, 'nor its other leg');
    equal(await control.ask('L nosuch 127.0.0.1 5000 f t'), '0');
    equal(await control.ask('D before f t'), '0');
    await stop();
    await eventually(async () => {
      await delay(250);
      equal((await control.ask('U relieved 127.0.0.1 4000 f')).split(' ')[1], '127.0.0.1', `load ${await loadOf(control)}`);
    }, RELIEF_LIMIT_MS);
    equal(relay.running(), true);
  },
);

test('[KC-18] after SIGHUP new sessions are E99, the others go on, and with the last of them it ends', BOUND, async (t) => {
  const { relay, control } = await openRelay(t);
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const { facesCaller, facesCallee } = await setUpCall(control, 'going-on', caller, callee);
  await askPort(control, 'U half 127.0.0.1 4000 f');
  process.kill(relay.pid, 'SIGHUP');
  await eventually(async () => {
    const answer = await control.ask('U new 127.0.0.1 4000 f');
    if (answer !== 'E99') await control.ask('D new f');
    equal(answer, 'E99');
  });
  equal(await control.ask('Q new f'), 'E50');
  await caller.reaches(callee, facesCaller, facesCallee, 3);
  await callee.reaches(caller, facesCallee, facesCaller, 3);
  equal(await control.ask('V'), '20040107');
  await askPort(control, 'L half 127.0.0.1 5000 f t');
  equal(await askPort(control, `U going-on 127.0.0.1 ${caller.rtp.port} from-going-on to-going-on`), facesCallee);
  equal(await control.ask('U other 127.0.0.1 4000 f'), 'E99', 'it stays so');
  equal(await control.ask('D half f t'), '0');
  await delay(300);
  equal(relay.running(), true, 'one session is left');
  equal(await control.ask('D going-on from-going-on'), '0');
  deepEqual(await Promise.race([relay.exited, delay(5_000, 'it has not ended 5 s after its last session')]), {
    code: 0,
    signal: null,
  });
  await rejects(control.ask('V', { timeoutMs: 200 }), /did not come/);
});
