import type { Dialogue } from '../../../../model/session/dialogue.js';
import { otherSide, type Side } from '../../../../model/session/side.js';
import { crc32 } from '../../../protocol/bytes/crc32.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import type { Sdp, SdpMedia, SdpMediaPlan, SdpPlace, SdpPlan } from '../../../protocol/sdp/sdp.js';
import type { Session } from '../../session/session.js';
import { NOBODY } from './carriers.js';

export type PlanWorld = {
  readonly streams: ReadonlyMap<number, Session>;
  /** See `carriersOf`. */
  readonly carriers: readonly number[];
  readonly placeOf: (session: Session) => SdpPlace | null;
  readonly origin: string | null;
  readonly loopId: string;
  readonly isAnswer: boolean;
  /** Who speaks. */
  readonly side: Side;
};

const USERNAME = 'rtpbridge';

/** What becomes of a description on its way to the other side. */
export function planOf(request: NgRequest, sdp: Sdp, world: PlanWorld): SdpPlan {
  const { flags, codec, replace } = request;
  const media = sdp.media.map((each) => planOfMedia(each, world));
  const place = media.find((each) => each.kind === 'relay')?.place ?? null;
  const address =
    place === null
      ? (sdp.origin?.address ?? { family: 'IP4' as const, host: '0.0.0.0' })
      : { family: place.family, host: place.host };
  return {
    media,
    ice: request.ice === 'remove' || flags.has('reject-ice') ? 'remove' : 'keep',
    rtcpMux: rtcpMuxOf(request, world),
    rtcpAttribute: flags.has('no-rtcp-attribute') ? 'never' : flags.has('full-rtcp-attribute') ? 'full' : 'as-was',
    bundle: request.bundle,
    replace,
    origin: { address, username: USERNAME, sessionName: USERNAME },
    version: world.origin,
    codec: { strip: codec.strip, offer: codec.offer, except: codec.except, mask: codec.mask },
    singleCodec: flags.has('single-codec') && world.isAnswer,
    allowNoCodecMedia: flags.has('allow-no-codec-media'),
    ptimeMs: world.isAnswer ? request.ptimeReverse : request.ptime,
    transportProtocol: request.transportProtocol,
    stripExtmap: flags.has('strip-extmap'),
    generateMid: flags.has('generate-mid'),
    attributes: request.sdpAttr,
    removeKinds: request.sdpMediaRemove,
    loopMark: flags.has('loop-protect') ? world.loopId : null,
  };
}

/** A side whose RTCP is taken apart for the other one is told that it may have it on one port all the same. */
function rtcpMuxOf({ rtcpMux }: NgRequest, { isAnswer, streams, side }: PlanWorld): NgRequest['rtcpMux'] {
  if (!isAnswer) return rtcpMux;
  for (const { snapshot } of streams.values()) {
    const { dialogue, legs } = snapshot.context;
    if (dialogue?.demux === true && legs[otherSide(side)].description?.rtcpMux === true) return ['offer'];
  }
  return rtcpMux;
}

function planOfMedia({ index }: SdpMedia, { streams, carriers, placeOf, isAnswer }: PlanWorld): SdpMediaPlan {
  const carrier = carriers[index] ?? NOBODY;
  if (carrier === NOBODY) return UNTOUCHED;
  const session = streams.get(carrier);
  const place = session === undefined ? null : placeOf(session);
  if (place !== null) return { kind: 'relay', place };
  // Who answers media that were not offered, or were taken back, has it refused in his place.
  return isAnswer ? REFUSED : UNTOUCHED;
}

const UNTOUCHED: SdpMediaPlan = { kind: 'keep' };
const REFUSED: SdpMediaPlan = { kind: 'reject' };

/**
 * The version of `o=` that is sent on, where the proxy wants it to grow with what is sent (`replace: SDP-version`), and what is to be kept of
 * it. Null: it is left as it is.
 */
export function originOf(
  { replace, sdp: text }: NgRequest,
  { origin }: Sdp,
  { origins }: Dialogue,
  side: Side,
): { readonly version: string; readonly state: Dialogue['origins'][Side] } | null {
  const isForced = replace.has('force-increment-sdp-ver');
  if ((!isForced && !replace.has('sdp-version')) || origin === null) return null;
  const digest = digestOf(text ?? '', origin.version);
  const before = origins[side];
  if (before === null) return { version: origin.version, state: { version: origin.version, digest } };
  const version = isForced || before.digest !== digest ? next(before.version) : before.version;
  return { version, state: { version, digest } };
}

/** What tells one description from another, but for its version. */
function digestOf(text: string, version: string): string {
  const bytes = Uint8Array.from(text.replace(` ${version} `, ' '), (letter) => letter.charCodeAt(0));
  return (crc32(bytes) >>> 0).toString(16);
}

/** Versions are numbers of any length (RFC 8866 §5.2). */
const next = (version: string): string => (/^[0-9]{1,20}$/.test(version) ? String(BigInt(version) + 1n) : version);
