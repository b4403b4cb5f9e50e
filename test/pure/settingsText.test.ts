/** Settings files that are no YAML, or not as an editor would write them: what is told of each, in one line. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSettingsFile } from '../../src/io/settings/settingsFile.js';
import { textOf } from '../../src/io/settings/settingsText.js';
import { DEFAULT_SETTINGS } from '../../src/relay/settings/readSettings.js';
import { settingsOf, WORLD } from '../rig/settingsGiven.js';

const GOOD = 'networks:\n  a: { addresses: 10.0.0.1 }\n';
const A_MAP = 'expected a map of networks, default, bridge, limits, control, events';
const TOO_DEEP = 'more than 20 levels within each other: expected at most so many';

const problemsOf = async (text: string): Promise<readonly string[]> => {
  const settings = await settingsOf(text);
  return settings.ok ? [] : settings.error.map((line) => line.replace('relay.yaml:', ''));
};

/** `LINE: what is told`; null: nothing is wrong. */
const TEXTS: readonly (readonly [what: string, text: string, told: string | null])[] = [
  ['an empty file', '', null],
  ['spaces and tabs', ' \n\t\n', null],
  ['one document with its marks', `---\n${GOOD}...\n`, null],
  ['lines as Windows ends them', GOOD.replaceAll('\n', '\r\n'), null],
  [
    'lines as old Macs ended them',
    GOOD.replaceAll('\n', '\r'),
    '1: a line that ends in a carriage return alone: expected a line feed',
  ],
  ['two documents', `${GOOD}---\nlimits: { calls: 1 }\n`, '3: a second document begins here: expected one in a file'],
  ['a second document that is empty', `${GOOD}---\n`, '3: a second document begins here: expected one in a file'],
  ['a hundred documents', '--- 1\n'.repeat(100), '2: a second document begins here: expected one in a file'],
  ['a list at the top', '- a\n- b\n', `1: the file is a list: ${A_MAP}`],
  ['a word', 'hello\n', `1: the file is "hello": ${A_MAP}`],
  ['a tab as indentation', 'networks:\n\ta: { addresses: 10.0.0.1 }\n', '2: a tab in front of what stands here: expected spaces'],
  ['a tab behind spaces', 'networks:\n  a:\n  \taddresses: 10.0.0.1\n', '3: a tab in front of what stands here: expected spaces'],
  ['tabs elsewhere', 'limits:\t{ calls: 3 }\t# ok\n', null],
  ['a name twice', 'limits:\n  calls: 1\n  calls: 2\n', '3: "calls" is there already, in line 2: expected it once'],
  ['the same in quotes', 'limits: {\n  calls: 1,\n  "calls": 2 }\n', '3: "calls" is there already, in line 2: expected it once'],
  ['a map within itself', 'networks: &a\n  b: *a\n', `2: ${TOO_DEEP}`],
  ['deep brackets', `limits:\n  calls: ${'['.repeat(3000)}`, `2: ${TOO_DEEP}`],
  ['deep braces', `limits:\n  calls: ${'{a: '.repeat(3000)}1${'}'.repeat(3000)}`, `2: ${TOO_DEEP}`],
  ['deep dashes', `limits:\n  ${'- '.repeat(3000)}x`, `2: ${TOO_DEEP}`],
  ['deep lines', Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), `22: ${TOO_DEEP}`],
  ['an alias of nothing', 'limits:\n  calls: *none\n', '2: *none: expected &none somewhere before it'],
  ['an alias before its anchor', 'limits:\n  calls: *a\ndefault: &a x\n', '2: *a: expected &a somewhere before it'],
  ['a tag', 'limits:\n  calls: !!js/function 1\n', '2: Unresolved tag: tag:yaml.org,2002:js/function: expected no tag'],
  ['a control character', 'limits: {}\ndefault: "\u0007"\n', '2: the control character U+0007: expected text'],
  ['a byte of nothing', `${GOOD}\0`, '3: the control character U+0000: expected text'],
  [
    'two files put together',
    `${GOOD}\ufefflimits: {}\n`,
    '3: a byte order mark (U+FEFF) amid the text: expected one in front of it, if any',
  ],
  [
    'spaces that are others',
    'limits:\n\u00a0\u00a0calls: 1\n',
    '2: ??calls: no setting is called so; expected one of networks, default, bridge, limits, control, events',
  ],
];

for (const [what, text, told] of TEXTS) {
  test(`${what}: ${told ?? 'fine'}`, async () => {
    deepEqual(await problemsOf(text), told === null ? [] : [told]);
  });
}

