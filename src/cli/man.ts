import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatManPage, MAN_PAGES, MAN_SECTION } from '../relay/manual/manPage.js';
import { formatNgPage, NG_PAGE, NG_SECTION } from '../relay/manual/ngPage.js';
import { formatProtocolPage, PROTOCOL_PAGE, PROTOCOL_SECTION } from '../relay/manual/protocolPage.js';
import { formatSettingsPage, SETTINGS_PAGE, SETTINGS_SECTION } from '../relay/manual/settingsPage.js';
import { formatToolPage, TOOL_PAGES, TOOL_SECTION } from '../relay/manual/toolPages.js';
import { packageVersion } from './version.js';

type Page = { readonly name: string; readonly section: number; readonly format: (version: string) => string };

const PAGES: readonly Page[] = [
  ...MAN_PAGES.map((name) => ({ name, section: MAN_SECTION, format: (version: string) => formatManPage(name, version) })),
  ...TOOL_PAGES.map((name) => ({ name, section: TOOL_SECTION, format: (version: string) => formatToolPage(name, version) })),
  { name: PROTOCOL_PAGE, section: PROTOCOL_SECTION, format: formatProtocolPage },
  { name: NG_PAGE, section: NG_SECTION, format: formatNgPage },
  { name: SETTINGS_PAGE, section: SETTINGS_SECTION, format: formatSettingsPage },
];
const NAMES = PAGES.map(({ name }) => name);

const USAGE = `usage: rtpbridge man [${NAMES.join('|')}] [--write DIR]

Prints a page of the manual for man(1): rtpbridge man rtpproxy | man -l -

  --write DIR   write all pages to this folder instead
  --help        print this and exit`;

/** `rtpbridge man`. Answers the exit code. */
export function man(args: readonly string[]): number {
  try {
    const options = { write: { type: 'string' }, help: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    if (values.write !== undefined) writePages(values.write);
    else process.stdout.write(pageOf(positionals).format(packageVersion()));
    return 0;
  } catch (error) {
    process.stderr.write(`rtpbridge: ${(error as Error).message.split('\n')[0]}\n`);
    return 1;
  }
}

function pageOf([wanted = 'rtpbridge', ...surplus]: readonly string[]): Page {
  const page = PAGES.find(({ name }) => name === wanted);
  if (page === undefined || surplus.length > 0) throw new Error(`expected one of the pages ${NAMES.join(', ')}`);
  return page;
}

function writePages(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, section, format } of PAGES) writeFileSync(join(folder, `${name}.${section}`), format(packageVersion()));
}
