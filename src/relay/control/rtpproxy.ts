import type { DeleteCommand, RtpproxyCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { copy, record, stopRecord } from './copy.js';
import type { Execution } from './execution.js';
import { play, stopPlay } from './play.js';
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
      return play(command, execution);
    case 'stopPlay':
      return stopPlay(command, execution);
    case 'copy':
      return copy(command, execution);
    case 'record':
      return record(command, execution);
    case 'stopRecord':
      return stopRecord(command, execution);
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
