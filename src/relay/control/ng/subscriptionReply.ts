import { crc32 } from '../../../protocol/bytes/crc32.js';
import type { NgDictionary } from '../../../protocol/ng/value.js';
import { type ComposedMedia, composeSdp } from '../../../protocol/sdp/compose.js';
import type { Session } from '../../session/session.js';
import { placeFacing } from './standing.js';
import type { CopiedMedia } from './subscribed.js';
import type { Beginning } from './subscribing.js';

const USERNAME = 'rtpbridge';

/**
 * What a subscriber is offered, and whose media it is. Each line has its number as its label. `left`: lines of an earlier offer to the same
 * subscriber that are not offered any more; they stay in their places (RFC 3264 §8).
 */
export function subscriptionReply(
  media: readonly CopiedMedia[],
  opened: readonly Session[],
  left: readonly Session[],
  { call, to, version, execution, request }: Beginning,
): NgDictionary {
  const tags = [...new Set(media.map(({ tag }) => tag))];
  const offered = opened.map((session, i): ComposedMedia => composed(session, `${i + 1}`, execution));
  const refused = left.map((session): ComposedMedia => ({ ...composed(session, '', execution), place: null }));
  const address = offered.find(({ place }) => place !== null)?.place ?? { family: 'IP4' as const, host: '0.0.0.0' };
  const sdp = composeSdp({
    origin: { username: USERNAME, id: idOf(call, to), version, address: { family: address.family, host: address.host } },
    sessionName: USERNAME,
    media: [...offered, ...refused],
  });
  const [only] = tags.length === 1 ? tags : [];
  const mode = request.flags.has('inactive') ? 'inactive' : 'sendonly';
  const about = media.map(({ tag, line, sent }, i) => ({ tag, index: line, type: sent.kind, label: `${i + 1}`, mode }));
  return {
    sdp,
    ...(only !== undefined && { 'from-tag': only }),
    'from-tags': tags,
    'to-tag': to,
    'tag-medias': tags.map((tag) => ({
      tag,
      medias: about.filter((each) => each.tag === tag).map(({ tag: _, ...each }) => each),
    })),
    'media-labels': Object.fromEntries(about.map(({ label, ...each }) => [label, each])),
  };
}

function composed(session: Session, label: string, execution: Beginning['execution']): ComposedMedia {
  const { description } = session.snapshot.context.legs.caller;
  return {
    kind: description?.kind ?? 'audio',
    place: placeFacing(session, 'caller', execution),
    protocol: description?.protocol ?? 'RTP/AVP',
    formats: description?.formats ?? [],
    direction: description?.direction ?? 'sendonly',
    ptimeMs: description?.ptimeMs ?? null,
    label,
  };
}

/** The same for every offer to a subscriber (RFC 8866 §5.2). */
const idOf = (call: string, to: string): string =>
  String(crc32(Uint8Array.from(`${call} ${to}`, (letter) => letter.charCodeAt(0))));
