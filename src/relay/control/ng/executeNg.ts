import { unreachable } from '../../../../model/kernel/index.js';
import { readNg } from '../../../protocol/ng/readRequest.js';
import { encodeReply, errorReply, loadLimitReply, okReply, pongReply } from '../../../protocol/ng/reply.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import type { NgDictionary, NgEncoding } from '../../../protocol/ng/value.js';
import { remove, rollback } from './ending.js';
import { mute } from './muting.js';
import { answer, offer } from './negotiation.js';
import { NG_ERRORS as E, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { playMedia, stopMedia } from './playing.js';
import { playDtmf } from './pressing.js';
import { startRecording, stopRecording } from './recording.js';
import { reportCall } from './report.js';
import { subscribeAnswer, subscribeRequest, unsubscribe } from './subscribing.js';

/** Commands that change nothing. */
const ASKING: ReadonlySet<NgRequest['command']> = new Set(['ping', 'query']);

/** What came of a request. */
export type NgCarriedOut = {
  /** Without its cookie. */
  readonly reply: string;
  /** The event log is to know of it: it did something. */
  readonly isToBeKept: boolean;
  readonly isError: boolean;
};

/** Carries a request about a call out on the shard that holds it. Never throws. */
export function executeNg(payload: string, execution: NgExecution): NgCarriedOut {
  const read = readNg(payload);
  if (read.kind === 'error')
    return {
      reply: encodeReply(read.encoding, errorReply(read.reason)),
      isToBeKept: false,
      isError: true,
    };
  const outcome = run(read.request, execution);
  return {
    reply: replyOf(outcome, read.request, read.encoding, read.notDone),
    isError: outcome.kind === 'error',
    // Who only asks is told the same again at any time, and some ask all the time.
    isToBeKept: !ASKING.has(read.request.command),
  };
}

/** The reply to what a request came to. `notDone`: what was asked for and is not done, told so that nobody waits for it. */
function replyOf(outcome: NgOutcome, { supportsLoadLimit }: NgRequest, encoding: NgEncoding, notDone: readonly string[]): string {
  const told: NgDictionary = notDone.length > 0 ? { 'not-done': notDone } : {};
  switch (outcome.kind) {
    case 'ok':
      return encodeReply(encoding, okReply({ ...outcome.extra, ...told }));
    case 'error':
      return encodeReply(encoding, { ...errorReply(outcome.reason), ...told });
    case 'pong':
      return encodeReply(encoding, pongReply);
    case 'load limit':
      return encodeReply(encoding, (supportsLoadLimit ? loadLimitReply : errorReply)(outcome.message));
  }
}

function run(request: NgRequest, execution: NgExecution): NgOutcome {
  switch (request.command) {
    case 'offer':
      return offer(request, execution);
    case 'answer':
      return answer(request, execution);
    case 'rollback':
      return rollback(request, execution);
    case 'delete':
      return remove(request, execution);
    case 'query':
      return query(request, execution);
    case 'start recording':
      return startRecording(request, execution);
    case 'stop recording':
    case 'pause recording':
      return stopRecording(request, execution);
    case 'play media':
      return playMedia(request, execution);
    case 'stop media':
      return stopMedia(request, execution);
    case 'play DTMF':
      return playDtmf(request, execution);
    case 'block media':
    case 'unblock media':
      return mute(request, 'blocked', request.command === 'block media', execution);
    case 'silence media':
    case 'unsilence media':
      return mute(request, 'silenced', request.command === 'silence media', execution);
    case 'block DTMF':
    case 'unblock DTMF':
      return mute(request, 'dtmf', request.command === 'block DTMF', execution);
    case 'subscribe request':
      return subscribeRequest(request, execution);
    case 'subscribe answer':
      return subscribeAnswer(request, execution);
    case 'unsubscribe':
      return unsubscribe(request, execution);
    case 'ping':
      return { kind: 'pong' };
    case 'list':
    case 'statistics':
    case 'events':
      return failed('Unrecognized command'); // They concern the relay as a whole, and do not come here.
    default:
      return unreachable(request.command);
  }
}

function query({ callId, fromTag, toTag }: NgRequest, execution: NgExecution): NgOutcome {
  const call = callId ?? '';
  if (execution.shard.directory.ofCall(call).length === 0) return failed(E.unknownCall);
  return { kind: 'ok', extra: reportCall(call, execution, { from: fromTag, to: toTag, detail: 'whole' }) };
}
