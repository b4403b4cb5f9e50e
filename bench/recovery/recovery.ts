/**
 * How soon calls go on when the relay that had them is killed: `node dist/bench/recovery/recovery.js --help`. Ends with 1 if a call is lost
 * or a goal is missed.
 */
import { parseArgs } from 'node:util';
import { raiseFileLimit } from '../../src/io/sys/resourceLimit.js';
import { PPS_PER_CALL } from '../bench.js';
import { type GeneratorProcess, startGeneratorProcess } from '../generatorProcess.js';
import { describeMachine, writeResults } from '../results.js';
import { table } from '../tables.js';
import { type Figures, figuresOf, type Spread } from './gaps.js';
import { SCENES, type Scene, Victim } from './victim.js';

const CLIENTS = 8;
const SPARE_FILES = 500;
const FILES_PER_CALL = 4;
const BATCH = 32;
/** Before the death: long enough that what streams have counted is in the log, which happens every two seconds. */
const BEFORE_SECONDS = 3;
const AFTER_SECONDS = 3;
/** All calls are to relay again so soon after the new process was started; those of a thread after it died. */
const GOALS_MS: Readonly<Record<Scene, number>> = { process: 1500, supervised: 1500, thread: 300 };
const HELP = `node dist/bench/recovery/recovery.js [options]
  --calls N       calls with audio in both directions (1000)
  --pps N         packets a second, all streams together (${PPS_PER_CALL} a call)
  --engine NAME   io_uring, epoll or dgram (the best that works; a thread cannot die with dgram)
  --workers N     media threads (2)
  --scenes LIST   who dies, of ${SCENES.join(', ')} (all of them)
  --rounds N      how often each (1)
  --ports MIN-MAX media ports (61000-65535: nobody is given one of those by chance while the relay is dead)
  --durability D  of the event log: os or fsync (os)
  --out DIR       where the JSON goes, relative to the project (bench-results)
  --help          this text`;

type Options = {
  readonly calls: number;
  readonly pps: number;
  readonly engine: string | null;
  readonly workers: number;
  readonly scenes: readonly Scene[];
  readonly rounds: number;
  readonly minPort: number;
  readonly maxPort: number;
  readonly durability: string;
  readonly out: string;
};

const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;

/** Null: only the help is wanted. Throws where the command line cannot be read. */
function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      ...{ calls: text('1000'), pps: { type: 'string' }, engine: { type: 'string' }, workers: text('2') },
      ...{ scenes: text(SCENES.join(',')), rounds: text('1'), ports: text('61000-65535') },
      ...{ durability: text('os'), out: text('bench-results'), help: { type: 'boolean' } },
    },
  });
  if (values.help === true) return null;
  const whole = (name: string, value: string): number => {
    if (/^[1-9]\d*$/.test(value)) return Number(value);
    throw new Error(`--${name} ${value}: expected a whole number from 1`);
  };
  const calls = whole('calls', values.calls);
  const [, min, max] = /^(\d+)-(\d+)$/.exec(values.ports) ?? [];
  if (min === undefined || max === undefined) throw new Error(`--ports ${values.ports}: expected MIN-MAX`);
  if (Number(max) - Number(min) + 1 < calls * FILES_PER_CALL)
    throw new Error(`--ports ${values.ports}: no room for ${calls} calls`);
  const scenes = values.scenes.split(',').map((name) => {
    const scene = SCENES.find((each) => each === name);
    if (scene === undefined) throw new Error(`--scenes ${name}: expected some of ${SCENES.join(', ')}`);
    return scene;
  });
  return {
    ...{ calls, scenes, minPort: Number(min), maxPort: Number(max), durability: values.durability, out: values.out },
    pps: values.pps === undefined ? calls * PPS_PER_CALL : whole('pps', values.pps),
    engine: values.engine ?? null,
    workers: whole('workers', values.workers),
    rounds: whole('rounds', values.rounds),
  };
}

