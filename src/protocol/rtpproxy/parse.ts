import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { QUERY_COUNTERS, type RtpproxyCommand, type Tags } from './command.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';
import type { Grammar } from './grammar.js';
import { hasAddress, withoutStrayBytes } from './strayBytes.js';
import { parseSubcommands } from './subcommands.js';
import { MAX_SUBCOMMANDS, MAX_TOKENS, splitSubcommands, splitTokens } from './tokens.js';
import { parseUpdate } from './update.js';

type Parsed = Result<RtpproxyCommand, ErrorCode>;

/** A command taken apart: what is glued to its letter, the words behind it, and the words of each sub-command. */
type Parts = {
  readonly modifiers: string;
  readonly args: readonly string[];
  readonly subcommands: readonly (readonly string[])[];
  readonly grammar: Grammar;
};

type Verb = {
  /** Tokens, the command itself included. */
  readonly min: number;
  readonly max: number;
  readonly takes: { readonly modifiers?: true; readonly subcommands?: true };
  readonly parse: (parts: Parts) => Parsed;
};

const MODIFIERS = { modifiers: true } as const;
const BOTH = { modifiers: true, subcommands: true } as const;
const NOTHING = {} as const;
/** Call-ID, two tags, and each counter once. The original has room for eleven, though it knows all of them. */
const LONGEST_QUERY = 4 + QUERY_COUNTERS.length;
/** As the original says; in fact a command cannot have that many tokens. */
const LONGEST_STATISTICS = 30;

const VERBS: Readonly<Record<string, Verb>> = {
  U: { min: 5, max: 8, takes: BOTH, parse: (parts) => parseSides('update', parts) },
  L: { min: 5, max: 6, takes: BOTH, parse: (parts) => parseSides('lookup', parts) },
  D: { min: 3, max: 4, takes: MODIFIERS, parse: parseDelete },
  P: { min: 5, max: 6, takes: MODIFIERS, parse: parsePlay },
  S: { min: 3, max: 4, takes: NOTHING, parse: ({ args: [call, ...tags] }) => ok({ verb: 'stopPlay', ...ofCall(call, tags) }) },
  R: { min: 3, max: 4, takes: MODIFIERS, parse: parseRecord },
  C: { min: 4, max: 5, takes: MODIFIERS, parse: parseCopy },
  N: { min: 3, max: 4, takes: MODIFIERS, parse: parseStopRecord },
  Q: { min: 3, max: LONGEST_QUERY, takes: BOTH, parse: parseQuery },
  I: { min: 1, max: 1, takes: MODIFIERS, parse: parseInfo },
  V: { min: 1, max: 1, takes: NOTHING, parse: () => ok({ verb: 'version' }) },
  VF: { min: 2, max: 2, takes: NOTHING, parse: ({ args: [date] }) => ok({ verb: 'capability', date: date! }) },
  X: { min: 1, max: 1, takes: NOTHING, parse: () => ok({ verb: 'deleteAll' }) },
  G: { min: 1, max: LONGEST_STATISTICS, takes: MODIFIERS, parse: parseStatistics },
};

/**
 * Reads one command, without its cookie. Grammar only, never throws: an error is the reply that rtpproxy gives. The order of the checks
 * is rtpproxy's: letter, argument count, modifiers, sub-commands, then the command's own. `text`: one character a byte (Latin-1).
 */
export function parseCommand(text: string, grammar: Grammar): Parsed {
  const tokens = splitTokens(text);
  const read = tokens === null ? refuse(E.unreadable) : parseTokens(tokens, grammar);
  if (read.ok && tokens !== null && hasAddress(tokens)) return read;
  const mended = withoutStrayBytes(text, tokens);
  return mended === null ? read : parseTokens(mended, grammar);
}

