/**
 * What a test run is made of: the kinds of test, the outcome of each test, the list that `npm test` leaves in
 * `dist/test-results.json` for `npm run shown`, and how `node:test` events of one file become outcomes.
 */
import { inspect } from 'node:util';

export const RESULTS_FILE = 'dist/test-results.json';

/** Output a test file wrote itself is kept up to this many characters (the end of it) and shown only when the file failed. */
const KEPT_OUTPUT_CHARS = 16_384;

/**
 * Kinds of test in the order in which they are reported. Kinds with `alone` need ports, peers or quiet cores: their files
 * run one at a time, after all others, but for those that `patient.ts` names. A file that exceeds `limitMs` is ended and
 * counted as failed.
 */
export const KINDS = {
  tidy: { alone: false, limitMs: 60_000 },
  docs: { alone: false, limitMs: 60_000 },
  pure: { alone: false, limitMs: 60_000 },
  property: { alone: false, limitMs: 180_000 },
  simulation: { alone: false, limitMs: 180_000 },
  fuzz: { alone: false, limitMs: 300_000 },
  wire: { alone: true, limitMs: 180_000 },
  interop: { alone: true, limitMs: 300_000 },
  soak: { alone: true, limitMs: 600_000 },
} as const;

export type Kind = keyof typeof KINDS;

export type Outcome = {
  /** Names of the suites around the test and its own name, joined by ` > `. */
  title: string;
  /** Source file, relative to the project. */
  file: string;
  kind: Kind;
  state: 'passed' | 'failed' | 'skipped';
  durationMs: number;
  /** Why it was skipped, or the error in full. */
  reason?: string;
};

export type RunRecord = { node: string; finished: string; filters: string[]; results: Outcome[] };

export type Counts = { passed: number; failed: number; skipped: number };

/** The part of a `node:test` event that is read here; the shape is the same in Node 20, 22 and 24. */
export type TestEvent = {
  type: string;
  data: {
    name?: string;
    nesting?: number;
    file?: string;
    message?: string;
    skip?: string | boolean;
    todo?: string | boolean;
    details?: {
      type?: string;
      duration_ms?: number;
      error?: { message?: string; cause?: unknown; failureType?: string; exitCode?: number };
    };
  };
};

/**
 * Kind of a test file by its folder under test/. Files directly in test/ are about the house itself: `docs.test.ts`, and the
 * others count as tidy. Undefined for a folder that is no kind.
 */
export function kindOf(sourceFile: string): Kind | undefined {
  const [, folder = '', ...rest] = sourceFile.split('/');
  if (rest.length === 0) return folder === 'docs.test.ts' ? 'docs' : 'tidy';
  return Object.hasOwn(KINDS, folder) && folder !== 'tidy' && folder !== 'docs' ? (folder as Kind) : undefined;
}

/** Requirement rows in front of a title: `[PN-18 CW-14] a sentence` gives `['PN-18', 'CW-14']`. */
export function rowsOf(title: string): string[] {
  return [...title.matchAll(/\[([A-Z]{2,3}-\d+(?:[ ,]+[A-Z]{2,3}-\d+)*)\]/g)].flatMap((found) => (found[1] ?? '').split(/[ ,]+/));
}

export function countStates(results: readonly Outcome[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const result of results) counts[result.state]++;
  return counts;
}

