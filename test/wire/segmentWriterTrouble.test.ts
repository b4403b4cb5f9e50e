/** The event log where it cannot be written: nobody is stopped by it, all that is lost is counted, and a new segment makes up for it. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { millis } from '../../model/kernel/index.js';
import { segmentName } from '../../src/io/log/segment.js';
import { MAX_BODY_BYTES } from '../../src/protocol/events/frame.js';
import { readSegmentFile, readSegmentFiles, WriterScene } from '../rig/eventLog.js';
import { temporaryFolder } from '../rig/startAttempt.js';

/** A scene whose folder is gone, or (`inTheWay`) cannot be made again because a file stands there. */
async function sceneWithoutFolder(t: TestContext, { inTheWay }: { readonly inTheWay: boolean }) {
  const folder = join(await temporaryFolder(t), 'log');
  const scene = new WriterScene(folder);
  scene.sessions = 3;
  scene.writer.begin();
  scene.write(5);
  scene.nowMs += 2000;
  scene.write();
  rmSync(folder, { recursive: true });
  if (inTheWay) writeFileSync(folder, '');
  return { folder, scene };
}

test('a folder that was taken away is made again, with all that is; what was written into nowhere is counted', async (t) => {
  const { folder, scene } = await sceneWithoutFolder(t, { inTheWay: false });
  scene.nowMs += 500;
  scene.write(2);
  equal(scene.lost, 0, 'not looked yet');
  scene.nowMs += 500;
  scene.write(4);
  // The one that was written together with the last look, too: it may have been taken away right after.
  deepEqual(
    scene.errors.map(({ records }) => records),
    [7],
  );
  match(scene.errors[0]!.reason, /was taken away/);
  deepEqual(scene.resumed, [7]);
  scene.write(2);
  scene.writer.close();
  const [segment] = readSegmentFiles(folder);
  deepEqual(
    segment?.records.map(({ kind }) => kind),
    ['sample', 'sample', 'sample', 'base', 'exchange', 'exchange'],
  );
  deepEqual(scene.begun[1], { closed: scene.begun[0]!.path, path: join(folder, segmentName(0, 2)) });
});

test('a folder that was put elsewhere is noticed, too, even if another just like it stands in its place', async (t) => {
  const { folder, scene } = await sceneWithoutFolder(t, { inTheWay: false });
  scene.nowMs += 1000;
  scene.write();
  renameSync(folder, `${folder}.old`);
  cpSync(`${folder}.old`, folder, { recursive: true });
  scene.nowMs += 1000;
  scene.write();
  equal(scene.resumed.length, 2);
  equal(readSegmentFiles(folder).length, 2);
  scene.writer.close();
});

test('as long as nothing can be written every flush counts, and it is tried again once a second', async (t) => {
  const { folder, scene } = await sceneWithoutFolder(t, { inTheWay: true });
  scene.nowMs += 1000;
  const began = scene.nowMs;
  const before = scene.snapshots;
  for (let i = 0; i < 50; i++) {
    scene.write(2);
    equal(scene.writer.waiting, false);
    scene.nowMs += 100;
  }
  equal(scene.lost, 101, 'the one written with the last look, and all since');
  match(scene.errors.at(-1)!.reason, /EEXIST|ENOTDIR/);
  equal(scene.snapshots - before, 0, 'no snapshot is taken for a file that cannot be opened');
  equal(scene.errors.length, 51, 'once a flush, but for the first, where two things fail');
  equal(scene.writer.turn(scene.nowMs), scene.nowMs + 1000, 'the clock tries, too');
  rmSync(folder);
  equal(scene.writer.turn(scene.nowMs + 999), scene.nowMs + 1000);
  equal(scene.resumed.length, 0);
  scene.nowMs += 1000;
  equal(scene.writer.turn(scene.nowMs), Number.POSITIVE_INFINITY);
  deepEqual(scene.resumed, [scene.lost]);
  ok(scene.nowMs - began > 5000);
  scene.write();
  scene.writer.close();
  equal(readSegmentFiles(folder).at(-1)?.records.length, 5);
});

test('a record that is too long is counted and harms no other; soon a snapshot makes up for it', async (t) => {
  const folder = await temporaryFolder(t);
  const scene = new WriterScene(folder);
  scene.writer.begin();
  scene.append();
  scene.append(MAX_BODY_BYTES);
  scene.write();
  deepEqual(
    scene.errors.map(({ records }) => records),
    [1],
  );
  match(scene.errors[0]!.reason, /longer than the 1048576/);
  equal(scene.snapshots, 1, 'not at once: who can make it happen could make it happen all the time');
  scene.nowMs += 1000;
  equal(scene.writer.turn(scene.nowMs), Number.POSITIVE_INFINITY);
  deepEqual(scene.resumed, [1]);
  scene.write(1, MAX_BODY_BYTES - 200);
  scene.writer.close();
  const [first, second] = readSegmentFiles(folder);
  deepEqual(
    first?.records.map(({ seq }) => seq),
    [1, 2, 4],
  );
  deepEqual(
    second?.records.map(({ kind }) => kind),
    ['base', 'exchange'],
  );
});

test('where the next segment cannot be begun, the old one is gone on with, and nothing is lost', async (t) => {
  const folder = await temporaryFolder(t);
  const scene = new WriterScene(folder, { segmentBytes: 1000 });
  scene.writer.begin();
  mkdirSync(join(folder, segmentName(0, 2))); // Something in its place.
  for (let i = 0; i < 10; i++) scene.write(1, 500);
  ok(scene.errors.length > 0);
  equal(scene.lost, 0);
  equal(scene.errors.length, 1, 'tried once a second');
  scene.nowMs += 1000;
  scene.write();
  deepEqual(scene.resumed, [0]);
  scene.writer.close();
  equal(readSegmentFile(join(folder, segmentName(0, 1))).records.length, 12);
  equal(readSegmentFile(join(folder, segmentName(0, 3))).records.length, 1);
});

test('the end of a shard is the last chance: it is written behind a snapshot, whenever the last try was', async (t) => {
  const { folder, scene } = await sceneWithoutFolder(t, { inTheWay: true });
  scene.nowMs += 1000;
  scene.write();
  rmSync(folder);
  scene.sessions = 0;
  scene.append();
  scene.writer.end({ kind: 'end', at: millis(scene.nowMs), ...scene.number() });
  const [segment] = readSegmentFiles(folder);
  deepEqual(
    segment?.records.map(({ kind }) => kind),
    ['base', 'end'],
  );
  const [base, end] = segment?.records ?? [];
  equal(end!.seq, base!.seq + 1);
  deepEqual(scene.resumed, [scene.lost]);
});
