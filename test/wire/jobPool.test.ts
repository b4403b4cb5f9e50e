import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { JobPool } from '../../src/io/jobs/jobPool.js';

const LIMIT = { timeout: 30_000 };
const MORTAL = '../rig/mortalJobs.js';

function poolOf(t: TestContext, file: string, idleMs?: number): JobPool {
  const workerFile = fileURLToPath(new URL(file, import.meta.url));
  const pool = new JobPool(idleMs === undefined ? { workerFile } : { workerFile, idleMs });
  t.after(() => pool.close());
  return pool;
}

const ask = (pool: JobPool, fate: string) => pool.run('encodePrompt', { path: Buffer.from(fate), payloadType: 0 });
const DONE = { ok: true, value: { kind: 'noCodec' } };

test(
  'there is no thread before the first job, no more than two for many, and none again when there is nothing to do',
  LIMIT,
  async (t) => {
    const pool = poolOf(t, MORTAL, 100);
    assert.equal(pool.threads, 0);
    assert.deepEqual(await ask(pool, 'well'), DONE);
    assert.equal(pool.threads, 1);
    const results = await Promise.all(Array.from({ length: 20 }, () => ask(pool, 'well')));
    assert.deepEqual(new Set(results.map(({ ok }) => ok)), new Set([true]));
    assert.ok(pool.threads <= 2);
    for (let waitedMs = 0; pool.threads > 0 && waitedMs < 10_000; waitedMs += 20) await delay(20);
    assert.equal(pool.threads, 0);
    assert.deepEqual(await ask(pool, 'well'), DONE);
  },
);

test('a job that throws, ends its thread or crashes it is refused in one line, and the next one is done', LIMIT, async (t) => {
  const pool = poolOf(t, MORTAL);
  for (const [fate, told] of [
    ['throw', /^encodePrompt: a bug$/],
    ['exit', /^encodePrompt: worker exited with code: 3$/],
    ['crash', /^encodePrompt: .*JSON/],
  ] as const) {
    const result = await ask(pool, fate);
    assert.ok(!result.ok);
    assert.match(result.error, told);
    assert.deepEqual(await ask(pool, 'well'), DONE, `after ${fate}`);
  }
});

test('a thread that cannot be made does not leave anybody waiting', LIMIT, async (t) => {
  const pool = poolOf(t, '../rig/unbornJobs.js');
  for (let attempt = 0; attempt < 2; attempt++) {
    const results = await Promise.all([ask(pool, 'well'), ask(pool, 'well'), ask(pool, 'well')]);
    for (const result of results)
      assert.deepEqual(result, { ok: false, error: 'encodePrompt: its thread cannot work: not in the mood' });
  }
});

test('more than 64 jobs that wait are refused, and closing refuses what is in hand', LIMIT, async (t) => {
  const pool = poolOf(t, MORTAL);
  const jobs = Array.from({ length: 70 }, () => ask(pool, 'slow'));
  const last = await jobs.at(-1)!;
  assert.deepEqual(last, { ok: false, error: 'encodePrompt: 64 jobs wait already' });
  await pool.close();
  const results = await Promise.all(jobs);
  assert.ok(results.every(({ ok }) => !ok));
  assert.deepEqual(await ask(pool, 'well'), { ok: false, error: 'encodePrompt: nothing is begun any more' });
});
