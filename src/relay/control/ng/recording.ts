import type { RecordingForm } from '../../../../model/session/recording.js';
import { SIDES } from '../../../../model/session/side.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import type { Session } from '../../session/session.js';
import type { Shard } from '../../session/shard.js';
import { done, NG_ERRORS as E, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { streamsOf } from './participants.js';

const NOT_CONFIGURED = 'Recording is not configured: start rtpbridge with --record-dir';

/** Records all sessions of a call under one name; null: after Call-ID and tag. What is recorded already goes on. */
function begin(call: string, name: string | null, { shard, setting: { recording }, warn }: NgExecution): boolean {
  if (recording === null) {
    warn(`${call} is not recorded: --record-dir does not say where to`);
    return false;
  }
  for (const session of streamsOf(shard, call)) record(session, name, recording.form, shard);
  return true;
}

/** `name`: of the recordings of the call; each line but the first has its number behind it. */
function record(session: Session, name: string | null, form: RecordingForm, shard: Shard): void {
  const { dialogue, recordings } = session.snapshot.context;
  const line = dialogue?.media ?? 1;
  const own = name === null || line === 1 ? name : `${name}-${line}`;
  if (recordings.some((each) => each.name === own && each.sides.length === SIDES.length)) return;
  shard.command(session, { type: 'Record', sides: SIDES, form, single: form === 'pcap', name: own });
}

/** A media line that is added to one that is recorded is so, too. */
export function recordLike({ snapshot }: Session, added: Session, { shard }: NgExecution): void {
  const { dialogue, recordings } = snapshot.context;
  const suffix = `-${dialogue?.media ?? 1}`;
  for (const { name, form } of recordings) {
    const isNumbered = name !== null && dialogue?.media !== 1 && name.endsWith(suffix);
    record(added, isNumbered ? name.slice(0, -suffix.length) : name, form, shard);
  }
}

/** Of calls that are to be recorded from their beginning. */
export function recordCall(call: string, execution: NgExecution): void {
  begin(call, null, execution);
}

export function startRecording(request: NgRequest, execution: NgExecution): NgOutcome {
  const call = request.callId ?? '';
  if (execution.shard.directory.ofCall(call).length === 0) return failed(E.unknownCall);
  return begin(call, nameOf(request), execution) ? done() : failed(NOT_CONFIGURED);
}

/** Below the folder of recordings, whatever the client names: only the last part of a path of its own counts as a name. */
function nameOf({ recordingFile, recordingPattern }: NgRequest): string | null {
  const wanted = recordingFile ?? recordingPattern;
  const last =
    wanted
      ?.split('/')
      .filter((part) => part !== '')
      .at(-1) ?? null;
  return last === null ? null : last.replace(/\.(wav|pcap|rtp|mp3)$/i, '');
}

/** Ends the recordings of a call. `pause recording` does, too: what is recorded later goes into files of its own. */
export function stopRecording({ callId }: NgRequest, { shard }: NgExecution): NgOutcome {
  const sessions = shard.directory.ofCall(callId ?? '');
  if (sessions.length === 0) return failed(E.unknownCall);
  for (const session of sessions)
    for (const { id } of session.snapshot.context.recordings)
      shard.command(session, { type: 'StopRecording', recording: id, sides: SIDES, reason: 'stopped' });
  return done();
}
