/** The event log as it stands in files, where all goes well. What happens where it does not is in `segmentWriterTrouble` and `segmentWriterFull`. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { millis } from '../../model/kernel/index.js';
import { packr, SEGMENT_VERSION, segmentName } from '../../src/io/log/segment.js';
import { crc32 } from '../../src/protocol/bytes/crc32.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { BEGIN_MS, readSegmentFile, readSegmentFiles, SETTING, WriterScene } from '../rig/eventLog.js';
import { temporaryFolder } from '../rig/startAttempt.js';

/** A frame as the layout has it, made without the code that writes it. */
function frameOf(value: unknown): Buffer {
  const body = packr.pack(value);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(body.length, 0);
  head.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([head, body]);
}

test('a segment is its magic, its header, the snapshot and the records, byte for byte', async (t) => {
  const folder = join(await temporaryFolder(t), 'not', 'there');
  const scene = new WriterScene(folder);
  equal(existsSync(folder), false, 'a writer by itself opens nothing');
  scene.sessions = 2;
  scene.writer.begin();
  const appended = [scene.append(), scene.append(3000)];
  equal(scene.writer.waiting, true);
  scene.writer.flush();
  equal(scene.writer.waiting, false);
  appended.push(scene.append(0));
  scene.writer.close();
  const path = join(folder, segmentName(0, 1));
  const { records } = readSegmentFile(path);
  const header = {
    ...{ shard: 0, run: BEGIN_MS, startedAt: BEGIN_MS, version: SEGMENT_VERSION },
    ...{ shards: 1, program: 'rtpbridge test', setting: SETTING },
  };
  const wanted = [Buffer.from('RTPBLOG1'), ...[header, ...records.slice(0, 3), ...appended].map(frameOf)];
  deepEqual(readFileSync(path), Buffer.concat(wanted));
  deepEqual(
    records.map(({ seq, kind }) => `${seq} ${kind}`),
    ['1 sample', '2 sample', '3 base', '4 exchange', '5 exchange', '6 exchange'],
  );
  equal(statSync(path).mode & 0o777, 0o640);
  deepEqual(scene.begun, [{ closed: null, path }]);
  deepEqual(scene.errors, []);
});

test('a log that cannot be begun says where and why', async (t) => {
  const folder = join(await temporaryFolder(t), 'file');
  writeFileSync(folder, '');
  const { writer } = new WriterScene(folder);
  throws(
    () => writer.begin(),
    ({ message }: Error) => message.startsWith(`event log in ${folder}: E`),
  );
  writer.close();
});

test('what comes before the beginning or after the end does no harm', async (t) => {
  const folder = await temporaryFolder(t);
  const scene = new WriterScene(folder);
  scene.write();
  equal(scene.writer.turn(BEGIN_MS), Number.POSITIVE_INFINITY);
  scene.writer.begin();
  scene.write();
  scene.writer.close();
  scene.write();
  scene.writer.close();
  const [segment] = readSegmentFiles(folder);
  deepEqual(
    segment?.records.map(({ kind }) => kind),
    ['base', 'exchange'],
  );
});

test('each shard counts its own segments, from run to run', async (t) => {
  const folder = await temporaryFolder(t);
  const begin = (shard: number): string => {
    const scene = new WriterScene(folder, { shard, shards: 8 });
    scene.writer.begin();
    scene.writer.close();
    return basename(scene.begun[0]!.path);
  };
  deepEqual(
    [begin(0), begin(7), begin(0), begin(0), begin(7)].join(' '),
    [
      ...['shard-0-00000001.log', 'shard-7-00000001.log', 'shard-0-00000002.log'],
      ...['shard-0-00000003.log', 'shard-7-00000002.log'],
    ].join(' '),
  );
});

test('a segment that has grown too long is followed by the next, with a snapshot of its own, and no record is lost or told twice', async (t) => {
  const folder = await temporaryFolder(t);
  const scene = new WriterScene(folder, { segmentBytes: 4000 });
  scene.writer.begin();
  for (let i = 0; i < 40; i++) scene.write(1, 500);
  scene.writer.close();
  const segments = readSegmentFiles(folder);
  ok(segments.length > 4 && segments.length < 8, `${segments.length} segments`);
  equal(scene.snapshots, segments.length);
  for (const { header, records } of segments) {
    equal(header.version, SEGMENT_VERSION);
    equal(records[0]?.kind, 'base');
    equal(records.filter(({ kind }) => kind === 'base').length, 1);
  }
  const all = segments.flatMap(({ records }) => records);
  deepEqual(
    all.map(({ seq }) => seq),
    all.map((_, i) => i + 1),
    'numbered without gaps over the segments',
  );
  deepEqual(
    scene.begun.slice(1).map(({ closed }) => closed),
    scene.begun.slice(0, -1).map(({ path }) => path),
  );
});

