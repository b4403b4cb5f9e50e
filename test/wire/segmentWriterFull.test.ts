/** The event log on disks that are full, in processes of their own. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startChild } from '../rig/child.js';
import { readSegmentFiles } from '../rig/eventLog.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const RIG = new URL('../rig/eventLog.js', import.meta.url).href;
const BOUND = { timeout: 30_000 };

/** Begins a log in the folder three times, and prints why it could not. */
const NOTHING_FITS = `
  const [rig, folder] = process.argv.slice(1);
  const { WriterScene } = await import(rig);
  for (let i = 0; i < 3; i++) {
    try {
      new WriterScene(folder).writer.begin();
      console.log('written');
    } catch (error) {
      console.log(/: (E[A-Z]+):/.exec(error.message)?.[1] ?? error.message);
    }
  }`;

/** Writes until it fails, and prints what the scene knows; nothing is waited for. */
const LITTLE_FITS = `
  const [rig, folder] = process.argv.slice(1);
  const { WriterScene } = await import(rig);
  const scene = new WriterScene(folder);
  scene.writer.begin();
  let appended = 0;
  for (; scene.errors.length === 0; appended += 7) scene.write(7, 300);
  scene.writer.close();
  const { errors, resumed } = scene;
  console.log(JSON.stringify({ appended, errors, resumed }));`;

/** Writes a batch so long that it does not wait for the flush, which fails; then flushes. Prints what the scene knew before and after. */
const LONG_BATCH = `
  const [rig, folder] = process.argv.slice(1);
  const { WriterScene } = await import(rig);
  const scene = new WriterScene(folder);
  scene.writer.begin();
  while (scene.errors.length === 0) scene.append(1000);
  scene.nowMs += 1000;
  const { snapshots } = scene;
  const { waiting } = scene.writer;
  scene.writer.flush();
  scene.writer.close();
  console.log(JSON.stringify({ waiting, snapshots, lost: scene.lost, resumed: scene.resumed }));`;

/** Runs a program whose files may have no more than so many blocks of 512 bytes. */
async function withShortFiles(t: TestContext, blocks: number, program: string) {
  const folder = join(await temporaryFolder(t), 'log');
  mkdirSync(folder);
  // That takes no disk that is full; Node ignores the signal that comes with it.
  const command = [
    '-c',
    `ulimit -f ${blocks}; exec "$@"`,
    'sh',
    process.execPath,
    '--input-type=module',
    '-e',
    program,
    RIG,
    folder,
  ];
  const child = await startChild('sh', command);
  t.after(() => child.stop());
  await child.exited;
  return { folder, output: child.stdout(), complaint: child.stderr() };
}

test('a segment that cannot be begun leaves no empty file: a full disk must not fill the folder', BOUND, async (t) => {
  const { folder, output, complaint } = await withShortFiles(t, 0, NOTHING_FITS);
  equal(output, 'EFBIG\nEFBIG\nEFBIG\n', complaint);
  equal(readdirSync(folder).length, 0, 'files that are left');
});

test('where a batch fits only in part, what was lost is told to the record', BOUND, async (t) => {
  const { folder, output, complaint } = await withShortFiles(t, 20, LITTLE_FITS);
  ok(output !== '', complaint);
  const { appended, errors } = JSON.parse(output);
  const segments = readSegmentFiles(folder);
  equal(segments[0]?.isTorn, true);
  const written = segments.flatMap(({ records }) => records).filter(({ kind }) => kind === 'exchange').length;
  equal(errors.length, 1);
  ok(errors[0].records > 0 && errors[0].records <= 7);
  equal(written + errors[0].records, appended);
});

test('what fails in the middle of a step is made up for by the flush behind it, before anybody is answered', BOUND, async (t) => {
  const { folder, output, complaint } = await withShortFiles(t, 200, LONG_BATCH);
  ok(output !== '', complaint);
  const { lost, ...rest } = JSON.parse(output);
  deepEqual(rest, { waiting: false, snapshots: 1, resumed: [lost] });
  equal(readSegmentFiles(folder).length, 2);
});

/** Takes the lock of the folder. */
const LOCK = `
  const [rig, folder] = process.argv.slice(1);
  const { lockFolder } = await import(new URL('../../src/io/process/folderLock.js', rig));
  console.log((await lockFolder(folder)).ok);`;

test('the lock of a folder is taken where not even its owner can be written into it', BOUND, async (t) => {
  const { output, complaint } = await withShortFiles(t, 0, LOCK);
  equal(output, 'true\n', complaint);
});

