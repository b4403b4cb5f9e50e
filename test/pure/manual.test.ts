/** [SY-33] The manual: every option is in it, every option in it is accepted, and man(1) can show it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { readCommandLine } from '../../src/relay/commandLine.js';
import { DIFFERENCES } from '../../src/relay/manual/differences.js';
import { formatManPage, MAN_PAGES, type ManPageName } from '../../src/relay/manual/manPage.js';
import { escapeRoff } from '../../src/relay/manual/roff.js';
import { PROGRAM_NAMES, type ProgramName } from '../../src/relay/optionRow.js';
import { flagOf, longNameOf, optionsOf } from '../../src/relay/optionText.js';
import { SIGNAL_NAMES } from '../../src/relay/signalTable.js';
import { findExecutable } from '../rig/peers.js';

const HEADINGS = [
  ...[
    'NAME',
    'SYNOPSIS',
    'DESCRIPTION',
    'OPTIONS',
    'SIGNALS',
    'FILES',
    'ENVIRONMENT',
    'EXIT STATUS',
    'DIFFERENCES FROM RTPPROXY',
  ],
  'SEE ALSO',
];

const pageOf = (program: ProgramName): ManPageName => (program === 'rtpbridge' ? 'rtpbridge' : 'rtpproxy');

/** A page without its markup. */
function textOf(page: ManPageName): string {
  return formatManPage(page, '1.2.3')
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(dq', '"');
}

/** The tags of its OPTIONS: `-T, --ttl SECONDS`. */
function optionTags(page: ManPageName): string[] {
  const part = /^\.SH "OPTIONS"$([\s\S]*?)^\.SH /m.exec(textOf(page))?.[1] ?? '';
  return [...part.matchAll(/^\.TP\n(.*)$/gm)].map((tag) => tag[1]!);
}

for (const program of PROGRAM_NAMES) {
  test(`[SY-33] every option of ${program} is in the manual, with its names and what is said of it`, () => {
    const tags = optionTags(pageOf(program));
    for (const [key, row] of optionsOf(program)) {
      const long = longNameOf(row, program);
      const names = [row.short === undefined ? null : `-${row.short}`, long === null ? null : `--${long}`].filter(Boolean);
      const tag = tags.find((candidate) => candidate.startsWith(`${names.join(', ')}${row.optional ? '[=' : ''}`));
      assert.ok(tag !== undefined, `${key}: ${names.join(', ')}`);
      if (row.value !== undefined) assert.ok(tag.includes(row.value), tag);
      const said = escapeRoff(row.help.slice(1));
      assert.ok(formatManPage(pageOf(program), '1').includes(said), row.help);
    }
  });
}

/** A value that is fine, for any option that takes one. */
const SAMPLES: Readonly<Record<string, string>> = {
  LIMIT: '0.5',
  'USER[:GROUP]': 'me',
  'LEVEL[:FACILITY]': 'ERR',
  CLASS: 'fifo',
};

for (const page of MAN_PAGES) {
  test(`[SY-33] every option in the page of ${page} is accepted on its command line`, () => {
    const program = page === 'rtpbridge' ? 'rtpbridge' : 'rtpproxy_debug';
    const tags = optionTags(page);
    assert.equal(tags.length, optionsOf(program).length);
    for (const tag of tags) {
      const [, names = '', value] =
        /^((?:-\w|--[\w-]+)(?:, --[\w-]+)?)(?:\[=(.*)\]| (.*))?$/.exec(tag)?.filter((part) => part !== undefined) ?? [];
      const glue = tag.includes('[=') ? '=' : null;
      for (const name of names.split(', ')) {
        const sample = value === undefined ? [] : [SAMPLES[value] ?? '1'];
        const args = glue === null ? [name, ...sample] : [`${name}=${sample[0]}`];
        const read = readCommandLine(args, program);
        assert.ok(read.ok && read.value.length === 1, `${args.join(' ')}: ${JSON.stringify(read)}`);
      }
    }
  });

  test(`the page of ${page} has every part, every signal and every difference`, () => {
    const text = textOf(page);
    const found = [...text.matchAll(/^\.SH "(.*)"$/gm)].map((heading) => heading[1]);
    assert.deepEqual(
      found.filter((name) => HEADINGS.includes(name ?? '')),
      HEADINGS,
    );
    for (const name of SIGNAL_NAMES) assert.ok(text.includes(name), name);
    for (const difference of DIFFERENCES) assert.ok(formatManPage(page, '1').includes(escapeRoff(difference)), difference);
    assert.match(text, /^\.TH "[A-Z]+" 8 "" "rtpbridge 1\.2\.3"/);
  });

  test(`groff and man show the page of ${page} without a warning`, (t) => {
    if (findExecutable('groff') === null) return t.skip('groff not found; install with: apt-get install groff');
    const input = formatManPage(page, '1.2.3');
    const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], { input, encoding: 'utf8', timeout: 20_000 });
    assert.deepEqual([groff.status, groff.stderr], [0, '']);
    for (const [key] of optionsOf(page)) assert.ok(groff.stdout.includes(flagOf(key, page)), key);
    if (findExecutable('man') === null) return t.diagnostic('man not found');
    const man = spawnSync('man', ['--warnings', '-l', '-'], {
      input,
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, MANPAGER: 'cat' },
    });
    assert.deepEqual([man.status, man.stderr], [0, '']);
    assert.match(man.stdout, /DIFFERENCES FROM RTPPROXY/);
  });
}

test('what means something to roff is shown literally', () => {
  assert.equal(escapeRoff("a\\b\n.SH x\n'y -z"), "a\\eb\n\\&.SH x\n\\&'y \\-z");
  assert.equal(escapeRoff('0x…'), '0x\\[u2026]');
});
