import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { segmentName } from '../../src/io/log/segment.js';
import { type LogEntry, type ReadOptions, readLogs, readSegment } from '../../src/io/log/segmentReader.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { framed, framesOf, headerOf, packed, ShardWriting, START_MS, segmentOf, writeSegment } from '../rig/segmentFile.js';

const root = mkdtempSync(join(tmpdir(), 'rtpbridge-log-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

const recordsIn = (entries: Iterable<LogEntry>): LogRecord[] =>
  [...entries].flatMap((entry) => (entry.kind === 'record' ? [entry.record] : []));
const problemsIn = (entries: Iterable<LogEntry>): string[] =>
  [...entries].flatMap((entry) => (entry.kind === 'problem' ? [entry.text] : []));
const numbersIn = (entries: Iterable<LogEntry>): number[] => recordsIn(entries).map(({ seq }) => seq);

/** The calls of one shard in a segment of their own, as it stands in the file. */
function calls(count: number): { readonly bytes: Uint8Array; readonly records: LogRecord[] } {
  const writing = new ShardWriting().opening();
  for (let session = 1; session <= count; session++)
    writing.open(session).sample(session, 5).exchange(`call-${session}`, 'D').close(session);
  const records = writing.take();
  return { bytes: segmentOf(records), records };
}

function read(bytes: Uint8Array): LogEntry[] {
  const path = join(newFolder(), segmentName(0, 1));
  writeSegment(path, bytes);
  return [...readSegment(path)];
}

test('every kind of record comes back as it was written, with the file and the byte where it stands', () => {
  const { bytes, records } = calls(3);
  const path = join(newFolder(), segmentName(0, 1));
  writeSegment(path, bytes);
  const [first, ...rest] = [...readSegment(path)];
  deepEqual(first, { kind: 'segment', path, header: headerOf() });
  const offsets = framesOf(bytes).slice(1);
  deepEqual(
    rest,
    records.map((record, i) => ({ kind: 'record', record, log: 0, run: START_MS, path, offset: offsets[i] })),
  );
});

test('a flipped bit costs the record it is in, and file and byte are named', () => {
  const { bytes } = calls(2);
  const at = framesOf(bytes)[4]!;
  bytes[at + 20]! ^= 4;
  const entries = read(bytes);
  const problem = entries.find(({ kind }) => kind === 'problem');
  ok(problem?.kind === 'problem' && problem.offset === at && problem.path.endsWith('shard-0-00000001.log'));
  deepEqual(problemsIn(entries), [`the record at byte ${at} is damaged (checksum), skipped`]);
  deepEqual(numbersIn(entries), [1, 2, 3, 5, 6, 7, 8, 9, 10, 11]);
});

test('where the length of a record is damaged, reading goes on with the next record', () => {
  for (const [byte, value] of [
    [0, 1],
    [1, 1],
    [2, 0xff],
    [3, 0x7f],
    [0, 0],
  ] as const) {
    const { bytes } = calls(2);
    const [at, next] = framesOf(bytes).slice(4) as [number, number];
    bytes[at + byte]! ^= value === 0 ? bytes[at]! : value;
    if (value === 0) bytes[at + 1] = 0;
    const entries = read(bytes);
    deepEqual(problemsIn(entries), [`bytes ${at} to ${next - 1} are damaged, skipped`], `byte ${byte} of the length`);
    deepEqual(numbersIn(entries), [1, 2, 3, 5, 6, 7, 8, 9, 10, 11]);
  }
});

test('a torn end ends the file, zeros at the end and in the middle are one problem', () => {
  const { bytes } = calls(2);
  const frames = framesOf(bytes);
  const at = frames.at(-1)!;
  for (const length of [3, 8, 30]) {
    const torn = read(bytes.subarray(0, at + length));
    deepEqual(problemsIn(torn), [`ends within the record at byte ${at}: a crash, or a write still under way`]);
    equal(numbersIn(torn).at(-1), 10);
  }
  const zeros = new Uint8Array(bytes.length + 100_000);
  zeros.set(bytes);
  const tail = read(zeros);
  deepEqual(problemsIn(tail), [
    `holds nothing but zeros from byte ${bytes.length} on: the machine crashed, or a write is still under way`,
  ]);
  equal(numbersIn(tail).length, 11);
  const hole = Uint8Array.from([...bytes.subarray(0, frames[5]), ...new Uint8Array(5000), ...bytes.subarray(frames[5]!)]);
  equal(problemsIn(read(hole)).length, 1);
  equal(numbersIn(read(hole)).length, 11);
});

test('what is no segment, an empty file and one of a later release are one clear problem each', () => {
  deepEqual(problemsIn(read(Buffer.from('#!/bin/sh\n'))), ['is not a log segment: it does not begin with RTPBLOG1']);
  deepEqual(problemsIn(read(new Uint8Array())), ['is empty: a crash, or a write still under way']);
  deepEqual(problemsIn(read(Buffer.from('RTPB'))), ['ends within its first bytes: a crash, or a write still under way']);
  deepEqual(problemsIn(read(Buffer.from('RTPBLOG1'))), ['ends before its header: a crash, or a write still under way']);
  const later = framed([packed({ version: 6, shards: 'many' }), packed({ kind: 'dream' })]);
  deepEqual(problemsIn(read(later)), ['has version 6, of a later release; this program reads 1 to 5']);
});

test('a segment whose header is damaged is read all the same, as part of the run that goes on', () => {
  const folder = newFolder();
  const writing = new ShardWriting().opening().open(1);
  writeSegment(join(folder, segmentName(0, 1)), segmentOf(writing.take()));
  const second = segmentOf(writing.opening().close(1).take());
  second[20]! ^= 1;
  writeSegment(join(folder, segmentName(0, 2)), second);
  const entries = [...readLogs([folder])];
  match(problemsIn(entries).join(), /^has no header: it the record at byte 8 is damaged|^has no header/);
  deepEqual(numbersIn(entries), [1, 2, 3, 4, 5, 6]);
  ok(entries.every((entry) => entry.kind !== 'record' || entry.run === START_MS));
});

test('nonsense under a right checksum is a problem that says what is wrong with it', () => {
  const good = new ShardWriting().open(1).take()[0]! as Extract<LogRecord, { kind: 'step' }>;
  const wrongs: [unknown, RegExp][] = [
    [{ ...good, seq: -1 }, /seq is -1/],
    [{ ...good, at: Number.NaN }, /at is NaN/],
    [{ ...good, at: 1e300 }, /at is 1e\+300/],
    [{ ...good, kind: 'toString' }, /kind is "toString"/],
    [{ ...good, command: { type: '__proto__' } }, /command\.type is "__proto__"/],
    [{ ...good, events: [{ ...good.events[0], reference: 'both' }] }, /events\[0\]\.reference is "both"/],
    [{ ...good, events: [good.events[1], { ...good.events[1], local: 'here' }] }, /events\[1\]\.local is "here"/],
    [{ ...good, events: [{ ...good.events[1], local: { host: '1.2.3.4', port: 70_000 } }] }, /local\.port is 70000/],
    [{ ...good, refusal: 'no' }, /refusal is "no"/],
    [[], /it is a list/],
    ['step', /it is "step"/],
    [{ ...good, events: undefined }, /events is null/],
  ];
  for (const [wrong, text] of wrongs) {
    const entries = read(framed([packed(headerOf()), packed(wrong), packed({ ...good, seq: 2 })]));
    const problems = problemsIn(entries);
    equal(problems.length, 1);
    match(problems[0]!, text);
    match(problems[0]!, /^what stands at byte \d+ is no record/);
    deepEqual(numbersIn(entries), [2]);
  }
  const deep = framed([packed(headerOf()), new Uint8Array(500_000).fill(0x91), new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff])]);
  deepEqual(problemsIn(read(deep)).length, 2);
});

