import type { DeleteCommand, PlayCommand, RtpproxyCommand, StopPlayCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { copy, stopCopies } from './copy.js';
import type { Execution } from './execution.js';
import { query } from './query.js';
import { update } from './update.js';

/** The commands that concern sessions, and so are carried out by the shard that holds them. */
export type SessionVerb = 'update' | 'lookup' | 'delete' | 'play' | 'stopPlay' | 'record' | 'copy' | 'stopRecord' | 'query';
export type ShardCommand = Extract<RtpproxyCommand, { verb: SessionVerb }>;

/** Carries a command out on a shard. Answers the reply, without its cookie and line feed. */
export function execute(command: ShardCommand, execution: Execution): string {
  switch (command.verb) {
    case 'update':
    case 'lookup':
      return update(command, execution);
    case 'delete':
      return remove(command, execution);
    case 'query':
      return query(command, execution);
    case 'play':
    case 'stopPlay':
      return play(command, execution);
    case 'copy':
      return copy(command, execution);
    case 'stopRecord':
      return stopCopies(command, execution);
    case 'record':
      // There is no place to record to, so nothing records: the answer is the same whether the session exists or not.
      return E.noSuchSession;
  }
}

function remove(command: DeleteCommand, { shard }: Execution): string {
  const found = shard.directory.findEach(command.call, command.tags);
  for (const { session, direction } of found) {
    const weak = direction === 'forward' ? 'caller' : 'callee';
    shard.command(session, { type: 'Release', reference: command.weak ? weak : 'strong' });
  }
  return found.length > 0 ? '0' : E.noSuchSession;
}

/** P and S, as they answer where no prompt can be read. */
function play(command: PlayCommand | StopPlayCommand, { shard }: Execution): string {
  const found = shard.directory.find(command.call, command.tags);
  if (found === null) return E.noSuchSession;
  if (command.verb === 'stopPlay' || command.count === 0) return '0';
  const side = found.direction === 'forward' ? 'caller' : 'callee';
  const isWithoutCodecs = command.codecs === 'session' && found.session.snapshot.context.legs[side].codecs.length === 0;
  return isWithoutCodecs ? E.updateModifier : E.player;
}
