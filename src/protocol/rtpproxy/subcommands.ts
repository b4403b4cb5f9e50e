import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { Subcommand } from './command.js';
import { parseDescription } from './description.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';
import type { Grammar } from './grammar.js';

/**
 * Reads what stands between the `&&` of U, L and Q. `bothTags`: the command is a U with a To tag, so that the other leg can be meant (`L`) and
 * another session led in (`C`). Whatever is wrong is the one error E3, before anything is carried out.
 */
export function parseSubcommands(
  parts: readonly (readonly string[])[],
  bothTags: boolean,
  grammar: Grammar,
): Result<readonly Subcommand[], ErrorCode> {
  const subcommands: Subcommand[] = [];
  for (const part of parts) {
    const parsed = parseSubcommand(part, bothTags, grammar);
    if (parsed === null) return refuse(E.subcommand);
    subcommands.push(parsed);
  }
  return ok(subcommands);
}

function parseSubcommand(part: readonly string[], bothTags: boolean, grammar: Grammar): Subcommand | null {
  const [head = '', ...args] = part;
  switch (head.charAt(0).toUpperCase()) {
    case 'M':
      return parseModule(head, args, grammar);
    case 'D':
      return args.length === 0 && /^dw?$/i.test(head) ? { kind: 'delete', weak: head.length === 2 } : null;
    case 'S':
      return parseSet(head, args);
    case 'L':
      return bothTags ? parseLookup(head, args, grammar) : null;
    case 'C':
      return bothTags ? parseFork(head, args) : null;
    default:
      return null;
  }
}

/** `M<module>:<instance> args…`, both counted from 1. */
function parseModule(head: string, args: readonly string[], grammar: Grammar): Subcommand | null {
  const [, first, second] = /^m([0-9]{1,9}):([0-9]{1,9})$/i.exec(head) ?? [];
  const module = Number(first);
  const instance = Number(second);
  if (!(module >= 1 && instance >= 1 && instance <= grammar.moduleInstances(module))) return null;
  return { kind: 'module', module, instance, args };
}

const HIGHEST_TOS = 255;

/** `S name=value`, `Sr name=value`. Any other second letter than `r` says nothing, as in the original. */
function parseSet(head: string, args: readonly string[]): Subcommand | null {
  const [, name, digits] = /^(ttl|tos)=([0-9]{1,9})$/.exec(args[0] ?? '') ?? [];
  const value = Number(digits);
  if (args.length !== 1 || head.length > 2 || !(value >= 1)) return null;
  if (name !== 'ttl' && (name !== 'tos' || value > HIGHEST_TOS)) return null;
  return { kind: 'set', reverse: head.charAt(1).toLowerCase() === 'r', name, value };
}

function parseLookup(head: string, args: readonly string[], grammar: Grammar): Subcommand | null {
  const [host, port] = args;
  if (host === undefined || port === undefined || args.length !== 2) return null;
  const description = parseDescription(head.slice(1), host, port, grammar);
  return description.ok ? { kind: 'lookup', description: description.value } : null;
}

function parseFork(head: string, args: readonly string[]): Subcommand | null {
  const [call, from, to] = args;
  if (head.length !== 1 || call === undefined || from === undefined || to === undefined || args.length !== 3) return null;
  return { kind: 'fork', call, tags: { from, to } };
}