test('missing records and missing segments are said, a copy of a record is skipped', () => {
  const folder = newFolder();
  const writing = new ShardWriting().opening().open(1);
  const copied = writing.records.at(-1)!;
  writing.records.push(copied);
  writing.lose(4).close(1);
  const bytes = segmentOf(writing.take());
  writeSegment(join(folder, segmentName(0, 1)), bytes);
  writeSegment(join(folder, segmentName(0, 4)), segmentOf(writing.lose(7).opening().take()));
  writeSegment(join(folder, segmentName(0, 5)), segmentOf(writing.lose(1).opening().take()));
  const [, , , , copy, gap] = framesOf(bytes);
  deepEqual(numbersIn(readLogs([folder])), [1, 2, 3, 8, 16, 18]);
  deepEqual(problemsIn(readLogs([folder])), [
    `the record at byte ${copy} is a copy, or not in its place: number 3 behind 3, skipped`,
    `4 records are missing before byte ${gap}: a segment is missing, or the disk was full`,
    'shard-0-00000002.log and what follows is missing before it',
    `1 record is missing before byte ${framesOf(segmentOf([]))[1] ?? segmentOf([]).length}: a segment is missing, or the disk was full`,
  ]);
});

test('old segments that were deleted are not missed where the next begins with all sessions, and are where it does not', () => {
  for (const [version, problems] of [
    [3, []],
    [2, [`9 records are missing`]],
  ] as const) {
    const folder = newFolder();
    const writing = new ShardWriting().lose(9).open(1);
    writeSegment(join(folder, segmentName(0, 8)), segmentOf(writing.take(), { version }));
    const found = problemsIn(readLogs([folder]));
    deepEqual(
      found.map((text) => text.slice(0, 21)),
      problems,
    );
  }
});

test('a media thread that took the place of a dead one counts from 1 again in the same run', () => {
  const folder = newFolder();
  writeSegment(join(folder, segmentName(0, 1)), segmentOf(new ShardWriting().opening().open(1).take()));
  writeSegment(join(folder, segmentName(0, 2)), segmentOf(new ShardWriting().opening().open(2).take()));
  deepEqual(numbersIn(readLogs([folder])), [1, 2, 3, 1, 2, 3]);
  deepEqual(problemsIn(readLogs([folder])), []);
});

