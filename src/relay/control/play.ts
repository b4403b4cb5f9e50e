import type { Side } from '../../../model/session/side.js';
import type { PlayCommand, StopPlayCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import type { Execution } from './execution.js';

const DONE = '0';
/** How long a packet of a prompt sounds where nothing else is said, milliseconds: what telephones expect (RFC 3551 §4.2). */
export const PROMPT_PTIME_MS = 20;
/** In the place of payload types: those that were last said of the side that is to hear it. */
export const SESSION_CODECS = 'session';

/** P: lets the side whose tag it names first hear a prompt, instead of the other side. What it heard before ends in any case. */
export function play(command: PlayCommand, { shard, prompt }: Execution): string {
  const found = shard.directory.find(command.call, command.tags);
  if (found === null) return E.noSuchSession;
  const { session } = found;
  const side: Side = found.direction === 'forward' ? 'caller' : 'callee';
  if (command.count === 0 || prompt === null) shard.command(session, { type: 'StopPlay', side, reason: 'stopped' });
  if (command.count === 0) return DONE;
  const { codecs, resizeMs } = session.snapshot.context.legs[side];
  const isOfSession = command.codecs === SESSION_CODECS;
  if (isOfSession && codecs.length === 0) return E.updateModifier;
  if (prompt === null) return E.player;
  const playback = {
    prompt: command.prompt,
    payloadType: prompt.payloadType,
    ptimeMs: (isOfSession ? resizeMs : null) ?? PROMPT_PTIME_MS,
    count: command.count,
    voice: shard.playbacks.voiceFor(session, side),
  };
  if (!shard.command(session, { type: 'Play', side, playback }).ok) return E.player;
  shard.playbacks.start(session, side, prompt);
  return DONE;
}

/** S: the side whose tag it names first hears the other one again. */
export function stopPlay(command: StopPlayCommand, { shard }: Execution): string {
  const found = shard.directory.find(command.call, command.tags);
  if (found === null) return E.noSuchSession;
  const side: Side = found.direction === 'forward' ? 'caller' : 'callee';
  shard.command(found.session, { type: 'StopPlay', side, reason: 'stopped' });
  return DONE;
}
