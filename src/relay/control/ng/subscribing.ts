import { callId } from '../../../../model/kernel/index.js';
import { AS_BEFORE, type Dialogue, type MediaDescription, type MediaOffer } from '../../../../model/session/dialogue.js';
import type { ForkSource } from '../../../../model/session/event.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { parseSdp } from '../../../protocol/sdp/parse.js';
import type { SdpMedia } from '../../../protocol/sdp/sdp.js';
import { chooseNamed, type NetworkFound } from '../../networks/chooseNamed.js';
import type { Session } from '../../session/session.js';
import { sourceOf } from '../../session/subscriptions.js';
import { offerOf } from './mediaOffer.js';
import { done, NG_ERRORS as E, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { participantsOf, streamsOf, tagOf } from './participants.js';
import { type CopiedMedia, copiedMedia, isPlainRtp, subscriptionOf } from './subscribed.js';
import { subscriptionReply } from './subscriptionReply.js';

/**
 * `subscribe request`: offers what parties of a call send to somebody else, who hears it once he has answered. Each media line is a session of
 * its own in the same call, named by the tag of the subscriber. A subscription of the same tag is replaced.
 */
export function subscribeRequest(request: NgRequest, execution: NgExecution): NgOutcome {
  const { shard, setting, routeTo } = execution;
  const call = request.callId ?? '';
  const chosen = participantsOf(request, 'subscription', execution);
  if (!chosen.ok) return failed(chosen.error);
  const found = copiedMedia(chosen.value);
  const media = found.filter(({ sent }) => isPlainRtp(sent));
  const [first] = found;
  if (first === undefined) return failed(E.noMedias);
  if (media.length === 0)
    return failed(
      `${E.noSubscription}: a copy of ${first.sent.protocol} is of no use without its keys, RTP/AVP or RTP/AVPF expected`,
    );
  const isTaken = (tag: string): boolean => isParty(tag, call, execution) || subscriptionOf(shard, call, tag).size > 0;
  const to = request.toTag ?? shard.subscriptions.newTag(isTaken);
  if (isParty(to, call, execution)) return failed(`${E.noSubscription}: to-tag=${to} is a party of the call itself`);
  if (shard.closedTo !== null) return { kind: 'load limit', message: E.load };
  const { networks, peers, addressFamily: family } = request;
  const wanted = { name: networks.to ?? networks.from, family, towards: peers.to, turn: shard.counters.shard('lastSession') };
  const standing = chooseNamed(setting.networks, wanted, routeTo);
  if (!standing.ok) return failed(standing.error);
  const earlier = [...subscriptionOf(shard, call, to).values()];
  const begin = { request, call, to, standing: standing.value, version: versionAfter(earlier), execution };
  const opened = openAll(media, begin);
  // What was copied so far is not lost for want of ports.
  if (opened === null) return failed(E.noPorts);
  const left = earlier.slice(opened.length);
  for (const session of earlier) shard.command(session, { type: 'Close', reason: 'deleted' });
  return done(subscriptionReply(media, opened, left, begin));
}

/** What the sessions of a new subscription begin with. */
export type Beginning = {
  readonly request: NgRequest;
  readonly call: string;
  readonly to: string;
  readonly standing: NetworkFound;
  /** Of `o=`. */
  readonly version: string;
  readonly execution: NgExecution;
};

const isParty = (tag: string, call: string, { shard }: NgExecution): boolean =>
  streamsOf(shard, call).some((session) => (['caller', 'callee'] as const).some((side) => tagOf({ session, side }) === tag));

/** A subscriber that is offered something else gets it in the same session of SDP (RFC 3264 §8). */
const versionAfter = (earlier: readonly Session[]): string =>
  String(1 + Math.max(0, ...earlier.map(({ snapshot }) => Number(snapshot.context.dialogue?.origins.callee?.version ?? 0))));

/** All, or (null) nothing, where ports run out. */
function openAll(media: readonly CopiedMedia[], begin: Beginning): readonly Session[] | null {
  const { shard } = begin.execution;
  const opened: Session[] = [];
  for (const [i, one] of media.entries()) {
    const session = open(one, i + 1, begin);
    if (session === null) {
      for (const each of opened) shard.command(each, { type: 'Close', reason: 'deleted' });
      return null;
    }
    opened.push(session);
  }
  return opened;
}

function open({ session: source, side, sent }: CopiedMedia, line: number, begin: Beginning): Session | null {
  const { request, call, to, standing, version, execution } = begin;
  const { shard } = execution;
  const { dialogue: its } = source.snapshot.context;
  const session = its === null ? null : shard.draft(call, `${to};${line}`);
  if (its === null || session === null) return null;
  const dialogue: Dialogue = {
    ...{ tags: { caller: null, callee: to }, branch: null, media: line, labels: { caller: null, callee: request.setLabel } },
    networks: { caller: standing.name, callee: standing.name },
    origins: { caller: null, callee: { version, digest: '' } },
    ...{ owner: null, metadata: null, demux: false },
    subscribes: { caller: its.tags.caller, branch: its.branch, media: its.media, side },
  };
  const direction = request.flags.has('inactive') ? 'inactive' : 'sendonly';
  const description: MediaDescription = { ...sent, direction, rtcpMux: false };
  const offer: MediaOffer = { address: null, rtcp: null, held: false, asymmetric: false, ...AS_BEFORE, description };
  const told = shard.command(session, {
    ...{ type: 'Negotiate', kind: 'offer', side: 'caller', offer, within: false, tag: null, notify: 'keep' },
    networks: { kind: 'each', caller: standing.network, callee: standing.network },
    opening: { call: callId(call), tag: session.tag, dialogue },
  });
  if (!told.ok) return null;
  const tos = request.tos ?? standing.policy.tos;
  if (tos !== null) shard.command(session, { type: 'SetTos', side: 'callee', tos });
  return session;
}

/** `subscribe answer`: the copy begins to go where the subscriber says, but for the lines that he refuses. */
export function subscribeAnswer(request: NgRequest, execution: NgExecution): NgOutcome {
  const { shard, setting } = execution;
  const call = request.callId ?? '';
  if (shard.directory.ofCall(call).length === 0) return failed(E.unknownCallOther);
  const lines = subscriptionOf(shard, call, request.toTag ?? '');
  if (lines.size === 0) return failed(E.noToTag);
  const parsed = parseSdp(request.sdp ?? '');
  if (!parsed.ok) return failed(`Failed to parse SDP: ${parsed.error}`);
  const answers = [...lines].map(([line, session]) => ({ session, media: parsed.value.media[line - 1] }));
  const problem = answers.map(({ session, media }) => codecProblem(session, media)).find((each) => each !== null) ?? null;
  if (problem !== null) return failed(`${E.badAnswer}: ${problem}`);
  for (const { session, media } of answers) {
    if (media === undefined || !isTaken(media)) {
      shard.command(session, { type: 'Close', reason: 'deleted' });
      continue;
    }
    const network = session.snapshot.context.dialogue?.networks.callee;
    const policy = setting.networks.named.find(({ name }) => name === network)?.policy;
    const offer = offerOf(media, request, policy?.latching === 'asymmetric');
    shard.command(session, {
      ...{ type: 'Negotiate', kind: 'answer', side: 'callee', offer, within: false, tag: null, networks: null, notify: 'keep' },
      opening: null,
    });
    hear(session, execution);
  }
  return done();
}

const isTaken = ({ carrier, isRejected, isBundleOnly }: SdpMedia): boolean => carrier === 'rtp' && !isRejected && !isBundleOnly;

/** Nothing is decoded, so that who takes none of the codecs would hear nothing. */
function codecProblem(session: Session, media: SdpMedia | undefined): string | null {
  const { dialogue, legs } = session.snapshot.context;
  const offered = legs.caller.description?.formats ?? [];
  if (media === undefined || !isTaken(media)) return null;
  const isOffered = ({ name, payloadType }: SdpMedia['codecs'][number]): boolean =>
    offered.some((each) => each.payloadType === payloadType || (name !== '' && each.name.toLowerCase() === name.toLowerCase()));
  if (media.codecs.some((codec) => !/^telephone-event\//i.test(codec.name) && isOffered(codec))) return null;
  const names = offered.map(({ name, payloadType }) => (name === '' ? String(payloadType) : name));
  return `media line ${dialogue?.media} takes none of ${names.join(', ')}, and nothing is transcoded`;
}

/** Lets a subscriber hear what it is offered, as far as both descriptions say that it is to. */
function hear(session: Session, { shard }: NgExecution): void {
  const { call, dialogue, legs, fork } = session.snapshot.context;
  const source = sourceOf(shard.directory.ofCall(call), session);
  if (source === null || dialogue?.subscribes === undefined) return;
  const isOffered = legs.caller.description?.direction === 'sendonly';
  const direction = legs.callee.description?.direction;
  const isHeard = isOffered && (direction === 'recvonly' || direction === 'sendrecv') && !legs.callee.held;
  if (!isHeard && fork === null) return;
  const to: ForkSource = { call, tag: source.tag, hears: { caller: null, callee: isHeard ? dialogue.subscribes.side : null } };
  if (shard.command(session, { type: 'Fork', source: to }).ok) shard.subscriptions.follow(session);
}

/** `unsubscribe`: the copy ends. */
export function unsubscribe({ callId: call, toTag }: NgRequest, { shard }: NgExecution): NgOutcome {
  if (shard.directory.ofCall(call ?? '').length === 0) return failed(E.unknownCallOther);
  const lines = subscriptionOf(shard, call ?? '', toTag ?? '');
  if (lines.size === 0) return failed(E.noToTag);
  for (const session of lines.values()) shard.command(session, { type: 'Close', reason: 'deleted' });
  return done();
}
