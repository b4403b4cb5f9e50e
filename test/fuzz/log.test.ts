/** Damaged and forged event logs: what is not as it was written is reported, the rest is read, and nobody falls over it. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { brokenInvariant } from '../../model/invariants.js';
import { readLeftBehind } from '../../src/io/log/recoveryReader.js';
import { SEGMENT_MAGIC, segmentName } from '../../src/io/log/segment.js';
import { type LogEntry, readLog, readLogs } from '../../src/io/log/segmentReader.js';
import { FRAME_HEADER_BYTES, MAX_BODY_BYTES } from '../../src/protocol/events/frame.js';
import { Fold } from '../../src/relay/events/fold.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { describeRecord } from '../../src/relay/events/timeline.js';
import { NOTIFYING, PureRelay, settingOf } from '../property/pureRelay.js';
import { act, stories } from '../property/stories.js';
import { framed, framesOf, headerOf, packed, ShardWriting, segmentOf } from '../rig/segmentFile.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';

const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-fuzz-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, segmentName(0, 1));

/** A segment of records of every kind, with names that are not plain ASCII. */
function recordsOf(calls: number): LogRecord[] {
  const writing = new ShardWriting().open(100).open(101);
  writing.take();
  writing.seq = 0;
  writing.opening();
  for (let i = 1; i <= calls; i++) {
    writing.open(i, `call-${i}@\xe9\n`).exchange(`call-${i}@\xe9\n`, 'U', '10000').sample(i, i);
    writing.write({ kind: 'vitals', at: writing.records.at(-1)!.at, counters: { load: 0.5 } }).close(i);
  }
  return writing.end().take();
}

type Read = { readonly records: LogRecord[]; readonly problems: number };

/** Everything there is to read with: each must come to an end, and none may throw. */
function readBack(bytes: Uint8Array): Read {
  writeFileSync(file, bytes);
  const entries: LogEntry[] = [...readLog(file)];
  const records = entries.flatMap((entry) => (entry.kind === 'record' ? [entry.record] : []));
  fold(records);
  readLeftBehind(folder, { kind: 'process' });
  readLeftBehind(folder, { kind: 'thread', shard: 0, run: headerOf().run });
  for (const _ of readLogs([file], { call: 'call-1@\xe9\n' }));
  return { records, problems: entries.filter(({ kind }) => kind === 'problem').length };
}

/** Whatever passes the reader can be folded, shown and judged; an event may only come where the chart does not expect it. */
function fold(records: readonly LogRecord[]): void {
  const folding = new Fold();
  for (const record of records) {
    try {
      const folded = folding.take(record);
      if (folded !== null) brokenInvariant(folded.snapshot.context, folded.snapshot.value);
    } catch (error) {
      match((error as Error).message, /^the chart ignored \w+ in \w+$/);
    }
    if (record.kind === 'step') describeRecord(record, (at) => new Date(at).toISOString());
  }
}

test('what was written is read back, word for word', () => {
  const records = recordsOf(20);
  deepEqual(readBack(segmentOf(records)), { records, problems: 0 });
});

test(
  'a bit that falls over anywhere in a log is reported, and only records that were written are read',
  FUZZ_BOUND,
  async (t) => {
    const records = recordsOf(4);
    const good = segmentOf(records);
    await search(t, fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 7 })), ([at, bit]) => {
      const bytes = Uint8Array.from(good);
      bytes[at]! ^= 1 << bit;
      const read = readBack(bytes);
      ok(read.problems > 0, `byte ${at}, bit ${bit}`);
      isPartOf(read.records, records);
      // It costs the record that it is in, and no other.
      if (at >= framesOf(good)[1]!) equal(read.records.length, records.length - 1, `byte ${at}, bit ${bit}`);
    });
  },
);

test('a log that is cut off is read up to there', FUZZ_BOUND, async (t) => {
  const records = recordsOf(4);
  const good = segmentOf(records);
  await search(t, fc.nat({ max: good.length }), (length) => {
    const read = readBack(good.subarray(0, length));
    deepEqual(read.records, records.slice(0, read.records.length));
    ok(read.problems <= 1);
    // A cut between two records cannot be told from an end; anywhere else it is.
    if (read.problems === 0) ok([...framesOf(good).slice(1), good.length].includes(length), `cut after ${length} bytes`);
  });
});

test('a log with any damage gives only records that were written, and never an exception', FUZZ_BOUND, async (t) => {
  const records = recordsOf(4);
  const good = segmentOf(records);
  await search(t, damages(), (harm) => isPartOf(readBack(damaged(good, harm)).records, records));
});

test('records in another order, twice or of another file are taken at most once and in their order', FUZZ_BOUND, async (t) => {
  const records = recordsOf(3);
  const foreign = new ShardWriting(1).opening().open(5).take();
  const bodies = [...records, ...foreign].map(packed);
  const order = fc.array(fc.nat({ max: bodies.length - 1 }), { maxLength: 40 });
  await search(t, order, (indexes) => {
    const read = readBack(framed([packed(headerOf()), ...indexes.map((i) => bodies[i]!)])).records;
    isPartOf(read, records);
    for (const [i, { seq }] of read.entries()) ok(i === 0 || seq > read[i - 1]!.seq);
  });
});

