/**
 * What the event log costs a call: `node dist/bench/log/setup.js [options]`. Three relays run side by side, one without a log, one with it,
 * and one that waits for the disk; each in its turn sets calls up and ends them, a few hundred, so that a ratio comes from the same second.
 * It takes --relays (one engine), --calls (of a turn), --rounds, --workers, --ports and --out, as `npm run bench` does. Ends with 1 if a call
 * fails or the goal is missed.
 */
import { type Bench, warmUpControl } from '../bench.js';
import { startGeneratorProcess } from '../generatorProcess.js';
import { cpuBetweenUs, median, processTree, readCpu } from '../measure.js';
import { type Options, parseOptions } from '../options.js';
import { type Relay, type RunningRelay, rtpbridge, startRelay, stopAll } from '../relays.js';
import { describeMachine, writeResults } from '../results.js';
import { table } from '../tables.js';

const DURABILITIES = ['none', 'os', 'fsync'] as const;
type Durability = (typeof DURABILITIES)[number];
const CLIENTS = [1, 8];
/** Calls a second with the log, of those without. */
const GOAL = 0.9;
/** A disk is slow: so many times less calls are enough. */
const FSYNC_PART = 10;
const DEFAULTS = ['--relays', 'io_uring', '--rounds', '10', '--calls', '400'];

type Runner = { readonly durability: Durability; readonly relay: Relay; readonly running: RunningRelay };

type Turn = {
  readonly durability: Durability;
  readonly clients: number;
  readonly round: number;
  /** Calls. */
  readonly perSecond: number;
  /** Of the relay, per call. */
  readonly cpuUs: number;
};

/** Each has a part of the ports of its own. */
async function startEach(options: Options): Promise<Runner[]> {
  const engine = options.relays.find((name) => name !== 'rtpengine');
  if (engine === undefined) throw new Error('--relays: an engine of ours is needed');
  const part = Math.floor((options.maxPort - options.minPort) / DURABILITIES.length / 2) * 2;
  const runners: Runner[] = [];
  for (const [i, durability] of DURABILITIES.entries()) {
    const minPort = options.minPort + i * part;
    const ports = { minPort, maxPort: minPort + part - 1, workers: options.workers };
    const relay = rtpbridge(engine, ports, { name: durability, args: ['--durability', durability] });
    const started = await startRelay(relay);
    if (!started.ok) throw new Error(started.error);
    runners.push({ durability, relay, running: started.value });
  }
  return runners;
}

async function takeTurn(bench: Bench, { durability, running }: Runner, clients: number, round: number): Promise<Turn> {
  const count = durability === 'fsync' ? Math.ceil(bench.options.calls / FSYNC_PART) : bench.options.calls;
  const pids = processTree(running.pid);
  const before = readCpu(pids);
  const { controlPort: port } = running;
  const result = await bench.generator.control({ walk: 'U+L+D', transport: 'udp', clients, count, port });
  if (result.failed > 0)
    throw new Error(`${durability}: ${result.failed} calls failed: ${Object.keys(result.failures).join('; ')}`);
  const cpuUs = cpuBetweenUs(before, readCpu(pids)) / Math.max(1, result.completed);
  return { durability, clients, round, perSecond: result.perSecond, cpuUs };
}

type Row = {
  readonly durability: Durability;
  readonly clients: number;
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Beside the turn without a log in the same round. */
  readonly rateRatio: number;
  readonly cpuRatio: number;
};

function rowOf(turns: readonly Turn[], durability: Durability, clients: number): Row {
  const own = turns.filter((turn) => turn.durability === durability && turn.clients === clients);
  const beside = own.map(
    ({ round }) => turns.find((turn) => turn.durability === 'none' && turn.clients === clients && turn.round === round)!,
  );
  return {
    ...{ durability, clients },
    perSecond: median(own.map((turn) => turn.perSecond)),
    cpuUs: median(own.map((turn) => turn.cpuUs)),
    rateRatio: median(own.map((turn, i) => turn.perSecond / beside[i]!.perSecond)),
    cpuRatio: median(own.map((turn, i) => turn.cpuUs / beside[i]!.cpuUs)),
  };
}

function report(rows: readonly Row[]): string {
  const head = ['durability, clients', 'U+L+D per second', 'of none', 'CPU us each', 'of none'];
  const cells = rows.map(({ durability, clients, perSecond, cpuUs, rateRatio, cpuRatio }) => [
    `${durability}, ${clients} client${clients > 1 ? 's' : ''}`,
    perSecond.toFixed(0),
    rateRatio.toFixed(2),
    cpuUs.toFixed(0),
    cpuRatio.toFixed(2),
  ]);
  return table('Calls set up and ended, with the event log and without (medians of the rounds)', head, cells);
}

async function run(options: Options): Promise<number> {
  const began = new Date();
  const machine = describeMachine();
  const generator = startGeneratorProcess();
  const complaints: string[] = [];
  const bench: Bench = {
    ...{ options, relays: [], generator, unavailable: new Set<string>() },
    say: (line) => console.error(line),
    note: (line) => console.error(line),
    complain: (line) => complaints.push(line),
  };
  try {
    const runners = await startEach(options);
    for (const { relay, running, durability } of runners) {
      if (durability !== 'fsync') await warmUpControl(bench, relay, running.controlPort);
    }
    const turns: Turn[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      for (const clients of CLIENTS) for (const runner of runners) turns.push(await takeTurn(bench, runner, clients, round));
      bench.say(`round ${round} of ${options.rounds}`);
    }
    const rows = CLIENTS.flatMap((clients) => DURABILITIES.map((durability) => rowOf(turns, durability, clients)));
    for (const { durability, clients, rateRatio } of rows) {
      if (durability === 'os' && rateRatio < GOAL)
        complaints.push(`os, ${clients} client(s): ${rateRatio.toFixed(2)}; the goal is ${GOAL}`);
    }
    console.log(
      `${machine.processor}, ${machine.processors} processors, Node ${machine.node}, load ${machine.loadAverageBefore?.toFixed(1)}\n`,
    );
    console.log(report(rows));
    for (const line of complaints) console.log(`MISSED ${line}`);
    console.log(
      `\n${writeResults(options.out, { began: began.toISOString(), machine, options, turns, rows, complaints }, began, 'log-')}`,
    );
    return complaints.length > 0 ? 1 : 0;
  } finally {
    await stopAll();
    await generator.stop();
  }
}

const parsed = parseOptions([...DEFAULTS, ...process.argv.slice(2)]);
if (!parsed.ok || parsed.value === 'help') {
  console.error(parsed.ok ? 'see the head of bench/log/setup.ts' : `log/setup: ${parsed.error}`);
  process.exitCode = 1;
} else process.exitCode = await run(parsed.value);
