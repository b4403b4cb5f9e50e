/**
 * `npm run shown [-- --json]`: which requirement rows the last `npm test` showed. A row stands in square brackets in front of
 * a test's title; it is shown when every test that names it passed and at least one of them ran.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outcome, RESULTS_FILE, type RunRecord, type ShownRow, shownRows } from './results.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function printTable(rows: readonly ShownRow[], record: RunRecord): void {
  for (const { row, state, tests } of rows) {
    console.log(`${row.padEnd(7)} ${state}`);
    for (const test of tests) console.log(`          ${describeTest(test)}`);
  }
  const count = (state: ShownRow['state']) => rows.filter((row) => row.state === state).length;
  const part = record.filters.length > 0 ? `, of a run limited to ${record.filters.join(', ')}` : '';
  console.log(
    `\n${count('shown')} rows shown, ${count('failed')} failed, ${count('skipped')} only skipped; tests of ${record.finished}${part}`,
  );
}

function describeTest(test: Outcome): string {
  return `${test.state}  ${test.title} (${test.file})${test.state === 'skipped' ? `: ${test.reason}` : ''}`;
}

function main(args: string[]): number {
  if (!existsSync(join(ROOT, RESULTS_FILE))) {
    console.error(`No test results yet (${RESULTS_FILE}): run \`npm test\` first.`);
    return 1;
  }
  const record = JSON.parse(readFileSync(join(ROOT, RESULTS_FILE), 'utf8')) as RunRecord;
  const rows = shownRows(record.results);
  if (args.includes('--json')) console.log(JSON.stringify({ finished: record.finished, filters: record.filters, rows }, null, 1));
  else printTable(rows, record);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
