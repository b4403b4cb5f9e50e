import { ok, type Result, refuse } from '../../../../model/kernel/index.js';
import { SIDES, type Side } from '../../../../model/session/side.js';
import { isSubscription } from '../../../../model/session/state.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { numericHost } from '../../../protocol/rtpproxy/numericHost.js';
import type { Session } from '../../session/session.js';
import type { Shard } from '../../session/shard.js';
import { NG_ERRORS as E, type NgExecution } from './ngExecution.js';

/** A side of a session that a request is about. */
export type Participant = { readonly session: Session; readonly side: Side };

/**
 * How a command selects: `media` commands heed the From tag only if it is said to be meant (`directional`, `egress`), `player` commands want somebody to
 * be named.
 */
export type Selecting = 'media' | 'player' | 'subscription';

/** The sessions of a call between its parties: those of a subscription are copies of them. */
export const streamsOf = (shard: Shard, call: string): readonly Session[] =>
  shard.directory.ofCall(call).filter(({ snapshot }) => !isSubscription(snapshot.context));

/** The sides that a request means, by tag, label or address; all of the call where it names none, unless somebody has to be named. */
export function participantsOf(
  request: NgRequest,
  selecting: Selecting,
  { shard }: NgExecution,
): Result<readonly Participant[], string> {
  const sessions = streamsOf(shard, request.callId ?? '');
  if (sessions.length === 0) return refuse(E.unknownCallOther);
  const everyone = sessions.flatMap((session) => SIDES.map((side): Participant => ({ session, side })));
  const isTagMeant = selecting !== 'media' || request.flags.has('directional') || request.flags.has('egress');
  if (request.label !== null)
    return some(
      everyone.filter((each) => labelOf(each) === request.label),
      E.noSuchLabel,
    );
  if (request.address !== null)
    return some(
      everyone.filter((each) => isAt(each, request.address ?? '')),
      E.noSuchAddress,
    );
  if (request.fromTags.length > 0 && isTagMeant) return ofTags(request.fromTags, everyone);
  if (request.fromTag !== null && isTagMeant)
    return some(
      everyone.filter((each) => tagOf(each) === request.fromTag),
      E.noSuchTag,
    );
  if (selecting !== 'player' || request.all !== null) return ok(everyone);
  return refuse(E.noParty);
}

/** In the order of the tags; each of them has to be there. */
function ofTags(tags: readonly string[], everyone: readonly Participant[]): Result<readonly Participant[], string> {
  const each = [...new Set(tags)].map((tag) => everyone.filter((one) => tagOf(one) === tag));
  return each.some((found) => found.length === 0) ? refuse(E.noSuchTag) : ok(each.flat());
}

const some = (found: readonly Participant[], otherwise: string): Result<readonly Participant[], string> =>
  found.length > 0 ? ok(found) : refuse(otherwise);

const labelOf = ({ session, side }: Participant): string | null => session.snapshot.context.dialogue?.labels[side] ?? null;

/** The tag of a side; of a session that the classic protocol has made, only that of the caller is known. */
export function tagOf({ session, side }: Participant): string | null {
  const { dialogue } = session.snapshot.context;
  if (dialogue !== null) return dialogue.tags[side];
  return side === 'caller' ? (session.tag.split(';', 1)[0] ?? null) : null;
}

/** By what its description named, or from where its packets come. `address`: as numeric text, of IPv6 in any of its forms. */
function isAt({ session, side }: Participant, address: string): boolean {
  const { lastSignal, rtp } = session.snapshot.context.legs[side];
  const host = numericHost(address, 'IPv4') ?? numericHost(address, 'IPv6');
  return host !== null && (lastSignal?.address.host === host || rtp.address?.host === host);
}
