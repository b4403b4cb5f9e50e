/** Documents are tests too: what README.md, CHANGELOG.md and the decision notes say must be true of the program. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ok, refuse } from '../model/kernel/index.js';
import { signatureOf } from '../src/io/callEvents/webhook.js';
import { readYaml } from '../src/io/settings/yamlTree.js';
import { readSettings } from '../src/relay/settings/readSettings.js';
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

/** The first block of a language in the README. */
function blockOf(language: string): string {
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(read('README.md'))?.[1];
  assert.ok(block !== undefined, `the README has no ${language}`);
  return block;
}

test('the settings file of the README is one', async () => {
  const tree = readYaml(blockOf('yaml'));
  assert.ok(tree.ok, tree.ok ? '' : JSON.stringify(tree.error));
  const settings = await readSettings(tree.value, {
    ...{ file: 'rtpbridge.yaml', isPrivate: true, given: [], bindProblem: async () => null },
    resolve: async (name) => refuse(`${name} is a name`),
    readFile: (path) => ok({ path, text: 'proxy abc\n', isPrivate: true }),
  });
  assert.ok(settings.ok, settings.ok ? '' : settings.error.join('\n'));
});

test('the check of signatures in the README takes what webhooks are signed with, and nothing else', async () => {
  const { isOurs } = (await import(`data:text/javascript,${encodeURIComponent(blockOf('js'))}`)) as {
    isOurs: (signature: string, body: string, secret: string) => boolean;
  };
  const [body, now] = ['{"event":"call-end"}', Date.now()];
  const signature = signatureOf('secret', body, now);
  assert.equal(isOurs(signature, body, 'secret'), true);
  assert.equal(isOurs(signature, `${body} `, 'secret'), false);
  assert.equal(isOurs(signature, body, 'another'), false);
  assert.equal(isOurs(signatureOf('secret', body, now - 600_000), body, 'secret'), false);
  assert.equal(isOurs('', body, 'secret'), false);
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