/** The sentence that ends a run: `7 passed, 0 failed`, with the skipped ones only when there are any. */
export function countsLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`;
}

/** Collects the events of one test file, which runs in a process of its own. */
export class FileReport {
  readonly outcomes: Outcome[] = [];
  /** What tests said with `t.diagnostic`: measured figures, seeds. */
  readonly remarks: string[] = [];
  output = '';
  private readonly running: string[] = [];
  private readonly titles: string[] = [];
  private processError: string | undefined;

  /** `path` is the absolute name of the compiled file: `node:test` reports the file itself as a test of that name. */
  constructor(
    readonly file: string,
    readonly kind: Kind,
    private readonly path: string,
  ) {}

  take({ type, data }: TestEvent): void {
    const name = data.name ?? '';
    const isFile = this.path === name || (data.nesting === 0 && this.path.endsWith(`/${name}`));
    if (type === 'test:stdout' || type === 'test:stderr') {
      this.output = (this.output + (data.message ?? '')).slice(-KEPT_OUTPUT_CHARS);
    } else if (type === 'test:diagnostic') {
      // Without a file it is the runner's own summary, or (Node 20) an error after the end of a test.
      if (data.file !== undefined || /^(Error|Warning):/.test(data.message ?? '')) this.remarks.push(data.message ?? '');
    } else if (isFile) {
      if (type === 'test:fail')
        this.processError = `${describeError(data)} (exit code ${data.details?.error?.exitCode ?? 'none'})`;
    } else if (type === 'test:dequeue') {
      this.running.push(name);
    } else if (type === 'test:complete') {
      const at = this.running.lastIndexOf(name);
      if (at >= 0) this.running.splice(at, 1);
    } else if (type === 'test:start') {
      this.titles.length = data.nesting ?? 0;
      this.titles.push(name);
    } else if (type === 'test:pass' || type === 'test:fail') {
      this.addOutcome(type === 'test:pass', data);
    }
  }

  /** Ends the collection; `problem` says why the file was not run or was ended from outside, if it was. */
  finish(problem?: string): void {
    const unfinished = this.running.length > 0 ? `not finished: ${this.running.join(', ')}` : 'no test was running';
    if (problem !== undefined) this.fail(problem, unfinished);
    else if (this.processError !== undefined && this.outcomes.length === 0)
      this.fail('it failed before its first test', this.processError);
    else if (this.processError !== undefined) this.fail('it failed outside its tests', `${this.processError}; ${unfinished}`);
    else if (this.outcomes.length === 0) this.fail('no test ran', 'the file ended without reporting a test');
    else if (this.running.length > 0) this.fail('it ended too early', unfinished);
  }

  private fail(what: string, reason: string): void {
    this.outcomes.push({
      title: `${this.file}: ${what}`,
      file: this.file,
      kind: this.kind,
      state: 'failed',
      durationMs: 0,
      reason,
    });
  }

  private addOutcome(passed: boolean, data: TestEvent['data']): void {
    const isSuite = data.details?.type === 'suite';
    const skipped = data.skip !== undefined && data.skip !== false;
    // A suite is a heading: it counts only when it was skipped as a whole or failed by itself, in a hook.
    if (isSuite && !skipped && (passed || data.details?.error?.failureType === 'subtestsFailed')) return;
    const title = [...this.titles.slice(0, data.nesting ?? 0), data.name ?? ''].join(' > ');
    const outcome = { title, file: this.file, kind: this.kind, durationMs: Math.round(data.details?.duration_ms ?? 0) };
    if (data.todo !== undefined && data.todo !== false) {
      this.outcomes.push({ ...outcome, state: 'failed', reason: 'a test marked as todo shows nothing' });
    } else if (skipped) {
      const reason = typeof data.skip === 'string' ? data.skip : '';
      if (reason === '') this.outcomes.push({ ...outcome, state: 'failed', reason: 'skipped without a reason' });
      else this.outcomes.push({ ...outcome, state: 'skipped', reason });
    } else {
      this.outcomes.push(passed ? { ...outcome, state: 'passed' } : { ...outcome, state: 'failed', reason: describeError(data) });
    }
  }
}

/** The thrown error with its difference and stack, without the lines of Node's own machinery. */
function describeError(data: TestEvent['data']): string {
  const error = data.details?.error;
  const cause = error?.cause;
  if (!(cause instanceof Error)) return error?.message ?? String(cause);
  return inspect(cause, { depth: 6 })
    .split('\n')
    .filter((line) => !/^\s+at .*\bnode:internal\//.test(line))
    .join('\n');
}

export type ShownRow = { row: string; state: 'shown' | 'failed' | 'skipped'; tests: Outcome[] };

/** The rows that the titles name, sorted, each with its tests. One failure outweighs any number of passed tests. */
export function shownRows(results: readonly Outcome[]): ShownRow[] {
  const testsOf = new Map<string, Outcome[]>();
  for (const result of results) {
    for (const row of new Set(rowsOf(result.title))) testsOf.set(row, [...(testsOf.get(row) ?? []), result]);
  }
  const rows = [...testsOf].map(([row, tests]): ShownRow => {
    const counts = countStates(tests);
    return { row, tests, state: counts.failed > 0 ? 'failed' : counts.passed > 0 ? 'shown' : 'skipped' };
  });
  return rows.sort((a, b) => a.row.localeCompare(b.row, 'en', { numeric: true }));
}
