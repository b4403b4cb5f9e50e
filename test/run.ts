/**
 * The test runner behind `npm test`: `node dist/test/run.js [--list] [filter…]`, a filter being a part of a file name.
 *
 * It starts from the sources, so that a compiled test whose source is gone is never run, and a source that was not compiled
 * is a failure. Each file is given to `run` of `node:test` by itself and ended by a signal when its time is up: the `timeout`
 * of `run` bounds the file in Node 20 and 22, but in Node 24 only each test, and a socket left open would wait for ever.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PATIENT } from './patient.js';
import {
  countStates,
  countsLine,
  FileReport,
  KINDS,
  type Kind,
  kindOf,
  type Outcome,
  RESULTS_FILE,
  type RunRecord,
  type TestEvent,
} from './results.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Files run side by side; more would only make timings in simulations worse on small machines. */
const LANES = Math.min(2, availableParallelism());

type TestFile = { source: string; compiled: string; kind: Kind };

const interrupted = new AbortController();

/** Every test/**\/*.test.ts in the order of the kinds, then by name. Throws when one stands in a folder that is no kind. */
function findTestFiles(): TestFile[] {
  const sources = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  const files = sources.sort().map((name) => {
    const source = `test/${name}`;
    const kind = kindOf(source);
    if (kind === undefined) throw new Error(`${source} is in no known kind of test: ${Object.keys(KINDS).join(', ')}`);
    return { source, kind, compiled: join(ROOT, 'dist', source.replace(/\.ts$/, '.js')) };
  });
  const order = Object.keys(KINDS);
  return files.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

async function runFile({ source, kind, compiled }: TestFile): Promise<FileReport> {
  const report = new FileReport(source, kind, compiled);
  if (!existsSync(compiled)) {
    report.finish(`${relative(ROOT, compiled)} is missing, run \`npm run build\``);
    return report;
  }
  const { limitMs } = KINDS[kind];
  const stop = new AbortController();
  const deadline = setTimeout(() => stop.abort(), limitMs);
  const onInterrupt = () => stop.abort();
  interrupted.signal.addEventListener('abort', onInterrupt);
  try {
    for await (const event of run({ files: [compiled], signal: stop.signal })) report.take(event as TestEvent);
  } finally {
    clearTimeout(deadline);
    interrupted.signal.removeEventListener('abort', onInterrupt);
  }
  if (interrupted.signal.aborted) report.finish('interrupted');
  else if (stop.signal.aborted) report.finish(`not done after ${limitMs / 1000} s`);
  else report.finish();
  return report;
}

function printReport(report: FileReport, elapsedMs: number): void {
  const counts = countStates(report.outcomes);
  const mark = counts.failed > 0 ? 'FAIL' : 'ok  ';
  console.log(
    `${mark} ${report.file.padEnd(48)} ${countsLine(counts).padEnd(32)} ${(elapsedMs / 1000).toFixed(1).padStart(6)} s`,
  );
  for (const remark of report.remarks) console.log(`       ${remark}`);
  for (const outcome of report.outcomes) {
    if (outcome.state === 'skipped') console.log(`       skipped: ${outcome.title}: ${outcome.reason}`);
    if (outcome.state === 'failed') {
      console.log(`\n  failed: ${outcome.title}\n  in ${outcome.file}\n\n${indent(outcome.reason ?? 'no reason known')}\n`);
    }
  }
  if (counts.failed > 0 && report.output !== '')
    console.log(`  what ${report.file} wrote:\n${indent(report.output.trimEnd())}\n`);
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}

/** Whether nothing else may run meanwhile. */
const runsAlone = ({ source, kind }: TestFile): boolean => KINDS[kind].alone && !PATIENT.has(source);

/** Runs the files and prints each report as it comes: side by side first, then those that must be alone. */
async function runFiles(files: TestFile[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const drain = async (queue: TestFile[]): Promise<void> => {
    for (let file = queue.shift(); file !== undefined && !interrupted.signal.aborted; file = queue.shift()) {
      const started = performance.now();
      const report = await runFile(file);
      printReport(report, performance.now() - started);
      outcomes.push(...report.outcomes);
    }
  };
  const shared = files.filter((file) => !runsAlone(file));
  await Promise.all(Array.from({ length: LANES }, () => drain(shared)));
  await drain(files.filter(runsAlone));
  return outcomes;
}

function printSummary(outcomes: readonly Outcome[], elapsedMs: number): void {
  const failed = outcomes.filter((outcome) => outcome.state === 'failed');
  if (failed.length > 0) console.log(`\nFailed:\n${failed.map((outcome) => `  ${outcome.title} (${outcome.file})`).join('\n')}`);
  const kinds = Object.keys(KINDS).map(
    (kind) => `${kind} ${outcomes.filter((one) => one.kind === kind && one.state !== 'skipped').length}`,
  );
  console.log(`\nRan in ${(elapsedMs / 1000).toFixed(0)} s: ${kinds.join(', ')}`);
  console.log(countsLine(countStates(outcomes)));
}

async function main(args: string[]): Promise<number> {
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--list');
  if (unknown !== undefined) {
    console.error(`unknown option ${unknown}; usage: npm test -- [--list] [part of a file name …]`);
    return 1;
  }
  const filters = args.filter((arg) => arg !== '--list');
  const files = findTestFiles().filter(({ source }) => filters.length === 0 || filters.some((filter) => source.includes(filter)));
  if (args.includes('--list')) {
    for (const { source, kind } of files) console.log(`${kind.padEnd(10)} ${source}`);
    return files.length > 0 ? 0 : 1;
  }
  // Errors point at the TypeScript line; the flag reaches the test processes through execArgv.
  process.execArgv.push('--enable-source-maps');
  // When a test starts this program, `run` must not take it for a part of that test.
  delete process.env['NODE_TEST_CONTEXT'];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const started = performance.now();
  const results = await runFiles(files);
  const record: RunRecord = { node: process.version, finished: new Date().toISOString(), filters, results };
  mkdirSync(dirname(join(ROOT, RESULTS_FILE)), { recursive: true });
  writeFileSync(join(ROOT, RESULTS_FILE), `${JSON.stringify(record, null, 1)}\n`);
  if (results.length === 0) console.log(filters.length > 0 ? `No test file matches ${filters.join(', ')}.` : 'No test found.');
  if (interrupted.signal.aborted) console.log('Interrupted: not every test ran.');
  printSummary(results, performance.now() - started);
  return results.length > 0 && countStates(results).failed === 0 && !interrupted.signal.aborted ? 0 : 1;
}

// A process that a test left behind may hold our pipes open, so the end is explicit.
process.exit(await main(process.argv.slice(2)));
