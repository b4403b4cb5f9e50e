import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countStates, countsLine, FileReport, kindOf, type Outcome, rowsOf, shownRows, type TestEvent } from '../results.js';

const FILE = '/project/dist/test/pure/a.test.js';

/** The outcomes of a file whose process sent these events. */
function report(events: readonly TestEvent[], problem?: string): string[] {
  const file = new FileReport('test/pure/a.test.ts', 'pure', FILE);
  for (const event of events) file.take(event);
  file.finish(problem);
  return file.outcomes.map(({ state, title, reason }) => `${state} ${title}${reason === undefined ? '' : `: ${reason}`}`);
}

/** The events of one test as the process of its file sends them. */
function run(type: 'test:pass' | 'test:fail', name: string, more: Partial<TestEvent['data']> = {}): TestEvent[] {
  const data = { name, nesting: 0, details: {}, ...more };
  return ['test:dequeue', 'test:complete', 'test:start', type].map((event) => ({ type: event, data }));
}

const thrown = (message: string) => ({ error: { message, cause: message, failureType: 'testCodeFailure' } });

test('passed, failed and skipped tests are told apart', () => {
  const events = [
    ...run('test:pass', 'one'),
    ...run('test:fail', 'two', { details: thrown('1 is not 2') }),
    ...run('test:pass', 'three', { skip: 'no peer' }),
  ];
  assert.deepEqual(report(events), ['passed one', 'failed two: 1 is not 2', 'skipped three: no peer']);
});

test('a skipped test without a reason and a test left for later fail', () => {
  const marked = true;
  const events = [...run('test:pass', 'one', { skip: marked }), ...run('test:pass', 'two', { todo: marked })];
  assert.deepEqual(report(events), ['failed one: skipped without a reason', 'failed two: a test marked as todo shows nothing']);
});

test('a suite is a heading of its tests, and counts when its hook failed', () => {
  const suite = { name: 'calls', nesting: 0, details: { type: 'suite' } };
  const start: TestEvent = { type: 'test:start', data: suite };
  const inner = run('test:pass', '[PN-1] end', { nesting: 1 });
  assert.deepEqual(report([start, ...inner, { type: 'test:pass', data: suite }]), ['passed calls > [PN-1] end']);
  const hook = {
    ...suite,
    details: { type: 'suite', error: { cause: 'no port', failureType: 'hookFailed', message: 'no port' } },
  };
  assert.deepEqual(report([start, { type: 'test:fail', data: hook }]), ['failed calls: no port']);
});

test('a file that ran no test, or did not load, fails', () => {
  const loaded: TestEvent = { type: 'test:pass', data: { name: FILE, nesting: 0, details: {} } };
  assert.match(report([loaded])[0] ?? '', /^failed test\/pure\/a\.test\.ts: no test ran/);
  const failed: TestEvent = {
    type: 'test:fail',
    data: { name: FILE, nesting: 0, details: { error: { message: 'test failed', exitCode: 1 } } },
  };
  assert.match(report([failed])[0] ?? '', /^failed test\/pure\/a\.test\.ts: it failed before its first test: .*exit code 1/);
  assert.match(report([...run('test:pass', 'one'), failed])[1] ?? '', /^failed .*: it failed outside its tests/);
});

test('a file that was stopped or ended early names the tests that did not finish', () => {
  const hanging: TestEvent = { type: 'test:dequeue', data: { name: 'hangs', nesting: 0 } };
  const stopped = report([...run('test:pass', 'one'), hanging], 'not done after 60 s');
  assert.deepEqual(stopped[1], 'failed test/pure/a.test.ts: not done after 60 s: not finished: hangs');
  assert.match(report([...run('test:pass', 'one'), hanging])[1] ?? '', /ended too early.*not finished: hangs/);
});

test('the rows of a title are those in brackets', () => {
  assert.deepEqual(rowsOf('[PN-18 CW-14] a known Call-ID gets its port again'), ['PN-18', 'CW-14']);
  assert.deepEqual(rowsOf('calls > [KM-3] x'), ['KM-3']);
  assert.deepEqual(rowsOf('array[1] of PN-18 in [brackets]'), []);
});

test('a row is shown when all its tests passed and one of them ran', () => {
  const outcome = (state: Outcome['state'], title: string): Outcome => ({ state, title, file: 'f', kind: 'pure', durationMs: 1 });
  const rows = shownRows([
    outcome('passed', '[PN-10 PN-9] a'),
    outcome('skipped', '[PN-10] b'),
    outcome('failed', '[KC-1] c'),
    outcome('passed', '[KC-1] d'),
    outcome('skipped', '[SY-1] e'),
  ]);
  assert.deepEqual(
    rows.map(({ row, state, tests }) => `${row} ${state} ${tests.length}`),
    ['KC-1 failed 2', 'PN-9 shown 1', 'PN-10 shown 2', 'SY-1 skipped 1'],
  );
});

test('the last line names skipped tests only when there are any', () => {
  assert.equal(countsLine(countStates([])), '0 passed, 0 failed');
  assert.equal(countsLine({ passed: 3, failed: 1, skipped: 2 }), '3 passed, 1 failed, 2 skipped');
});

test('the kind of a file is its folder, or tidy and docs for files of the house', () => {
  assert.deepEqual(
    ['test/wire/x/a.test.ts', 'test/docs.test.ts', 'test/tidy.test.ts', 'test/runner.test.ts', 'test/odd/a.test.ts'].map(kindOf),
    ['wire', 'docs', 'tidy', 'tidy', undefined],
  );
});