test('an anchor that is named twice means what it stood for last, also behind an alias of what named it first', async () => {
  const calls = async (lines: readonly string[]): Promise<number | null> => {
    const settings = await settingsOf(`${lines.join('\n')}\n`);
    ok(settings.ok, settings.ok ? '' : settings.error.join());
    return settings.value.limits.calls;
  };
  equal(await calls(['events: { keep: &x 7, silence: &x 8 }', 'limits: { calls: *x }']), 8);
  const again = [
    'control: &c { allow: [&x 10.0.0.1] }',
    'default: &x a',
    'limits: { calls: 5 }',
    'networks: { a: { addresses: 10.0.0.1 } }',
  ];
  equal(await calls(again), 5);
  deepEqual(await problemsOf('events: &e { keep: &x 7 }\nlimits: { calls: &x 8, calls-per-second: *e }\nbridge: *x\n'), [
    '2: limits.calls-per-second is a map: expected a whole number from 0 to 10000000',
    '3: bridge is 8: expected a map of internal, external',
  ]);
  equal(
    await calls([
      'default: &key a',
      'networks: { &n a: { addresses: 10.0.0.1 }, b: { addresses: 10.0.0.2 } }',
      'limits: { calls: 1 }',
    ]),
    1,
  );
});

test('what grows by aliases is refused as soon, however long the file is', async () => {
  const letters = [...'abcdefghij'];
  const bomb = letters.map(
    (name, i) =>
      `${name}: &${name} [${Array(9)
        .fill(i === 0 ? 'x' : `*${letters[i - 1]}`)
        .join(', ')}]`,
  );
  deepEqual(await problemsOf(bomb.join('\n')), ['3: more than 1000 aliases: expected at most so many']);
  const startedAt = performance.now();
  deepEqual(await problemsOf(`- &a 1\n${'- *a\n'.repeat(30_000)}`), ['1002: more than 1000 aliases: expected at most so many']);
  ok(performance.now() - startedAt < 2500, 'each alias is found at once');
});

/** As bytes, and what is told of them. */
const BYTES: readonly (readonly [what: string, bytes: Buffer, told: string | null])[] = [
  ['a byte order mark', Buffer.from(`\ufeff${GOOD}`), null],
  ['nothing but a byte order mark', Buffer.from('\ufeff'), null],
  ['UTF-16 of Windows', Buffer.from(`\ufeff${GOOD}`, 'utf16le'), '1: the file is UTF-16: expected UTF-8'],
  ['UTF-16 the other way', Buffer.from(`\ufeff${GOOD}`, 'utf16le').swap16(), '1: the file is UTF-16: expected UTF-8'],
  ['UTF-16 without a mark', Buffer.from(GOOD, 'utf16le'), '1: the file is UTF-16: expected UTF-8'],
  ['UTF-16 without a mark, the other way', Buffer.from(GOOD, 'utf16le').swap16(), '1: the file is UTF-16: expected UTF-8'],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), '1: the file is UTF-32: expected UTF-8'],
  ['UTF-32 without a mark', Buffer.from([0, 0, 0, 0x61, 0, 0, 0, 0x3a]), '1: the file is UTF-32: expected UTF-8'],
  [
    'Latin-1',
    Buffer.from('# one\nnetworks: # B\xfcro\n', 'latin1'),
    '2: bytes that are no UTF-8 (Latin-1, perhaps): expected UTF-8',
  ],
  [
    'half a letter at the end',
    Buffer.from(`# B\u00fc`).subarray(0, -1),
    '1: bytes that are no UTF-8 (Latin-1, perhaps): expected UTF-8',
  ],
  ['letters of all lengths', Buffer.from('# a \u00fc \u20ac \u{1f600}\n'), null],
];

test('a file in another encoding than UTF-8 is told by its name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-settings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [what, bytes, told] of BYTES) {
    const path = join(folder, 'relay.yaml');
    writeFileSync(path, bytes);
    const read = await readSettingsFile(path, WORLD);
    deepEqual(read.ok ? null : read.error, told === null ? null : [`${path}:${told}`], what);
  }
  const empty = join(folder, 'empty.yaml');
  writeFileSync(empty, '');
  deepEqual(await readSettingsFile(empty, WORLD), { ok: true, value: DEFAULT_SETTINGS });
  const long = join(folder, 'long.yaml');
  writeFileSync(long, '#'.repeat(300_000));
  const read = await readSettingsFile(long, WORLD);
  deepEqual(read.ok ? null : read.error, [`${long}: expected at most 262144 bytes, not 300000`]);
  const endless = await readSettingsFile('/dev/zero', WORLD);
  match(endless.ok ? '' : endless.error.join(), /^\/dev\/zero: expected at most 262144 bytes, and it has more$/);
});

test('the line of bytes that are no UTF-8 is found in a time that grows with the file', () => {
  const bytes = Buffer.concat([Buffer.from('\u20ac\n'.repeat(200_000)), Buffer.from([0x80])]);
  const startedAt = performance.now();
  const text = textOf(bytes);
  equal(text.ok ? 0 : text.error.line, 200_001);
  ok(performance.now() - startedAt < 2500);
});
