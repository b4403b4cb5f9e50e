/** What the main thread does in the folder of the event log. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRetention } from '../../src/io/log/retention.js';
import { readRunMark, writeRunMark } from '../../src/io/log/runMark.js';
import { segmentName } from '../../src/io/log/segment.js';
import { SyncGate } from '../../src/io/log/syncGate.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const DAY_MS = 86_400_000;
const ANY_AGE_MS = 1000 * DAY_MS;

/** Makes a segment that was written to so many days ago. */
function makeSegment(folder: string, shard: number, number: number, bytes: number, days: number): void {
  const path = join(folder, segmentName(shard, number));
  writeFileSync(path, '');
  truncateSync(path, bytes);
  const at = (Date.now() - days * DAY_MS) / 1000;
  utimesSync(path, at, at);
}

/** Looks once. Answers the warnings. */
async function enforce(folder: string, limits: Partial<Parameters<typeof openRetention>[0]['limits']>): Promise<string[]> {
  const warnings: string[] = [];
  const all = { keepAgeMs: ANY_AGE_MS, keepBytes: 1 << 30, minFreeBytes: 0, ...limits };
  await openRetention({ folder, limits: all, onWarning: (text) => warnings.push(text) }).close();
  return warnings;
}

test('old segments are deleted, and nothing else that lies in the folder', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [number, days] of [5, 4, 3, 2].entries()) makeSegment(folder, 0, number + 1, 100, days);
  makeSegment(folder, 1, 1, 100, 9);
  writeFileSync(join(folder, 'run.json'), '');
  writeFileSync(join(folder, 'shard-0-00000001.log.gz'), '');
  mkdirSync(join(folder, segmentName(0, 90)));
  deepEqual(await enforce(folder, { keepAgeMs: 1.5 * DAY_MS }), []);
  deepEqual(readdirSync(folder).sort(), [
    ...['run.json', 'shard-0-00000001.log.gz', segmentName(0, 3), segmentName(0, 4), segmentName(0, 90), segmentName(1, 1)],
  ]);
});

test('by size the oldest go first, over all shards; what cannot be met is said once', async (t) => {
  const folder = await temporaryFolder(t);
  for (let number = 1; number <= 4; number++) {
    makeSegment(folder, 0, number, 1 << 20, 20 - number);
    makeSegment(folder, 1, number, 1 << 20, 19.5 - number);
  }
  deepEqual(await enforce(folder, { keepBytes: 5 << 20 }), []);
  deepEqual(readdirSync(folder).sort(), [
    ...[segmentName(0, 3), segmentName(0, 4), segmentName(1, 2), segmentName(1, 3), segmentName(1, 4)],
  ]);
  const warnings = await enforce(folder, { keepBytes: 3 << 20 });
  equal(readdirSync(folder).length, 4);
  equal(warnings.length, 1);
  match(warnings[0]!, new RegExp(`^event log in ${folder}: .* below 3 MB and leave 0 MB of the disk free`));
});

test('room on the disk is made as far as there is something to delete', async (t) => {
  const folder = await temporaryFolder(t);
  for (let number = 1; number <= 4; number++) makeSegment(folder, 0, number, 10, 1);
  const [warning] = await enforce(folder, { minFreeBytes: 2 ** 60 });
  match(warning!, /of the disk free/);
  deepEqual(readdirSync(folder).sort(), [segmentName(0, 3), segmentName(0, 4)]);
});

