/** [SY-33] The manual pages of makeann and extractaudio: every option is there, every one of them is taken, and man(1) can show it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { formatToolPage, TOOL_PAGES, type ToolPageName } from '../../src/relay/manual/toolPages.js';
import { formatExtractHelp, parseExtractOptions } from '../../src/relay/tools/extractOptions.js';
import { MAKEANN_HELP, parseMakeann } from '../../src/relay/tools/makeannOptions.js';
import { findExecutable } from '../rig/peers.js';

const HEADINGS = [
  'NAME',
  'SYNOPSIS',
  'DESCRIPTION',
  'OPTIONS',
  'EXIT STATUS',
  'EXAMPLES',
  'DIFFERENCES FROM RTPPROXY',
  'SEE ALSO',
];

const HELP: Readonly<Record<ToolPageName, string>> = { makeann: MAKEANN_HELP, extractaudio: formatExtractHelp() };

/** Whether the program takes these arguments. */
const takes: Readonly<Record<ToolPageName, (args: readonly string[]) => boolean>> = {
  makeann: (args) => parseMakeann(args).ok,
  extractaudio: (args) => parseExtractOptions(args).ok,
};

/** A page without its markup. */
const textOf = (page: ToolPageName): string =>
  formatToolPage(page, '1.2.3')
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\&', '');

const partOf = (page: ToolPageName, heading: string): string =>
  (textOf(page).split(`.SH "${heading}"\n`)[1] ?? '').split(/^\.SH /m)[0]!;

/** `-F, --file-format NAME` and its like. */
const tagsOf = (page: ToolPageName): string[] => [...partOf(page, 'OPTIONS').matchAll(/^\.TP\n(.*)$/gm)].map((tag) => tag[1]!);

const namesIn = (tag: string): string[] => tag.match(/--?[a-zA-Z][\w-]*/g) ?? [];

const SAMPLES: Readonly<Record<string, string>> = {
  ...{ LIMIT: '80', FILE: 'f', NAME: 'wav', HZ: '16000' },
  'SUITE:KEY': `AES_CM_128_HMAC_SHA1_80:${'A'.repeat(40)}`,
};

for (const page of TOOL_PAGES) {
  test(`[SY-33] the page of ${page} has the options of its help, and no other`, () => {
    const told = HELP[page].split('\n').flatMap((line) => /^ {2,6}(-.*?)(?: {2}|$)/.exec(line)?.[1] ?? []);
    const inHelp = new Set(told.flatMap(namesIn));
    assert.ok(inHelp.size >= 5, HELP[page]);
    assert.deepEqual(new Set(tagsOf(page).flatMap(namesIn)), inHelp);
  });

  test(`[SY-33] every option in the page of ${page} is taken on its command line`, () => {
    for (const tag of tagsOf(page)) {
      const [, value] = / ([A-Z:]+)$/.exec(tag) ?? [];
      const sample = value === undefined ? [] : [tag.startsWith('-D') ? 'pcm_16' : (SAMPLES[value] ?? assert.fail(tag))];
      for (const name of namesIn(tag)) {
        const needed = name === '-L' ? ['-l', '80'] : [];
        const files = name === '-S' || name === '--scan' ? ['in'] : ['in', 'out'];
        assert.ok(takes[page]([...needed, name, ...sample, ...files]), `${name} ${sample.join()}`);
      }
    }
  });

  test(`[PN-56] the examples in the page of ${page} are taken`, () => {
    const shown = [...partOf(page, 'EXAMPLES').matchAll(/^\.EX\n([\s\S]*?)\n\.EE$/gm)].flatMap((each) => each[1]!.split('\n'));
    const commands = shown.filter((line) => line.startsWith(`${page} `));
    assert.ok(commands.length >= 2);
    for (const command of commands) {
      const args = command.split(' ').slice(1);
      assert.ok(takes[page](args.map((word) => word.replaceAll("'", ''))), command);
    }
  });

  test(`groff and man show the page of ${page} without a warning, with every part`, (t) => {
    const headings = [...textOf(page).matchAll(/^\.SH "(.*)"$/gm)].map((found) => found[1]!);
    assert.deepEqual(
      headings.filter((name) => HEADINGS.includes(name)),
      HEADINGS,
    );
    assert.match(textOf(page), /^\.TH "[A-Z]+" 1 "" "rtpbridge 1\.2\.3" "User Commands"$/m);
    if (findExecutable('groff') === null) return t.skip('groff not found; install with: apt-get install groff');
    const input = formatToolPage(page, '1.2.3');
    const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], { input, encoding: 'utf8', timeout: 20_000 });
    assert.deepEqual([groff.status, groff.stderr], [0, '']);
    for (const name of tagsOf(page).flatMap(namesIn)) assert.ok(groff.stdout.includes(name), name);
  });
}
