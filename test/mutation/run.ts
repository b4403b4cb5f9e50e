/**
 * Tries the mutations: `node dist/test/mutation/run.js [--write] [--seed N] [--runs F] [part of a name, file, rule or test …]`.
 *
 * A file of a copy of `dist` is changed, the tests that are to catch it run in the copy, and each of them must fail. `--write` puts the
 * list into `test/mutation/README.md`. Property tests get `--runs` of their ordinary number of cases, always the same ones for a seed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lane, type LaneOptions } from './lane.js';
import { type Mutation, problemOf, says } from './mutation.js';
import { MUTATIONS } from './mutations.js';
import { type Outcome, readmeOf } from './readme.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LANES = 2;
const SEED = 20_261_121;
/** So much of the ordinary number of cases is enough for every mutation in the table, with any of five seeds. */
const RUNS = 0.5;

type Asked = { readonly write: boolean; readonly seed: number; readonly runs: number; readonly filters: readonly string[] };

function readArguments(args: readonly string[]): Asked | string {
  const filters: string[] = [];
  let [write, seed, runs] = [false, SEED, RUNS];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--write') write = true;
    else if (arg === '--seed') seed = Number(args[++i]);
    else if (arg === '--runs') runs = Number(args[++i]);
    else if (arg.startsWith('-')) return `unknown option ${arg}`;
    else filters.push(arg);
  }
  if (!Number.isInteger(seed) || !(runs > 0)) return '--seed takes a whole number, --runs one above 0';
  return write && filters.length > 0 ? '--write is for all mutations' : { write, seed, runs, filters };
}

const isMeant = ({ name, file, breaks, tests }: Mutation, filters: readonly string[]): boolean =>
  filters.length === 0 || filters.some((filter) => [name, file, breaks, ...tests].some((text) => text.includes(filter)));

/** Hands `all` to the lanes, one after the other. */
async function share<T>(
  lanes: readonly Lane[],
  signal: AbortSignal,
  all: readonly T[],
  act: (lane: Lane, one: T) => Promise<void>,
) {
  const queue = [...all];
  const work = async (lane: Lane): Promise<void> => {
    for (let one = queue.shift(); one !== undefined && !signal.aborted; one = queue.shift()) await act(lane, one);
  };
  await Promise.all(lanes.map(work));
}

/** The tests as they are must pass, or nothing is shown by their failing. Answers those that do not. */
async function failingUnchanged(lanes: readonly Lane[], signal: AbortSignal, tests: readonly string[]): Promise<string[]> {
  const failing: string[] = [];
  await share(lanes, signal, tests, async (lane, test) => {
    const { kind, told } = await lane.run(test);
    if (kind !== 'passed') failing.push(`${test}: ${kind}: ${told.join('; ')}`);
  });
  return failing;
}

/** Each of the tests has failed, and one of them says which rule is broken. A test that did not end would not have passed. */
function isCaught({ mutation, verdicts }: Outcome): boolean {
  const haveFailed = verdicts.every(({ kind }) => kind === 'failed' || kind === 'late');
  return haveFailed && verdicts.some(({ output }) => says(output, mutation.breaks));
}

function report(outcome: Outcome): string {
  const { mutation, verdicts, seconds } = outcome;
  const lines = [`${isCaught(outcome) ? 'caught  ' : 'SURVIVED'} ${mutation.name} (${seconds.toFixed(1)} s)`];
  for (const [i, test] of mutation.tests.entries()) {
    const { kind, told } = verdicts[i]!;
    lines.push(`           ${kind === 'passed' ? 'not by' : 'by'} ${test}${told.length > 0 ? `: ${kind}: ${told[0]}` : ''}`);
  }
  if (!verdicts.some(({ output }) => says(output, mutation.breaks))) lines.push(`           nobody says "${mutation.breaks}"`);
  return lines.join('\n');
}

async function tryAll(mutations: readonly Mutation[], options: LaneOptions, write: boolean): Promise<number> {
  const { signal } = options;
  const lanes = Array.from({ length: LANES }, () => new Lane(options));
  try {
    const failing = await failingUnchanged(lanes, signal, [...new Set(mutations.flatMap(({ tests }) => tests))]);
    if (failing.length > 0) {
      console.log(`Without any mutation these tests do not pass:\n${failing.join('\n')}`);
      return 1;
    }
    const outcomes: Outcome[] = [];
    await share(lanes, signal, mutations, async (lane, mutation) => {
      const began = performance.now();
      const verdicts = await lane.try(mutation);
      const outcome = { mutation, verdicts, seconds: (performance.now() - began) / 1000 };
      outcomes.push(outcome);
      if (!signal.aborted) console.log(report(outcome));
    });
    if (signal.aborted) console.log('Interrupted: not every mutation was tried.');
    const caught = outcomes.filter(isCaught).length;
    const inOrder = outcomes.sort((a, b) => mutations.indexOf(a.mutation) - mutations.indexOf(b.mutation));
    const isWhole = caught === mutations.length && !signal.aborted;
    if (write && isWhole) writeFileSync(join(ROOT, 'test/mutation/README.md'), readmeOf(inOrder, new Date()));
    console.log(`\n${caught} caught, ${outcomes.length - caught} survived`);
    return isWhole ? 0 : 1;
  } finally {
    for (const lane of lanes) lane.close();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const asked = readArguments(args);
  if (typeof asked === 'string') {
    console.error(`${asked}; usage: node dist/test/mutation/run.js [--write] [--seed N] [--runs F] [filter …]`);
    return 1;
  }
  const mutations = MUTATIONS.filter((mutation) => isMeant(mutation, asked.filters));
  if (mutations.length === 0) {
    console.error(`no mutation matches ${asked.filters.join(', ')}`);
    return 1;
  }
  const problems = mutations.flatMap((mutation) => {
    const problem = problemOf(mutation, ROOT);
    return problem === null ? [] : [`${mutation.name}: ${problem}`];
  });
  if (problems.length > 0) {
    console.log(problems.join('\n'));
    return 1;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  return tryAll(mutations, { root: ROOT, runs: asked.runs, seed: asked.seed, signal: interrupted.signal }, asked.write);
}

process.exitCode = await main(process.argv.slice(2));
