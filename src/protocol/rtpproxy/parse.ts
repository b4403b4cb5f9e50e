import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { RtpproxyCommand, Tags } from './command.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';
import { MAX_SUBCOMMANDS, MAX_TOKENS, splitTokens } from './tokens.js';
import { parseUpdate } from './update.js';

type Parsed = Result<RtpproxyCommand, ErrorCode>;

type Verb = {
  /** Tokens, the command itself included. */
  readonly min: number;
  readonly max: number;
  readonly takesModifiers: boolean;
  readonly parse: (modifiers: string, args: readonly string[]) => Parsed;
};

const tagsOf = (from: string | undefined, to: string | undefined): Tags => ({ from: from ?? '', to: to ?? null });

const VERBS: Readonly<Record<string, Verb>> = {
  U: { min: 5, max: 8, takesModifiers: true, parse: (m, args) => parseUpdate('update', m, args) },
  L: { min: 5, max: 6, takesModifiers: true, parse: (m, args) => parseUpdate('lookup', m, args) },
  D: { min: 3, max: 4, takesModifiers: true, parse: parseDelete },
  Q: { min: 3, max: 15, takesModifiers: true, parse: parseQuery },
  I: { min: 1, max: 1, takesModifiers: true, parse: parseInfo },
  V: { min: 1, max: 1, takesModifiers: false, parse: () => ok({ verb: 'version' }) },
  VF: { min: 2, max: 2, takesModifiers: false, parse: (_, [date]) => ok({ verb: 'capability', date: date! }) },
  X: { min: 1, max: 1, takesModifiers: false, parse: () => ok({ verb: 'deleteAll' }) },
};

/**
 * Reads one command, without its cookie. Grammar only, never throws: an error is the reply that rtpproxy gives. The order of the checks
 * is rtpproxy's: letter, argument count, modifiers, sub-commands, then the command's own.
 */
export function parseCommand(text: string): Parsed {
  const tokens = splitTokens(text);
  if (tokens === null || tokens.length === 0) return refuse(E.unreadable);
  return parseTokens(tokens);
}

/** As `parseCommand`, for a command that was split before. */
export function parseTokens(tokens: readonly string[]): Parsed {
  const [main, ...subcommands] = splitSubcommands(tokens);
  if (main === undefined || subcommands.length > MAX_SUBCOMMANDS) return refuse(E.unreadable);
  for (const part of [main, ...subcommands]) if (part.length === 0 || part.length > MAX_TOKENS) return refuse(E.unreadable);
  const { verb, modifiers } = splitHead(main[0]!);
  if (verb === undefined) return refuse(E.unknownCommand);
  if (main.length < verb.min || main.length > verb.max) return refuse(E.argumentCount);
  if (modifiers !== '' && !verb.takesModifiers) return refuse(E.modifiersNotTaken);
  // No sub-command is implemented yet: each of them fails to parse, as one that rtpproxy does not know.
  if (subcommands.length > 0) return refuse(E.subcommand);
  return verb.parse(modifiers, main.slice(1));
}

function splitSubcommands(tokens: readonly string[]): string[][] {
  const parts: string[][] = [[]];
  for (const token of tokens) {
    if (token === '&&') parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}

/** `VF` is a verb of its own; every other verb is one letter, and what is glued to it are modifiers. */
function splitHead(head: string): { readonly verb: Verb | undefined; readonly modifiers: string } {
  const letter = head.charAt(0).toUpperCase();
  const length = letter === 'V' && head.charAt(1).toUpperCase() === 'F' ? 2 : 1;
  return { verb: VERBS[length === 2 ? 'VF' : letter], modifiers: head.slice(length) };
}

function parseDelete(modifiers: string, [call, from, to]: readonly string[]): Parsed {
  for (const letter of modifiers) if (letter !== 'w' && letter !== 'W') return refuse(E.deleteModifier);
  return ok({ verb: 'delete', call: call!, tags: tagsOf(from, to), weak: modifiers !== '' });
}

function parseQuery(modifiers: string, [call, from, to, ...names]: readonly string[]): Parsed {
  return ok({ verb: 'query', call: call!, tags: tagsOf(from, to), modifiers, names });
}

function parseInfo(modifiers: string): Parsed {
  for (const letter of modifiers) if (!'bBlL'.includes(letter)) return refuse(E.infoModifier);
  return ok({ verb: 'info', load: /l/i.test(modifiers) });
}
