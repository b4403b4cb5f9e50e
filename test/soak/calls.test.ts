/** Thousands of calls come and go, and the relay is as it was before: open files, memory, ports, answers. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { Party, setUpCall, totals } from '../rig/calls.js';
import { LineClient, UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { filesAtRest, openFiles } from '../rig/openFiles.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const BOUND = { timeout: 60_000 };
const ROUNDS = 4;
const CALLS_A_ROUND = 2_500;
/** Clients that have a command under way at any time. */
const CLIENTS = 16;
/** For memory, which settles only in the course of thirty thousand calls; from then on 0.4 kB a call would be a leak. */
const MEMORY_ROUNDS = 24;
const SETTLED = 12;
const GROWTH_LIMIT_MB = 12;

const residentMb = ({ pid }: RunningRelay): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

type Ask = (command: string) => Promise<string>;

/** Sets `count` calls up and deletes them again, many at a time. Each answer must be a port, or 0 for the deletion. */
async function callsComeAndGo(clients: readonly Ask[], round: number, count: number): Promise<void> {
  let next = 0;
  await Promise.all(
    clients.map(async (ask) => {
      while (next < count) {
        const call = `soak-${round}-${next++}`;
        match(await ask(`Uc0,8,101 ${call} 127.0.0.1 4000 from-${call}`), /^\d+ 127\.0\.0\.1$/);
        match(await ask(`Lc0 ${call} 127.0.0.1 4002 from-${call} to-${call}`), /^\d+ 127\.0\.0\.1$/);
        equal(await ask(`D ${call} from-${call} to-${call}`), '0');
      }
    }),
  );
}

/** Garbage that is not collected yet is no leak: with little room for it, what grows is what is kept. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=32' };

async function startSoaked(t: TestContext, engine: string, env: NodeJS.ProcessEnv = {}) {
  const sockets = ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'];
  const relay = await startRelay({ control: sockets, args: ['--engine', engine], env });
  t.after(() => relay.stop());
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  return { relay, control };
}

for (const name of ENGINE_NAMES) {
  test(`${name}: ten thousand calls over UDP leave no open file behind, and none is refused`, BOUND, async (t) => {
    const reason = await lackOf(name);
    if (reason !== null) return t.skip(reason);
    const { relay, control } = await startSoaked(t, name);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => UdpControl.to(relay.control[0]!)));
    t.after(() => Promise.all(clients.map((client) => client.close())));
    const asks = clients.map(
      (client): Ask =>
        (command) =>
          client.ask(command, { timeoutMs: 5_000 }),
    );
    const before = await filesAtRest(relay.pid);
    const started = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      await callsComeAndGo(asks, round, CALLS_A_ROUND);
      equal(openFiles(relay.pid), before, `as many open files after round ${round} as before`);
    }
    const seconds = (performance.now() - started) / 1000;
    t.diagnostic(`${name}: ${Math.round((ROUNDS * CALLS_A_ROUND) / seconds)} calls a second set up and deleted`);
    deepEqual(
      { ...(await totals(control)), received: 0, transmitted: 0 },
      { created: ROUNDS * CALLS_A_ROUND, active: 0, streams: 0, received: 0, transmitted: 0 },
    );
    const [caller, callee] = [await Party.open(t), await Party.open(t)];
    const { facesCallee, facesCaller } = await setUpCall(control, 'after', caller, callee);
    await caller.reaches(callee, facesCaller, facesCallee, 10);
    equal(relay.stderr(), '');
  });
}

for (const name of ENGINE_NAMES) {
  test(`${name}: memory does not grow with the calls that have been`, BOUND, async (t) => {
    const reason = await lackOf(name);
    if (reason !== null) return t.skip(reason);
    const { relay } = await startSoaked(t, name, SMALL_HEAP);
    // Over TCP: what UDP keeps for retransmissions lives for 35 seconds, and is bounded on its own account.
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => LineClient.open(relay.control[1]!)));
    t.after(() => {
      for (const client of clients) client.close();
    });
    const asks = clients.map(
      (client): Ask =>
        (command) =>
          client.ask(command, 5_000),
    );
    const figures: number[] = [];
    for (let round = 0; round < MEMORY_ROUNDS; round++) {
      await callsComeAndGo(asks, round, CALLS_A_ROUND);
      await delay(200);
      figures.push(residentMb(relay));
    }
    const shown = figures.map((mb) => mb.toFixed(1)).join(', ');
    t.diagnostic(`${name}: resident after each ${CALLS_A_ROUND} calls: ${shown} MB`);
    const grownMb = figures.at(-1)! - figures[SETTLED - 1]!;
    ok(
      grownMb < GROWTH_LIMIT_MB,
      `grown by ${grownMb.toFixed(1)} MB in ${CALLS_A_ROUND * (MEMORY_ROUNDS - SETTLED)} calls: ${shown}`,
    );
  });
}
