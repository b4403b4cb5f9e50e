/** The accounting file on a real file system: order, header, rotation, locks and disks that fail. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { CsvFile } from '../../src/io/accounting/csvFile.js';
import { tryLockFile, unlockFile } from '../../src/io/sys/fileLock.js';
import { startChild } from '../rig/child.js';

const HEADER = 'a,b';
const BOUND = { timeout: 30_000 };

/** A folder that is gone after the test. */
function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-csv-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

type Opened = { readonly file: CsvFile; readonly path: string; readonly errors: string[] };

function openIn(folder: string): Opened {
  const errors: string[] = [];
  const path = join(folder, 'rtpproxy_acct.csv');
  return { file: new CsvFile(path, HEADER, (reason) => errors.push(reason)), path, errors };
}

const linesOf = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'latin1').split('\n') : []);

/** Waits until the file has so many lines, the header included. */
async function written(path: string, lines: number): Promise<string[]> {
  for (let waited = 0; waited < 10_000; waited += 5) {
    const found = linesOf(path);
    if (found.length === lines + 1 && found.at(-1) === '') return found.slice(0, -1);
    await delay(5);
  }
  throw new Error(`${path} has not got ${lines} lines: ${linesOf(path).join('|')}`);
}

test('the file is there from the start, with its header', BOUND, async (t) => {
  const { file, path, errors } = openIn(folderOf(t));
  assert.deepEqual(await written(path, 1), [HEADER]);
  await file.close();
  assert.deepEqual([linesOf(path), errors], [[HEADER, ''], []]);
});

test('rows stand in the order in which they were given, every byte of them, when the file is closed', BOUND, async (t) => {
  const { file, path, errors } = openIn(folderOf(t));
  const rows = Array.from({ length: 3000 }, (_, i) => `${i},\xe9\xff`);
  for (const [i, row] of rows.entries()) {
    file.append(row);
    if (i % 500 === 0) await delay(1);
  }
  await file.close();
  assert.deepEqual(linesOf(path), [HEADER, ...rows, '']);
  assert.deepEqual(errors, []);
});

test('a row that is given after a pause is written without waiting for another', BOUND, async (t) => {
  const { file, path } = openIn(folderOf(t));
  await written(path, 1);
  file.append('1,2');
  assert.deepEqual(await written(path, 2), [HEADER, '1,2']);
  await file.close();
});

test('a file that has lines already gets no second header', BOUND, async (t) => {
  const folder = folderOf(t);
  const first = openIn(folder);
  first.file.append('1,1');
  await first.file.close();
  const second = openIn(folder);
  second.file.append('2,2');
  await second.file.close();
  assert.deepEqual(linesOf(second.path), [HEADER, '1,1', '2,2', '']);
});

test('a file that was renamed, removed or emptied is begun anew with a header', BOUND, async (t) => {
  const { file, path, errors } = openIn(folderOf(t));
  file.append('1,1');
  await written(path, 2);
  renameSync(path, `${path}.1`);
  file.append('2,2');
  assert.deepEqual(await written(path, 2), [HEADER, '2,2']);
  assert.deepEqual(linesOf(`${path}.1`), [HEADER, '1,1', '']);
  rmSync(path);
  file.append('3,3');
  assert.deepEqual(await written(path, 2), [HEADER, '3,3']);
  closeSync(openSync(path, 'w'));
  file.append('4,4');
  assert.deepEqual(await written(path, 2), [HEADER, '4,4']);
  await file.close();
  assert.deepEqual(errors, []);
});

test('a file that another was put in the place of is left for that one', BOUND, async (t) => {
  const { file, path, errors } = openIn(folderOf(t));
  await written(path, 1);
  renameSync(path, `${path}.1`);
  writeFileSync(path, '');
  file.append('1,1');
  await written(path, 2);
  renameSync(path, `${path}.2`);
  writeFileSync(path, 'theirs\n');
  file.append('2,2');
  assert.deepEqual(await written(path, 2), ['theirs', '2,2']);
  await file.close();
  assert.deepEqual(errors, []);
  assert.deepEqual(linesOf(`${path}.2`), [HEADER, '1,1', '']);
});

test('a row waits for who has locked the file, and the lock is given back', BOUND, async (t) => {
  const { file, path, errors } = openIn(folderOf(t));
  await written(path, 1);
  const other = openSync(path, 'a');
  t.after(() => closeSync(other));
  await locked(other);
  file.append('1,1');
  await delay(100);
  assert.deepEqual(linesOf(path), [HEADER, '']);
  appendFileSync(path, 'theirs\n');
  unlockFile(other);
  assert.deepEqual(await written(path, 3), [HEADER, 'theirs', '1,1']);
  await file.close();
  await locked(other);
  assert.deepEqual(errors, []);
});

/** Takes the lock; a row may just be on its way. */
async function locked(fd: number): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += 5) {
    if (tryLockFile(fd) === 'locked') return;
    await delay(5);
  }
  throw new Error('the lock was never free');
}