/** Begins on a disk that is full, goes on, makes room, and goes on. */
const FULL_FROM_THE_START = `
  const { mkdirSync, rmSync, writeFileSync } = await import('node:fs');
  const [rig, disk] = process.argv.slice(1);
  const { WriterScene, readSegmentFiles } = await import(rig);
  mkdirSync(disk + '/log');
  try {
    writeFileSync(disk + '/filler', Buffer.alloc(1 << 20));
  } catch {}
  const scene = new WriterScene(disk + '/log');
  scene.sessions = 50;
  scene.writer.begin();
  scene.write(5);
  rmSync(disk + '/filler');
  scene.nowMs += 1000;
  scene.write(5);
  scene.writer.close();
  const { errors, resumed } = scene;
  const kinds = readSegmentFiles(disk + '/log').map(({ records }) => records.map(({ kind }) => kind));
  console.log(JSON.stringify({ reason: errors[0].reason, resumed, kinds }));`;

test('a relay that is started on a full disk serves all the same, and its log begins once there is room', BOUND, async (t) => {
  if (!mayMount()) return t.skip('the system lets nobody mount a disk of his own (unshare -r -m)');
  const disk = await temporaryFolder(t);
  const command = [process.execPath, '--input-type=module', '-e', FULL_FROM_THE_START, RIG, disk];
  const child = await startChild('unshare', [...MOUNT, disk, ...command]);
  t.after(() => child.stop());
  await child.exited;
  ok(child.stdout() !== '', child.stderr());
  const { reason, resumed, kinds } = JSON.parse(child.stdout());
  match(reason, /^ENOSPC/);
  deepEqual(resumed, [10]);
  deepEqual(kinds.length, 1);
  deepEqual(kinds[0].slice(49, 51), ['sample', 'base']);
});

/** On a disk of 256 KiB: fills it, goes on for five seconds of its own clock, makes room, and goes on. */
const FULL_DISK = `
  const { readdirSync, rmSync, writeFileSync } = await import('node:fs');
  const [rig, disk] = process.argv.slice(1);
  const { WriterScene, readSegmentFiles } = await import(rig);
  const scene = new WriterScene(disk + '/log');
  scene.sessions = 50;
  scene.writer.begin();
  writeFileSync(disk + '/filler', Buffer.alloc(120_000));
  let appended = 0;
  const write = () => {
    scene.write(5, 400);
    appended += 5;
    scene.nowMs += 100;
  };
  while (scene.errors.length === 0) write();
  for (let i = 0; i < 50; i++) write();
  const full = { files: readdirSync(disk + '/log').length, lost: scene.lost, flushes: scene.errors.length, snapshots: scene.snapshots };
  rmSync(disk + '/filler');
  for (let i = 0; i < 12; i++) write();
  scene.writer.end({ kind: 'end', at: scene.nowMs, ...scene.number() });
  const { lost, resumed, errors } = scene;
  console.log(JSON.stringify({ appended, full, lost, resumed, reason: errors.at(-1).reason, segments: readSegmentFiles(disk + '/log') }));`;

const MOUNT = ['-r', '-m', 'sh', '-c', 'mount -t tmpfs -o size=256k tmpfs "$1" && shift && exec "$@"', 'sh'];
/** In a namespace of its own a process may mount what nobody else sees, and what is gone with it. */
const mayMount = (): boolean => spawnSync('unshare', [...MOUNT, '/tmp', 'true']).status === 0;

test(
  'a disk that is full stops nobody, is not filled with pieces, and once there is room the log is whole again',
  BOUND,
  async (t) => {
    if (!mayMount()) return t.skip('the system lets nobody mount a disk of his own (unshare -r -m)');
    const disk = await temporaryFolder(t);
    const child = await startChild('unshare', [
      ...MOUNT,
      disk,
      process.execPath,
      '--input-type=module',
      '-e',
      FULL_DISK,
      RIG,
      disk,
    ]);
    t.after(() => child.stop());
    await child.exited;
    ok(child.stdout() !== '', child.stderr());
    const { appended, full, lost, resumed, reason, segments } = JSON.parse(child.stdout());
    match(reason, /^ENOSPC/);
    ok(full.flushes >= 50 && full.lost > 245, `${full.flushes} flushes, ${full.lost} records`);
    ok(full.files <= 2 && full.snapshots <= 8, `${full.files} files, ${full.snapshots} snapshots`);
    equal(resumed.length, 1);
    equal(resumed[0], lost);
    const kinds = segments.map(({ records }: { records: { kind: string }[] }) => records.map(({ kind }) => kind));
    equal(kinds.flat().filter((kind: string) => kind === 'exchange').length + lost, appended);
    deepEqual(kinds.at(-1).slice(49, 52), ['sample', 'base', 'exchange']);
    equal(kinds.at(-1).at(-1), 'end');
  },
);
