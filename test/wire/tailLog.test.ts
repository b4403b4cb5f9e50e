import { deepEqual } from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { segmentName } from '../../src/io/log/segment.js';
import { type LogEntry, tailLog } from '../../src/io/log/segmentReader.js';
import { framesOf, ShardWriting, segmentOf } from '../rig/segmentFile.js';

const root = mkdtempSync(join(tmpdir(), 'rtpbridge-tail-'));
after(() => rmSync(root, { recursive: true, force: true }));
const BOUND = { timeout: 20_000 };

/** What it was, in a word. */
const brief = (entry: LogEntry): string =>
  entry.kind === 'record' ? `${entry.record.shard} ${entry.record.kind} ${entry.record.seq}` : `${entry.kind}`;

test('a log is followed as it grows: records as soon as they are whole, new segments, new shards', BOUND, async () => {
  const folder = join(root, 'grows', 'log');
  mkdirSync(folder, { recursive: true });
  const over = new AbortController();
  const entries = tailLog([join(root, 'grows')], { signal: over.signal });
  const next = async (count: number): Promise<string[]> => {
    const found: string[] = [];
    while (found.length < count) {
      const { value, done } = await entries.next();
      if (done) break;
      found.push(brief(value));
    }
    return found;
  };
  const writing = new ShardWriting().opening().open(1);
  const bytes = segmentOf(writing.take());
  const [, base, first, second] = framesOf(bytes) as [number, number, number, number];
  const path = join(folder, segmentName(0, 1));
  const coming = next(2);
  writeFileSync(path, bytes.subarray(0, 5));
  appendFileSync(path, bytes.subarray(5, base + 3));
  appendFileSync(path, bytes.subarray(base + 3, first));
  deepEqual(await coming, ['segment', '0 base 1']);
  // Half a record is not yet one; when the rest is there, it is.
  appendFileSync(path, bytes.subarray(first, second + 20));
  deepEqual(await next(1), ['0 step 2']);
  appendFileSync(path, bytes.subarray(second + 20));
  deepEqual(await next(1), ['0 step 3']);
  writeFileSync(join(folder, segmentName(1, 1)), segmentOf(new ShardWriting(1).opening().take(), { shard: 1 }));
  deepEqual(await next(2), ['segment', '1 base 1']);
  writeFileSync(join(folder, segmentName(0, 2)), segmentOf(writing.opening().take()));
  deepEqual(await next(3), ['segment', '0 snapshot 4', '0 base 5']);
  const last = next(1);
  over.abort();
  deepEqual(await last, []);
});

test('a torn end is said when the next segment has come', BOUND, async () => {
  const folder = join(root, 'torn');
  mkdirSync(folder);
  const writing = new ShardWriting().opening().open(1);
  const bytes = segmentOf(writing.take());
  writeFileSync(join(folder, segmentName(0, 1)), bytes.subarray(0, framesOf(bytes)[3]! + 9));
  const over = new AbortController();
  const found: string[] = [];
  for await (const entry of tailLog([folder], { signal: over.signal })) {
    found.push(brief(entry));
    if (found.length === 3) writeFileSync(join(folder, segmentName(0, 2)), segmentOf(writing.lose(-1).opening().take()));
    if (found.length === 7) over.abort();
  }
  deepEqual(found, ['segment', '0 base 1', '0 step 2', 'problem', 'segment', '0 snapshot 3', '0 base 4']);
});
