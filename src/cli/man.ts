import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatManPage, MAN_PAGES, MAN_SECTION, type ManPageName } from '../relay/manual/manPage.js';
import { packageVersion } from './version.js';

const USAGE = `usage: rtpbridge man [rtpbridge|rtpproxy] [--write DIR]

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
    else process.stdout.write(formatManPage(pageOf(positionals), packageVersion()));
    return 0;
  } catch (error) {
    process.stderr.write(`rtpbridge: ${(error as Error).message.split('\n')[0]}\n`);
    return 1;
  }
}

function pageOf([name = 'rtpbridge', ...surplus]: readonly string[]): ManPageName {
  const page = MAN_PAGES.find((candidate) => candidate === name);
  if (page === undefined || surplus.length > 0) throw new Error(`expected one of the pages ${MAN_PAGES.join(', ')}`);
  return page;
}

function writePages(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const page of MAN_PAGES) writeFileSync(join(folder, `${page}.${MAN_SECTION}`), formatManPage(page, packageVersion()));
}