test('a snapshot does not become most of the log: its segment grows to four times its length, whatever the limit', async (t) => {
  const scene = new WriterScene(await temporaryFolder(t), { segmentBytes: 1 });
  scene.sessions = 1000;
  scene.writer.begin();
  const path = scene.begun[0]!.path;
  const opening = statSync(path).size;
  while (scene.begun.length < 2) scene.write(1, 1000);
  const { size } = statSync(path);
  ok(size > 4 * opening && size < 4 * opening + 2000, `${size} bytes, began with ${opening}`);
  scene.writer.close();
});

test('an old segment is followed by the next with the first flush, or by the clock; an idle relay writes nothing', async (t) => {
  const scene = new WriterScene(await temporaryFolder(t), { segmentAgeMs: 10_000 });
  const { writer, begun } = scene;
  writer.begin();
  equal(writer.turn(scene.nowMs), Number.POSITIVE_INFINITY);
  scene.nowMs += 100_000;
  equal(writer.turn(scene.nowMs), Number.POSITIVE_INFINITY, 'nothing was written');
  equal(begun.length, 1);
  scene.write();
  equal(begun.length, 2, 'by a flush');
  scene.nowMs += 4000;
  scene.write();
  equal(writer.turn(scene.nowMs), BEGIN_MS + 110_000);
  scene.nowMs += 6000;
  scene.append();
  equal(writer.turn(scene.nowMs), Number.POSITIVE_INFINITY);
  equal(begun.length, 3, 'by the clock');
  equal(readSegmentFile(begun[1]!.path).records.length, 3, 'what waited belongs to the old one');
  scene.nowMs += 100_000;
  writer.turn(scene.nowMs);
  equal(begun.length, 3);
  writer.close();
});

test('a long batch is written at once, but the next segment waits for the flush: the step is not over yet', async (t) => {
  const scene = new WriterScene(await temporaryFolder(t), { segmentBytes: 1000 });
  scene.writer.begin();
  const path = scene.begun[0]!.path;
  const opening = statSync(path).size;
  for (let i = 0; i < 50; i++) scene.append(1000);
  equal(statSync(path).size, opening, 'less than 64 KiB wait');
  for (let i = 0; i < 50; i++) scene.append(1000);
  ok(statSync(path).size > opening + (64 << 10), 'more do not');
  equal(scene.snapshots, 1);
  scene.writer.flush();
  equal(scene.snapshots, 2);
  scene.writer.close();
  equal(readSegmentFile(path).records.length, 101);
});

test('a long snapshot goes to the file in parts', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, segmentName(0, 1));
  let most = 0;
  function* snapshot(): Generator<LogRecord> {
    for (let seq = 1; seq <= 3000; seq++) {
      yield { kind: 'vitals', seq, shard: 0, at: millis(seq), counters: Object.fromEntries([['x'.repeat(1000), seq]]) };
      most = Math.max(most, seq * 1000 - statSync(path).size);
    }
  }
  const { writer } = new WriterScene(folder, { snapshot });
  writer.begin();
  writer.close();
  equal(readSegmentFile(path).records.length, 3000);
  ok(most < 100_000, `${most} bytes were held back`);
});

test('a shard that ends as it was told to says so last', async (t) => {
  const folder = await temporaryFolder(t);
  const scene = new WriterScene(folder, { segmentBytes: 1 });
  scene.writer.begin();
  scene.append(5000);
  scene.writer.end({ kind: 'end', at: millis(scene.nowMs), ...scene.number() });
  scene.append();
  const [segment, ...more] = readSegmentFiles(folder);
  deepEqual(
    segment?.records.map(({ seq, kind }) => `${seq} ${kind}`),
    ['1 base', '2 exchange', '3 end'],
  );
  equal(more.length, 0, 'what has ended needs no next segment');
});

test('who waits for the disk is told which files were written to since', async (t) => {
  const scene = new WriterScene(await temporaryFolder(t), { segmentBytes: 2000 });
  const { writer, begun } = scene;
  deepEqual(writer.takeDirty(), []);
  writer.begin();
  deepEqual(writer.takeDirty(), [begun[0]!.path]);
  deepEqual(writer.takeDirty(), []);
  scene.write();
  scene.write();
  deepEqual(writer.takeDirty(), [begun[0]!.path]);
  scene.append();
  deepEqual(writer.takeDirty(), [], 'it was not written yet');
  scene.write(1, 3000);
  deepEqual(writer.takeDirty(), [begun[0]!.path, begun[1]!.path]);
  scene.append();
  writer.close();
  deepEqual(writer.takeDirty(), [begun[1]!.path]);
});
