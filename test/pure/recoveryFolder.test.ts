/** What is taken up from a folder in which not everything is as a relay has left it. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findRunLeftBehind, type LeftBehind, readLeftBehind } from '../../src/io/log/recoveryReader.js';
import { listSegments, segmentName } from '../../src/io/log/segment.js';
import { framesOf, ShardWriting, START_MS, segmentOf, writeSegment } from '../rig/segmentFile.js';

const root = mkdtempSync(join(tmpdir(), 'rtpbridge-folder-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

const PROCESS = { kind: 'process' } as const;
const LATER_MS = START_MS + 60_000;

type Place = { readonly number: number; readonly shard?: number; readonly run?: number };

function segment(folder: string, writing: ShardWriting, { number, shard = 0, run = START_MS }: Place): string {
  const path = join(folder, segmentName(shard, number));
  writeSegment(path, segmentOf(writing.take(), { shard, run, startedAt: run }));
  return path;
}

/** A folder in which a run has left session 1 in its first segment. */
function folderWithOne(): string {
  const folder = join(root, String(folders++));
  segment(folder, new ShardWriting().opening().open(1), { number: 1 });
  return folder;
}

const mark = (folder: string, run: number, shards = 1): void =>
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ run, shards, endedAt: null }));

function damageHeader(path: string): void {
  const bytes = readFileSync(path);
  bytes[framesOf(bytes)[0]! + 12]! ^= 1;
  writeFileSync(path, bytes);
}

const sessionsOf = ({ shards }: LeftBehind): number[] => shards.flatMap(({ fold }) => [...fold.sessions.keys()]);
const textsOf = ({ problems }: LeftBehind): string[] => problems.map(({ text }) => text);

const FOREIGN: Readonly<Record<string, (path: string) => unknown>> = {
  'a pipe, which nobody writes to': (path) => spawnSync('mkfifo', [path]),
  'a folder': (path) => mkdirSync(path),
  'a link to itself': (path) => symlinkSync(path, path),
  'a link to nothing': (path) => symlinkSync('/nowhere/at/all', path),
};

for (const [what, make] of Object.entries(FOREIGN)) {
  test(`${what} with the name of a segment is told of, and keeps nobody waiting`, () => {
    const folder = folderWithOne();
    make(join(folder, segmentName(0, 2)));
    const left = readLeftBehind(folder, PROCESS);
    deepEqual(sessionsOf(left), [1]);
    equal(left.problems[0]?.path, join(folder, segmentName(0, 2)));
    match(left.problems[0]!.text, /^cannot be read: /);
  });

  test(`${what} in the place of the mark is no mark`, () => {
    const folder = folderWithOne();
    make(join(folder, 'run.json'));
    deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [1]);
  });
}

test('a segment that is begun by another shard of the new run while this one reads is not taken for one of the old run', (t) => {
  const folder = folderWithOne();
  segment(folder, new ShardWriting(1).opening().open(2), { number: 1, shard: 1 });
  const begun = join(folder, segmentName(1, 2));
  writeFileSync(begun, '');
  // As soon as the old one is looked into; the new shard of this number has no session, for it went to another.
  const openNow = fs.openSync;
  const open = t.mock.method(fs, 'openSync', (...args: Parameters<typeof fs.openSync>) => {
    const fd = openNow(...args);
    if (args[0] === join(folder, segmentName(1, 1)))
      writeSegment(begun, segmentOf(new ShardWriting(1).opening().take(), { shard: 1, run: LATER_MS }));
    return fd;
  });
  syncBuiltinESMExports();
  const left = readLeftBehind(folder, { ...PROCESS, run: START_MS });
  open.mock.restore();
  syncBuiltinESMExports();
  deepEqual(sessionsOf(left), [1, 2]);
  deepEqual(left.problems, []);
});

test('a run whose mark is all that it could write has left behind what the one before it did', () => {
  const folder = folderWithOne();
  mark(folder, LATER_MS);
  equal(findRunLeftBehind(folder), START_MS);
  segment(folder, new ShardWriting().opening().open(2), { number: 2, run: LATER_MS });
  equal(findRunLeftBehind(folder), LATER_MS);
});

test('where the only segment of a shard has lost its header, what stands behind that is taken up', () => {
  const folder = folderWithOne();
  mark(folder, LATER_MS, 2);
  segment(folder, new ShardWriting(1).opening().open(2), { number: 1, shard: 1, run: LATER_MS });
  damageHeader(segment(folder, new ShardWriting().opening().open(3), { number: 2, run: LATER_MS }));
  const left = readLeftBehind(folder, PROCESS);
  deepEqual(sessionsOf(left).sort(), [2, 3]);
  match(textsOf(left).join(), /has no header/);
});

test('also where there is no other segment at all', () => {
  const folder = folderWithOne();
  mark(folder, START_MS);
  damageHeader(join(folder, segmentName(0, 1)));
  const left = readLeftBehind(folder, PROCESS);
  deepEqual(sessionsOf(left), [1]);
  equal(left.problems[0]?.offset, 8);
});

test('but not for a shard that the run did not have', () => {
  const folder = folderWithOne();
  mark(folder, LATER_MS, 1);
  segment(folder, new ShardWriting().opening().open(2), { number: 2, run: LATER_MS });
  damageHeader(segment(folder, new ShardWriting(1).opening().open(3), { number: 1, shard: 1 }));
  deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [2]);
});

test('that a shard of the run has left no segment is told', () => {
  const folder = folderWithOne();
  mark(folder, START_MS, 4);
  const left = readLeftBehind(folder, PROCESS);
  deepEqual(sessionsOf(left), [1]);
  deepEqual(textsOf(left), ['of 3 of 4 media threads there is no segment']);
});

test('the number of a segment may outgrow its eight digits', () => {
  const folder = folderWithOne();
  for (const number of [99_999_999, 100_000_000]) writeFileSync(join(folder, segmentName(0, number)), '');
  deepEqual(
    listSegments(folder).map(({ number }) => number),
    [1, 99_999_999, 100_000_000],
  );
});
