/** [SY-34] [NG-03] The reference of the NG protocol: its examples are answered as written. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ok, refuse } from '../../model/kernel/index.js';
import { readYaml } from '../../src/io/settings/yamlTree.js';
import { readNg } from '../../src/protocol/ng/readRequest.js';
import { referenceTables } from '../../src/protocol/ng/referenceTables.js';
import { NG_COMMANDS } from '../../src/protocol/ng/request.js';
import { CALL_EVENTS } from '../../src/relay/callEvents/callEvent.js';
import { LOST_EVENT } from '../../src/relay/callEvents/wording.js';
import { NG_ERRORS } from '../../src/relay/control/ng/ngExecution.js';
import { NG_DIFFERENCES } from '../../src/relay/manual/ngDifferences.js';
import { NG_ERROR_TEXTS, ngErrorMeaning } from '../../src/relay/manual/ngErrors.js';
import { NG_SCENES } from '../../src/relay/manual/ngExamples.js';
import { formatNgPage } from '../../src/relay/manual/ngPage.js';
import { formatSettingsPage } from '../../src/relay/manual/settingsPage.js';
import { SETTING_TEXTS, SETTINGS_EXAMPLE } from '../../src/relay/manual/settingsTable.js';
import { readSettings } from '../../src/relay/settings/readSettings.js';
import type { SettingsWorld } from '../../src/relay/settings/world.js';
import { findExecutable } from '../rig/peers.js';
import { comparison, messagesOf, startedBy, toldBy } from './ngPageGiven.js';

for (const { title, lines } of NG_SCENES) {
  test(`[SY-34] example "${title}" is answered as written`, async () => {
    const { relay, ask } = await startedBy(lines[0]!);
    const compare = comparison();
    const count = { seq: 0 };
    let unread: string | null = null;
    let events: string[] = [];
    for (const { sign, text } of messagesOf(lines.slice(1))) {
      if (sign !== '<') assert.equal(unread, null, `before ${text}`);
      if (sign === '>') unread = ask(text);
      else if (sign === '<') {
        compare(text, unread ?? assert.fail(`${text}: nothing was answered`));
        unread = null;
      } else if (sign === '!') assert.equal(events.shift(), text);
      else {
        for (let passed = 0; passed < Number(/^(\d+) seconds/.exec(text)?.[1]) * 1000; passed += 20) relay.advance(20);
        events = toldBy(relay, count);
      }
    }
    assert.equal(unread, null);
    assert.deepEqual(events, []);
  });
}

const PAGE = formatNgPage('1.2.3');

/** The page, or one part of it, without its markup. */
function textOf(heading?: string): string {
  const part = heading === undefined ? PAGE : (PAGE.split(`.SH "${heading}"\n`)[1] ?? '').split(/^\.SH /m)[0]!;
  return part
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\e', '\\')
    .replaceAll('\\&', '');
}

const tagsOf = (heading: string): string[] => [...textOf(heading).matchAll(/^\.TP\n(.*)$/gm)].map((tag) => tag[1]!);

test('[SY-34] every command, key, flag and event is on the page, and no other', () => {
  assert.deepEqual(tagsOf('COMMANDS'), [...NG_COMMANDS]);
  const names = (rows: readonly { name: string; effect: string }[], effect: string) =>
    rows.filter((row) => row.effect === effect).map(({ name }) => name);
  const { keys, flags, commandsNotHad } = referenceTables();
  assert.deepEqual(tagsOf('KEYS'), names(keys, 'done'));
  assert.deepEqual(tagsOf('FLAGS'), names(flags, 'done'));
  assert.deepEqual(tagsOf('KNOWN, AND NOT DONE'), [...names(keys, 'not done'), ...names(flags, 'not done')]);
  for (const command of commandsNotHad) assert.ok(textOf('COMMANDS').includes(command), command);
  const events = tagsOf('EVENTS');
  assert.deepEqual(events.slice(events.indexOf(CALL_EVENTS[0])), [...CALL_EVENTS, LOST_EVENT]);
  for (const difference of NG_DIFFERENCES) assert.ok(textOf('DIFFERENCES FROM RTPENGINE').includes(difference), difference);
});

