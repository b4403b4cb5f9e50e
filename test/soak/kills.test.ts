/** A relay that is killed again and again while many calls are set up, changed and ended: nobody is told anything that is not so afterwards. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askCall, askStatus } from '../../src/io/admin/client.js';
import { readLogs } from '../../src/io/log/logReader.js';
import { formatLadder } from '../../src/relay/events/ladder.js';
import type { SnapshotRecord } from '../../src/relay/events/record.js';
import { collectStory } from '../../src/relay/events/story.js';
import { seededRandom } from '../property/random.js';
import { totals } from '../rig/calls.js';
import { startChild } from '../rig/child.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { Callers } from './callers.js';
import { compareAnswers, compareFold, dialogOf, inheritance, lostOnes, sharedPorts, type Wrong } from './comparison.js';
import { PatientClient } from './patientClient.js';
import { forgetRunsBefore, readRuns } from './runLog.js';

const ROUNDS = Number(process.env['RTPBRIDGE_KILL_ROUNDS'] ?? 8);
const SEED = Number(process.env['RTPBRIDGE_KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const BOUND = { timeout: 30_000 + ROUNDS * 10_000 };
const CLIENTS = 4;
/** Two pairs a session; there are some for those that ask for other ones. */
const MEDIA_PORTS = 2_400;
/** Commands that are still to be answered after the first answer of a new process. */
const AFTERWARDS_MS = 150;
const ASKERS = 8;
/** Of what a client was told of a call, where something is wrong with it. */
const SHOWN = 40;

/** What a relay says that takes up the calls of another; a segment that ends within a record is where the other one died. */
const EXPECTED = [
  /sessions? of a relay that died (is|are) taken up, \d+ ms after it was last heard of/,
  /event log: \S+ (ends within|is empty)/,
];

type Random = () => number;

/** How a round goes: what the relay that comes next is started with, when it dies, and when its successor, which is only just starting. */
type Plan = { readonly name: string; readonly killAfterMs: number; readonly secondAfterMs: number | null };

function planOf(round: number, random: Random): Plan {
  switch (round % 4) {
    case 0:
      return { name: 'at any time', killAfterMs: random() * 300, secondAfterMs: null };
    case 1:
      return { name: 'right at the beginning', killAfterMs: random() * 50, secondAfterMs: null };
    case 2:
      return { name: 'twice, the second time while it starts', killAfterMs: random() * 200, secondAfterMs: random() * 900 };
    default:
      return { name: 'later', killAfterMs: 300 + random() * 900, secondAfterMs: null };
  }
}

/** What the relay of a round is started with. */
async function argsOf(round: number): Promise<string[]> {
  const workers = [2, 2, 3, 2, 1][round % 5]!;
  const durability = round % 4 === 1 ? 'fsync' : 'os';
  const small = round % 2 === 1 ? ['--log-segment-size', '1', '--log-segment-age', '1'] : [];
  const engine = round % 3 === 2 && (await lackOf('epoll')) === null ? ['--engine', 'epoll'] : [];
  return ['--workers', String(workers), '--durability', durability, ...small, ...engine];
}

class Kills {
  readonly relay: RunningRelay;
  readonly callers: Callers;
  readonly #clients: readonly PatientClient[];
  readonly #control: UdpControl;
  /** Until when every run was checked. */
  #checkedRun = 0;

  private constructor(relay: RunningRelay, clients: readonly PatientClient[], control: UdpControl, random: Random) {
    this.relay = relay;
    this.#clients = clients;
    this.#control = control;
    this.callers = new Callers(clients, random, `kill-${SEED}`);
  }

