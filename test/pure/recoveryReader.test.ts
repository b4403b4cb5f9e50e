import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type LeftBehind, readLeftBehind } from '../../src/io/log/recoveryReader.js';
import { segmentName } from '../../src/io/log/segment.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { framesOf, ShardWriting, START_MS, segmentOf, writeSegment } from '../rig/segmentFile.js';

const root = mkdtempSync(join(tmpdir(), 'rtpbridge-recovery-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

const PROCESS = { kind: 'process' } as const;
const sessionsOf = ({ shards }: LeftBehind): readonly (readonly number[])[] =>
  shards.map(({ fold }) => [...fold.sessions.keys()].sort((a, b) => a - b));

const mark = (folder: string, endedAt: number | null, run = START_MS): void =>
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ run, shards: 1, endedAt }));

type Segment = { readonly path: string; readonly records: readonly LogRecord[] };

/** Writes what `writing` holds as the next segment of a shard. */
function segment(folder: string, number: number, writing: ShardWriting, run = START_MS, shard = 0): Segment {
  const path = join(folder, segmentName(shard, number));
  const records = writing.take();
  writeSegment(path, segmentOf(records, { shard, run, startedAt: records[0]?.at ?? run }));
  return { path, records };
}

/** Changes one bit of the record with this index (0: the header). */
function damage(path: string, frame: number): void {
  const bytes = readFileSync(path);
  bytes[framesOf(bytes)[frame]! + 12]! ^= 1;
  writeFileSync(path, bytes);
}

test('the sessions that a killed relay held are what its log says, with their last samples and counters', () => {
  const folder = newFolder();
  const writing = new ShardWriting().opening().open(1).open(2).sample(1, 10).sample(2, 20).sample(1, 30).close(2).open(3);
  segment(folder, 1, writing);
  segment(folder, 1, new ShardWriting(1).opening().open(9), START_MS, 1);
  const left = readLeftBehind(folder, PROCESS);
  equal(left.run, START_MS);
  deepEqual(left.problems, []);
  deepEqual(sessionsOf(left), [[1, 3], [9]]);
  const [first] = left.shards;
  deepEqual(first?.fold.sessions.get(1)?.snapshot, writing.sessions.get(1)?.snapshot);
  equal(first?.fold.sessions.get(1)?.sample?.streams[0]?.counters[0], 30);
  equal(first?.fold.sessions.get(3)?.sample, null);
  equal(left.lastAtMs, writing.nowMs - 1);
});

test('a run that ended as it was told to leaves nothing behind, by its mark or by what its shards wrote last', () => {
  const folder = newFolder();
  segment(folder, 1, new ShardWriting().opening().open(1).end());
  segment(folder, 1, new ShardWriting(1).opening().open(2), START_MS, 1);
  deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [[2]]);
  segment(folder, 2, new ShardWriting(1).lose(3).end(), START_MS, 1);
  deepEqual(readLeftBehind(folder, PROCESS).run, null);
  rmSync(join(folder, segmentName(1, 2)));
  mark(folder, START_MS + 5);
  deepEqual(readLeftBehind(folder, PROCESS).run, null);
  mark(folder, null);
  deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [[2]]);
});

test('the run that the mark names is taken up; without a mark the newest', () => {
  const folder = newFolder();
  segment(folder, 1, new ShardWriting().opening().open(1), START_MS);
  segment(folder, 2, new ShardWriting().opening().open(2), START_MS + 1000);
  segment(folder, 1, new ShardWriting(1).opening().open(3), START_MS, 1);
  deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [[2]]);
  mark(folder, null);
  deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [[1], [3]]);
  deepEqual(sessionsOf(readLeftBehind(folder, { kind: 'thread', shard: 0, run: START_MS + 1000 })), [[2]]);
  deepEqual(sessionsOf(readLeftBehind(folder, { kind: 'thread', shard: 1, run: START_MS })), [[3]]);
  deepEqual(readLeftBehind(folder, { kind: 'thread', shard: 7, run: START_MS }).run, null);
});

test('a run is found by its mark also where the clock was set back before it began, and one with a damaged header among it', () => {
  const folder = newFolder();
  segment(folder, 1, new ShardWriting().opening().open(1), START_MS + 5000);
  const writing = new ShardWriting().opening().open(2);
  segment(folder, 2, writing);
  damage(segment(folder, 3, writing.opening().open(3)).path, 0);
  mark(folder, null);
  deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [[2, 3]]);
});

test('an earlier release ended its sessions without saying so: they are not taken up', () => {
  const folder = newFolder();
  const records = new ShardWriting().open(1).take();
  writeSegment(join(folder, segmentName(0, 1)), segmentOf(records, { version: 2 }));
  deepEqual(readLeftBehind(folder, PROCESS).run, null);
});

/** Three segments, each of which begins with all sessions, and has one more of them. */
function threeSegments(folder: string): readonly Segment[] {
  const writing = new ShardWriting();
  return [1, 2, 3].map((number) => segment(folder, number, writing.opening().open(number).exchange(`call-${number}`, 'U')));
}

test('the newest segment is enough where its opening is whole: those before it may be damaged or gone', () => {
  const folder = newFolder();
  const [first, second] = threeSegments(folder);
  rmSync(first!.path);
  damage(second!.path, 1);
  const left = readLeftBehind(folder, PROCESS);
  deepEqual(sessionsOf(left), [[1, 2, 3]]);
  deepEqual(left.problems, []);
});

