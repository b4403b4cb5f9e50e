/** The rules of the house, kept by a machine: each test lists what breaks its rule as `file:line what is wrong`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkCommittable, emptyNameIn, isAllowedAtTop, SOURCE_RULES, type SourceFile } from './tidy/rules.js';
import { ScanError, scan } from './tidy/scan.js';
import { listFiles } from './tidy/tree.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const files = listFiles(ROOT);
const texts = new Map(files.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]));

const unreadable: string[] = [];
const sources: SourceFile[] = files.filter((path) => path.endsWith('.ts')).map(readSource);

/** A source that cannot be scanned is reported by a test of its own and has no tokens for the others. */
function readSource(path: string): SourceFile {
  const text = texts.get(path) ?? '';
  try {
    return { path, text, ...scan(text) };
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    unreadable.push(`${path}:${error.line} ${error.message}`);
    return { path, text, tokens: [], comments: [] };
  }
}

function expectNone(offences: readonly string[]): void {
  if (offences.length > 0) assert.fail(`${offences.length} found:\n${offences.join('\n')}`);
}

test('the tree is there: model, source and test files are found', () => {
  for (const folder of ['model/', 'src/', 'test/']) {
    assert.ok(
      sources.some(({ path }) => path.startsWith(folder)),
      `no source in ${folder}`,
    );
  }
});

test('every source can be scanned', () => {
  expectNone(unreadable);
});

for (const { title, check } of SOURCE_RULES) {
  test(title, () => {
    expectNone(sources.flatMap((file) => check(file).map(({ line, message }) => `${file.path}:${line} ${message}`)));
  });
}

test('no file names a registry, a path of one machine or a folder outside the repository', () => {
  const readable = [...texts].filter(([, text]) => !text.includes('\0'));
  expectNone(readable.flatMap(([path, text]) => checkCommittable(text).map(({ line, message }) => `${path}:${line} ${message}`)));
});

test('no file or folder has an empty name such as utils, helpers, manager or common', () => {
  expectNone(files.flatMap((path) => (emptyNameIn(path) === undefined ? [] : [`${path}:1 ${emptyNameIn(path)} says nothing`])));
});

test('the top level holds only what belongs there', () => {
  expectNone(files.filter((path) => !isAllowedAtTop(path)).map((path) => `${path}:1 not an entry of the top level`));
});