test('[SY-34] every reason that a client can be told is on the page, with what it means', () => {
  assert.deepEqual(
    tagsOf('ERRORS'),
    NG_ERROR_TEXTS.map(({ text }) => text),
  );
  const known = [
    ...Object.values(NG_ERRORS),
    'rtpbridge does not do "publish"',
    'Failed to parse SDP: the description is empty',
    'no network is called x: there are a',
    'network a has no IPv6 address',
    'notify "x": not permitted',
    'events of kam2: kam1 may have its own only',
    'delete-delay "x": expected a number of seconds, 0 or more',
    'call-id: expected at most 2048 bytes, not 2049',
    'Reply too long for UDP (70000 bytes); ask over TCP, HTTP or WebSocket',
  ];
  for (const reason of known) assert.notEqual(ngErrorMeaning(reason), '', reason);
  assert.equal(ngErrorMeaning('something else'), '');
  const wrong = [
    ...[
      '',
      'x',
      'd',
      'd1:ae',
      '{',
      '[]',
      '{"a":1}',
      '{"command":"frob"}',
      '{"command":"mesh"}',
      `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
    ],
    ...NG_COMMANDS.map((command) => `{"command":"${command}","limit":-1}`),
    ...['call-id', 'from-tag', 'sdp'].map(
      (_, i) => `{"command":"answer","sdp":"v=0"${['', ',"call-id":"c"', ',"call-id":"c","from-tag":"f"'][i]}}`,
    ),
    '{"command":"unsubscribe","call-id":"c"}',
    '{"command":"play DTMF","call-id":"c","code":"99"}',
  ];
  for (const payload of wrong) {
    const read = readNg(payload);
    if (read.kind === 'error') assert.notEqual(ngErrorMeaning(read.reason), '', `${payload}: ${read.reason}`);
  }
});

/** What the tool of this name makes of a page; null: it is not installed. */
const shown = (page: string): string | null => {
  if (findExecutable('groff') === null) return null;
  const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], { input: page, encoding: 'utf8', timeout: 20_000 });
  assert.deepEqual([groff.status, groff.stderr], [0, '']);
  return groff.stdout;
};

test('[PN-56] groff shows the page without a warning, and the examples as they are', (t) => {
  const text = shown(PAGE);
  if (text === null) return t.skip('groff not found; install with: apt-get install groff');
  for (const { lines } of NG_SCENES) for (const line of lines) assert.ok(text.includes(`       ${line}\n`), line);
});

const SETTINGS = formatSettingsPage('1.2.3');

test('the example of the settings page is a settings file with all that there is, and groff shows it as it is', async (t) => {
  const world: SettingsWorld = {
    ...{ file: 'rtpbridge.yaml', isPrivate: true, given: [], bindProblem: async () => null },
    resolve: async (name) => refuse(`${name} is a name`),
    readFile: (path) => {
      const text = path.startsWith('/etc/ssl') ? '-----BEGIN CERTIFICATE-----\n' : path === 'tokens' ? 'proxy abc\n' : 'secret\n';
      return ok({ path, text, isPrivate: true });
    },
  };
  const tree = readYaml(SETTINGS_EXAMPLE.join('\n'));
  assert.ok(tree.ok, tree.ok ? '' : JSON.stringify(tree.error));
  const settings = await readSettings(tree.value, world);
  assert.ok(settings.ok, settings.ok ? '' : settings.error.join('\n'));
  const { networks, standard, bridge, limits, control, events } = settings.value;
  assert.deepEqual(
    networks.map(({ name }) => name),
    ['office', 'internet'],
  );
  assert.deepEqual([standard, bridge], ['internet', { internal: 'office', external: 'internet' }]);
  assert.deepEqual(limits, { calls: 5000, callsPerSecond: 100 });
  assert.deepEqual(control.tokens.map(({ name }) => name).sort(), ['console', 'proxy']);
  assert.deepEqual([events.secret, events.silenceMs, events.keepMs], ['secret', 20_000, 600_000]);
  const text = shown(SETTINGS);
  if (text === null) return t.skip('groff not found; install with: apt-get install groff');
  for (const line of SETTINGS_EXAMPLE) assert.ok(text.includes(line === '' ? '\n\n' : `       ${line}\n`), line);
});

test('every setting is on its page, and no other', async () => {
  const known = async (path: readonly string[]): Promise<readonly string[]> => {
    const text = `${path.map((name, i) => `${'  '.repeat(i)}${name}:\n`).join('')}${'  '.repeat(path.length)}zzzzzzzzzz: 1\n`;
    const tree = readYaml(text);
    assert.ok(tree.ok);
    const read = await readSettings(tree.value, {
      ...{ file: 'f', isPrivate: true, given: [], bindProblem: async () => null },
      resolve: async () => refuse('no'),
      readFile: () => refuse('no'),
    });
    const told = (read.ok ? [] : read.error).flatMap(
      (each) => /no setting is called so; expected one of ([a-z, -]+)$/.exec(each)?.[1] ?? [],
    );
    return told.flatMap((names) => names.split(', '));
  };
  const paths: string[] = [];
  const walk = async (path: readonly string[], shownAs: string): Promise<void> => {
    const names = path[0] === 'networks' && path.length === 1 ? ['NAME'] : await known(path);
    if (names.length === 0) paths.push(shownAs);
    for (const name of names) await walk([...path, name === 'NAME' ? 'x' : name], shownAs === '' ? name : `${shownAs}.${name}`);
  };
  await walk([], '');
  const rows = SETTING_TEXTS.map(({ path }) => path);
  // A map with any names, and a map that stands for a text.
  const odd = ['networks.NAME', 'control.tokens.NAME', 'networks.NAME.addresses'];
  const walked = paths.map((path) => (path === 'control.tokens' ? 'control.tokens.NAME' : path));
  assert.deepEqual(rows.filter((path) => !odd.includes(path)).sort(), walked.filter((path) => !odd.includes(path)).sort());
});