test('where an opening is damaged, torn or counts wrong, it is read from one segment further back', () => {
  const spoils: ((third: Segment) => void)[] = [
    ({ path }) => damage(path, 0),
    ({ path }) => damage(path, 1),
    ({ path }) => damage(path, 3),
    ({ path }) => writeFileSync(path, readFileSync(path).subarray(0, framesOf(readFileSync(path))[2]! + 5)),
    ({ path, records }) => {
      const [, ...others] = records; // A snapshot fewer, and the numbers as if nothing were missing.
      const first = records[0]!.seq;
      writeSegment(path, segmentOf(others.map((record, i) => ({ ...record, seq: first + i }))));
    },
    ({ path }) => {
      writeFileSync(path, '');
      utimesSync(path, 1, 1); // Another shard of this process has not just begun it.
    },
  ];
  for (const [i, spoil] of spoils.entries()) {
    const folder = newFolder();
    const [first, , third] = threeSegments(folder);
    rmSync(first!.path);
    spoil(third!);
    const left = readLeftBehind(folder, PROCESS);
    deepEqual(sessionsOf(left)[0]?.slice(0, 2), [1, 2], `spoil ${i}`);
    ok(i === 4 || left.problems.length > 0, `spoil ${i}`);
  }
});

test('where no opening is whole it is read from the first segment there is', () => {
  const folder = newFolder();
  const segments = threeSegments(folder);
  damage(segments[1]!.path, 2);
  damage(segments[2]!.path, 2);
  deepEqual(sessionsOf(readLeftBehind(folder, PROCESS)), [[1, 2, 3]]);
});

test('a session whose events cannot follow is left out and said, the others go on', () => {
  const folder = newFolder();
  const writing = new ShardWriting().opening().open(1).open(2);
  const [closing] = new ShardWriting().open(3).close(3).take().slice(-1);
  writing.write(closing!); // Of a session that was never opened.
  writing.sample(1, 11).open(4);
  segment(folder, 1, writing);
  const left = readLeftBehind(folder, PROCESS);
  deepEqual(sessionsOf(left), [[1, 2, 4]]);
  equal(left.problems.length, 1);
  match(left.problems[0]!.text, /^session 3 of call "call-3" is left out: at byte \d+ the chart ignored SessionClosed in new$/);
});

test('a session that breaks a rule of the model is left out', () => {
  const folder = newFolder();
  const writing = new ShardWriting().open(1).open(2);
  writing.take();
  writing.opening();
  const records = writing.records.map((record) =>
    record.kind === 'snapshot' && record.session === 1 ? { ...record, phase: 'waiting' as const } : record,
  );
  writeSegment(join(folder, segmentName(0, 1)), segmentOf(records));
  const left = readLeftBehind(folder, PROCESS);
  deepEqual(sessionsOf(left), [[2]]);
  match(left.problems[0]!.text, /^session 1 of call "call-1" is left out: waiting although both legs are open$/);
});

test('commands of the last 35 seconds are there with their replies, also from the segment before', () => {
  const folder = newFolder();
  const writing = new ShardWriting().opening();
  const after = (ms: number): ShardWriting => {
    writing.nowMs = START_MS + ms;
    return writing;
  };
  after(1000).exchange('early', 'U');
  after(20_000).exchange('before', 'U', '10000');
  segment(folder, 1, writing);
  after(30_000).opening();
  after(40_000).exchange('late', 'D');
  segment(folder, 2, writing);
  const { exchanges } = readLeftBehind(folder, PROCESS);
  deepEqual(
    exchanges.map(({ call, command, reply }) => [call, command, reply]),
    [
      ['before', 'U', '10000'],
      ['late', 'D', '0'],
    ],
  );
});

test('of very many commands the newest five thousand of each shard are kept', () => {
  const folder = newFolder();
  const writing = new ShardWriting().opening();
  for (let i = 0; i < 12_000; i++) writing.exchange(`call-${i}`, 'U');
  segment(folder, 1, writing);
  const { exchanges } = readLeftBehind(folder, PROCESS);
  deepEqual([exchanges.length, exchanges[0]?.call, exchanges.at(-1)?.call], [5000, 'call-7000', 'call-11999']);
});

test('the numbers go on behind the last record, also where that is an exchange or a sample', () => {
  for (const last of ['exchange', 'sample'] as const) {
    const folder = newFolder();
    const writing = new ShardWriting().opening().open(1).sample(1, 5);
    if (last === 'exchange') writing.exchange('call-1', 'U');
    else writing.sample(1, 6);
    const { seq } = writing;
    segment(folder, 1, writing);
    deepEqual(
      readLeftBehind(folder, PROCESS).shards.map(({ fold }) => fold.lastSeq),
      [seq],
    );
  }
});

test('no folder means that nothing was left behind; one that cannot be read is a problem', () => {
  deepEqual(readLeftBehind(join(root, 'nowhere'), PROCESS), { run: null, shards: [], exchanges: [], lastAtMs: 0, problems: [] });
  const file = join(root, 'file');
  writeFileSync(file, '');
  const { problems } = readLeftBehind(file, PROCESS);
  equal(problems.length, 1);
  match(problems[0]!.text, /cannot be read/);
});
