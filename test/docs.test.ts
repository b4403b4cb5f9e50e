/** Documents are tests too: what README.md, CHANGELOG.md and the decision notes say must be true of the program. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { commandsIn, decisionProblems, inlineCodeIn, longOptionsIn, newestVersionIn, npmScriptsIn } from './tidy/documents.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DECISIONS = 'model/decisions';
const HELP_LIMIT_MS = 10_000;

type Package = {
  version: string;
  bin: { rtpbridge: string };
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package;
const packages = { ...manifest.dependencies, ...manifest.devDependencies };

function read(path: string): string {
  assert.ok(existsSync(join(ROOT, path)), `${path} is missing`);
  return readFileSync(join(ROOT, path), 'utf8');
}

function decisionNotes(): { name: string; text: string }[] {
  const names = existsSync(join(ROOT, DECISIONS)) ? readdirSync(join(ROOT, DECISIONS)).sort() : [];
  assert.ok(names.length > 0, `there is no note in ${DECISIONS}/`);
  return names.map((name) => ({ name, text: read(`${DECISIONS}/${name}`) }));
}

/** What `--help` prints, of the program itself and of those of its `verbs` that its help names. */
function helpOf(program: string, verbs: readonly string[]): string {
  const ask = (args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, program), ...args, '--help'], {
      encoding: 'utf8',
      timeout: HELP_LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    assert.equal(status, 0, `node ${program} ${[...args, '--help'].join(' ')} failed: ${stderr.trim() || 'no answer'}`);
    return stdout;
  };
  const help = ask([]);
  return [help, ...verbs.filter((verb) => new RegExp(`\\b${verb}\\b`).test(help)).map((verb) => ask([verb]))].join('\n');
}

test('every npm command of the README is a script of package.json', () => {
  const named = npmScriptsIn(read('README.md'));
  assert.ok(named.includes('test'), 'the README does not say `npm test`');
  const missing = named.filter((name) => !Object.hasOwn(manifest.scripts, name));
  assert.deepEqual(missing, []);
});

test('every long option of the README is in the help of the program', () => {
  const readme = read('README.md');
  const commands = [...commandsIn(readme), ...inlineCodeIn(readme).filter((code) => code.startsWith('--'))];
  const verbs = [...new Set(commands.flatMap((command) => /rtpbridge(?:\.js)? ([a-z]+)/.exec(command)?.[1] ?? []))];
  const help = new Set(longOptionsIn(helpOf(manifest.bin.rtpbridge, verbs)));
  assert.ok(help.size > 0, 'the help names no option');
  const missing = [...new Set(commands.flatMap(longOptionsIn))].filter((option) => !help.has(option));
  assert.deepEqual(missing, []);
});

test('[SY-33] every long option of the relay is in the README', () => {
  const { stdout } = spawnSync(process.execPath, [join(ROOT, manifest.bin.rtpbridge), 'serve', '--help'], { encoding: 'utf8' });
  const options = longOptionsIn(stdout);
  assert.ok(options.length > 30, stdout);
  const named = new Set(inlineCodeIn(read('README.md')).flatMap(longOptionsIn));
  assert.deepEqual(
    options.filter((option) => !named.has(option)),
    [],
  );
});

test('the newest version in the change log is the version of the package', () => {
  assert.equal(newestVersionIn(read('CHANGELOG.md')), manifest.version);
});

test('every decision note has a number, a date and what was rejected', () => {
  assert.deepEqual(decisionProblems(decisionNotes()), []);
});

test('every package is pinned to one version', () => {
  const loose = Object.entries(packages).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version));
  assert.deepEqual(loose, []);
});

test('every package is named in a decision note', () => {
  const notes = decisionNotes().map(({ text }) => text);
  const unnamed = Object.keys(packages).filter((name) => !notes.some((text) => text.includes(name)));
  assert.deepEqual(unnamed, []);
});
