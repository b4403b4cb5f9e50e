/** Limits of rtpproxy's parser, as measured on it. */
export const MAX_TOKENS = 23;
export const MAX_SUBCOMMANDS = 15;
export const MAX_COMMAND_BYTES = 8191;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;

/**
 * Splits a command at runs of blanks, tabs, carriage returns and line feeds. Null where rtpproxy answers E5: a NUL byte inside a token.
 * `text`: one character a byte (Latin-1), so that no byte is lost.
 */
export function splitTokens(text: string): string[] | null {
  const tokens: string[] = [];
  let start = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : SPACE;
    if (code === 0) return null;
    if (code === SPACE || code === TAB || code === LF || code === CR) {
      if (start >= 0) tokens.push(text.slice(start, i));
      start = -1;
    } else if (start < 0) start = i;
  }
  return tokens;
}

/** Parts a command at its `&&`: the words of the command itself, then those of each sub-command. */
export function splitSubcommands(tokens: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const token of tokens) {
    if (token === '&&') parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}
