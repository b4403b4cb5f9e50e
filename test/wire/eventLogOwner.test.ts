/** What a relay without an event log does about that of another. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type EventLogPlan, openEventLog } from '../../src/io/log/eventLog.js';
import { findRunLeftBehind } from '../../src/io/log/recoveryReader.js';
import { readRunMark } from '../../src/io/log/runMark.js';
import { segmentName } from '../../src/io/log/segment.js';
import type { Durability } from '../../src/relay/options.js';
import { ShardWriting, START_MS, segmentOf, writeSegment } from '../rig/segmentFile.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const LIMITS = {
  fsyncIntervalMs: 0,
  segmentBytes: 1 << 20,
  segmentAgeMs: 3_600_000,
  keepAgeMs: 1e9,
  keepBytes: 1 << 30,
  minFreeBytes: 0,
};

async function open(t: TestContext, folder: string, run: number, durability: Durability) {
  const warnings: string[] = [];
  const plan: EventLogPlan = {
    folder,
    options: { ...LIMITS, durability },
    recover: true,
    run,
    warn: (text) => warnings.push(text),
  };
  const opened = await openEventLog(plan);
  ok(opened.ok);
  const { value: keeper } = opened;
  t.after(() => keeper.close());
  return { keeper, warnings };
}

/** A folder with a session of a run; whether that has ended is not known. */
async function folderWithOne(t: TestContext): Promise<string> {
  const folder = join(await temporaryFolder(t), 'log');
  writeSegment(join(folder, segmentName(0, 1)), segmentOf(new ShardWriting().opening().open(1).take()));
  return folder;
}

test('a relay without a log lets be what another one, which still runs, writes in the same folder', async (t) => {
  const folder = await folderWithOne(t);
  const writing = await open(t, folder, START_MS, 'os');
  writing.keeper.begin(1);
  const { keeper, warnings } = await open(t, folder, START_MS + 5, 'none');
  keeper.begin(1);
  deepEqual(readRunMark(folder), { run: START_MS, shards: 1, endedAt: null });
  deepEqual(warnings, []);
});

test('but what a dead one has left behind does not come back, also where its mark is gone', async (t) => {
  const folder = await folderWithOne(t);
  equal(findRunLeftBehind(folder), START_MS);
  const { keeper } = await open(t, folder, START_MS + 5, 'none');
  equal(findRunLeftBehind(folder), START_MS, 'it does not serve yet');
  keeper.begin(1);
  equal(findRunLeftBehind(folder), null);
  const next = await open(t, folder, START_MS + 9, 'os');
  equal(next.keeper.recoverRun, null);
});
