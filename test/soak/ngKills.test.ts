/** A relay that is killed again and again while NG calls are set up, changed and ended: every request is answered, and what was told is so. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askCall } from '../../src/io/admin/client.js';
import { seededRandom } from '../property/random.js';
import { PatientNg } from '../rig/patientNg.js';
import { leasePorts } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { NgCallers, type NgTold } from './ngCallers.js';

const ROUNDS = Number(process.env['RTPBRIDGE_KILL_ROUNDS'] ?? 6);
const SEED = Number(process.env['RTPBRIDGE_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const BOUND = { timeout: 60_000 + ROUNDS * 20_000 };
const CLIENTS = 6;
const MEDIA_PORTS = 1_200;
const AFTERWARDS_MS = 150;

/** What the relay of a round is started with. */
const argsOf = (round: number): string[] => [
  ...['--workers', String([2, 2, 3, 2, 1][round % 5]), '--durability', round % 4 === 1 ? 'fsync' : 'os'],
  ...(round % 2 === 1 ? ['--log-segment-size', '1', '--log-segment-age', '1'] : []),
];

/** What is wrong with a call. */
async function problemOf({ dataDir }: RunningRelay, { call, toBob, toAlice, isPending, history }: NgTold): Promise<string[]> {
  const answer = await askCall(join(dataDir, 'admin.sock'), call);
  ok(answer.ok, answer.ok ? '' : answer.error);
  const is = answer.value.live.map(({ state: { legs, dialogue } }) => ({
    toAlice: legs.caller.local === null || toAlice === null ? null : `127.0.0.1:${legs.caller.local.port}`,
    toBob: legs.callee.local === null ? null : `127.0.0.1:${legs.callee.local.port}`,
    isPending: legs.callee.description !== null && legs.caller.pending !== null,
    callee: dialogue?.tags.callee ?? null,
  }));
  const told = toBob === null ? [] : [{ toAlice, toBob, isPending, callee: toAlice === null ? null : 'bob' }];
  if (JSON.stringify(is) === JSON.stringify(told)) return [];
  return [`${call} is ${JSON.stringify(is)}, and was told ${JSON.stringify(told)}\n  ${history.slice(-12).join('\n  ')}`];
}

test(
  `[NG-09] a relay that is killed ${ROUNDS} times under NG requests: each is answered, and what clients were told is so`,
  BOUND,
  async (t) => {
    const random = seededRandom(SEED);
    const lease = await leasePorts();
    t.after(() => lease.release());
    const port = await lease.port();
    const args = ['-T', '3600', '--listen-ng', `udp:127.0.0.1:${port}`, ...argsOf(0)];
    const relay = await startRelay({ mediaPorts: MEDIA_PORTS, args });
    t.after(() => relay.stop());
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => PatientNg.open(port)));
    t.after(() => Promise.all(clients.map((client) => client.close())));
    const callers = new NgCallers(clients, random, `kill-${SEED}`);
    const readyMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const killAfterMs = round % 3 === 1 ? random() * 50 : random() * 600;
      callers.begin();
      await delay(killAfterMs);
      for (const client of clients) client.noteKill();
      readyMs.push((await relay.killAndRestart(() => {}, argsOf(round + 1))).readyMs);
      await delay(AFTERWARDS_MS + random() * 300);
      await callers.end();
      const where = `seed ${SEED}, round ${round}, killed after ${Math.round(killAfterMs)} ms`;
      const problems: string[] = [];
      for (const told of callers.calls.values()) problems.push(...(await problemOf(relay, told)));
      deepEqual([...callers.wrong, ...problems].slice(0, 8), [], `${where}\n${relay.stderr()}`);
      const { reply } = await clients[0]!.ask({ command: 'list', limit: 10_000 });
      const live = [...callers.calls.values()].filter(({ toBob }) => toBob !== null).map(({ call }) => call);
      deepEqual([...(reply!['calls'] as readonly string[])].sort(), live.sort(), where);
    }
    equal(
      clients.reduce((sum, { differing }) => sum + differing, 0),
      0,
      'whoever was answered twice was told the same',
    );
    ok(callers.doubtful > 0, 'no request was under way when the relay died');
    t.diagnostic(
      `seed ${SEED}: ${callers.requests} requests, ${callers.doubtful} across a death, ${callers.calls.size} calls at the end; ` +
        `ready after ${Math.round(Math.min(...readyMs))} to ${Math.round(Math.max(...readyMs))} ms`,
    );
  },
);
