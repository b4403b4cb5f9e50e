import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandsIn, decisionProblems, inlineCodeIn, longOptionsIn, newestVersionIn, npmScriptsIn } from '../tidy/documents.js';

const README = [
  'Run `npm ci` and `npm test`; then `npm run bench -- --smoke`. The option `--workers N` sets threads, `rtpbridge replay x --call y` explains.',
  '```sh',
  'git clone --depth 1 https://example.org/rtpbridge && npm start -- --port-min 1',
  '$ FOO=1 node dist/src/cli/rtpbridge.js serve --data-dir d \\',
  '    --engine epoll | grep --color ready  # not --this',
  '```',
].join('\n');

test('npm scripts are found with and without the word run, npm commands are not', () => {
  assert.deepEqual(npmScriptsIn(README), ['test', 'bench', 'start']);
});

test('commands that start our program are found, others on the same line are not', () => {
  assert.deepEqual(commandsIn(README), [
    'npm start -- --port-min 1',
    'FOO=1 node dist/src/cli/rtpbridge.js serve --data-dir d --engine epoll',
    'rtpbridge replay x --call y',
  ]);
});

test('long options are found in commands', () => {
  assert.deepEqual(commandsIn(README).flatMap(longOptionsIn), ['--port-min', '--data-dir', '--engine', '--call']);
});

test('inline code is found outside of blocks', () => {
  assert.deepEqual(inlineCodeIn(README)[3], '--workers N');
  assert.equal(inlineCodeIn(README).length, 5);
});

test('the newest version is that of the first heading with one', () => {
  assert.equal(newestVersionIn('# Changes\n\n## 0.2.0, 2026-01-31\n\n## 0.1.0\n'), '0.2.0');
  assert.equal(newestVersionIn('# Changes\n## Next\n## [1.0.0-rc.1]\n'), '1.0.0-rc.1');
  assert.equal(newestVersionIn('# Changes of 1.0.0\n'), undefined);
});

test('a decision note needs a number of its own, a date and what was rejected', () => {
  const good = '# Koffi\n\nDate: 2026-01-31\n\n## Rejected\n\nN-API.\n';
  assert.deepEqual(decisionProblems([{ name: '0001-koffi.md', text: good }]), []);
  assert.deepEqual(decisionProblems([{ name: '0001-koffi.md', text: '2026-01-31\n**Rejected:** x' }]), []);
  assert.deepEqual(decisionProblems([{ name: 'koffi.md', text: good }]), ['koffi.md is not called NNNN-title.md']);
  assert.deepEqual(
    decisionProblems([
      { name: '0001-a.md', text: good },
      { name: '0001-b.md', text: 'see 2026-01-31; nothing Rejected' },
    ]),
    [
      '0001-b.md has the number of another note',
      '0001-b.md has no line with its date',
      '0001-b.md does not say what was rejected',
    ],
  );
});
