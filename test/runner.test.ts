/** The test runner itself, on small projects in a temporary folder: its exit code and last line are what everything rests on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PATIENT } from './patient.js';
import { KINDS, kindOf, type RunRecord } from './results.js';

const COMPILED = fileURLToPath(new URL('.', import.meta.url));
const RUN_LIMIT_MS = 30_000;

const PASSING = "import { test } from 'node:test'; test('[PN-1] passes', () => {});";
const FAILING =
  "import { test } from 'node:test'; import assert from 'node:assert'; test('[PN-1] fails', () => assert.equal(1, 2));";

/** A project whose compiled test files are `files` (by path under test/, without suffix); returns ways to run in it. */
function project(t: TestContext, files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), 'rtpbridge-runner-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package.json', '{ "type": "module" }');
  write('test/tsconfig.json', '{}');
  for (const program of ['run.js', 'shown.js', 'results.js', 'patient.js'])
    cpSync(join(COMPILED, program), join(root, 'dist/test', program));
  for (const [name, code] of Object.entries(files)) {
    write(`test/${name}.test.ts`, '');
    write(`dist/test/${name}.test.js`, code);
  }
  const start = (program: string, ...args: string[]) => {
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/test', program), ...args], {
      ...{ encoding: 'utf8', timeout: RUN_LIMIT_MS, killSignal: 'SIGKILL', env },
    });
    return { status, stdout, stderr, lastLine: stdout.trimEnd().split('\n').at(-1) };
  };
  return { root, write, start };
}

test('a run in which all tests pass ends with the counts and exit code 0', (t) => {
  const { root, start } = project(t, { 'pure/a': PASSING, 'wire/b': PASSING });
  const { status, lastLine, stdout } = start('run.js');
  assert.deepEqual([status, lastLine], [0, '2 passed, 0 failed']);
  assert.match(stdout, /pure 1, .*wire 1/);
  const { results } = JSON.parse(readFileSync(join(root, 'dist/test-results.json'), 'utf8')) as RunRecord;
  assert.deepEqual(
    results.map(({ title, file, state }) => [title, file, state]),
    [
      ['[PN-1] passes', 'test/pure/a.test.ts', 'passed'],
      ['[PN-1] passes', 'test/wire/b.test.ts', 'passed'],
    ],
  );
});

test('a failed test is shown in full and gives exit code 1', (t) => {
  const { start } = project(t, { 'pure/a': PASSING, 'pure/b': FAILING });
  const { status, lastLine, stdout } = start('run.js');
  assert.deepEqual([status, lastLine], [1, '1 passed, 1 failed']);
  assert.match(stdout, /failed: \[PN-1\] fails\n {2}in test\/pure\/b\.test\.ts\n\n.*1 == 2/);
});

test('a file that does not load, one that is not compiled and one without tests fail', (t) => {
  const { start, write } = project(t, { 'pure/a': "throw new Error('no such thing');", 'pure/b': 'export {};' });
  write('test/pure/c.test.ts', '');
  const { status, lastLine, stdout } = start('run.js');
  assert.deepEqual([status, lastLine], [1, '0 passed, 3 failed']);
  for (const text of ['no such thing', 'dist/test/pure/c.test.js is missing', 'no test ran'])
    assert.ok(stdout.includes(text), text);
});

test('a compiled test whose source is gone is not run', (t) => {
  const { start, write } = project(t, { 'pure/a': PASSING });
  write('dist/test/pure/gone.test.js', FAILING);
  assert.equal(start('run.js').lastLine, '1 passed, 0 failed');
});

test('a filter chooses files, and a run without any test fails', (t) => {
  const { start } = project(t, { 'pure/latch': PASSING, 'pure/other': FAILING });
  assert.equal(start('run.js', 'latch').lastLine, '1 passed, 0 failed');
  assert.equal(start('run.js', '--list', 'latch').stdout, 'pure       test/pure/latch.test.ts\n');
  const none = start('run.js', 'nothing');
  assert.deepEqual([none.status, none.lastLine], [1, '0 passed, 0 failed']);
  assert.equal(start('run.js', '--unknown').status, 1);
});

/** A test that passes when another file of this kind begins (or, with `isAlone`, does not begin) while it runs. */
const meeting = (isAlone: boolean): string => `
import { test } from 'node:test';
import assert from 'node:assert';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
test('meets', async () => {
  const mine = new URL('here-' + process.pid, import.meta.url);
  const others = () => readdirSync(new URL('.', import.meta.url)).filter((name) => name.startsWith('here-')).length - 1;
  writeFileSync(mine, '');
  for (let looks = 0; looks < ${isAlone ? 50 : 1000} && others() === 0; looks++) await delay(10);
  assert.equal(others(), ${isAlone ? 0 : 1});
  // Where they meet each has to be seen by the other one, too.
  if (${isAlone}) rmSync(mine);
});`;

test('files of a kind that runs alone run one at a time, but for the patient ones, of which two run side by side', (t) => {
  const alone = project(t, { 'wire/a': meeting(true), 'wire/b': meeting(true) }).start('run.js');
  assert.equal(alone.lastLine, '2 passed, 0 failed', alone.stdout);
  if (availableParallelism() < 2) return t.skip('there is one processor');
  const [one, other] = ['daemon', 'start'];
  for (const name of [one, other]) assert.ok(PATIENT.has(`test/wire/${name}.test.ts`), name);
  const beside = project(t, { [`wire/${one}`]: meeting(false), [`wire/${other}`]: meeting(false) }).start('run.js');
  assert.equal(beside.lastLine, '2 passed, 0 failed', beside.stdout);
});

test('every file that is called patient is there, and of a kind that runs alone', () => {
  for (const file of PATIENT) {
    const kind = kindOf(file);
    assert.ok(kind !== undefined && KINDS[kind].alone, file);
    assert.ok(existsSync(join(COMPILED, '../..', file)), file);
  }
});

test('the rows that tests show are listed after a run, and before it one line says what to do', (t) => {
  const { start } = project(t, { 'pure/a': PASSING });
  const before = start('shown.js');
  assert.deepEqual([before.status, before.stderr], [1, 'No test results yet (dist/test-results.json): run `npm test` first.\n']);
  start('run.js');
  const after = start('shown.js');
  assert.equal(after.status, 0);
  assert.match(after.stdout, /^PN-1 +shown\n +passed +\[PN-1\] passes \(test\/pure\/a\.test\.ts\)\n/);
  const { rows } = JSON.parse(start('shown.js', '--json').stdout) as { rows: { row: string; state: string }[] };
  assert.deepEqual([rows[0]?.row, rows[0]?.state], ['PN-1', 'shown']);
});
