import type { Notify } from '../../../model/session/notify.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { Subcommand, UpdateCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E, type ErrorCode } from '../../protocol/rtpproxy/errors.js';
import { formatSubresults } from '../../protocol/rtpproxy/format.js';
import { matchTarget } from '../notify/targets.js';
import type { Direction } from '../session/directory.js';
import type { Session } from '../session/session.js';
import { admission } from './admission.js';
import { describe, wishOf } from './describe.js';
import type { Execution } from './execution.js';
import { runSubcommands } from './subcommands.js';

const UNKNOWN_TO_LOOKUP = '0';

const CLOSED_CODES = { draining: E.leaving, overloaded: E.overloaded, calls: E.overloaded, rate: E.overloaded } as const;

/** U carries the words of who owns the From tag, L the answer of the other one. */
function speaker(verb: 'update' | 'lookup', direction: Direction): Side {
  return (verb === 'update') === (direction === 'forward') ? 'caller' : 'callee';
}

/** U and L: the port of the leg that faces the other side, then what the sub-commands say. */
export function update(command: UpdateCommand, execution: Execution): string {
  const { shard } = execution;
  const unreachable = unreachableNetwork(command, execution);
  if (unreachable !== null) return unreachable;
  const found = shard.directory.find(command.call, command.tags);
  if (found === null && command.verb === 'lookup') return UNKNOWN_TO_LOOKUP;
  const notNow = found === null ? admission(execution, command.call) : null;
  if (notNow !== null) return CLOSED_CODES[notNow];
  const session = found?.session ?? shard.draft(command.call, command.tags.from);
  if (session === null) return E.noPortForSession;
  const side = speaker(command.verb, found?.direction ?? 'forward');
  const notify = command.verb === 'update' ? notifyOf(command, execution) : 'keep';
  const { verb } = command;
  const local = describe(session, { side, verb, description: command, notify, isNew: found === null }, execution);
  if (!local.ok) return local.error;
  if (found === null) recordAll(session, execution);
  return formatSubresults(local.value, runSubcommands(command.subcommands, session, side, execution));
}

/** Where every session is to be recorded, it is so from its beginning; pcap in one file. */
function recordAll(session: Session, { shard, setting: { recording } }: Execution): void {
  if (recording === null || !recording.all) return;
  const { form } = recording;
  shard.command(session, { type: 'Record', sides: SIDES, form, single: form === 'pcap', name: null });
}

/** Networks that cannot be had are refused before a session is looked for, and those of sub-commands as what cannot be read. */
function unreachableNetwork({ network, subcommands, call }: UpdateCommand, execution: Execution): ErrorCode | null {
  const wish = wishOf(network, { call, isNew: false }, execution);
  if (!wish.ok) return wish.error;
  const isReachable = (subcommand: Subcommand): boolean =>
    subcommand.kind !== 'lookup' || wishOf(subcommand.description.network, { call, isNew: false }, execution).ok;
  return subcommands.every(isReachable) ? null : E.subcommand;
}

/** Whom to notify, if that is permitted; otherwise nobody, and it is said. */
function notifyOf({ notify, tags, call }: UpdateCommand, { setting, origin, warn }: Execution): Notify | null {
  if (notify === null) return null;
  const target = matchTarget(setting.permitted, notify.socket, origin);
  if (target === null) warn(`${call} is not notified of its timeout: no -n permits ${notify.socket}`);
  // Who asks without a tag is told the Call-ID.
  return target === null ? null : { target, tag: notify.tag ?? call, toTag: tags.to };
}
