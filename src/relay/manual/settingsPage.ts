import { bold, escapeRoff, example, heading, italic, paragraph, tagged, title } from './roff.js';
import { SETTING_TEXTS, SETTINGS_EXAMPLE } from './settingsTable.js';

/** The name of the page, and its section: file formats. */
export const SETTINGS_PAGE = 'rtpbridge.yaml';
export const SETTINGS_SECTION = 5;

/** The page of the settings file for man(1). */
export function formatSettingsPage(version: string): string {
  const parts = [
    title(SETTINGS_PAGE, SETTINGS_SECTION, `rtpbridge ${version}`, 'File Formats'),
    '.nr HY 0\n.hy 0', // Names must not be torn apart.
    heading('NAME'),
    escapeRoff(`${SETTINGS_PAGE} - networks, limits, access and events of rtpbridge`),
    heading('DESCRIPTION'),
    paragraph(
      'rtpbridge serve --settings FILE reads this file when it starts, and again when rtpbridge reload asks it to. It is YAML 1.2. Everything in it may be left out; what the command line says of networks is there besides. Names of files are relative to the folder that it is in.',
    ),
    paragraph(
      'Everything that is wrong is told at once, with file, line, setting, value and what was expected; tokens and secrets are not shown. Nothing is changed then, and at the start the relay does not begin.',
    ),
    heading('SETTINGS'),
    paragraph('By their paths: a dot stands for a map within a map.'),
    ...SETTING_TEXTS.map(({ path, text }) => tagged(markUp(path), text)),
    heading('RELOAD'),
    paragraph(
      'rtpbridge reload puts the file in force while calls run, and prints what has changed; with --check it only looks. Calls that stand keep their networks, addresses and ports, also where these are gone from the file, and so do media lines that are added to them; new calls go by what is new. Listeners (--listen-ng) and all else on the command line stay as they are. Tokens and addresses count at once: whoever may not any more is disconnected.',
    ),
    heading('EXAMPLE'),
    example(SETTINGS_EXAMPLE),
    heading('SEE ALSO'),
    '.BR rtpbridge (8),\n.BR rtpbridge\\-ng (7)',
  ];
  return `${parts.join('\n')}\n`;
}

const markUp = (path: string): string =>
  path
    .split('NAME')
    .map(bold)
    .join(italic('NAME'))
    .replaceAll(/\\fB\\fR/g, '');
