/** The event log where nothing can be written. */
import { equal } from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild } from '../rig/child.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const WRITER = new URL('../../src/io/log/segmentWriter.js', import.meta.url).href;

/** Begins a log in the folder three times, and prints why it could not. */
const PROGRAM = `
  const [writer, folder] = process.argv.slice(1);
  const { SegmentWriter } = await import(writer);
  for (let i = 0; i < 3; i++) {
    try {
      new SegmentWriter({ folder, shard: 0, now: () => 1, onError: () => {} });
      console.log('written');
    } catch (error) {
      console.log(error.code);
    }
  }`;

test('a segment that cannot be begun leaves no empty file: a full disk must not fill the folder', {
  timeout: 20_000,
}, async (t) => {
  const folder = join(await temporaryFolder(t), 'log');
  mkdirSync(folder);
  // Files may have no length, which takes no disk that is full; Node ignores the signal that comes with it.
  const command = ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', PROGRAM, WRITER, folder];
  const child = await startChild('sh', command);
  t.after(() => child.stop());
  await child.exited;
  equal(child.stdout(), 'EFBIG\nEFBIG\nEFBIG\n', child.stderr());
  equal(readdirSync(folder).length, 0, 'files that are left');
});