async function measure(options: Options, generator: GeneratorProcess, scene: Scene, round: number): Promise<Figures> {
  const { calls, pps, durability } = options;
  const victim = await Victim.start({ ...options, scene, args: ['--durability', durability] });
  try {
    const port = victim.controlPort;
    const setup = await generator.control({ transport: 'udp', port, walk: 'U+L', count: calls, clients: CLIENTS });
    if (setup.failed > 0) throw new Error(`${setup.failed} calls cannot be set up: ${Object.keys(setup.failures).join('; ')}`);
    const seconds = BEFORE_SECONDS + AFTER_SECONDS;
    const sending = generator.send({ path: 'relay', pps, seconds, batch: BATCH, directCalls: 0 });
    await new Promise((resolve) => setTimeout(resolve, BEFORE_SECONDS * 1000));
    const death = await victim.die();
    await sending;
    return figuresOf(scene, round, options.workers, await generator.gaps(), death);
  } finally {
    await victim.stop();
    await generator.forget();
  }
}

const spreadText = (spread: Spread | null): string =>
  spread === null ? '-' : [spread.p50, spread.p99, spread.max].map((ms) => ms.toFixed(0)).join(' / ');

function report(all: readonly Figures[]): string {
  const head = [
    'who died',
    'calls',
    'lost',
    'gone ms',
    'ready ms',
    'first packet ms',
    'gap heard ms',
    "others' packets lost",
    "others' gap ms",
  ];
  const rows = all.map((figures) => [
    figures.scene,
    `${figures.struck} of ${figures.calls}`,
    `${figures.lost}`,
    figures.diedMs.toFixed(0),
    figures.readyMs.toFixed(0),
    spreadText(figures.firstMs),
    spreadText(figures.gapMs),
    figures.othersLost === null ? '-' : `${figures.othersLost}`,
    spreadText(figures.othersGapMs),
  ]);
  return table('Calls whose relay was killed (p50 / p99 / max over their streams)', head, rows);
}

/** What was promised and not kept, a line each. */
function missed({ scene, round, lost, firstMs, othersLost }: Figures): string[] {
  const name = `${scene}, round ${round}`;
  const goal = GOALS_MS[scene];
  return [
    ...(lost > 0 ? [`${name}: ${lost} calls were lost`] : []),
    ...(firstMs.max <= goal
      ? []
      : [`${name}: the last call was back after ${firstMs.max.toFixed(0)} ms; the goal is ${goal} ms`]),
    ...((othersLost ?? 0) > 0 ? [`${name}: ${othersLost} packets of the other threads' calls were lost`] : []),
  ];
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(HELP);
    return 0;
  }
  const began = new Date();
  const machine = describeMachine();
  const needed = SPARE_FILES + FILES_PER_CALL * options.calls;
  const { soft } = raiseFileLimit(needed);
  if (soft < needed) throw new Error(`a process may have ${soft} files open here; ${options.calls} calls need ${needed}`);
  const generator = startGeneratorProcess();
  try {
    const all: Figures[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      for (const scene of options.scenes) {
        all.push(await measure(options, generator, scene, round));
        console.error(`${scene}, round ${round}: all back after ${all.at(-1)!.firstMs.max.toFixed(0)} ms`);
      }
    }
    const complaints = all.flatMap(missed);
    console.log(
      `${machine.processor}, ${machine.processors} processors, kernel ${machine.kernel}, Node ${machine.node}, load ${machine.loadAverageBefore?.toFixed(1)}\n`,
    );
    console.log(report(all));
    for (const line of complaints) console.log(`MISSED ${line}`);
    console.log(
      `\n${writeResults(options.out, { began: began.toISOString(), machine, options, all, complaints }, began, 'recovery-')}`,
    );
    return complaints.length > 0 ? 1 : 0;
  } finally {
    await generator.stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`recovery: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
