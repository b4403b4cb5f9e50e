import type { Dialogue } from '../../../../model/session/dialogue.js';
import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import type { Deletion } from '../../../../model/session/state.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import type { NgDictionary } from '../../../protocol/ng/value.js';
import type { Session } from '../../session/session.js';
import { heedEndedBranch } from './branches.js';
import { type DialogueStreams, dialogueInDoubt, dialogueOfOffer, dialoguesOf, dialoguesToEnd } from './dialogues.js';
import { done, NG_ERRORS as E, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { reportCall } from './report.js';

/** A dialogue that a SIP reply is said to have ended, though both sides had agreed on media, is held for so long to see whether they go on. */
const DOUBT_MS = 10_000;
/** Some proxies say of one refusal that it is one twice: for its reply, and when nobody else is to be asked. Later it is something else. */
const TOLD_TWICE_MS = 2_000;
/** Nobody means longer, and the moment when it is over must be one. */
const LONGEST_DELAY_S = 86_400;

/** `delete`: ends the dialogues that are meant, at once or later, and tells what was counted of them. */
export function remove(request: NgRequest, execution: NgExecution): NgOutcome {
  const call = request.callId ?? '';
  const { shard } = execution;
  const dialogues = dialoguesOf(shard, call);
  const sessions = shard.directory.ofCall(call);
  const named = { from: request.fromTag, to: request.toTag, branch: request.viaBranch };
  const ended = dialoguesToEnd(dialogues, named);
  // Sessions that the classic protocol has made have no tags of their own to be told by.
  const classic = sessions.filter((session) => session.snapshot.context.dialogue === null && isNamed(session, named));
  const doubted = ended.length > 0 ? null : dialogueInDoubt(dialogues, named);
  const strangers = doubted === null ? [] : [...doubted.streams.values()];
  const isDoubted = isAgreed(strangers);
  if (ended.length === 0 && classic.length === 0 && !isDoubted) return unmatched(request);
  const report: NgDictionary = request.flags.has('fast') ? {} : reportCall(call, execution);
  const delayMs = Math.min(request.deleteDelaySeconds ?? 0, LONGEST_DELAY_S) * 1000;
  for (const session of classic) shard.command(session, { type: 'Delete', delayMs, unlessHeard: false });
  if (doubted !== null && isDoubted) {
    for (const session of strangers) shard.command(session, { type: 'Delete', delayMs: DOUBT_MS, unlessHeard: true });
    heedEndedBranch(doubted.dialogue, shard, call);
  }
  for (const each of ended) {
    end(each, request, delayMs, execution);
    heedEndedBranch(each.dialogue, shard, call);
  }
  return done(report);
}

const isNamed = ({ tag }: Session, { from, to }: { readonly from: string | null; readonly to: string | null }): boolean => {
  const [own] = tag.split(';', 1);
  return from === null || own === from || own === to;
};

function unmatched({ flags }: NgRequest): NgOutcome {
  return flags.has('fatal') ? failed(E.noMatch) : done({ warning: E.noMatch });
}

/**
 * A proxy says `delete` for a change that failed, too (Kamailio does for every reply from 300 on). A reply cannot end a dialogue (RFC 3261
 * §14.1): what was offered within it is given up, and all goes on. A request that comes while something is offered may be a CANCEL of it or a
 * BYE, or a reply after all: Kamailio 5.6 does not say which it is, and names the From tag only. Whether both sides go on sending will tell; so
 * will it where a branch had early media, and its end is told by a reply.
 */
function end({ dialogue, streams }: DialogueStreams, request: NgRequest, delayMs: number, { shard }: NgExecution): void {
  const sessions = [...streams.values()];
  const offerers = isAgreed(sessions) ? SIDES.filter((side) => sessions.some((session) => hasOffered(session, side))) : [];
  const isReply = request.sipMessageType === 'reply';
  const isOurs = SIDES.some((side) => isBetween(dialogue.tags, side, request));
  if (isReply && isOurs && offerers.length > 0) {
    for (const side of whoseOffer(dialogue, request, offerers)) withdraw(sessions, side, shard);
    return;
  }
  const isDoubtful =
    isOurs &&
    isAgreed(sessions) &&
    (offerers.length > 0 || isReply) &&
    request.deleteDelaySeconds === null &&
    !sessions.some(({ snapshot }) => isToldAgain(snapshot.context.deletion, shard.now()));
  const how = isDoubtful ? { delayMs: DOUBT_MS, unlessHeard: true } : { delayMs, unlessHeard: false };
  for (const session of sessions) shard.command(session, { type: 'Delete', ...how });
}

const isBetween = (tags: Readonly<Record<Side, string | null>>, side: Side, { fromTag, toTag }: NgRequest): boolean =>
  tags[side] === fromTag && (toTag === null || tags[otherSide(side)] === toTag);

/** There was doubt before, and not just now: this is another deletion. */
const isToldAgain = (deletion: Deletion | null, now: number): boolean =>
  deletion?.unlessHeard === true && now - deletion.since > TOLD_TWICE_MS;

const isAgreed = (sessions: readonly Session[]): boolean => sessions.some((session) => !isNewLine(session));

/** A media line that only one side has described so far. */
const isNewLine = ({ snapshot }: Session): boolean => SIDES.some((side) => snapshot.context.legs[side].description === null);

/** Whether a side waits for an answer: to a change, or to a line that it added to a dialogue which is agreed on. */
function hasOffered(session: Session, side: Side): boolean {
  const { pending, description } = session.snapshot.context.legs[side];
  return pending !== null || (description !== null && isNewLine(session));
}

/** Both sides may have offered at once, which both then refuse (RFC 3261 §14.2): the From tag tells whose it is. Some proxies turn the tags round. */
function whoseOffer({ tags }: Dialogue, { fromTag }: NgRequest, offerers: readonly Side[]): readonly Side[] {
  const named = offerers.filter((side) => tags[side] === fromTag);
  return named.length > 0 ? named : offerers;
}

/** Gives up what a side has offered; media lines that only the offer brought end. */
function withdraw(sessions: readonly Session[], side: Side, shard: NgExecution['shard']): void {
  for (const session of sessions) {
    if (!hasOffered(session, side)) continue;
    shard.command(session, isNewLine(session) ? { type: 'Close', reason: 'deleted' } : { type: 'Withdraw', side });
  }
}

/** `rollback`, named as the offer was: a change has failed, and the media that was agreed on before goes on. What was never answered ends. */
export function rollback(request: NgRequest, execution: NgExecution): NgOutcome {
  const call = request.callId ?? '';
  const { shard } = execution;
  const dialogues = dialoguesOf(shard, call);
  if (dialogues.length === 0) return failed(E.unknownCallOther);
  const named = { from: request.fromTag, to: request.toTag, branch: request.viaBranch };
  const offered = dialogueOfOffer(dialogues, named);
  const meant = offered === null ? dialoguesToEnd(dialogues, named) : [offered];
  if (meant.length === 0) return failed(E.noMatch);
  for (const { dialogue, streams } of meant) {
    const sessions = [...streams.values()];
    if (isAgreed(sessions)) for (const side of whoseOffer(dialogue, request, SIDES)) withdraw(sessions, side, shard);
    else for (const session of sessions) shard.command(session, { type: 'Close', reason: 'deleted' });
    heedEndedBranch(dialogue, shard, call);
  }
  return done();
}