  static async start(t: TestContext, random: Random): Promise<Kills> {
    const relay = await startRelay({ mediaPorts: MEDIA_PORTS, args: ['-T', '3600', ...(await argsOf(0))] });
    t.after(() => relay.stop());
    const name = relay.control[0]!;
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => PatientClient.open(name)));
    t.after(() => Promise.all(clients.map((client) => client.close())));
    const control = await UdpControl.to(name);
    t.after(() => control.close());
    return new Kills(relay, clients, control, random);
  }

  get underWay(): number {
    return this.#clients.reduce((sum, client) => sum + client.underWay, 0);
  }

  get givenUp(): number {
    return this.#clients.reduce((sum, client) => sum + client.givenUp, 0);
  }

  /** Kills the relay, and its successor while it starts; answers how long the last one took to be ready. */
  async kill({ secondAfterMs }: Plan, args: readonly string[]): Promise<number> {
    const [program, ...given] = readFileSync(`/proc/${this.relay.pid}/cmdline`, 'latin1').split('\0').slice(0, -1);
    const killSuccessor = async (): Promise<void> => {
      if (secondAfterMs === null) return;
      const child = await startChild(program!, [...given, ...args], { cwd: this.relay.dir });
      await delay(secondAfterMs);
      this.#noteKill();
      process.kill(child.pid, 'SIGKILL');
      await child.exited;
    };
    this.#noteKill();
    const { readyMs } = await this.relay.killAndRestart(killSuccessor, args);
    return readyMs;
  }

  #noteKill(): void {
    for (const client of this.#clients) client.noteKill();
  }

  /** Settles when commands that were on their way when the relay died have been answered. */
  async answered(): Promise<void> {
    const before = this.callers.commands;
    while (this.callers.commands < before + this.underWay) await delay(5);
  }

  /** What is wrong with what was told, what is, and what is written: a line each, with the call that it is about, if it is about one. */
  async compare(): Promise<readonly Wrong[]> {
    const wrong: Wrong[] = [...this.callers.wrong];
    const live = await this.#live();
    for (const [call, told] of this.callers.calls) {
      const problem = told.settle((live.get(call) ?? []).map(dialogOf));
      if (problem !== null) wrong.push({ call, text: problem });
    }
    const status = await askStatus(join(this.relay.dataDir, 'admin.sock'));
    ok(status.ok, status.ok ? '' : status.error);
    const { run } = status.value;
    const folder = join(this.relay.dataDir, 'log');
    const runs = readRuns(folder);
    for (const each of runs) if (each.run > this.#checkedRun) for (const text of each.problems) wrong.push({ call: null, text });
    const present = runs.find((each) => each.run === run)!;
    const records = [...live.values()].flat();
    wrong.push(...compareFold(present, records), ...sharedPorts(records), ...lostOnes(present, records));
    wrong.push(...inheritance(runs), ...compareAnswers(runs, new Map(this.#clients.flatMap(({ outcomes }) => [...outcomes]))));
    const { active, created } = await totals(this.#control);
    if (active !== records.length) wrong.push({ call: null, text: `${active} sessions by I, ${records.length} live` });
    const opened = present.shards.reduce(
      (sum, { check: { fold } }) => sum + (fold.counters.sessionsOpened ?? 0) + fold.openedSince,
      0,
    );
    if (created !== opened) wrong.push({ call: null, text: `${created} sessions created by I, ${opened} by the log` });
    if (wrong.length === 0) {
      this.#checkedRun = run - 1;
      forgetRunsBefore(folder, run);
      for (const { outcomes } of this.#clients) outcomes.clear();
    }
    return wrong;
  }

  async #live(): Promise<Map<string, readonly SnapshotRecord[]>> {
    const socket = join(this.relay.dataDir, 'admin.sock');
    const live = new Map<string, readonly SnapshotRecord[]>();
    const calls = [...this.callers.calls.keys()];
    let next = 0;
    const ask = async (): Promise<void> => {
      for (let call = calls[next++]; call !== undefined; call = calls[next++]) {
        const answer = await askCall(socket, call);
        ok(answer.ok, answer.ok ? '' : answer.error);
        live.set(call, answer.value.live);
      }
    };
    await Promise.all(Array.from({ length: ASKERS }, ask));
    return live;
  }

  /** Everything that logs and clients know of a call. */
  tell(call: string): string {
    const history = this.callers.calls.get(call)?.history.slice(-SHOWN) ?? [];
    const story = collectStory(readLogs([this.relay.dataDir], { call }), call);
    const ladder = formatLadder(story, { width: 130, formatTime: (at) => new Date(at).toISOString().slice(11, 23) });
    return [`${call}, as its client saw it:`, ...history.map((line) => `  ${line}`), ...ladder].join('\n');
  }
}

test(
  `a relay that is killed ${ROUNDS} times at full rate: what clients were told, what is, and what the log tells are one`,
  BOUND,
  async (t) => {
    const random = seededRandom(SEED);
    const kills = await Kills.start(t, random);
    const { callers, relay } = kills;
    const readyMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const plan = planOf(round, random);
      callers.begin();
      await delay(plan.killAfterMs);
      readyMs.push(await kills.kill(plan, await argsOf(round + 1)));
      await kills.answered();
      await delay(AFTERWARDS_MS);
      await callers.end();
      await callers.askAboutAll();
      const wrong = await kills.compare();
      const stories = [...new Set(wrong.flatMap(({ call }) => call ?? []))].slice(0, 3).map((call) => kills.tell(call));
      const where = `seed ${SEED}, round ${round}, killed ${plan.name} (${Math.round(plan.killAfterMs)} ms)`;
      equal(wrong.length, 0, [where, ...wrong.slice(0, 20).map(({ text }) => text), ...stories, relay.stderr()].join('\n'));
      const unexpected = relay
        .stderr()
        .split('\n')
        .filter((line) => line !== '' && !EXPECTED.some((words) => words.test(line)));
      deepEqual(unexpected, [], where);
    }
    t.diagnostic(
      `seed ${SEED}: ${callers.commands} commands, ${kills.givenUp} of them never answered, ${callers.calls.size} calls at the end; ` +
        `ready after ${Math.round(Math.min(...readyMs))} to ${Math.round(Math.max(...readyMs))} ms`,
    );
  },
);
