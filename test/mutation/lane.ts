/** A copy of the compiled program in which one file may be changed, and the tests that run in it. */
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Mutation, mutate } from './mutation.js';

const FOLDERS = ['model', 'src', 'test', 'workers'];
/** A mutation may make a test run for ever. */
const LIMIT_MS = 60_000;
const MAX_OUTPUT_CHARS = 1 << 20;

export type Verdict = {
  readonly kind: 'passed' | 'failed' | 'late' | 'broken';
  /** The titles of the tests that failed; or why nothing can be said. */
  readonly told: readonly string[];
  /** All that the tests wrote. */
  readonly output: string;
};

export type LaneOptions = {
  /** Of the project: where `dist` is. */
  readonly root: string;
  /** See `test/property/runs.ts`. */
  readonly runs: number;
  readonly seed: number;
  /** Ends what runs. */
  readonly signal: AbortSignal;
};

export class Lane {
  readonly #options: LaneOptions;
  readonly #folder: string;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), 'rtpbridge-mutation-'));
    const { root } = options;
    const isNeeded = (path: string): boolean => !/\.(?:map|d\.ts)$/.test(path);
    for (const each of FOLDERS)
      cpSync(join(root, 'dist', each), join(this.#folder, 'dist', each), { recursive: true, filter: isNeeded });
    copyFileSync(join(root, 'package.json'), join(this.#folder, 'package.json'));
    symlinkSync(realpathSync(join(root, 'node_modules')), join(this.#folder, 'node_modules'));
  }

  /** Runs a test file as it is. `test`: below `dist/test/`, without `.test.js`. */
  run(test: string): Promise<Verdict> {
    return this.#run(test);
  }

  /** Runs test files one after the other with the mutation in the program, and takes it out again. Answers a verdict for each. */
  async try(mutation: Mutation): Promise<readonly Verdict[]> {
    const path = join(this.#folder, 'dist', mutation.file);
    const original = readFileSync(path, 'utf8');
    writeFileSync(path, mutate(original, mutation));
    try {
      const verdicts: Verdict[] = [];
      for (const test of mutation.tests) verdicts.push(await this.#run(test));
      return verdicts;
    } finally {
      writeFileSync(path, original);
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(test: string): Promise<Verdict> {
    const { runs, seed, signal } = this.#options;
    const quickly = `./dist/test/mutation/quickly.js`;
    const child = spawn(process.execPath, ['--import', quickly, '--test-reporter=tap', join('dist', 'test', `${test}.test.js`)], {
      ...{ cwd: this.#folder, signal, killSignal: 'SIGKILL', timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] },
      env: {
        ...process.env,
        RTPBRIDGE_PROPERTY_RUNS: String(runs),
        RTPBRIDGE_PROPERTY_SEED: String(seed),
        NODE_TEST_CONTEXT: '',
      },
    });
    const [output, errors] = [textOf(child.stdout), textOf(child.stderr)];
    const ended = await new Promise<{ code: number | null; error: Error | null }>((resolve) => {
      child.once('error', (error) => resolve({ code: null, error }));
      child.once('close', (code) => resolve({ code, error: null }));
    });
    if (ended.error !== null) return { kind: 'broken', told: [ended.error.message], output: '' };
    if (ended.code === null) return { kind: 'late', told: [`not done after ${LIMIT_MS / 1000} s`], output: '' };
    return verdictOf(ended.code, output(), errors());
  }
}

/** What does not load fails, too, but shows nothing: only a test that ran and failed has caught something. */
function verdictOf(code: number, tap: string, errors: string): Verdict {
  const failed = [...tap.matchAll(/^not ok \d+ - (.*)$/gm)].map(([, title]) => title ?? '');
  if (code === 0 && failed.length === 0) return { kind: 'passed', told: [], output: tap };
  if (failed.length > 0) return { kind: 'failed', told: failed, output: tap };
  const [reason] = /^\w*Error.*$/m.exec(errors + tap) ?? [`it ended with ${code}, and no test failed`];
  return { kind: 'broken', told: [reason], output: tap };
}

/** Gathers what is written, up to a bound. */
function textOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (text.length < MAX_OUTPUT_CHARS) text += chunk;
  });
  return () => text;
}
