import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { RtpproxyCommand } from './command.js';
import { parseDescription } from './description.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';
import type { Grammar } from './grammar.js';
import { parseTail, type Tail } from './notifyRequest.js';
import { parseSubcommands } from './subcommands.js';

/**
 * U and L after their letter: `call address port from [to] [notify-socket notify-tag]`, the last two for U only. The order of the checks is
 * rtpproxy's: notification tag, modifiers, family, address, whether notifications are permitted, then the sub-commands.
 */
export function parseUpdate(
  verb: 'update' | 'lookup',
  letters: string,
  args: readonly string[],
  subcommands: readonly (readonly string[])[],
  grammar: Grammar,
): Result<RtpproxyCommand, ErrorCode> {
  const [call, host, port, from, ...rest] = args;
  const tail: Result<Tail, ErrorCode> = verb === 'update' ? parseTail(rest) : ok({ to: rest[0] ?? null, notify: null });
  if (!tail.ok) return tail;
  const description = parseDescription(letters, host!, port!, grammar);
  if (!description.ok) return description;
  const { to, notify } = tail.value;
  if (notify !== null && !notify.lenient && !grammar.notify) return refuse(E.notifyNotPermitted);
  const parts = parseSubcommands(subcommands, verb === 'update' && to !== null, grammar);
  if (!parts.ok) return parts;
  return ok({ verb, call: call!, tags: { from: from!, to }, ...description.value, notify, subcommands: parts.value });
}
