import { otherSide } from '../../../../model/session/side.js';
import type { Mute } from '../../../../model/session/state.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { done, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { participantsOf } from './participants.js';

/** `block media`, `silence media`, `block DTMF` and what ends them: of what the named sides send, or get (`egress`), or of what all do. */
export function mute(request: NgRequest, kind: Exclude<Mute, 'branch'>, on: boolean, execution: NgExecution): NgOutcome {
  const chosen = participantsOf(request, 'media', execution);
  if (!chosen.ok) return failed(chosen.error);
  const isEgress = request.flags.has('egress');
  for (const { session, side: named } of chosen.value) {
    const side = isEgress ? otherSide(named) : named;
    execution.shard.command(session, { type: 'SetMute', side, mute: kind, on });
  }
  return done();
}