/** As `parseCommand`, for a command that was split before: what came in between the words cannot be mended any more. */
export function parseTokens(tokens: readonly string[], grammar: Grammar): Parsed {
  const [main = [], ...subcommands] = splitSubcommands(tokens);
  if (subcommands.length > MAX_SUBCOMMANDS) return refuse(E.unreadable);
  for (const part of [main, ...subcommands]) if (part.length === 0 || part.length > MAX_TOKENS) return refuse(E.unreadable);
  const [head = '', ...args] = main;
  const { verb, modifiers } = splitHead(head);
  if (verb === undefined) return refuse(E.unknownCommand);
  if (main.length < verb.min || main.length > verb.max) return refuse(E.argumentCount);
  if (modifiers !== '' && !verb.takes.modifiers) return refuse(E.modifiersNotTaken);
  if (subcommands.length > 0 && !verb.takes.subcommands) return refuse(E.subcommand);
  return verb.parse({ modifiers, args, subcommands, grammar });
}

/** `VF` is a verb of its own; every other verb is one letter, and what is glued to it are modifiers. */
function splitHead(head: string): { readonly verb: Verb | undefined; readonly modifiers: string } {
  const letter = head.charAt(0).toUpperCase();
  const length = letter === 'V' && head.charAt(1).toUpperCase() === 'F' ? 2 : 1;
  return { verb: VERBS[length === 2 ? 'VF' : letter], modifiers: head.slice(length) };
}

function ofCall(call: string | undefined, [from, to]: readonly string[]): { readonly call: string; readonly tags: Tags } {
  return { call: call ?? '', tags: { from: from ?? '', to: to ?? null } };
}

const parseSides = (verb: 'update' | 'lookup', { modifiers, args, subcommands, grammar }: Parts): Parsed =>
  parseUpdate(verb, modifiers, args, subcommands, grammar);

function parseDelete({ modifiers, args: [call, ...tags] }: Parts): Parsed {
  if (!/^w*$/i.test(modifiers)) return refuse(E.deleteModifier);
  return ok({ verb: 'delete', ...ofCall(call, tags), weak: modifiers !== '' });
}

function parsePlay({ modifiers, args: [call, prompt, codecs, ...tags] }: Parts): Parsed {
  if (!/^(?:[+-]?[0-9]{1,9})?$/.test(modifiers)) return refuse(E.playCount);
  const count = modifiers === '' ? 1 : Number.parseInt(modifiers, 10) + 0; // There is no negative zero here.
  return ok({ verb: 'play', ...ofCall(call, tags), prompt: prompt!, codecs: codecs!, count });
}

function parseRecord({ modifiers, args: [call, ...tags] }: Parts): Parsed {
  const [wrong] = /[^s]/i.exec(modifiers) ?? [];
  if (wrong !== undefined) return refuse(/p/i.test(wrong) ? E.recordModifierMisplaced : E.recordModifier);
  return ok({ verb: 'record', ...ofCall(call, tags), single: modifiers !== '' });
}

function parseCopy({ modifiers, args: [call, target, ...tags] }: Parts): Parsed {
  if (!/^[sp]*$/i.test(modifiers)) return refuse(E.recordModifier);
  const [single, reportPort] = [/s/i.test(modifiers), /p/i.test(modifiers)];
  return ok({ verb: 'copy', ...ofCall(call, tags), target: target!, single, reportPort });
}

function parseStopRecord({ modifiers, args: [call, ...tags] }: Parts): Parsed {
  if (/^a./is.test(modifiers)) return refuse(E.recordModifierMisplaced);
  if (!/^a?$/i.test(modifiers)) return refuse(E.recordModifier);
  return ok({ verb: 'stopRecord', ...ofCall(call, tags), both: modifiers !== '' });
}

function parseQuery({ modifiers, args: [call, from, to, ...names], subcommands, grammar }: Parts): Parsed {
  const parsed = parseSubcommands(subcommands, false, grammar);
  if (!parsed.ok) return parsed;
  const tags = { from: from!, to: to ?? null };
  return ok({ verb: 'query', call: call!, tags, modifiers, names, subcommands: parsed.value });
}

function parseInfo({ modifiers }: Parts): Parsed {
  if (!/^[bl]*$/i.test(modifiers)) return refuse(E.infoModifier);
  return ok({ verb: 'info', load: /l/i.test(modifiers) });
}

function parseStatistics({ modifiers, args: names }: Parts): Parsed {
  if (!/^v*$/i.test(modifiers)) return refuse(E.statisticsModifier);
  return ok({ verb: 'statistics', verbose: modifiers !== '', names });
}