test('it is looked again and again, and the same warning is not repeated', async (t) => {
  const folder = join(await temporaryFolder(t), 'log');
  const warnings: string[] = [];
  t.mock.timers.enable({ apis: ['setInterval'] });
  const limits = { keepAgeMs: ANY_AGE_MS, keepBytes: 1, minFreeBytes: 0 };
  const retention = openRetention({ folder, limits, intervalMs: 10, onWarning: (text) => warnings.push(text) });
  /** Lets it look until something has come of it. */
  const lookUntil = async (isDone: () => boolean): Promise<void> => {
    for (let i = 0; i < 2000 && !isDone(); i++) {
      t.mock.timers.tick(10);
      await new Promise((resolve) => setImmediate(resolve));
    }
    equal(isDone(), true);
  };
  mkdirSync(folder);
  for (let number = 1; number <= 3; number++) makeSegment(folder, 0, number, 10, 1);
  await lookUntil(() => warnings.length === 1);
  equal(existsSync(join(folder, segmentName(0, 1))), false);
  makeSegment(folder, 0, 4, 10, 1);
  await lookUntil(() => !existsSync(join(folder, segmentName(0, 2))));
  await retention.close();
  equal(warnings.length, 1);
});

test('what the mark of a run says is read back; it is nobody else’s to read, and no draft of it is left', async (t) => {
  const folder = await temporaryFolder(t);
  equal(readRunMark(folder), null);
  const mark = { run: 1_795_230_245_678.25, shards: 4, endedAt: null };
  equal(writeRunMark(folder, mark).ok, true);
  deepEqual(readRunMark(folder), mark);
  const ended = { ...mark, endedAt: mark.run + 5 };
  equal(writeRunMark(folder, ended).ok, true);
  deepEqual(readRunMark(folder), ended);
  deepEqual(readdirSync(folder), ['run.json']);
  equal(statSync(join(folder, 'run.json')).mode & 0o777, 0o640);
});

test('what is no mark is none', async (t) => {
  const folder = await temporaryFolder(t);
  const wrong = ['', '{', 'null', '7', '[]', '{}', '{"run":1,"shards":1}', '{"run":"1","shards":1,"endedAt":null}'];
  wrong.push(
    '{"run":1,"shards":0,"endedAt":null}',
    '{"run":1,"shards":1.5,"endedAt":null}',
    '{"run":1,"shards":1,"endedAt":"now"}',
  );
  for (const text of wrong) {
    writeFileSync(join(folder, 'run.json'), text);
    equal(readRunMark(folder), null, text);
  }
});

test('a mark that cannot be written is refused with its path and the reason', async (t) => {
  const folder = join(await temporaryFolder(t), 'missing');
  const written = writeRunMark(folder, { run: 1, shards: 1, endedAt: null });
  match(written.ok ? '' : written.error, new RegExp(`^${folder}/run.json: ENOENT`));
});

test('a mark that cannot be written leaves none of an earlier run, which would say that this is the last one', async (t) => {
  const folder = await temporaryFolder(t);
  equal(writeRunMark(folder, { run: 1, shards: 1, endedAt: null }).ok, true);
  mkdirSync(join(folder, 'run.json.new'));
  equal(writeRunMark(folder, { run: 2, shards: 1, endedAt: null }).ok, false);
  equal(existsSync(join(folder, 'run.json')), false);
});

test('a segment that cannot be looked at does not keep the others from being deleted', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [number, days] of [5, 4, 3].entries()) makeSegment(folder, 0, number + 1, 100, days);
  symlinkSync(join(folder, segmentName(1, 1)), join(folder, segmentName(1, 1)));
  deepEqual(await enforce(folder, { keepAgeMs: 1.5 * DAY_MS }), []);
  equal(existsSync(join(folder, segmentName(0, 1))), false);
});

test('answers are released once real files are on disk, and a missing one is told of', { timeout: 20_000 }, async (t) => {
  const folder = await temporaryFolder(t);
  const [here, gone] = [join(folder, 'here'), join(folder, 'gone')];
  writeFileSync(here, 'x');
  const failed: string[] = [];
  const gate = new SyncGate({ intervalMs: 0, onError: (path) => failed.push(path) });
  const released: string[] = [];
  gate.hold([here], () => released.push('first'));
  await new Promise<void>((resolve) => gate.hold([here, gone], resolve));
  deepEqual(released, ['first']);
  deepEqual(failed, [gone]);
  await gate.close();
});
