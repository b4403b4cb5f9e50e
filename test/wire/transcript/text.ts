/**
 * How a transcript is written down:
 *
 *     # a remark
 *     @ -l 127.0.0.1/127.0.0.2        from here on the relay has these options (none: `-l 127.0.0.1`)
 *     ## [CW-14 PN-18] a title        a section: begins without sessions, and is a test for each kind of control socket
 *     > U call 127.0.0.1 4000 from    a command, without cookie and line end
 *     < PORT:callee 127.0.0.1         its reply; `&` in front of its further lines
 *
 * In options and commands `DIR` is the folder of the relay and `NPORT` a free port; in commands `\x20`, `\t`, `\r`, `\n` and `\\` are
 * bytes that cannot be seen. `PAIRS=2` among the options makes a media range of so many port pairs. What replies may hold is in
 * `reply.ts`.
 */

/** A command, and the reply that is expected, line by line. */
export type Exchange = { readonly line: number; readonly command: string; readonly reply: readonly string[] };

export type Section = { readonly line: number; readonly title: string; readonly exchanges: readonly Exchange[] };

/** Sections that are played to one relay. */
export type Group = { readonly options: readonly string[]; readonly sections: readonly Section[] };

const DEFAULT_OPTIONS: readonly string[] = ['-l', '127.0.0.1'];

/** @throws naming file and line where the text is none of the above */
export function parseTranscript(file: string, text: string): Group[] {
  const groups: { options: readonly string[]; sections: { line: number; title: string; exchanges: Exchange[] }[] }[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    const line = index + 1;
    const fail = (why: string): never => {
      throw new Error(`${file}:${line} ${why}: ${written}`);
    };
    if (written === '' || /^#( |$)/.test(written)) continue;
    if (/[^\x20-\x7e]/.test(written)) fail('bytes that are not plain ASCII are written \\xHH');
    const [, mark, rest = ''] = /^(@|##|>|<|&) (.*)$/.exec(written) ?? fail('expected @ ## > < & or # and a blank in front');
    if (mark === '@') {
      groups.push({ options: rest.trim().split(/ +/), sections: [] });
      continue;
    }
    if (groups.length === 0) groups.push({ options: DEFAULT_OPTIONS, sections: [] });
    const { sections } = groups.at(-1)!;
    if (mark === '##') {
      sections.push({ line, title: rest, exchanges: [] });
      continue;
    }
    const section = sections.at(-1) ?? fail('a section begins with ##');
    const last = section.exchanges.at(-1);
    if (mark === '>') {
      if (last?.reply.length === 0) fail('the command before has no reply');
      section.exchanges.push({ line, command: bytesOf(rest), reply: [] });
    } else if (last === undefined || (mark === '<') !== (last.reply.length === 0)) {
      fail(mark === '<' ? 'expected one reply after a command' : 'expected a reply before its further lines');
    } else {
      section.exchanges[section.exchanges.length - 1] = { ...last, reply: [...last.reply, rest] };
    }
  }
  for (const { line, title, exchanges } of groups.flatMap(({ sections }) => sections))
    if (exchanges.length === 0 || exchanges.at(-1)!.reply.length === 0)
      throw new Error(`${file}:${line} the section has no commands, or no reply to its last: ${title}`);
  return groups;
}

const BYTES: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', '\\': '\\' };

/** One character a byte (Latin-1). */
const bytesOf = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|([trn\\]))/g, (_, hex: string | undefined, letter: string | undefined) =>
    hex === undefined ? BYTES[letter!]! : String.fromCharCode(Number.parseInt(hex, 16)),
  );
