import { ok, refuse, unreachable } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import type { SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';
import { decideClose, decideDelete, decideIdle, decideRelease } from './ending.js';
import { decideDialogue, decideMute, decideNegotiate, decideWithdraw } from './negotiate.js';
import { decideCopy, decideDtmf, decideFork, decideStopCopy, decideTos, decideTtl } from './settings.js';
import { decideSignal } from './signal.js';
import { decideNameRecording, decidePlay, decideRecord, decideStopPlay, decideStopRecording } from './sound.js';
import { decideRefused, decideSource, decideUnreachable } from './source.js';

export type { Decision } from './decision.js';
export { type LegToOpen, legToOpen, REPEATED_SIGNAL_MS } from './signal.js';

/** Which events a command makes of a session, or why none. Pure and total; a repeated command makes no event. */
export function decide(state: SessionState, command: SessionCommand, around: Surroundings): Decision {
  if (state.closed !== null) return refuse('session-closed');
  if (command.type === 'Signal') return decideSignal(state, command, around);
  if (command.type === 'Negotiate') return decideNegotiate(state, command, around);
  if (state.call === '') return refuse('no-such-session');
  switch (command.type) {
    case 'Withdraw':
      return decideWithdraw(state, command.side, around);
    case 'SetDialogue':
      return decideDialogue(state, command, around);
    case 'SetMute':
      return decideMute(state, command, around);
    case 'Delete':
      return decideDelete(state, command, around);
    case 'NoteSource':
      return decideSource(state, command, around);
    case 'NoteRefused':
      return decideRefused(state, command, around);
    case 'NoteUnreachable':
      return decideUnreachable(state, command, around);
    case 'Recover':
      return ok([{ type: 'SessionRecovered', cause: command.cause, downMs: command.downMs, at: around.now }]);
    case 'SetTtl':
      return decideTtl(state, command, around);
    case 'SetTos':
      return decideTos(state, command, around);
    case 'CatchDtmf':
      return decideDtmf(state, command, around);
    case 'Copy':
      return decideCopy(state, command, around);
    case 'StopCopy':
      return decideStopCopy(state, command, around);
    case 'Play':
      return decidePlay(state, command, around);
    case 'StopPlay':
      return decideStopPlay(state, command, around);
    case 'PlayDtmf':
      return ok([{ type: 'DtmfPlayed', side: command.side, dtmf: command.dtmf, at: around.now }]);
    case 'Record':
      return decideRecord(state, command, around);
    case 'NameRecording':
      return decideNameRecording(state, command, around);
    case 'StopRecording':
      return decideStopRecording(state, command, around);
    case 'Fork':
      return decideFork(state, command, around);
    case 'Release':
      return decideRelease(state, command.reference, around);
    case 'CheckIdle':
      return decideIdle(state, around);
    case 'Close':
      return decideClose(command.reason, around);
    default:
      return unreachable(command);
  }
}
