/** Where a key of ours stands: in the reply itself, with a media line, with a stream (`learned`), or with an SSRC. */
export type OwnKeyPlace = 'call' | 'media' | 'stream' | 'learned' | 'SSRC' | 'payload type' | 'sender report' | 'receiver report';

/** A key that `query` and `delete` answer with and rtpengine does not, its unit, if it has one, and what it says. */
export type OwnKey = { readonly place: OwnKeyPlace; readonly key: string; readonly unit: string | null; readonly text: string };

const of =
  (place: OwnKeyPlace) =>
  (key: string, unit: string | null, text: string): OwnKey => ({ place, key, unit, text });

const [call, media, stream, learned, ssrc] = [of('call'), of('media'), of('stream'), of('learned'), of('SSRC')];
const [type, sender, receiver] = [of('payload type'), of('sender report'), of('receiver report')];

/**
 * What we add to the statistics of rtpengine, in the order in which it stands there. All of it is left out where nothing is known; `delete`
 * leaves out `signalled`, `observed` and `offered codecs`, and (of what rtpengine tells) `MOS progression`.
 */
export const OWN_KEYS: readonly OwnKey[] = [
  call(
    'shortened',
    null,
    'the reply would not have fit a datagram: lean (one SSRC a stream, no keys of this table), totals (no tags); ask over TCP',
  ),
  media('side', null, 'caller (who offered first) or callee'),
  media('network', null, 'name of the network that this side is on'),
  media('via-branch', null, 'branch of the dialogue of this media line: the caller of a forked call has one for each'),
  media('offered codecs', null, 'what its session description lists'),
  media('muted', null, 'why it is not heard: blocked, silenced, dtmf (keys only), branch (another branch is heard)'),
  media('on hold', null, '1: signalled with an all-zero address'),
  media('hears', null, 'the prompt that is played to it'),
  media('round-trip time', 'microseconds', 'from the relay to this side and back, by RTCP'),
  media('forgotten SSRCs', null, 'how many SSRCs gave way to later ones: eight are kept'),
  stream('learned', null, 'where it comes from, where it is sent to, and why'),
  learned('state', null, 'unknown, signalled, confirmed, learned (from packets: a NAT), or asymmetric'),
  learned('why', null, 'the same as a sentence'),
  learned('signalled', null, 'address that signalling said'),
  learned('observed', null, 'address that packets come from'),
  learned('latched', null, '1: confirmed by packets; other sources are refused'),
  learned('refused packets', null, 'packets from other sources'),
  learned('early packets', null, 'packets before both sides were known'),
  learned('refused sources', null, 'where refused packets came from, eight at most'),
  learned('unreachable', null, 'address where nobody receives, as the network says (ICMP)'),
  ssrc('tag', null, 'who sends it'),
  ssrc('side', null, 'caller or callee'),
  ssrc('expected packets', 'packets', 'as its sequence numbers tell'),
  ssrc('duplicates', 'packets', 'copies: they count as packets, not as received'),
  ssrc('reordered', 'packets', 'that came late'),
  ssrc('interarrival jitter', 'microseconds', 'by RFC 3550 A.8, now'),
  ssrc('longest gap', 'milliseconds', 'longest time between two packets'),
  ssrc('bitrate', 'bits a second', 'UDP payload, of the last two seconds'),
  ssrc('first packet', 'seconds since 1970', 'when it came'),
  ssrc('last packet', 'seconds since 1970', 'when it came'),
  ssrc('DTMF events', null, 'keys pressed (RFC 4733)'),
  ssrc('payload types', null, 'seen in its packets, in the order of their first ones'),
  ssrc('last payload type', null, 'of its last packet'),
  ssrc('packets of other types', 'packets', 'of a ninth payload type and further ones'),
  ssrc('sender report', null, 'what the source said of itself by RTCP last'),
  ssrc('receiver report', null, 'what its hearer said of it by RTCP last'),
  ssrc('goodbye at', 'seconds since 1970', 'when it said by RTCP that it has ended'),
  type('payload type', null, 'its number'),
  type('codec', null, 'what the session description, or RFC 3551, calls it'),
  type('clock rate', 'hertz', 'of its timestamps'),
  type('packets', 'packets', 'of this type'),
  sender('packets', 'packets', 'sent so far'),
  sender('octets', 'bytes', 'of RTP payload, sent so far'),
  sender('RTP timestamp', null, 'when it was written'),
  sender('reported at', 'seconds since 1970', 'when it came'),
  receiver('packet loss', 'percent', 'since the report before'),
  receiver('packets lost', 'packets', 'so far; negative where copies outnumber the losses'),
  receiver('interarrival jitter', 'microseconds', 'as the hearer measures it'),
  receiver('round-trip time', 'microseconds', 'from the relay to the hearer and back, by this report'),
  receiver('reported at', 'seconds since 1970', 'when it came'),
];
