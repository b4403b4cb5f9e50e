import { ok, type Result, refuse } from '../../../../model/kernel/index.js';
import type { Dialogue } from '../../../../model/session/dialogue.js';
import { otherSide, type Side } from '../../../../model/session/side.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { hasLoopMark } from '../../../protocol/sdp/attributes.js';
import { parseSdp } from '../../../protocol/sdp/parse.js';
import { rewriteSdp } from '../../../protocol/sdp/rewrite.js';
import type { Session } from '../../session/session.js';
import { admission } from '../admission.js';
import { heedAnsweredBranch } from './branches.js';
import { NOBODY } from './carriers.js';
import { conversionProblem } from './conversions.js';
import { dialogueOfAnswer, dialogueOfOffer, dialoguesOf, type Named } from './dialogues.js';
import { done, NG_ERRORS as E, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { ownerOf } from './owner.js';
import { recordCall } from './recording.js';
import { originOf, planOf } from './sdpPlan.js';
import { chooseStanding, placeFacing } from './standing.js';
import { type Said, saidOf, tellAnswer, tellOffer } from './telling.js';

/** Streams by media line. */
type Streams = ReadonlyMap<number, Session>;

const namedIn = ({ fromTag, toTag, viaBranch }: NgRequest): Named => ({ from: fromTag, to: toTag, branch: viaBranch });

/** `offer`: the description goes on with our addresses, and what it changes of a call waits for the answer. */
export function offer(request: NgRequest, execution: NgExecution): NgOutcome {
  const read = readSaid(request, 'offer', execution);
  if (!read.ok) return read.error;
  const said = read.value;
  const found = dialogueOfOffer(dialoguesOf(execution.shard, said.call), namedIn(request));
  if (found === null) return begin(said);
  const streams = new Map(found.streams);
  const problem = tellOffer(said, found, streams, null);
  if (problem !== null) return failed(problem);
  if (request.flags.has('record-call')) recordCall(said.call, execution);
  return passOn(said, found.dialogue, found.side, streams);
}

/** The first offer of a dialogue. */
function begin(said: Said): NgOutcome {
  const { request, call, sdp, execution } = said;
  const { shard, setting } = execution;
  // Of what the relay has no part in nothing is kept.
  if (said.carriers.every((carrier) => carrier === NOBODY)) return done({ sdp: rewritten(said, NO_STREAMS, 'caller', null) });
  const standing = chooseStanding(request, sdp, shard.counters.shard('lastSession'), execution);
  if (!standing.ok) return failed(standing.error);
  const owner = ownerOf(request, execution);
  if (!owner.ok) return failed(owner.error);
  const notNow = admission(execution, call);
  if (notNow !== null) return { kind: 'load limit', message: notNow === 'calls' ? E.sessionLimit : E.load };
  const dialogue: Dialogue = {
    tags: { caller: request.fromTag, callee: request.toTag },
    branch: request.viaBranch,
    media: 1,
    labels: { caller: request.label, callee: null },
    networks: { caller: standing.value.caller.name, callee: standing.value.callee.name },
    origins: { caller: null, callee: null },
    demux: request.rtcpMux.includes('demux'),
    owner: owner.value,
    metadata: request.metadata,
  };
  const streams = new Map<number, Session>();
  const problem = tellOffer(said, { dialogue, streams: NO_STREAMS, side: 'caller' }, streams, standing.value);
  if (problem !== null) return failed(problem);
  if (request.flags.has('record-call') || setting.recording?.all === true) recordCall(call, execution);
  return passOn(said, dialogue, 'caller', streams);
}

const NO_STREAMS: Streams = new Map();

/** `answer`: what was offered takes effect, and what it answers. */
export function answer(request: NgRequest, execution: NgExecution): NgOutcome {
  const read = readSaid(request, 'answer', execution);
  if (!read.ok) return read.error;
  const said = read.value;
  const dialogues = dialoguesOf(execution.shard, said.call);
  if (dialogues.length === 0) {
    const isOurs = said.carriers.some((carrier) => carrier !== NOBODY);
    return isOurs ? failed(E.unknownCall) : done({ sdp: rewritten(said, NO_STREAMS, 'callee', null) });
  }
  const offered = dialogueOfAnswer(dialogues, namedIn(request));
  if (offered === null) return failed(E.association);
  const { dialogue, streams } = offered;
  const side = otherSide(offered.side);
  const problem = tellAnswer(said, { dialogue, streams, side });
  if (problem !== null) return failed(problem);
  heedAnsweredBranch(dialogue, dialogues, execution.shard);
  if (request.flags.has('record-call')) recordCall(said.call, execution);
  return passOn(said, dialogue, side, streams);
}

/** What is not to be answered as an offer or answer is: it is wrong, or it comes back to us in a loop and goes on as it is. */
function readSaid(request: NgRequest, kind: Said['kind'], execution: NgExecution): Result<Said, NgOutcome> {
  // Candidates that follow a description (RFC 8840) are none of ours.
  if (request.flags.has('fragment')) return refuse(done());
  const text = request.sdp ?? '';
  const parsed = parseSdp(text);
  if (!parsed.ok) return refuse(failed(`Failed to parse SDP: ${parsed.error}`));
  const sdp = parsed.value;
  if (request.flags.has('loop-protect') && hasLoopMark(sdp, execution.setting.loopId)) return refuse(done({ sdp: text }));
  const problem = conversionProblem(request, sdp);
  return problem === null ? ok(saidOf(request, sdp, kind, execution)) : refuse(failed(problem));
}

/** Notes what is said of the dialogue besides its media, and answers the description for the other side. */
function passOn(said: Said, dialogue: Dialogue, side: Side, streams: Streams): NgOutcome {
  const origin = originOf(said.request, said.sdp, dialogue, side);
  annotate(said, streams, side, origin?.state ?? null);
  if (said.request.flags.has('block-dtmf')) blockKeys(said, streams, side);
  return done({ sdp: rewritten(said, streams, side, origin?.version ?? null) });
}

/** From the beginning on, or from where it is said. */
function blockKeys({ execution }: Said, streams: Streams, side: Side): void {
  for (const session of streams.values())
    if (session.snapshot.context.closed === null)
      execution.shard.command(session, { type: 'SetMute', side, mute: 'dtmf', on: true });
}

function rewritten(
  { request, sdp, kind, carriers, execution }: Said,
  streams: Streams,
  side: Side,
  origin: string | null,
): string {
  const { loopId } = execution.setting;
  const placeOf = (session: Session) => placeFacing(session, side, execution);
  return rewriteSdp(sdp, planOf(request, sdp, { streams, side, carriers, placeOf, origin, loopId, isAnswer: kind === 'answer' }));
}

/** What a request says of the dialogue besides its media: labels, owner, metadata; kept with all of its streams. */
function annotate({ request, execution }: Said, streams: Streams, side: Side, origin: Dialogue['origins'][Side]): void {
  const { label, metadata } = request;
  const isSpeakingOfOwner = request.controller !== null || request.notify.length > 0;
  if (label === null && metadata === null && !isSpeakingOfOwner && origin === null) return;
  const owner = isSpeakingOfOwner ? ownerOf(request, execution) : null;
  for (const session of streams.values()) {
    const { dialogue, closed } = session.snapshot.context;
    if (dialogue === null || closed !== null) continue;
    const next: Dialogue = {
      ...dialogue,
      labels: label === null ? dialogue.labels : { ...dialogue.labels, [side]: label },
      metadata: metadata ?? dialogue.metadata,
      origins: origin === null ? dialogue.origins : { ...dialogue.origins, [side]: origin },
      owner: owner?.ok === true ? owner.value : dialogue.owner,
    };
    execution.shard.command(session, { type: 'SetDialogue', dialogue: next });
  }
}