test('any file is read or reported, and never an exception', FUZZ_BOUND, async (t) => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const starts = fc.constantFrom(Buffer.of(), Buffer.from(SEGMENT_MAGIC), segmentOf([]), Buffer.from(SEGMENT_MAGIC.slice(0, 5)));
  await search(t, fc.tuple(starts, bytes), ([start, rest]) => equal(readBack(Buffer.concat([start, rest])).records.length, 0));
});

test('a log of forged records, checksums and all, is read or reported, and never an exception', FUZZ_BOUND, async (t) => {
  const body = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.anything({ maxDepth: 2 }).map(packedOrNothing));
  await search(t, fc.tuple(fc.option(body, { freq: 4 }), fc.array(body, { maxLength: 4 })), ([first, rest]) => {
    readBack(framed([first ?? packed(headerOf()), ...rest]));
  });
});

test(
  'records of which one part was replaced are read or reported, and can be folded and shown if they are read',
  FUZZ_BOUND,
  async (t) => {
    const records = [...recordsOf(2), ...playedRecords()];
    const places = records.map(pathsIn);
    const wrong = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        undefined,
        -1,
        Number.NaN,
        1e308,
        2 ** 53,
        -0,
        1.5,
        '',
        '__proto__',
        'constructor',
        true,
        [],
        {},
      ),
      fc.constantFrom<unknown>('caller', 'strong', 'rtp', 'SessionClosed', 'closed', 'a'.repeat(5000), '\u001b[2J', [[]], [null]),
      fc.constantFrom<unknown>(
        { length: 5 },
        { type: 'LegOpened' },
        { host: '::1', port: 5 },
        nested(40),
        10n ** 18n,
        new Date(0),
      ),
      fc.anything({ maxDepth: 1 }),
    );
    await search(t, fc.array(fc.tuple(fc.nat(), fc.nat(), wrong), { minLength: 1, maxLength: 3 }), (forgeries) => {
      const forged = records.map((record, i) => ({ ...record, seq: i + 1, shard: 0 }) as LogRecord);
      for (const [which, where, value] of forgeries) {
        const index = which % forged.length;
        const paths = places[index]!;
        forged[index] = replaced(forged[index], paths[where % paths.length]!, value) as LogRecord;
      }
      const bodies = forged.map(packedOrNothing).filter(({ length }) => length > 0);
      const { records: read, problems } = readBack(framed([packed(headerOf()), ...bodies]));
      // Few values fit into few places: most forgeries cost the record that they are in.
      ok(read.length + problems >= records.length - forgeries.length);
    });
  },
);

test('what it costs to read a hostile file grows with its size and no faster', () => {
  const size = 2 << 20;
  /** Frames of whatever length, each of which takes the next for its body; the bodies look like records. */
  const chained = (length: number, step: number): Uint8Array => {
    const bytes = Buffer.alloc(size, 0x81);
    bytes.set(segmentOf([]));
    for (let at = segmentOf([]).length; at + FRAME_HEADER_BYTES + 1 < size; at += step) {
      bytes.writeUInt32LE(Math.max(1, Math.min(length, size - at - FRAME_HEADER_BYTES - 1)), at);
      bytes.writeUInt32LE(at, at + 4);
      if (step > FRAME_HEADER_BYTES + 1) bytes.set([0x81, 0xa1], at + FRAME_HEADER_BYTES);
    }
    return bytes;
  };
  const zeros = Buffer.alloc(size * 8);
  zeros.set(segmentOf([]));
  const good = Buffer.from(packed({ kind: 'end' }));
  const alternating = Buffer.alloc(size);
  alternating.set(segmentOf([]));
  const frames = framed([good]).subarray(SEGMENT_MAGIC.length);
  for (let at = segmentOf([]).length; at + 12 + frames.length < size; at += 12 + frames.length) {
    alternating.writeUInt32LE(MAX_BODY_BYTES - 5, at);
    alternating.set(frames, at + 12);
  }
  for (const bytes of [chained(MAX_BODY_BYTES, 12), chained(500_000, 16), chained(3, 4), chained(4096, 9), zeros, alternating]) {
    isQuick(1500, () => readBack(bytes));
  }
});

/** What a real shard writes, all commands and events of some stories. */
function playedRecords(): readonly LogRecord[] {
  return fc.sample(stories, { seed: 7, numRuns: 6 }).flatMap((story) => {
    const relay = new PureRelay(settingOf(6, 10_000, 3000), 1, NOTIFYING);
    for (const deed of story.slice(0, 20)) act(relay, deed);
    return [...relay.log, ...relay.shard.snapshot()];
  });
}

type Path = readonly (string | number)[];

/** Every part of a value, by the way to it. */
function pathsIn(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, part]) => pathsIn(part).map((path) => [key, ...path]))];
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const part = replaced((value as Record<string, unknown>)?.[key], rest, by);
  if (Array.isArray(value)) return value.map((each, i) => (i === Number(key) ? part : each));
  return { ...(value as object), [key]: part };
}

const nested = (depth: number): unknown => (depth === 0 ? [] : [nested(depth - 1)]);

/** MessagePack of anything; what it cannot express becomes nothing. */
function packedOrNothing(value: unknown): Uint8Array {
  try {
    return packed(value);
  } catch {
    return new Uint8Array();
  }
}

/** Every record read was written, and the order is the one in which they were. Damage may double what it copies whole. */
function isPartOf(read: readonly LogRecord[], written: readonly LogRecord[]): void {
  for (const record of read) {
    deepEqual(
      record,
      written.find(({ seq }) => seq === record.seq),
    );
  }
}
