/** The language of manual pages: groff_man(7). Every function answers lines without a line end at their end. */

/** Text as roff shows it literally: a hyphen stays one that can be copied, and no line is taken for a request. */
export function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/[^\0-\x7f]/gu, (letter) => `\\[u${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`)
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

export const bold = (text: string): string => `\\fB${escapeRoff(text)}\\fR`;
export const italic = (text: string): string => `\\fI${escapeRoff(text)}\\fR`;

export const heading = (title: string): string => `.SH ${quote(title)}`;
export const subheading = (title: string): string => `.SS ${quote(title)}`;
export const paragraph = (text: string): string => `.PP\n${escapeRoff(text)}`;

/** A term, already marked up, and what is said of it. */
export const tagged = (term: string, text: string): string => `.TP\n${term}\n${escapeRoff(text)}`;

export const bullet = (text: string): string => `.IP \\(bu 2\n${escapeRoff(text)}`;

/** Lines that are shown as they are. */
export const example = (lines: readonly string[]): string => ['.PP', '.EX', ...lines.map(escapeRoff), '.EE'].join('\n');

/** The first line of a page. `manual`: the name of the section. */
export const title = (name: string, section: number, source: string, manual = "System Manager's Manual"): string =>
  `.TH ${quote(name.toUpperCase())} ${section} "" ${quote(source)} ${quote(manual)}`;

const quote = (text: string): string => `"${escapeRoff(text).replaceAll('"', '\\(dq')}"`;

/** Text in which words between backticks are bold. */
const marked = (text: string): string =>
  text
    .split('`')
    .map((part, i) => (i % 2 === 1 ? bold(part) : escapeRoff(part)))
    .join('');

/** The same as `tagged`, where words of the text stand between backticks. */
export const taggedMarked = (term: string, text: string): string => `.TP\n${term}\n${marked(text)}`;
