/** The table of mutations must not rot: it fits the code of today, and there is one for every rule. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GUARANTEES, mutate, problemOf, textsOfInvariants } from '../mutation/mutation.js';
import { MUTATIONS } from '../mutation/mutations.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const INVARIANTS = textsOfInvariants(readFileSync(`${ROOT}/model/invariants.ts`, 'utf8'));
const RULES: readonly string[] = [...INVARIANTS, ...GUARANTEES];

test('the rules of the model are found in its source', () => {
  assert.ok(INVARIANTS.length > 15, INVARIANTS.join('\n'));
  assert.ok(INVARIANTS.includes('relaying without both legs open'));
  assert.ok(INVARIANTS.includes('the RTP port … of the … is odd'));
  const dollar = '$';
  const source = [
    "import a from './a.js';",
    '/** a `b c` */',
    `return x ? \`the ${dollar}{a.b} is ${dollar}{c}\` : 'no one'; // it's not`,
    `const d = \`${dollar}{a}:${dollar}{b}\`;`,
  ].join('\n');
  assert.deepEqual(textsOfInvariants(source), ['the … is …', 'no one']);
});

test('every rule is broken by a mutation, and every mutation breaks a rule', () => {
  const broken = new Set(MUTATIONS.map(({ breaks }) => breaks));
  assert.deepEqual(
    RULES.filter((rule) => !broken.has(rule)),
    [],
    'rules without a mutation',
  );
  assert.deepEqual(
    [...broken].filter((rule) => !RULES.includes(rule)),
    [],
    'mutations of no rule',
  );
});

test('what a mutation replaces stands once in the program as it was built', () => {
  assert.deepEqual(
    MUTATIONS.flatMap((mutation) => {
      const problem = problemOf(mutation, ROOT);
      return problem === null ? [] : [`${mutation.name}: ${problem}`];
    }),
    [],
  );
  assert.equal(new Set(MUTATIONS.map(({ name }) => name)).size, MUTATIONS.length, 'names are names');
});

test('the tests that are to catch mutations are there', () => {
  const tests = new Set(MUTATIONS.flatMap(({ tests }) => tests));
  assert.deepEqual(
    [...tests].filter((name) => !existsSync(`${ROOT}/test/${name}.test.ts`)),
    [],
  );
});

test('the list of what was tried names every mutation', () => {
  const readme = readFileSync(`${ROOT}/test/mutation/README.md`, 'utf8');
  assert.deepEqual(
    MUTATIONS.filter(({ name, breaks }) => !readme.includes(`- ${name} (`) || !readme.includes(`### ${breaks}\n`)),
    [],
    'node dist/test/mutation/run.js --write',
  );
});

test('a mutation that does not fit is told', () => {
  const [given] = MUTATIONS;
  assert.ok(given !== undefined);
  assert.match(
    problemOf({ ...given, find: 'no such text' }, ROOT) ?? '',
    /"no such text" occurs 0 times in dist\/model.* instead of once/,
  );
  assert.match(problemOf({ ...given, find: 'return' }, ROOT) ?? '', /occurs \d+ times/);
  assert.equal(problemOf({ ...given, replace: given.find }, ROOT), 'it changes nothing');
  assert.equal(problemOf({ ...given, tests: [] }, ROOT), 'no test is named that catches it');
  assert.equal(mutate('a $1 b', { ...given, find: '$1', replace: '$& $2' }), 'a $& $2 b');
});