test('who keeps the lock for ever does not keep the rows for ever', BOUND, async (t) => {
  const { file, path, errors } = openIn(folderOf(t));
  await written(path, 1);
  const other = openSync(path, 'a');
  t.after(() => closeSync(other));
  await locked(other);
  file.append('1,1');
  assert.deepEqual(await written(path, 2), [HEADER, '1,1']);
  await file.close();
  assert.deepEqual(errors, []);
});

test('two relays with one file mix no lines and write one header', BOUND, async (t) => {
  const folder = folderOf(t);
  const relays = [openIn(folder), openIn(folder)];
  const rows = Array.from({ length: 200 }, (_, i) => [`a,${i}`, `b,${i}`]);
  for (const [i, pair] of rows.entries()) {
    for (const [k, row] of pair.entries()) relays[k]!.file.append(row);
    if (i % 20 === 0) await delay(1);
  }
  await Promise.all(relays.map(({ file }) => file.close()));
  const [header, ...lines] = linesOf(relays[0]!.path);
  assert.equal(header, HEADER);
  for (const [k, letter] of ['a', 'b'].entries()) {
    assert.deepEqual(
      lines.filter((line) => line.startsWith(letter)),
      rows.map((pair) => pair[k]),
    );
  }
  assert.equal(lines.length, 401);
});

test('a failure is told once; rows wait for better times and keep their order', BOUND, async (t) => {
  const folder = join(folderOf(t), 'later');
  const { file, path, errors } = openIn(folder);
  for (let i = 0; i < 5; i++) {
    file.append(`${i},`);
    await delay(10);
  }
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /rtpproxy_acct\.csv: ENOENT/);
  mkdirSync(folder);
  file.append('5,');
  await written(path, 7);
  rmSync(folder, { recursive: true });
  file.append('6,');
  for (let waited = 0; errors.length < 2 && waited < 5_000; waited += 5) await delay(5);
  assert.equal(errors.length, 2, 'a second failure after something was written is told again');
  mkdirSync(folder);
  await file.close();
  assert.deepEqual(linesOf(path), [HEADER, '6,', '']);
});

test(
  'a failure right behind rows that were written is told again, though nobody has heard yet that they were',
  BOUND,
  async (t) => {
    for (let round = 0; round < 20; round++) {
      const folder = join(folderOf(t), 'later');
      const { file, path, errors } = openIn(folder);
      while (errors.length === 0) await nextTurn();
      mkdirSync(folder);
      file.append('1,');
      // As soon as they stand there, which is before the writer is told.
      while (!existsSync(path) || linesOf(path).length < 3) await nextTurn();
      rmSync(folder, { recursive: true });
      file.append('2,');
      await file.close();
      assert.deepEqual(
        errors.map((error) => /ENOENT|rows? are lost/.exec(error)?.[0]),
        ['ENOENT', 'ENOENT', 'rows are lost'],
      );
    }
  },
);

test('rows that could not be written until the end are counted, and closing does not fail', BOUND, async (t) => {
  const { file, errors } = openIn(join(folderOf(t), 'nowhere'));
  file.append('1,');
  file.append('2,');
  await file.close();
  assert.equal(errors.length, 2);
  assert.match(errors[1]!, /2 rows are lost$/);
});

test('a disk that takes nothing costs rows, not memory', BOUND, async (t) => {
  const { file, errors } = openIn(join(folderOf(t), 'nowhere'));
  for (let i = 0; i < 10_005; i++) file.append('x,y');
  await file.close();
  assert.match(errors.at(-1)!, /: 10000 rows are lost$/);
});

test('a disk that is full keeps its whole lines, and half of none', BOUND, async (t) => {
  const path = join(folderOf(t), 'rtpproxy_acct.csv');
  const script = `
    import { CsvFile } from ${JSON.stringify(new URL('../../src/io/accounting/csvFile.js', import.meta.url).href)};
    const errors = [];
    const file = new CsvFile(${JSON.stringify(path)}, '${HEADER}', (reason) => errors.push(reason));
    file.append('1,'.padEnd(100, '1'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (let i = 0; i < 50; i++) file.append('2,'.padEnd(100, '2'));
    await file.close();
    process.stdout.write(JSON.stringify(errors));`;
  // The limit for a file's size stands for a full disk: the last write is cut in the middle. It is one block, of 512 or 1024 bytes.
  const child = await startChild('sh', ['-c', 'ulimit -f 1 && exec "$0" --input-type=module -e "$1"', process.execPath, script]);
  t.after(() => child.stop());
  assert.equal((await child.exited).code, 0, child.stderr());
  const errors = JSON.parse(child.stdout()) as string[];
  assert.match(errors[0]!, /EFBIG/);
  assert.match(errors.at(-1)!, /: 50 rows are lost$/);
  assert.deepEqual(linesOf(path), [HEADER, '1,'.padEnd(100, '1'), '']);
});