test('shards and nodes are merged by time; within a shard the order of writing counts, also where the clock stepped back', () => {
  const [one, other] = [newFolder(), newFolder()];
  const write = (folder: string, shard: number, times: readonly number[]) => {
    const writing = new ShardWriting(shard);
    for (const ms of times) {
      writing.nowMs = START_MS + ms;
      writing.exchange(`${folder === one ? 'one' : 'other'} ${shard} ${ms}`, 'U');
    }
    writeSegment(join(folder, 'log', segmentName(shard, 1)), segmentOf(writing.take(), { shard }));
  };
  write(one, 0, [10, 40, 20, 60]);
  write(one, 1, [15, 30, 50]);
  write(other, 0, [5, 45, 70]);
  const records = [...readLogs([one, other])].flatMap((entry) => (entry.kind === 'record' ? [entry] : []));
  deepEqual(
    records.map(({ log, record }) => `${log} ${record.shard} ${record.at - START_MS}`),
    ['1 0 5', '0 0 10', '0 1 15', '0 1 30', '0 0 40', '0 0 20', '1 0 45', '0 1 50', '0 0 60', '1 0 70'],
  );
});

/** Three segments of a shard, with twenty calls each, a second apart, and another call that names them all. */
function longLog(): string {
  const folder = newFolder();
  const writing = new ShardWriting();
  for (let segment = 1; segment <= 3; segment++) {
    const startedAt = writing.nowMs;
    writing.opening();
    for (let i = 1; i <= 20; i++) {
      const session = segment * 100 + i;
      writing.open(session).exchange(`call-${session}`, 'U');
      // More than is in memory at a time.
      writing.exchange('other', 'x'.repeat(30_000 + i)).exchange('other', `call-${session}`);
      writing.sample(session, 50).sample(session - 1, 60);
      writing.nowMs += 1000;
      if (i > 3) writing.sample(session - 3, 70).close(session - 3);
    }
    writeSegment(join(folder, segmentName(0, segment)), segmentOf(writing.take(), { startedAt }));
  }
  return folder;
}

test('one call is found with its samples and its snapshots, and with nothing of other calls', () => {
  const folder = longLog();
  const all = [...readLogs([folder])];
  for (const session of [104, 119, 220, 301]) {
    const call = `call-${session}`;
    const expected = recordsIn(all).filter(
      (record) => ('session' in record && record.session === session) || ('call' in record && record.call === call),
    );
    const found = [...readLogs([folder], { call })];
    deepEqual(recordsIn(found), expected);
    equal(found.filter(({ kind }) => kind === 'segment').length, 3);
  }
  const kinds = new Set(recordsIn(readLogs([folder], { call: 'call-120' })).map(({ kind }) => kind));
  deepEqual([...kinds].sort(), ['exchange', 'sample', 'snapshot', 'step']);
  deepEqual(recordsIn(readLogs([folder], { call: 'call-1' })), []);
});

test('of one call, too, missing records and damage are said', () => {
  const folder = longLog();
  rmSync(join(folder, segmentName(0, 2)));
  const path = join(folder, segmentName(0, 3));
  const bytes = readFileSync(path);
  bytes[framesOf(bytes)[9]! + 10]! ^= 1;
  writeFileSync(path, bytes);
  const problems = problemsIn(readLogs([folder], { call: 'nobody' }));
  deepEqual(problems.length, 2);
  deepEqual(problems, problemsIn(readLogs([folder])));
});

test('from a time on: segments that are not needed are not read; until a time: nothing behind it is answered', () => {
  const folder = longLog();
  const all = recordsIn(readLogs([folder]));
  const segments = (options: ReadOptions) => [...readLogs([folder], options)].filter(({ kind }) => kind === 'segment').length;
  equal(segments({ from: START_MS }), 3);
  equal(segments({ from: START_MS + 25_000 }), 2);
  equal(segments({ from: START_MS + 1e9 }), 1);
  const until = START_MS + 30_000;
  const read = recordsIn(readLogs([folder], { until }));
  deepEqual(
    read,
    all.filter(({ at }) => at <= until),
  );
  // The third begins within the minute in which records may have waited for their writing.
  equal(segments({ until: START_MS - 100_000 }), 0);
});

test('progress is told up to the end', () => {
  const folder = longLog();
  const told: [number, number][] = [];
  for (const _ of readLogs([folder], { onProgress: (done, total) => told.push([done, total]) }));
  const [done, total] = told.at(-1)!;
  ok(done === total && total > 1000);
});

test('what cannot be read at all is said with its name', () => {
  throws(() => [...readLogs([join(root, 'nowhere')])], /ENOENT.*nowhere/);
  const empty = newFolder();
  mkdirSync(join(empty, 'log'), { recursive: true });
  throws(() => [...readLogs([empty])], /holds no log segments \(shard-N-NNNNNNNN\.log\)/);
  const folder = newFolder();
  mkdirSync(join(folder, segmentName(0, 1)), { recursive: true });
  match(problemsIn(readLogs([folder])).join(), /cannot be read/);
});
